"""What the commands share: options, messages, and errors without a traceback."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from kentstats.errors import KentstatsError


def failure(message: str, exit_code: int = 1) -> click.ClickException:
    """Make the error that click prints without a traceback."""
    error = click.ClickException(message)
    vars(error)["exit_code"] = exit_code
    return error


def handle_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command end with a message and an exit code instead of a traceback."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except KentstatsError as error:
            raise failure(str(error), error.exit_code) from error
        except KeyboardInterrupt:
            raise failure("Stopped. What was done before is kept.", 130) from None
        except BrokenPipeError:
            raise  # the reader has seen enough; click ends quietly
        except OSError as error:
            place = f" ({error.filename})" if error.filename else ""
            raise failure(f"{error.strerror or error}{place}.") from error

    return wrapped


def print_bytes(content: bytes) -> None:
    """Write to the standard output, whatever its encoding."""
    if sys.stdout is None:  # as after >&- in a shell
        raise KentstatsError(
            "The standard output is closed.", "Give a file with -o, or do not close it."
        )
    click.echo(content, nl=False)


def say(line: str) -> None:
    """Tell of progress on the standard error."""
    click.echo(line, err=True)


def say_nothing(line: str) -> None:
    """Leave progress untold."""
    del line


quiet_option = click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
edition_option = click.option("--edition", help="Edition of the figures; all by default.")
authority_option = click.option("--authority", help="Name, GSS code or old code; all by default.")


def folder_option(default: str, meaning: str) -> Callable[..., Any]:
    """Add ``--output`` for a folder."""
    kind = click.Path(path_type=Path, file_okay=False)
    return click.option(
        "--output", type=kind, default=Path(default), show_default=True, help=meaning
    )


def choice_option(*names: str, words: list[str], **settings: Any) -> Callable[..., Any]:
    """Add an option that takes one of several words."""
    return click.option(*names, type=click.Choice(words), show_default=True, **settings)


def file_option(meaning: str) -> Callable[..., Any]:
    """Add ``--output`` for a file."""
    kind = click.Path(path_type=Path, dir_okay=False)
    return click.option("-o", "--output", type=kind, help=meaning)
