"""The places the sources speak of, with their codes.

Codes are those of the Office for National Statistics (Open Government
Licence v3.0). A group that a source names without listing its members has
no such code; it gets a name of ours so that the key of a fact is never
empty.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Area:
    """One place or group of places.

    Attributes
    ----------
    code : str
        GSS code (nine characters), or a name of ours for a group.
    name : str
        Name as printed.
    type : str
        ``country``, ``region``, ``authority`` or ``comparator_group``.
    old_code : str
        The department's three-digit code, where there is one.
    """

    code: str
    name: str
    type: str
    old_code: str = ""


AREAS: tuple[Area, ...] = (
    Area("E92000001", "England", "country"),
    Area("E12000008", "South East", "region"),
    Area("E10000016", "Kent", "authority", "886"),
    Area("comparator-authorities", "Comparator authorities", "comparator_group"),
)


def find_area(text: str) -> Area | None:
    """Find an area by name, code or old code, whatever the case.

    Parameters
    ----------
    text : str
        A name or a code.

    Returns
    -------
    Area or None
        None where no area answers to it.

    Examples
    --------
    >>> find_area("kent").code
    'E10000016'
    >>> find_area("886").name
    'Kent'
    """
    key = text.strip().casefold()
    for area in AREAS:
        if key and key in {area.name.casefold(), area.code.casefold(), area.old_code}:
            return area
    return None
