"""Underlying data of the statistical first releases of 2010.

One row for each area below a header of sentences. England is first, regions
have names alone, authorities three-digit codes; ``x`` stands for a count of
one to five that is suppressed. The files name no period:
``datasets.yml`` does.

Two files have known faults. ``datasets.yml`` declares them, and they are
corrected here, under a check that fails once the file has been put right.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence

import pandas as pd

from kentstats.areas import Register
from kentstats.ingest import figures
from kentstats.ingest.csv_files import UNNAMED, Reading, file_error
from kentstats.ingest.datasets import Dataset, canonical, plain
from kentstats.ingest.figures import SFR_SYMBOLS, SourceTable, name_fault, number

CODES = "Q1 Q2 A3 A4 A5 A6 P1 P2 P3 K1 K2 H5 R1 R2 R3 R5 S1 M1 M2 M3 Z1"
PLACEMENTS = [f"MarPlace_{code}_2010" for code in CODES.split()]
"""Columns of placements, in the order of the headings in the release."""
PLACEMENT_TOTAL = "MarTotal_2010"
FIRST_COUNT = "Number of children looked after continuously for 12 months at 31 March 2010"
GEOGRAPHY = {"la number", "geog l", "geog c", "geog n"}
"""Headings of the level, code and name of an area, as :func:`plain` folds them."""
NO_FAULT = "Take the correction out of datasets.yml, or look at the file."


def read_sfr_2010(
    frame: pd.DataFrame, reading: Reading, register: Register, dataset: Dataset
) -> None:
    """Read a file of underlying data of 2010 into a reading."""
    reading.dataset = dataset.id
    reading.kind = f"underlying data of 2010, data set {dataset.id}"
    sources = figures.sources_of(dataset.id)
    named = dict.fromkeys(name for _, mapping in sources for name in figures.columns_of(mapping))
    wanted = [*named, *PLACEMENTS, PLACEMENT_TOTAL, FIRST_COUNT]
    frame = frame.set_axis(canonical(frame.columns, wanted), axis=1)
    places = _locate(frame, dataset.areas_on or dt.date(2010, 3, 31), reading, register)
    if dataset.correction == "placements-out-of-order":
        frame = _reorder_placements(frame, places, reading)
    if dataset.correction == "regions-of-other-authorities":
        places = _leave_out_regions(frame, places, reading)
    if missing := [name for name in named if name not in frame]:
        remedy = "Download the file again, or mend the indicator catalogue."
        raise file_error(reading.path, f"There is no column “{missing[0]}”.", remedy, 1)
    places["period"] = dataset.period
    if dataset.ends:
        places = places.join(figures.period_days(places, dataset.ends))
    table = SourceTable(frame.loc[places.index], places, SFR_SYMBOLS, reading, dataset)
    parts = [table.figures(indicator, mapping) for indicator, mapping in sources]
    columns = [name for name in frame.columns if not _is_geography(name)]
    unwanted = len(columns) - len(named)
    reading.notes.append(f"{unwanted} of {len(columns)} columns were not wanted.")
    reading.rows = len(places)
    reading.facts = figures.tidy_figures(parts, dataset.id)


def _is_geography(name: str) -> bool:
    return name.startswith(UNNAMED) or plain(name) in GEOGRAPHY


def _locate(
    frame: pd.DataFrame, day: dt.date, reading: Reading, register: Register
) -> pd.DataFrame:
    """Find the area of every row; refuse rows that have none, or that of another row."""
    words = frame[[name for name in frame.columns if _is_geography(name)]]
    found = [_area_row(row, register, day) for row in words.itertuples(index=False)]
    names = ["area_code", "area_type", "area_name", "region", "fault"]
    areas = pd.DataFrame(found, columns=names, index=frame.index)
    repeated = frame.duplicated()
    reading.leave_out("the same line again", areas.index[repeated])
    areas = areas[~repeated]
    twice = areas["fault"].eq("") & areas["area_code"].duplicated(keep=False)
    areas["fault"] = areas["fault"].mask(twice, areas["area_name"] + " occurs twice.")
    for line, fault in areas.loc[areas["fault"].ne(""), "fault"].items():
        reading.refuse(line, "", fault, "Look at the line, or ask the publisher.")
    return areas[areas["fault"].eq("")]


def _area_row(
    words: Sequence[str], register: Register, day: dt.date
) -> tuple[str, str, str, str, str]:
    """Return code, type, name and region of the area of a line, or why it has none."""
    digits = next((word for word in words if len(word) == 3 and word.isdigit()), "")
    names = [word for word in words if word and not word.isdigit()]
    fault = f"No list of codes knows “{' '.join(filter(None, words))[:60]}”."
    if not digits or "National" in words:
        area = next((area for name in reversed(names) if (area := register.find(name))), None)
        fault = "" if area and area.type in {"country", "region"} else fault
    else:
        # an authority that went on under another code the next day keeps its three digits
        next_day = day + dt.timedelta(days=1)
        soon = [area for area in register.answering(digits) if area.operates(next_day)]
        area = register.find(digits, day) or (soon[0] if len(soon) == 1 else None)
        faults = [name_fault(area, digits, name, register) for name in names] if area else [fault]
        fault = next(filter(None, faults), "")
    if area is None or fault:
        return "", "", "", "", fault
    return area.code, area.type, area.name, area.region, ""


def _reorder_placements(
    frame: pd.DataFrame, places: pd.DataFrame, reading: Reading
) -> pd.DataFrame:
    """Name the columns of placements in the order of their figures: by code.

    In the release the headings are in one order and the figures in another,
    the alphabetical order of the codes. The check is England: the release
    says that 73 per cent of children lived with foster carers (Q1 and Q2).
    """
    names = dict(zip(PLACEMENTS, sorted(PLACEMENTS), strict=True))
    england = frame.loc[places.index[places["area_type"].eq("country")]]

    def fostered(columns: Iterable[str]) -> float:
        counts = [number(text) or 0.0 for name in columns for text in england.get(name, ())]
        total = sum(number(text) or 0.0 for text in england[PLACEMENT_TOTAL])
        return sum(counts) / (total or math.inf)

    foster_care = PLACEMENTS[:2]
    headed = [name for name, true_name in names.items() if true_name in foster_care]
    if fostered(foster_care) > 0.5 or not 0.72 < fostered(headed) < 0.74:
        what = "The columns of placements do not have the fault that is corrected here."
        raise file_error(reading.path, what, NO_FAULT, 1)
    reading.notes.append("The columns of placements were read in the order of their figures.")
    return frame.rename(columns=names)


def _leave_out_regions(frame: pd.DataFrame, places: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """Leave the lines of regions out, which are sums over other authorities than theirs.

    The check is the first count, which is suppressed nowhere: where the
    authorities of every region add up to its line, the fault is gone.
    """
    counts = frame.loc[places.index, FIRST_COUNT].map(number).fillna(0.0).astype("float64")
    is_region = places["area_type"].eq("region")
    authorities = places[places["area_type"].eq("authority")]
    sums = counts[authorities.index].groupby(authorities["region"]).sum()
    printed = counts[is_region].set_axis(places.loc[is_region, "area_code"])
    differences = (sums - printed).dropna().abs()
    if is_region.any() and not differences.gt(5).any():
        what = "The lines of regions do not have the fault for which they are left out here."
        raise file_error(reading.path, what, NO_FAULT, 1)
    why = "a region that is not the sum of its authorities"
    reading.leave_out(why, places.index[is_region])
    return places[~is_region]
