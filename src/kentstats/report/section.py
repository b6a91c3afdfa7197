"""Sections: functions from an edition, and more values, to a block or None."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Section = TypeVar("Section", bound=Callable[..., object])


def section(make: Section) -> Section:
    """Mark a function as a section."""
    return make
