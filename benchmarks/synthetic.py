"""A project of as many authorities as are wanted, in a folder for temporary files.

Its edition is a real one, repeated: every authority of a real edition again
and again, under a new code and name, with slightly other numerators. England
and the regions stay as published. So each has the figures, comparators and
charts of a real authority, and only the crowd that it stands in grows.

Nothing in it is a figure of any place: whoever is in it is called
“Synthetic” and five letters, and no such figure is to leave the folder.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from measuring import EDITION, ROOT

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from kentstats.areas import Area
    from kentstats.ingest.edition import OfficialStatistics

SEED = 20100331
SPREAD = 0.5
"""Standard deviation of what is added to a numerator, in that of chance alone."""
SCALES = (100.0, 1_000.0, 10_000.0)
"""What a figure may be for: for a hundred, a thousand, ten thousand."""
MOST = 999_999
"""As many codes of nine characters there are that begin with :data:`NO_AREA`."""
NO_AREA = "E99"
"""What no code of an English area begins with."""
LETTERS = "bcdfghjklmnpqrstvwxz"
"""Of consonants no word is made that means something."""


def code(number: int) -> str:
    """Return the code of a synthetic authority, by its number from 0 on."""
    return f"{NO_AREA}{number + 1:06d}"


def name(number: int) -> str:
    """Return the name of a synthetic authority, by its number from 0 on.

    It has letters: no number stands in a briefing that is not a claim of it.

    Examples
    --------
    >>> name(0), name(1), name(99_999), code(0)
    ('Synthetic Bbbbb', 'Synthetic Bbbbc', 'Synthetic Bqmzz', 'E99000001')
    """
    letters = ""
    for _ in range(5):
        number, place = divmod(number, len(LETTERS))
        letters = LETTERS[place] + letters
    return f"Synthetic {letters.capitalize()}"


@contextmanager
def project(areas: int, edition: str = EDITION) -> Iterator[Path]:
    """Give a project of so many authorities, and take it away afterwards.

    Parameters
    ----------
    areas : int
        How many.
    edition : str
        The edition that is repeated.

    Yields
    ------
    pathlib.Path
        Its folder; whatever reads it wants ``KENTSTATS_HOME`` to name that.
    """
    with TemporaryDirectory(prefix="kentstats-synthetic-") as folder:
        home = Path(folder) / "home"
        write(home, areas, edition)
        yield home


def write(home: Path, areas: int, edition: str = EDITION) -> None:
    """Write a project of so many authorities.

    The authority of a number is the same however many there are.

    Parameters
    ----------
    home : pathlib.Path
        Where to; nothing is there yet.
    areas : int
        How many, 1 or more.
    edition : str
        The edition that is repeated, and the only one of the project.

    Raises
    ------
    ValueError
        Fewer than one authority, or more than there are codes.
    """
    from kentstats.areas import load_areas
    from kentstats.ingest.edition import read_official, write_official
    from kentstats.project import Project

    if not 1 <= areas <= MOST:
        raise ValueError(f"{areas} authorities: give from 1 to {MOST}")
    real = Project(ROOT)
    official = read_official(edition, real)
    register = load_areas(home=real)
    models = register.authorities(official.day)
    home.mkdir(parents=True)
    _copy_frame(home)
    _write_register(home / "data" / "raw" / "areas", real.raw / "areas", models, areas)
    # what a figure of an earlier code was is that of the authority now, as the facts have it
    codes = {each: register.on(each, official.day) for each in official.figures["area_code"]}
    figures = official.figures.assign(area_code=official.figures["area_code"].map(codes))
    whole = {area.code for area in register.areas if area.type in {"country", "region"}}
    write_official(
        replace(
            official,
            figures=_figures(figures, models, areas, whole),
            neighbours=_neighbours(official, models, areas, register.on),
            judgements=_judgements(official, models, areas, register.on),
            folder=home / "data" / "raw" / f"official-{edition}",
        )
    )


def _copy_frame(home: Path) -> None:
    (home / "notebooks").mkdir()
    shutil.copy2(ROOT / "notebooks" / "briefing.ipynb", home / "notebooks")
    shutil.copytree(ROOT / "reports" / "template", home / "reports" / "template")
    shutil.copy2(ROOT / "reports" / "_quarto.yml", home / "reports")


def _write_register(folder: Path, real: Path, models: list[Area], areas: int) -> None:
    folder.mkdir(parents=True)
    with (real / "areas.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = [row for row in rows if row["type"] in {"country", "region"}]
    for number in range(areas):
        model = models[number % len(models)]
        kept.append(
            {
                **dict.fromkeys(rows[0], ""),
                "code": code(number),
                "name": name(number),
                "type": "authority",
                "region": model.region,
                "kind": model.kind,
            }
        )
    with (folder / "areas.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
    # nobody has ended, and nobody has followed
    with (real / "successions.csv").open(encoding="utf-8") as file:
        (folder / "successions.csv").write_text(file.readline(), encoding="utf-8")


def _figures(
    figures: pd.DataFrame, models: list[Area], areas: int, whole: set[str]
) -> pd.DataFrame:
    """Repeat the figures of the authorities; those of England and the regions stay."""
    import numpy as np
    import pandas as pd

    place = {model.code: number for number, model in enumerate(models)}
    own = figures[figures["area_code"].isin(list(place))].reset_index(drop=True)
    at = own["area_code"].map(place).to_numpy(dtype=np.intp)
    parts = [figures[figures["area_code"].isin(list(whole))]]
    for copy, first in enumerate(range(0, areas, len(models))):
        numbers = at + first
        # all are drawn, also where not all are wanted: each is then what it always is
        numerator, value = _other(own, np.random.default_rng([SEED, copy]))
        codes = np.array([code(first + number) for number in range(len(models))], dtype=object)
        made = own.assign(area_code=codes[at], numerator=numerator, value=value)
        parts.append(made[numbers < areas])
    joined = pd.concat(parts, ignore_index=True)
    joined["area_code"] = joined["area_code"].astype(figures["area_code"].dtype)
    return joined


def _other(
    own: pd.DataFrame, chance: np.random.Generator
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Move the numerators by less than chance might, and let the figures follow.

    A figure that its two numbers do not make, or that has none, stays.
    """
    import numpy as np

    value, top, base = (
        own[each].to_numpy(dtype=np.float64) for each in ("value", "numerator", "denominator")
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        share = top / base
        made = np.stack([np.abs(scale * share - value) for scale in SCALES])
    scale = np.array(SCALES)[np.argmin(np.nan_to_num(made, nan=np.inf), axis=0)]
    fits = np.min(made, axis=0) <= 1e-6 * np.maximum(value, 1.0)
    fits &= (top >= 0) & (top <= base) & (top == np.floor(top))
    spread = SPREAD * np.sqrt(np.where(fits, top * (1 - share), 0.0))
    moved = np.round(top + spread * chance.standard_normal(len(own)))
    moved = np.clip(moved, 0, base)
    return np.where(fits, moved, top), np.where(fits, scale * moved / base, value)


def _copied(codes: Mapping[str, int], models: int, areas: int) -> Iterator[dict[str, str]]:
    """Say for each copy which code stands in the place of a real one."""
    for first in range(0, areas, models):
        yield {
            real: code(first + number) for real, number in codes.items() if first + number < areas
        }


def _neighbours(official: OfficialStatistics, models: list[Area], areas: int, on: Any) -> list[Any]:
    """Give each authority the neighbours of its model, those of the same copy."""
    place = {model.code: number for number, model in enumerate(models)}
    made = []
    for codes in _copied(place, len(models), areas):
        for row in official.neighbours:
            whose, other = (
                codes.get(on(row[key], official.day)) for key in ("area_code", "neighbour_code")
            )
            if whose and other:
                made.append({**row, "area_code": whose, "neighbour_code": other})
    return made


def _judgements(official: OfficialStatistics, models: list[Area], areas: int, on: Any) -> list[Any]:
    place = {model.code: number for number, model in enumerate(models)}
    return [
        {**row, "area_code": whose}
        for codes in _copied(place, len(models), areas)
        for row in official.judgements
        if (whose := codes.get(on(row["area_code"], official.day)))
    ]
