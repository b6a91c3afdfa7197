"""The charts of many indicators, areas and years, by their artists and by their layout."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import partial
from itertools import combinations, pairwise, product
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from kentstats.charts import charts, crowds
from kentstats.charts.authority_charts import funnel, ranked
from kentstats.charts.benchmark_charts import SPINE_LEFT, TABLE_LEFT, heat_table, spine
from kentstats.charts.drawing import Cells
from kentstats.charts.lettering import spread, tall, width, wrapped
from kentstats.charts.style import (
    LINES,
    SMALL,
    VERDICT_FILL,
    VERDICT_INK,
    VERDICT_MARK,
    VERDICT_SIGN,
    theme,
)
from kentstats.charts.trend import SCALE_LEFT, trend
from kentstats.report import among, funnels
from kentstats.report.blocks import svg
from kentstats.report.context import open_edition

NAVY, ORANGE, GREY, WHITE, INK = "#12436d", "#f46a25", "#bfbfbf", "#ffffff", "#1a1a1a"
LONG = "Bournemouth, Christchurch and Poole"

SPINE = pd.DataFrame(
    [
        ("Health", "Health checks", 0.5, -0.2, 0.3, -0.9, 1.0, "better", "94%", "90%"),
        ("Health", "Dentist", 0.0, -0.1, 0.2, -1.0, 0.7, "similar", "81%", "81%"),
        ("Homes", "Moves", -0.4, -0.3, 0.3, -1.0, 0.6, "worse", "12%", "10%"),
        ("Homes", "Rate", 0.3, -0.3, 0.3, -1.0, 0.6, "higher", "75", "70"),
        ("Homes", "Distance", math.nan, -0.3, 0.3, -1.0, 0.6, "not compared", "18%", "17%"),
    ],
    columns=[
        *("theme", "measure", "position", "low", "high", "worst", "best"),
        *("verdict", "label", "benchmark_label"),
    ],
)
CELLS = pd.DataFrame(
    [
        ("Health checks", "Kent", "94%", "better"),
        ("Health checks", "Essex", "90%", "similar"),
        ("Health checks", "Medway", "72%", "worse"),
        ("Rate", "Kent", "75", "higher"),
        ("Rate", "Essex", "60", "lower"),
        ("Rate", "Medway", "70", "not compared"),
    ],
    columns=["measure", "area", "label", "word"],
)
DOTS = pd.DataFrame(
    [
        ("Kent", 1200.0, 94.0, True),
        ("Essex", 900.0, 88.0, False),
        ("Rutland", 30.0, 70.0, False),
        ("Isles of Scilly", math.nan, math.nan, False),
    ],
    columns=["name", "base", "value", "ours"],
)
BASES = np.array([10.0, 100.0, 1200.0])
LIMITS = pd.DataFrame(
    {
        "base": BASES,
        "centre": 90.0,
        "lower95": 90 - 60 / np.sqrt(BASES),
        "upper95": 90 + 30 / np.sqrt(BASES),
        "lower998": 90 - 90 / np.sqrt(BASES),
        "upper998": 90 + 45 / np.sqrt(BASES),
    }
)
RANKS = pd.DataFrame(
    [
        ("Kent", 94.0, 92.0, 96.0, True, False),
        ("Essex", 88.0, 85.0, 91.0, False, True),
        ("Rutland", 70.0, 52.0, 84.0, False, False),
        ("Isles of Scilly", math.nan, math.nan, math.nan, False, False),
        ("Surrey", 97.0, 96.0, 98.0, False, False),
    ],
    columns=["name", "value", "lower", "upper", "ours", "neighbour"],
)
YEARS = pd.DataFrame(
    [
        ("Kent", "2022", 81.0, 79.0, 83.0, True, "81%"),
        ("Kent", "2023", math.nan, math.nan, math.nan, True, None),
        ("Kent", "2024", 85.0, 83.0, 87.0, True, "85%"),
        ("England", "2022", 70.0, 69.0, 71.0, False, "70%"),
        ("England", "2023", 76.0, 75.0, 77.0, False, "76%"),
        ("South East", "2022", 74.0, 73.0, 75.0, False, "74%"),
        ("South East", "2024", 77.0, 76.0, 78.0, False, "77%"),
    ],
    columns=["area", "period", "value", "lower", "upper", "ours", "label"],
)
percent = "{:.0f}%".format
CHARTS: dict[str, tuple[Callable[..., Axes], pd.DataFrame, float]] = {
    "spine": (partial(spine, ours="Kent"), SPINE, SPINE_LEFT),
    "heat_table": (heat_table, CELLS, TABLE_LEFT),
    "funnel": (partial(funnel, limits=LIMITS, ours="Kent: 94%", form=percent), DOTS, SCALE_LEFT),
    "ranked": (
        partial(ranked, benchmark=90.0, ours_label="Kent: 94%", form=percent),
        RANKS,
        SCALE_LEFT,
    ),
    "trend": (partial(trend, form=percent), YEARS, SCALE_LEFT),
}
NUMBERS = {
    "spine": ["position", "low", "high", "worst", "best"],
    "heat_table": [],
    "funnel": ["base", "value"],
    "ranked": ["value", "lower", "upper"],
    "trend": ["value", "lower", "upper"],
}
every_chart = pytest.mark.parametrize("name", CHARTS)


def headed(axes: Axes, left: float) -> Figure:
    return charts.headed(
        axes,
        title="Kent is better than England on six measures and worse on five",
        subtitle="All authorities in England, 2025, per cent",
        source="Source: Department for Education",
        left=left,
    )


def drawn(name: str, data: pd.DataFrame | None = None) -> Figure:
    draw, own, left = CHARTS[name]
    return headed(draw(own if data is None else data), left)


def assert_legible(figure: Figure) -> None:
    """No text leaves the figure or lies on another one."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    with theme():
        figure.draw(renderer)
        texts = [
            (text.get_text(), text.get_window_extent(renderer))
            for text in figure.findobj(Text)
            if text.get_visible() and text.get_text().strip()
        ]
    assert len(texts) >= 4
    for words, box in texts:
        inside = min(box.x0, box.y0) >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
        assert inside, f"“{words}” leaves the figure"
    for (one, here), (other, there) in combinations(texts, 2):
        both = Bbox.intersection(here, there)
        apart = both is None or both.width < 1 or both.height < 1
        assert apart, f"“{one}” lies on “{other}”"


