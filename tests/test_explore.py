"""The picture for exploring."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import kentstats
from kentstats.charts.explore import against_comparators


@pytest.fixture(autouse=True)
def no_window() -> Iterator[None]:
    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def facts() -> pd.DataFrame:
    return kentstats.load_facts(authority="Kent", edition=2010, kind="report")


def test_one_dot_an_area_ours_in_its_own_colour(facts: pd.DataFrame) -> None:
    axes = against_comparators(facts, authority="Kent", indicator="health-assessments")
    dots = axes.collections[0]
    assert sorted(float(x) for x, _ in dots.get_offsets()) == [78.0, 82.4, 85.4]
    colours = {to_hex(colour) for colour in dots.get_facecolors()}
    assert colours == {"#12436d", "#bfbfbf"}
    assert axes.get_title() == "Looked after children who had a health assessment"


def test_it_draws_where_it_is_told_and_leaves_no_style(facts: pd.DataFrame) -> None:
    before = dict(mpl.rcParams)
    given = Figure().add_subplot()
    assert (
        against_comparators(facts, authority="Kent", indicator="crime-victims", ax=given) is given
    )
    assert dict(mpl.rcParams) == before


def test_an_indicator_without_a_figure_is_told(facts: pd.DataFrame) -> None:
    empty = facts[facts["indicator"] != "looked-after"]
    with pytest.raises(ValueError, match="no figure of looked-after"):
        against_comparators(empty, authority="Kent", indicator="looked-after")
    with pytest.raises(KeyError, match="nothing-known"):
        against_comparators(facts, authority="Kent", indicator="nothing-known")