def contrast(one: str, other: str) -> float:
    """Contrast as WCAG 2.2 defines it."""
    dark, light = sorted(
        sum(
            share * (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
            for share, part in zip((0.2126, 0.7152, 0.0722), to_rgb(colour), strict=True)
        )
        for colour in (one, other)
    )
    return (light + 0.05) / (dark + 0.05)


def ticks(axis: Any) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels()]


def beside(axes: Axes) -> list[Text]:
    """The texts along the axes, as they are printed."""
    return [text for scale in axes.artists for text in scale.findobj(Text)]


def words(axes: Axes) -> dict[str, tuple[float, float]]:
    """What the labels inside the axes say, and where they are anchored."""
    return {text.get_text(): getattr(text, "xy", text.get_position()) for text in axes.texts}


def letters(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def offsets(collection: Any) -> list[list[float]]:
    return [[round(value, 6) for value in place] for place in collection.get_offsets().tolist()]


def marker(collection: Any) -> str:
    """The marker of a scatter, by its path."""
    [path] = collection.get_paths()
    for name in "oD^vXxs":
        style = MarkerStyle(name)
        wanted = style.get_path().transformed(style.get_transform())
        if np.array_equal(path.vertices, wanted.vertices):
            return name
    raise AssertionError("a marker of another kind")


def scatters(axes: Axes) -> list[Any]:
    return [each for each in axes.collections if isinstance(each, PathCollection)]


# --- what holds for every chart -----------------------------------------------------------


@every_chart
def test_a_chart_is_drawn_on_the_axes_given(name: str) -> None:
    draw, data, _ = CHARTS[name]
    figure = Figure(figsize=(6.3, 5))
    axes = figure.add_subplot()
    assert draw(data, ax=axes) is axes
    assert figure.axes == [axes]
    assert tuple(figure.get_size_inches()) == (6.3, 5)


@every_chart
def test_a_chart_leaves_no_style_no_pyplot_figure_and_its_data_alone(name: str) -> None:
    draw, data, left = CHARTS[name]
    copy = data.copy()
    with mpl.rc_context():
        mpl.rcdefaults()
        before = dict(mpl.rcParams)
        svg(headed(draw(data), left))
        assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []
    assert copy.equals(data)


@every_chart
def test_a_picture_is_the_same_bytes_every_time_and_keeps_its_text(name: str) -> None:
    one = svg(drawn(name))
    assert one == svg(drawn(name))
    texts = {"".join(node.itertext()) for node in ET.fromstring(one).iter() if "text" in node.tag}
    said = {line for text in letters(drawn(name).axes[0]) for line in text.split("\n") if line}
    assert said
    assert said <= texts


@every_chart
def test_nothing_to_draw_is_refused_in_a_sentence(name: str) -> None:
    draw, data, _ = CHARTS[name]
    with pytest.raises(ValueError, match=r"there is nothing to draw: a .+ needs .+"):
        draw(data.head(0))


@every_chart
def test_one_row_is_enough(name: str) -> None:
    draw, data, left = CHARTS[name]
    assert_legible(headed(draw(data.head(1)), left))


@every_chart
def test_missing_values_are_no_reason_to_fail(name: str) -> None:
    draw, data, left = CHARTS[name]
    empty = data.assign(**dict.fromkeys(NUMBERS[name], math.nan))
    for missing in {"label", "benchmark_label", "verdict", "word", "theme"} & set(data):
        empty[missing] = None
    figure = headed(draw(empty), left)
    assert_legible(figure)
    assert svg(figure)


@every_chart
def test_values_that_are_all_the_same_can_be_drawn(name: str) -> None:
    data = CHARTS[name][1]
    for value in (0.0, 90.0):
        scaled = dict.fromkeys(NUMBERS[name], value / 90 if name == "spine" else value)
        assert_legible(drawn(name, data.assign(**scaled)))


@every_chart
def test_every_text_is_large_and_dark_enough(name: str) -> None:
    figure = drawn(name)
    [axes] = figure.axes
    with theme():
        figure.draw(FigureCanvasAgg(figure).get_renderer())
    for text in figure.findobj(Text):
        if text.get_text():
            assert text.get_size() >= SMALL
            if name != "heat_table" or text not in axes.texts:
                assert contrast(text.get_color(), "white") >= 4.5


@every_chart
def test_what_an_axis_knows_is_what_is_printed_along_it(name: str) -> None:
    [axes] = drawn(name).axes
    printed = [text.get_text() for text in beside(axes)]
    assert printed
    known = [*ticks(axes.yaxis), *ticks(axes.xaxis), axes.get_xlabel()]
    assert [text for text in printed if text] == [text for text in known if text]


# --- verdicts -----------------------------------------------------------------------------


def test_every_verdict_has_mark_sign_fill_and_ink() -> None:
    verdicts = set(VERDICT_MARK)
    assert verdicts == set(VERDICT_SIGN) == set(VERDICT_FILL) == set(VERDICT_INK)
    assert len(set(VERDICT_MARK.values())) == len(set(VERDICT_SIGN.values())) == len(verdicts)
    assert VERDICT_FILL["better"].lower() == NAVY
    assert VERDICT_FILL["worse"].lower() == ORANGE


@pytest.mark.parametrize("word", VERDICT_FILL)
def test_a_verdict_can_be_read_on_its_cell(word: str) -> None:
    assert contrast(VERDICT_FILL[word], VERDICT_INK[word]) >= 4.5


def test_better_similar_and_worse_differ_in_a_grey_print() -> None:
    for one, other in pairwise(("better", "worse", "similar")):
        assert contrast(VERDICT_FILL[one], VERDICT_FILL[other]) >= 3


@pytest.mark.parametrize("name", ["spine", "heat_table"])
def test_a_word_that_is_no_verdict_is_refused(name: str) -> None:
    draw, data, _ = CHARTS[name]
    column = "verdict" if name == "spine" else "word"
    with pytest.raises(ValueError, match="“red” is no verdict: a chart draws better, similar"):
        draw(data.assign(**{column: "red"}))


# --- spine --------------------------------------------------------------------------------


def test_rows_of_a_spine_keep_their_order_under_their_themes() -> None:
    axes = spine(SPINE)
    names = ["Health", "Health checks", "Dentist", "Homes", "Moves", "Rate", "Distance"]
    assert ticks(axes.yaxis) == names
    places = list(axes.get_yticks())
    assert places == sorted(places)
    bottom, top = axes.get_ylim()
    assert bottom > top == 0
    printed = beside(axes)
    assert [label.get_text() for label in printed] == names
    assert [label.get_position()[1] for label in printed] == places
    bold = [label.get_text() for label in printed if label.get_weight() == "bold"]
    assert bold == ["Health", "Homes"]


@pytest.mark.parametrize("missing", ["", None, math.nan])
def test_a_spine_needs_no_themes(missing: object) -> None:
    measures = list(SPINE["measure"])
    assert ticks(spine(SPINE.drop(columns="theme")).yaxis) == measures
    assert ticks(spine(SPINE.assign(theme=missing)).yaxis) == measures


def test_ranges_and_quarters_lie_around_the_benchmark() -> None:
    axes = spine(SPINE)
    _, ranges, quarters, centre = axes.collections[:4]
    [[middle, _], [again, _]] = centre.get_segments()[0]
    assert middle == again
    for bars, (start, end) in ((ranges, ("worst", "best")), (quarters, ("low", "high"))):
        for [[left, y], [right, _]], row in zip(
            bars.get_segments(), SPINE.to_dict("records"), strict=True
        ):
            assert left / middle - 1 == pytest.approx(row[start])
            assert right / middle - 1 == pytest.approx(row[end])
            assert y in axes.get_yticks()


def test_our_mark_stands_at_its_position_and_tells_its_verdict() -> None:
    axes = spine(SPINE)
    [[middle, _], _] = axes.collections[3].get_segments()[0]
    places = dict(zip(ticks(axes.yaxis), axes.get_yticks(), strict=True))
    wanted = [
        ("Health checks", 0.5, "o", NAVY),
        ("Dentist", 0.0, "o", WHITE),
        ("Moves", -0.4, "D", ORANGE),
        ("Rate", 0.3, "^", INK),
    ]
    marks = scatters(axes)
    for (measure, position, shape, colour), mark in zip(wanted, marks, strict=False):
        [[x, y]] = mark.get_offsets()
        assert (x / middle - 1, y) == pytest.approx((position, places[measure]))
        assert marker(mark) == shape
        assert to_hex(mark.get_facecolors()[0]) == colour
        assert to_hex(mark.get_edgecolors()[0]) == INK
    # a row without position has none
    seen = [place for mark in marks for place in mark.get_offsets() if not np.ma.is_masked(place)]
    assert len([place for place in seen if not np.isnan(place).any()]) == len(wanted)


def test_figures_and_words_stand_in_columns_beside_the_range() -> None:
    axes = spine(SPINE, ours="Kent", ends=("worse or lower", "better or higher"))
    head = [text.replace("\n", " ") for text in letters(axes)[:3]]
    assert head == ["worse or lower", "England", "better or higher"]
    columns = [
        ["Kent", *SPINE["label"]],
        ["England", *SPINE["benchmark_label"]],
        ["", *SPINE["verdict"]],
    ]
    assert letters(axes)[3:] == [cell for column in columns for cell in column]
    x = [text.get_position()[0] for text in axes.texts[3:]]
    assert x == sorted(x)
    [[middle, _], _] = axes.collections[3].get_segments()[0]
    assert min(x) > 2 * middle
    bold = {text.get_text() for text in axes.texts[3:] if text.get_weight() == "bold"}
    assert bold - {""} == {"Kent", "England", "better", "worse"}


def test_a_row_without_verdict_is_not_compared() -> None:
    axes = spine(SPINE.assign(verdict=None, position=math.nan))
    assert letters(axes).count("not compared") == len(SPINE)


# --- heat table ---------------------------------------------------------------------------


def cells(axes: Axes) -> list[tuple[float, float, float, float]]:
    boxes = [path.get_extents() for path in axes.collections[0].get_paths()]
    return [(box.x0, box.y0, box.x1, box.y1) for box in boxes]


def test_areas_are_across_and_measures_down() -> None:
    axes = heat_table(CELLS)
    assert ticks(axes.yaxis) == ["Health checks", "Rate"]
    assert letters(axes)[6:9] == ["Kent", "Essex", "Medway"]
    assert letters(axes)[:6] == [
        *("94%\nbetter", "90%\nsimilar", "72%\nworse"),
        *("75\nhigher", "60\nlower", "70\nnot compared"),
    ]
    fills = [to_hex(colour) for colour in axes.collections[0].get_facecolors()]
    assert fills == [VERDICT_FILL[word].lower() for word in CELLS["word"]]
    inks = [text.get_color() for text in axes.texts[:6]]
    assert inks == [VERDICT_INK[word] for word in CELLS["word"]]
    for text, (left, upper, right, lower) in zip(axes.texts[:6], cells(axes), strict=True):
        assert text.get_position() == pytest.approx(((left + right) / 2, (upper + lower) / 2))
    assert [box[0] for box in cells(axes)] == [box[0] for box in cells(axes)[:3]] * 2


def test_our_area_stands_first_framed_and_bold() -> None:
    axes = heat_table(CELLS)
    [frame] = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    ours = cells(axes)[0::3]
    assert frame.get_x() == ours[0][0] == 0
    assert frame.get_y() == ours[0][1]
    assert frame.get_x() + frame.get_width() == pytest.approx(ours[0][2])
    assert frame.get_y() + frame.get_height() == pytest.approx(ours[-1][3])
    weights = [text.get_weight() for text in axes.texts[6:9]]
    assert weights == ["bold", "normal", "normal"]


def test_a_cell_without_row_stays_empty() -> None:
    axes = heat_table(CELLS.drop(index=4))
    assert len(cells(axes)) == 5
    assert "60\nlower" not in letters(axes)


def test_names_are_upright_where_they_fit_and_on_end_where_not() -> None:
    few, many = heat_table(CELLS), heat_table(table(11, 2))
    assert {text.get_rotation() for text in few.texts} == {0}
    assert {text.get_rotation() for text in many.texts} == {0, 90}


def test_a_long_name_on_end_takes_no_more_lines_than_its_column_has_room_for() -> None:
    data = table(12, 2).replace(
        {"area": {"Swindon": "The Royal Borough of Windsor and Maidenhead"}}
    )
    axes = heat_table(data)
    [name] = [text for text in letters(axes) if text.startswith("The Royal")]
    assert 1 <= name.count("\n") <= 2
    assert_legible(headed(axes, TABLE_LEFT))


def test_a_word_too_wide_for_its_cell_is_told_below_the_table() -> None:
    data = table(11, 2)
    data.loc[3, "word"] = "not compared"
    axes = heat_table(data)
    assert letters(axes)[3].endswith("\n×")
    assert letters(axes)[-1] == "× not compared"
    said = {text.split("\n")[-1] for text in letters(axes)[:22]}
    assert {"better", "similar", "worse", "×"} >= said


def test_what_a_heat_table_has_no_room_for_is_refused() -> None:
    with pytest.raises(ValueError, match="room for 12 areas, not for 13"):
        heat_table(table(13, 1))
    with pytest.raises(ValueError, match="one cell for an area and measure, and here are two"):
        heat_table(pd.concat([CELLS, CELLS.head(1)]))


# --- funnel -------------------------------------------------------------------------------


def test_every_authority_is_a_dot_and_ours_is_marked_and_named() -> None:
    axes = funnel(DOTS, LIMITS, ours="Kent: 94%")
    others, mine = scatters(axes)
    assert offsets(others) == [[900, 88], [30, 70]]
    assert offsets(mine) == [[1200, 94]]
    assert mine.get_sizes()[0] > others.get_sizes()[0]
    assert to_hex(others.get_facecolors()[0]) == GREY
    assert to_hex(mine.get_facecolors()[0]) == NAVY
    assert words(axes)["Kent: 94%"] == (1200, 94)


def test_limits_are_curves_labelled_where_they_end() -> None:
    axes = funnel(DOTS, LIMITS, ours="Kent", centre="England: 90%")
    curves = {tuple(line.get_ydata()): line for line in axes.lines}
    for name in LIMITS.columns.drop("base"):
        assert list(curves[tuple(LIMITS[name])].get_xdata()) == list(BASES)
    assert curves[tuple(LIMITS["lower95"])].get_linestyle() == "--"
    assert curves[tuple(LIMITS["lower998"])].get_linestyle() == "-"
    # the lower limits lie further out here, so there is more room for their labels
    last = LIMITS.iloc[-1]
    assert words(axes)["England: 90%"] == (1200, 90)
    assert words(axes)["95%"] == (1200, pytest.approx(last["lower95"]))
    assert words(axes)["99.8%"] == (1200, pytest.approx(last["lower998"]))


def test_bases_begin_at_nought_or_go_up_by_multiples() -> None:
    axes = funnel(DOTS, LIMITS, ours="Kent", xlabel="Children")
    assert axes.get_xlim()[0] == 0
    assert axes.get_xscale() == "linear"
    assert axes.get_xlabel() == "Children"
    assert ticks(axes.xaxis)[-1] == "1,200"
    axes = funnel(DOTS, LIMITS, ours="Kent", log=True)
    assert axes.get_xscale() == "log"
    assert ticks(axes.xaxis) == ["10", "20", "50", "100", "200", "500", "1,000"]


def test_adjusted_limits_are_drawn_beside_the_others() -> None:
    adjusted = LIMITS.assign(
        **{f"adjusted_{name}": LIMITS[name] * 1.01 for name in LIMITS.columns[2:]}
    )
    axes = funnel(DOTS, adjusted, ours="Kent")
    assert len(axes.lines) == 9
    assert {"95% adjusted", "99.8% adjusted", "95%", "99.8%"} <= set(letters(axes))


def test_a_funnel_may_be_without_ours_and_needs_limits() -> None:
    axes = funnel(DOTS.assign(ours=False), LIMITS, ours="Kent")
    assert "Kent" not in letters(axes)
    with pytest.raises(ValueError, match="needs an authority and its limits"):
        funnel(DOTS, LIMITS.head(0), ours="Kent")


# --- ranked -------------------------------------------------------------------------------


def test_authorities_stand_in_the_order_of_their_values() -> None:
    axes = ranked(RANKS, benchmark=90, benchmark_label="England: 90%", ours_label="Kent: 94%")
    others, near, mine = scatters(axes)
    assert offsets(others) == [[0, 70], [3, 97]]
    assert offsets(near) == [[1, 88]]
    assert offsets(mine) == [[2, 94]]
    assert to_hex(mine.get_facecolors()[0]) == NAVY
    intervals = [
        [[round(value, 6) for value in point] for point in segment.tolist()]
        for collection in axes.collections
        if hasattr(collection, "get_segments")
        for segment in collection.get_segments()
    ]
    assert intervals[:4] == [
        [[0, 52], [0, 84]],
        [[3, 96], [3, 98]],
        [[1, 85], [1, 91]],
        [[2, 92], [2, 96]],
    ]
    assert ticks(axes.xaxis) == ["lowest", "highest"]
    assert list(axes.get_xticks()) == [0, 3]


def test_the_benchmark_is_a_line_across_with_its_label() -> None:
    axes = ranked(RANKS, benchmark=90, benchmark_label="England: 90%")
    [line] = axes.lines
    assert list(line.get_ydata()) == [90, 90]
    assert line.get_xdata()[1] >= 3
    assert words(axes)["England: 90%"][1] == 90
    assert not ranked(RANKS).lines


def test_the_name_of_ours_stands_over_everything() -> None:
    axes = ranked(RANKS, ours_label="Kent: 94%")
    [label] = axes.texts
    assert label.get_text() == "Kent: 94%"
    assert label.get_position()[1] == axes.get_ylim()[1] > RANKS["upper"].max()
    stroke = axes.collections[-1].get_segments()[0]
    assert stroke[0].tolist() == [2, 96]
    assert stroke[1][0] == 2


def test_neighbours_have_a_legend_where_there_are_any() -> None:
    legend = ranked(RANKS, neighbour_label="neighbours").get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["neighbours"]
    assert ranked(RANKS.drop(columns="neighbour")).get_legend() is None
    assert ranked(RANKS.assign(neighbour=False)).get_legend() is None


# --- trend --------------------------------------------------------------------------------


def test_lines_go_from_period_to_period_and_bridge_no_gap() -> None:
    axes = trend(YEARS)
    assert ticks(axes.xaxis) == ["2022", "2023", "2024"]
    kent, england, south_east = axes.lines
    np.testing.assert_array_equal(kent.get_ydata(), [81, math.nan, 85])
    np.testing.assert_array_equal(england.get_ydata(), [70, 76, math.nan])
    np.testing.assert_array_equal(south_east.get_ydata(), [74, math.nan, 77])
    assert all(line.get_marker() == "o" for line in axes.lines), "a lone year can be seen"


def test_ours_is_thick_and_every_comparator_has_its_own_dashes() -> None:
    axes = trend(pd.concat([YEARS, YEARS.tail(2).assign(area="Neighbours")]))
    ours, *others = axes.lines
    assert to_hex(ours.get_color()) == NAVY
    assert ours.get_linestyle() == "-"
    assert all(ours.get_linewidth() > line.get_linewidth() for line in others)
    looks = [(to_hex(line.get_color()), line._unscaled_dash_pattern[1]) for line in others]
    assert looks == [(colour.lower(), dashes) for colour, (_, dashes) in LINES]
    assert len({dashes for _, dashes in looks}) == 3


def test_the_interval_of_ours_alone_is_drawn() -> None:
    def whiskers(data: pd.DataFrame) -> list[Any]:
        return [
            segment.tolist()
            for collection in trend(data).collections
            if to_hex(collection.get_edgecolors()[0]) == NAVY
            for segment in collection.get_segments()
            if len(segment) and not np.isnan(segment).any()
        ]

    assert whiskers(YEARS) == [[[0, 79], [0, 83]], [[2, 83], [2, 87]]]
    assert not whiskers(YEARS.drop(columns=["lower", "upper"]))


def test_a_label_moved_away_is_led_back_to_its_line() -> None:
    level = pd.concat(
        [YEARS.head(1), *(YEARS.head(1).assign(area=name, ours=False) for name in "ab")]
    )
    axes = trend(level.drop(columns=["lower", "upper"]))
    [strokes] = axes.collections
    assert {tuple(segment[0]) for segment in strokes.get_segments()} == {(0, 81)}
    assert len({tuple(segment[1]) for segment in strokes.get_segments()}) >= 2
    assert [place[0] for place in words(axes).values()] == [0, 0, 0]


def test_lines_are_labelled_where_they_end_and_say_so_where_that_is_early() -> None:
    assert letters(trend(YEARS)) == ["Kent 85%", "England 76% (to\n2023)", "South East 77%"]
    assert letters(trend(YEARS.drop(columns="label")))[0] == "Kent"
    nothing = YEARS.assign(value=YEARS["value"].where(YEARS["ours"]))
    assert "England: no figures" in letters(trend(nothing))


def test_the_scale_begins_at_nought_unless_told_otherwise() -> None:
    assert trend(YEARS).get_ylim()[0] == 0
    assert 60 < trend(YEARS, zero=False).get_ylim()[0] < 69
    assert trend(YEARS.assign(lower=-5.0)).get_ylim()[0] < -5
    assert ticks(trend(YEARS, form=percent).yaxis)[0] == "0%"


def test_no_two_figures_of_a_scale_are_the_same() -> None:
    narrow = YEARS.assign(value=YEARS["value"] / 1000 + 81, lower=math.nan, upper=math.nan)
    labels = ticks(trend(narrow, zero=False, form=percent).yaxis)
    assert len(labels) == len(set(labels))


def test_periods_may_be_given_and_some_of_many_are_printed() -> None:
    axes = trend(YEARS, periods=["2021", "2022", "2023", "2024"])
    assert ticks(axes.xaxis) == ["2021", "2022", "2023", "2024"]
    assert np.isnan(axes.lines[0].get_ydata()[0])
    axes = trend(years(19))
    printed = [name for name in ticks(axes.xaxis) if name]
    assert len(axes.get_xticks()) == 19
    assert 4 < len(printed) < 19
    assert printed[-1] == "2024-25"


def test_a_trend_refuses_what_cannot_be_told_apart() -> None:
    four = pd.concat([YEARS, *(YEARS.tail(2).assign(area=name) for name in "ab")])
    with pytest.raises(ValueError, match="3 comparators can be told apart here, not 4"):
        trend(four)
    with pytest.raises(ValueError, match="one value for an area and period, and here are two"):
        trend(pd.concat([YEARS, YEARS.head(1)]))


# --- charts as large as they get: nothing cut, nothing on top of anything --------------------

MEASURES = [
    "Referrals to children’s social care",
    "Re-referrals within 12 months",
    "Assessments completed within 45 working days",
    "Strengths and Difficulties Questionnaire score that is a cause for concern",
    "Care leavers aged 19 to 21 in education, employment or training",
    "Days from entry into care to placement with adoptive family",
    "Child protection plans at 31 March",
]
AREAS = [
    *("Kent", "Essex", "Northamptonshire", LONG, "Worcestershire", "Lancashire", "Swindon"),
    *("Kingston upon Hull, City of", "Nottinghamshire", "Leicestershire", "East Sussex"),
    *("Telford and Wrekin", "Westmorland and Furness"),
]


def table(across: int, down: int) -> pd.DataFrame:
    verdicts = ["better", "similar", "worse"]
    rows = [
        (
            f"{MEASURES[row % 7]} {row}",
            area,
            f"{row + column + 12.3:.1f}%",
            verdicts[(row + column) % 3],
        )
        for row, (column, area) in product(range(down), enumerate(AREAS[:across]))
    ]
    return pd.DataFrame(rows, columns=["measure", "area", "label", "word"])


def long_spine(rows: int, themes: int) -> pd.DataFrame:
    data = pd.concat([SPINE.iloc[[row % len(SPINE)]] for row in range(rows)], ignore_index=True)
    return data.assign(
        theme=[f"Theme {row * themes // rows}" for row in range(rows)],
        measure=[f"{MEASURES[row % 7]} {row}" for row in range(rows)],
        label=["1,234 days" if row % 5 == 0 else "54.3%" for row in range(rows)],
    )


def authorities(count: int, ours: int) -> pd.DataFrame:
    random = np.random.default_rng(7)
    base = np.exp(random.normal(5.5, 0.8, count)).round() + 10
    value = random.normal(90, 5, count).clip(60, 100)
    reach = 150 / np.sqrt(base)
    return pd.DataFrame(
        {
            "name": [f"Authority {number}" for number in range(count)],
            "base": base,
            "value": value,
            "lower": value - reach,
            "upper": (value + reach).clip(max=100),
            "ours": [number == ours for number in range(count)],
            "neighbour": [number % 15 == 0 for number in range(count)],
        }
    )


def years(count: int, level: float = 50.0) -> pd.DataFrame:
    rows = [
        (area, f"{year}-{year - 1999:02d}", level + (year * step) % 3, step == 0)
        for step, area in enumerate(["Kent", LONG, "England", "Statistical neighbours"])
        for year in range(2025 - count, 2025)
    ]
    return pd.DataFrame(rows, columns=["area", "period", "value", "ours"])


def test_a_spine_of_22_rows_in_8_themes_is_legible_on_one_page() -> None:
    figure = headed(spine(long_spine(22, 8), ours="Kent"), SPINE_LEFT)
    assert_legible(figure)
    assert figure.get_size_inches()[1] < 10.5
    assert_legible(
        headed(
            spine(long_spine(22, 8), ours=LONG, ends=("worse or lower", "better or higher")),
            SPINE_LEFT,
        )
    )


@pytest.mark.parametrize(("across", "down"), [(11, 14), (12, 3), (6, 5), (3, 2), (1, 1)])
def test_a_heat_table_is_legible(across: int, down: int) -> None:
    data = table(across, down)
    data.loc[0, "word"] = "not compared"
    axes = heat_table(data)
    figure = headed(axes, TABLE_LEFT)
    assert_legible(figure)
    # every figure and its word stay inside their cell
    renderer = FigureCanvasAgg(figure).get_renderer()
    [cover] = axes.collections
    for text, path in zip(axes.texts, cover.get_paths(), strict=False):
        box = path.get_extents(axes.transData)
        label = text.get_window_extent(renderer)
        assert box.x0 - 0.5 <= label.x0 <= label.x1 <= box.x1 + 0.5
        assert box.y0 <= label.y0 <= label.y1 <= box.y1


@pytest.mark.parametrize("ours", [0, 30, 77, 150])
@pytest.mark.parametrize("log", [False, True])
def test_a_funnel_of_152_authorities_is_legible(ours: int, log: bool) -> None:
    data = authorities(152, ours)
    bases = np.geomspace(10, data["base"].max(), 60)
    reach = 60 / np.sqrt(bases)
    limits = pd.DataFrame({"base": bases, "centre": 90.0})
    for name, times in (("95", 1.0), ("998", 1.5)):
        limits[f"lower{name}"], limits[f"upper{name}"] = 90 - times * reach, 90 + times * reach
    draw = partial(funnel, data, form=percent, log=log, xlabel="Children")
    axes = draw(limits, ours=f"{LONG}: 94%", centre="England: 90%")
    assert_legible(headed(axes, SCALE_LEFT))
    adjusted = limits.assign(**{f"adjusted_{name}": limits[name] for name in limits.columns[2:]})
    assert_legible(headed(draw(adjusted, ours="Kent: 94%"), SCALE_LEFT))


@pytest.mark.parametrize("ours", [0, 30, 77, 150])
def test_a_ranking_of_152_authorities_is_legible(ours: int) -> None:
    axes = ranked(
        authorities(152, ours),
        benchmark=90,
        benchmark_label="England: 90%",
        ours_label=f"{LONG}: 94%",
        xlabel="Authorities in England",
        form=percent,
    )
    figure = headed(axes, SCALE_LEFT)
    assert_legible(figure)
    # the name stands over its dot, within its own width
    renderer = FigureCanvasAgg(figure).get_renderer()
    [label] = [text for text in axes.texts if text.get_text().startswith("Bourne")]
    box = label.get_window_extent(renderer)
    x, _ = axes.transData.transform(scatters(axes)[-1].get_offsets()[0])
    assert box.x0 <= x <= box.x1


@pytest.mark.parametrize("zero", [True, False])
@pytest.mark.parametrize("count", [1, 2, 5, 13, 19])
def test_a_trend_is_legible_however_close_its_lines_end(count: int, zero: bool) -> None:
    for level in (0.0, 50.0, 1e6):
        assert_legible(headed(trend(years(count, level), zero=zero), SCALE_LEFT))


# --- charts of more authorities than can be told apart ------------------------------------


def many(name: str, count: int, *, log: bool = False) -> Figure:
    data = authorities(count, count // 3)
    data["neighbour"] = [number % (count // 10) == 0 for number in range(count)]
    if name == "ranked":
        axes = ranked(data, benchmark=90, ours_label=f"{LONG}: 94%", form=percent)
    else:
        bases = np.geomspace(10, data["base"].max(), 60)
        reach = 60 / np.sqrt(bases)
        limits = pd.DataFrame({"base": bases, "centre": 90.0})
        for level, times in (("95", 1.0), ("998", 1.5)):
            limits[f"lower{level}"] = 90 - times * reach
            limits[f"upper{level}"] = 90 + times * reach
        axes = funnel(data, limits, ours=f"{LONG}: 94%", form=percent, log=log)
    return headed(axes, SCALE_LEFT)


@pytest.mark.parametrize(("name", "log"), [("ranked", False), ("funnel", False), ("funnel", True)])
def test_a_chart_of_ten_thousand_is_no_larger_than_one_of_two_hundred(name: str, log: bool) -> None:
    few, crowd = many(name, 200, log=log), many(name, 10_000, log=log)
    assert len(svg(crowd)) < 1.25 * len(svg(few))
    assert len(crowd.findobj()) < 1.25 * len(few.findobj())
    assert_legible(crowd)


@pytest.mark.parametrize(("name", "each"), [("ranked", 160), ("funnel", 140)])
def test_every_authority_has_its_dot_up_to_four_hundred(name: str, each: int) -> None:
    """Each adds the bytes of its dot, and no artist of its own."""
    one, other = many(name, 300), many(name, crowds.MANY)
    per_area = (len(svg(other)) - len(svg(one))) / (crowds.MANY - 300)
    assert 60 < per_area < each
    marked = sum(len(mark.get_offsets()) for mark in scatters(other.axes[0]))
    assert marked == crowds.MANY
    assert len(other.findobj(PathCollection)) == len(one.findobj(PathCollection))


def test_many_in_order_are_a_line_and_a_band_with_ours_and_the_neighbours_on_it() -> None:
    data = authorities(5000, 1234)
    data["neighbour"] = [number % 500 == 0 for number in range(5000)]
    axes = ranked(data, ours_label="Kent: 94%", form=percent)
    [line] = axes.lines
    x, value = line.get_data()
    assert len(x) == crowds.PLACES
    assert (x[0], x[-1]) == (0, 4999)
    assert list(value) == sorted(value)
    assert (value[0], value[-1]) == (data["value"].min(), data["value"].max())
    *_, near, mine = scatters(axes)
    assert len(near.get_offsets()) == 10
    [[rank, own]] = mine.get_offsets()
    assert own == data["value"].iloc[1234]
    assert own == pytest.approx(np.interp(rank, x, value), abs=0.2)
    [band] = [each for each in axes.collections if isinstance(each, Cells)]
    [edge] = band.get_paths()
    low, high = edge.vertices[:, 1].min(), edge.vertices[:, 1].max()
    assert data["lower"].min() < low < data["lower"].median()
    assert data["upper"].median() <= high <= data["upper"].max()


def test_many_without_intervals_have_no_band() -> None:
    data = authorities(500, 3).assign(lower=math.nan, upper=math.nan)
    axes = ranked(data, ours_label="Kent", form=percent)
    assert not [each for each in axes.collections if isinstance(each, Cells)]
    assert svg(headed(axes, SCALE_LEFT))


def spots(count: int, *, log: bool = False) -> tuple[pd.DataFrame, list[crowds.Spots]]:
    data = authorities(count, 0)
    base, value = data["base"].to_numpy(), data["value"].to_numpy()
    reach = (float(base.min()), float(base.max()))
    return data, crowds.funnel(base, value, LIMITS, reach, log=log)


@pytest.mark.parametrize("log", [False, True])
def test_many_of_a_funnel_are_summed_up_but_for_the_furthest(log: bool) -> None:
    data, ((far, _), *cells) = spots(5000, log=log)
    limits = {name: np.interp(data["base"], BASES, LIMITS[name]) for name in LIMITS.columns[1:]}
    apart = data["value"] - limits["centre"]
    room = np.where(apart < 0, limits["lower998"], limits["upper998"]) - limits["centre"]
    furthest = (apart / room).sort_values(ascending=False, kind="stable").index[: crowds.OUTSIDE]
    assert far.T.tolist() == data.loc[furthest, ["base", "value"]].to_numpy().tolist()
    held = np.hstack([places for places, _ in cells])
    assert 0 < held.shape[1] <= crowds.GRID[0] * crowds.GRID[1]
    assert data["base"].min() <= held[0].min() <= held[0].max() <= data["base"].max()
    assert data["value"].min() <= held[1].min() <= held[1].max() <= data["value"].max()
    sizes = [size for _, size in cells]
    assert sizes == sorted(sizes)
    assert all(places.shape[1] for places, _ in cells)


def test_a_crowd_is_summed_up_once_for_all_its_charts() -> None:
    one, other = spots(1000)[1], spots(1000)[1]
    assert one is other
    assert spots(1001)[1] is not one


def test_authorities_all_alike_can_be_summed_up() -> None:
    same = np.full(500, 90.0)
    (far, _), *cells = crowds.funnel(same, same, LIMITS, (90.0, 90.0), log=True)
    assert far.size == 0
    [held] = [places for places, _ in cells if places.size]
    assert held.tolist() == [[pytest.approx(90)], [pytest.approx(90)]]
    assert np.isnan(crowds.ordered(same, same * math.nan, same)[2]).all()


def test_of_many_neighbours_some_are_marked_from_end_to_end() -> None:
    few, all_of_them = np.arange(500) < 7, np.ones(500, dtype=bool)
    assert crowds.some(few) is few
    chosen = np.flatnonzero(crowds.some(all_of_them))
    assert len(chosen) == crowds.NEAR
    assert (chosen[0], chosen[-1]) == (0, 499)


def test_a_briefing_says_so_where_authorities_are_summed_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    edition = open_edition("Surrey", "2010")
    sections = (among.ranked, funnels.funnel)

    def captions() -> list[str]:
        blocks = [section(edition) for section in sections]
        return [block.markdown.split("](data:")[0] for block in blocks if block]

    told = captions()
    assert len(told) == 2
    assert not any("too many" in caption for caption in told)
    assert "Every authority by its figure" in told[0]
    monkeypatch.setattr(crowds, "MANY", 100)
    told = captions()
    assert all("too many to draw each" in caption for caption in told)
    assert "Every authority" not in told[0]


# --- lettering ----------------------------------------------------------------------------


@pytest.mark.parametrize("bold", [False, True])
def test_text_is_as_wide_as_it_is_drawn(bold: bool) -> None:
    figure = Figure(figsize=(6, 2), dpi=300)
    with theme():
        text = figure.text(0, 0, f"{LONG}: 94.3%", size=8, weight="bold" if bold else "normal")
        box = text.get_window_extent(FigureCanvasAgg(figure).get_renderer())
    assert width(text.get_text(), size=8, bold=bold) == pytest.approx(box.width / 300, rel=0.03)
    assert tall(["one", "two\nlines"], size=8) == 2 * tall(["one"], size=8)


@given(st.text(st.characters(codec="latin-1", categories=["L", "N", "P"]) | st.just(" ")))
@settings(max_examples=60, deadline=None)
def test_broken_text_fits_and_loses_no_letter(text: str) -> None:
    lines = wrapped(text, 0.6).split("\n")
    assert "".join(lines).replace(" ", "") == "".join(text.split())
    assert all(width(line) <= 0.6 for line in lines if len(line) > 1)


LABELS = st.lists(st.tuples(st.floats(-5, 15), st.floats(0.1, 1)), min_size=1, max_size=8)


@given(LABELS)
def test_labels_keep_apart_in_their_order_and_in_their_range(
    labels: list[tuple[float, float]],
) -> None:
    wanted, heights = (list(part) for part in zip(*labels, strict=True))
    placed = spread(wanted, heights, 0, 10)
    order = sorted(range(len(labels)), key=wanted.__getitem__)
    for below, above in pairwise(order):
        assert placed[above] - placed[below] >= (heights[above] + heights[below]) / 2 - 1e-9
    for middle, height in zip(placed, heights, strict=True):
        assert middle - height / 2 >= -1e-9
        assert middle + height / 2 <= 10 + 1e-9


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9, unique=True))
def test_labels_that_have_room_stay_where_they_are(wanted: list[int]) -> None:
    places = [float(value) for value in wanted]
    assert spread(places, [0.9] * len(places), 0, 10) == pytest.approx(places)


def test_labels_without_room_begin_at_the_bottom() -> None:
    assert spread([5, 5], [8, 8], 0, 10) == [4, 12]
    assert spread([], [], 0, 10) == []
