"""Charts by their artists: places, order, labels, colours, and nothing left behind."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from itertools import combinations, product
from typing import Any

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.axis import Axis, Tick
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Bbox, IdentityTransform

from kentstats.charts import charts
from kentstats.charts.drawing import Cells, Label, strokes, upright
from kentstats.charts.style import GRADE_FILL, GRADE_INK, theme
from kentstats.report import inspection, report_comparisons, topics
from kentstats.report.blocks import svg
from kentstats.report.context import Edition, open_edition

# the government's palette, and the grey of the others
NAVY, TEAL, PLUM, ORANGE, GREY, WHITE = (
    *("#12436d", "#28a197", "#801650", "#f46a25"),
    *("#bfbfbf", "#ffffff"),
)

GRADES = pd.DataFrame(
    [
        ("Overall", "Safeguarding", 4, "Inadequate"),
        ("Overall", "Looked after", 3, "Adequate"),
        ("Feel safe", "Safeguarding", 3, "Adequate"),
        ("Feel safe", "Safeguarding", 4, "Inadequate"),
        ("Well-being", "Looked after", 2, "Good"),
        ("Engagement", "Looked after", 1, "Outstanding"),
    ],
    columns=["judgement", "service", "grade", "label"],
)
ACTIONS = pd.DataFrame(
    [
        ("Safeguarding", pd.Timestamp("2011-05-19"), "19 May 2011", 3.0, "3"),
        ("Safeguarding", pd.Timestamp("2010-11-19"), "19 November 2010", 1.0, "1"),
        ("Looked after", pd.Timestamp("2011-05-19"), "19 May 2011", 6.0, "6"),
    ],
    columns=["service", "due", "day", "count", "label"],
)
BENCHMARKS = pd.DataFrame(
    [
        ("Checks", "Kent", 78.0, "78%", True),
        ("Share", "England", 11.8, "11.8%", False),
        ("Checks", "England", 85.4, "85.4%", False),
        ("Share", "Kent", 6.3, "6.3%", True),
    ],
    columns=["measure", "area", "value", "label", "ours"],
)
INTERVALS = pd.DataFrame(
    [
        ("Few", 5.4, 2.8, 10.4, "8 of 147: 5.4%"),
        ("Some", 35.4, 24.9, 47.5, "23 of 65: 35.4%"),
        ("Most", 90.0, 59.6, 98.2, "9 of 10: 90.0%"),
    ],
    columns=["measure", "value", "lower", "upper", "label"],
)
PARTS = pd.DataFrame(
    [
        ("All", "Asylum", 25.0, "250"),
        ("All", "Others", 75.0, "750"),
        ("Homes", "Asylum", 40.0, "34"),
        ("Homes", "Others", 60.0, "51"),
    ],
    columns=["whole", "part", "share", "label"],
)
COUNTS = pd.DataFrame(
    [("Primary", 447.0, "447"), ("Colleges", 7.0, "7"), ("Secondary", 81.0, "81")],
    columns=["name", "value", "label"],
)
CHARTS: dict[str, tuple[Callable[..., Axes], Any]] = {
    "judgement_strip": (charts.judgement_strip, GRADES),
    "action_timeline": (charts.action_timeline, ACTIONS),
    "benchmark_bars": (charts.benchmark_bars, BENCHMARKS),
    "interval_dots": (charts.interval_dots, INTERVALS),
    "composition_bars": (charts.composition_bars, PARTS),
    "count_bars": (charts.count_bars, COUNTS),
    "waffle": (charts.waffle, 13.0),
}
every_chart = pytest.mark.parametrize("name", CHARTS)


def on_given_axes(name: str) -> Axes:
    draw, data = CHARTS[name]
    return draw(data, ax=Figure(figsize=(6.3, 3)).add_subplot())


def words(axes: Axes) -> dict[str, tuple[float, float]]:
    """What the labels inside the axes say, and where they are anchored."""
    return {
        text.get_text(): getattr(text, "xy", text.get_position())
        for text in axes.texts
        if text.get_text()
    }


def ticks(axis: Any) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels()]


def beside(axes: Axes) -> list[Text]:
    """The texts along the axes, as they are printed."""
    return [text for scale in axes.artists for text in scale.findobj(Text)]


def bars(axes: Axes) -> list[Rectangle]:
    return [patch for patch in axes.patches if isinstance(patch, Rectangle)]


def middles(axes: Axes) -> list[float]:
    return [round(bar.get_y() + bar.get_height() / 2, 6) for bar in bars(axes)]


def fills(axes: Axes) -> list[str]:
    return [to_hex(bar.get_facecolor()) for bar in bars(axes)]


# --- what holds for every chart -------------------------------------------------------------


@every_chart
def test_a_chart_is_drawn_on_the_axes_given(name: str) -> None:
    draw, data = CHARTS[name]
    figure = Figure(figsize=(6.3, 3))
    given = figure.add_subplot()
    assert draw(data, ax=given) is given
    assert figure.axes == [given]
    assert tuple(figure.get_size_inches()) == (6.3, 3)
    assert given.has_data()


@every_chart
def test_a_chart_of_its_own_fills_a_figure_as_wide_as_the_text(name: str) -> None:
    draw, data = CHARTS[name]
    figure = draw(data).get_figure()
    assert figure is not None
    assert figure.get_figure(root=True).get_size_inches()[0] == pytest.approx(6.3)


@every_chart
def test_a_chart_leaves_no_style_no_pyplot_figure_and_its_data_alone(name: str) -> None:
    draw, data = CHARTS[name]
    copy = data.copy() if isinstance(data, pd.DataFrame) else data
    with mpl.rc_context():
        # a style left behind by an earlier chart would hide that of this one
        mpl.rcdefaults()
        before = dict(mpl.rcParams)
        svg(charts.headed(draw(data), title="T", subtitle="S", source="Q", left=1))
        assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []
    assert copy.equals(data) if isinstance(data, pd.DataFrame) else copy == data


@every_chart
def test_a_chart_keeps_to_the_palette(name: str) -> None:
    axes = on_given_axes(name)
    used = set(fills(axes))
    for collection in axes.collections:
        used |= {to_hex(colour) for colour in collection.get_facecolors()}
    assert used
    assert used <= {NAVY, TEAL, PLUM, ORANGE, GREY, WHITE}


@every_chart
def test_a_picture_is_the_same_bytes_every_time_and_keeps_its_text(name: str) -> None:
    draw, data = CHARTS[name]

    def picture() -> bytes:
        axes = draw(data)
        return svg(charts.headed(axes, title="Finding", subtitle="Who", source="Q", left=1))

    one = picture()
    assert one == picture()
    assert b"date" not in one.lower()
    assert b"<script" not in one
    texts = {"".join(node.itertext()) for node in ET.fromstring(one).iter() if "text" in node.tag}
    labels = set(data["label"]) if isinstance(data, pd.DataFrame) else set()
    assert {"Finding", "Who", "Q", *labels} <= texts


# --- what makes them quick -----------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often matplotlib is asked for what takes time, in this test."""
    found: Counter[str] = Counter()

    def counted(kind: type, name: str) -> None:
        work = getattr(kind, name)

        def call(self: Any, *positional: Any, **named: Any) -> Any:
            found[name] += 1
            return work(self, *positional, **named)

        monkeypatch.setattr(kind, name, call)

    charts.waffle(1)  # the axes that all others are copies of
    for kind, name in (
        *((Figure, "draw"), (Figure, "get_tightbbox"), (Axes, "get_tightbbox")),
        *((Axis, "get_tightbbox"), (Text, "get_window_extent"), (Tick, "__init__")),
    ):
        counted(kind, name)
    return found


@every_chart
def test_a_chart_is_drawn_once_and_nothing_is_measured_for_it(
    name: str, asked: Counter[str]
) -> None:
    draw, data = CHARTS[name]
    svg(charts.headed(draw(data), title="T", subtitle="S", source="Q", left=1))
    # the legend measures its own two words
    if name == "composition_bars":
        del asked["get_window_extent"]
    assert asked == {"draw": 1}


@every_chart
def test_every_text_but_that_of_a_legend_is_a_label(name: str) -> None:
    draw, data = CHARTS[name]
    figure = charts.headed(draw(data), title="T", subtitle="S", source="Q", left=1)
    [axes] = figure.axes
    legend = axes.get_legend()
    others = legend.get_texts() if legend else []
    for text in figure.findobj(Text):
        if text.get_text() and text.get_visible() and text not in others:
            assert isinstance(text, Label), text


@pytest.mark.parametrize("rotation", [0, 90])
@pytest.mark.parametrize("text", ["Kent", "Kent and\nMedway, Åre", "a\n\nlong (y) line\nx"])
def test_a_label_stands_where_matplotlib_would_put_it(text: str, rotation: int) -> None:
    upright = ["bottom", "top", "center"]
    aligned = product(
        ("left", "center", "right"),
        upright if rotation else [*upright, "baseline", "center_baseline"],
    )
    for (ha, va), size, weight in product(aligned, (8, 11), ("normal", "bold")):
        look: dict[str, Any] = {"ha": ha, "va": va, "size": size, "weight": weight}
        found = []
        for make in (Text, Label):
            figure = Figure(figsize=(4, 3))
            with theme():
                made = make(150, 100, text, rotation=rotation, **look)
                figure.add_artist(made)
                renderer = Noted(figure)
                made.draw(renderer)
            found.append(renderer.noted)
        assert [line for line, *_ in found[0]] == [line for line, *_ in found[1]]
        for (_, x, y), (_, other_x, other_y) in zip(*found, strict=True):
            # across, kerning is not counted
            assert abs(x - other_x) < (0.1 if rotation else 1.5)
            assert abs(y - other_y) < (1.5 if rotation else 0.1)


class Noted(RendererBase):
    """Notes what is written where."""

    def __init__(self, figure: Figure) -> None:
        super().__init__()
        figure.dpi = 72
        self.noted: list[tuple[str, float, float]] = []

    def draw_text(self, gc: Any, x: float, y: float, s: str, *_: Any, **__: Any) -> None:
        if s:
            self.noted.append((s, x, y))

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> Any:
        return text_to_path.get_text_width_height_descent(s, prop, ismath)

    def get_canvas_width_height(self) -> tuple[float, float]:
        return 4 * 72, 3 * 72

    def points_to_pixels(self, points: Any) -> Any:
        return points


def test_a_line_of_a_label_keeps_its_anchor_in_svg() -> None:
    """So that it is well placed in another font as well."""
    figure = Figure(figsize=(4, 3))
    figure.add_artist(Label(100, 50, "one\nand another", ha="right", transform=IdentityTransform()))
    nodes = [node for node in ET.fromstring(svg(figure)).iter() if node.tag.endswith("}text")]
    assert [(node.text, node.get("x")) for node in nodes] == [
        ("one", "100"),
        ("and another", "100"),
    ]
    assert all("text-anchor: end" in str(node.get("style")) for node in nodes)


def test_a_label_may_be_hidden_empty_or_nowhere() -> None:
    figure = Figure(figsize=(4, 3))
    for label in (Label(1, 1, "a", visible=False), Label(1, 1, ""), Label(float("nan"), 1, "b")):
        figure.add_artist(label)
    assert b"<text" not in svg(figure)


def test_strokes_of_one_look_are_one_path_without_those_that_have_gaps() -> None:
    figure = Figure()
    axes = figure.add_subplot(xlim=(-1, 3))
    axes.set_axis_off()
    made = strokes(axes, upright([0, 1, 2], [0, float("nan"), 0], [1, 1, 1]), color=NAVY, width=2)
    paths = [node for node in ET.fromstring(svg(figure)).iter() if node.get("clip-path")]
    assert len(paths) == 1
    assert str(paths[0].get("d")).count("M") == 2
    assert len(made.get_segments()) == 3
    made.set_segments(upright([0], [float("nan")], [1]))
    assert b"clip-path" not in svg(figure)
    made.set_segments(upright([0], [0], [1]))
    made.set_visible(False)
    assert b"clip-path" not in svg(figure)


def test_strokes_and_cells_follow_a_scale_of_multiples() -> None:
    figure = Figure()
    axes = figure.add_subplot(xlim=(1, 100), ylim=(0, 1), xscale="log")
    axes.set_axis_off()
    strokes(axes, upright([10], [0], [1]), color=NAVY, width=2)
    square = [(1, 0), (10, 0), (10, 1), (1, 1)]
    axes.add_collection(Cells([square], facecolors=GREY, edgecolors=GREY, linewidths=1))
    paths = [node for node in ET.fromstring(svg(figure)).iter() if node.get("clip-path")]
    left, right = (axes.transData.transform((x, 0))[0] * 72 / figure.dpi for x in (1, 10))
    found = [
        {round(float(x), 3) for x in re.findall(r"[ML] (\S+) ", str(path.get("d")))}
        for path in paths
    ]
    assert sorted(found, key=len) == [{round(right, 3)}, {round(left, 3), round(right, 3)}]


def test_a_scale_tells_a_layout_what_room_it_takes() -> None:
    axes = on_given_axes("count_bars")
    [scale] = axes.artists
    renderer = FigureCanvasAgg(axes.get_figure(root=True)).get_renderer()
    assert scale.get_window_extent(renderer).x1 <= axes.bbox.x0
    box = axes.get_tightbbox(renderer)
    assert box is not None
    assert box.x0 == pytest.approx(scale.get_window_extent(renderer).x0)


# --- each chart ---------------------------------------------------------------------------


def test_judgements_are_cells_in_their_row_and_column() -> None:
    axes = on_given_axes("judgement_strip")
    assert ticks(axes.yaxis) == ["Overall", "Feel safe", "Well-being", "Engagement"]
    assert ticks(axes.xaxis) == ["Safeguarding", "Looked after"]
    bottom, top = axes.get_ylim()
    assert bottom > top, "the first judgement is at the top"
    assert middles(axes) == [0, 0, 1, 1, 2, 3]
    columns = [int(bar.get_x()) for bar in bars(axes)]
    assert columns == [0, 1, 0, 0, 1, 1]
    assert fills(axes) == [ORANGE, WHITE, WHITE, ORANGE, NAVY, PLUM]
    assert [text.get_text() for text in axes.texts] == list(GRADES["label"])


def test_two_grades_of_one_judgement_share_its_cell() -> None:
    whole, _, left, right, *_ = bars(on_given_axes("judgement_strip"))
    assert left.get_width() == right.get_width() == pytest.approx(whole.get_width() / 2)
    assert left.get_x() == pytest.approx(whole.get_x())
    assert right.get_x() == pytest.approx(left.get_x() + left.get_width())


def test_actions_are_dots_by_day_and_service_and_grow_with_their_number() -> None:
    axes = on_given_axes("action_timeline")
    assert ticks(axes.yaxis) == ["Safeguarding", "Looked after"]
    assert ticks(axes.xaxis) == ["19 November 2010", "19 May 2011"]
    [dots] = axes.collections
    offsets = dots.get_offsets().tolist()
    days = {"2010-11-19": mpl.dates.datestr2num("2010-11-19")}
    days["2011-05-19"] = mpl.dates.datestr2num("2011-05-19")
    assert offsets == [[days["2011-05-19"], 0], [days["2010-11-19"], 0], [days["2011-05-19"], 1]]
    three, one, six = dots.get_sizes()
    assert one < three < six
    assert list(words(axes)) == ["3", "1", "6"]
    assert axes.get_xticks().tolist() == sorted(days.values())


def test_bars_of_one_measure_stand_together_under_its_name() -> None:
    axes = on_given_axes("benchmark_bars")
    assert ticks(axes.yaxis) == ["Kent", "England", "England", "Kent"]
    assert [bar.get_width() for bar in bars(axes)] == [78, 85.4, 11.8, 6.3]
    assert [bar.get_x() for bar in bars(axes)] == [0, 0, 0, 0]
    assert fills(axes) == [NAVY, GREY, GREY, NAVY]
    first, second, third, fourth = middles(axes)
    places = words(axes)
    assert places["Checks"][1] < first < second < places["Share"][1] < third < fourth
    assert second - first == fourth - third == 1
    assert third - second > 1
    assert places["85.4%"] == (85.4, second)
    assert places["6.3%"] == (6.3, fourth)


def test_bars_start_at_nought_and_leave_room_for_their_labels() -> None:
    for name, longest in (("benchmark_bars", 85.4), ("count_bars", 447)):
        left, right = on_given_axes(name).get_xlim()
        assert left == 0
        assert right > longest * 1.05


def test_shares_are_dots_on_their_intervals() -> None:
    axes = on_given_axes("interval_dots")
    lines, dots = axes.collections
    segments = [segment.tolist() for segment in lines.get_segments()]
    assert segments == [[[2.8, 0], [10.4, 0]], [[24.9, 1], [47.5, 1]], [[59.6, 2], [98.2, 2]]]
    assert dots.get_offsets().tolist() == [[5.4, 0], [35.4, 1], [90, 2]]
    assert axes.get_xlim() == (0, 100)
    assert ticks(axes.xaxis) == ["0%", "25%", "50%", "75%", "100%"]
    assert ticks(axes.yaxis) == ["Few", "Some", "Most"]
    assert [place[1] for place in words(axes).values()] == [0, 1, 2]


def test_parts_are_stacked_from_nought_to_the_whole() -> None:
    axes = on_given_axes("composition_bars")
    edges = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in bars(axes)]
    assert edges == [(0, 25), (25, 100), (0, 40), (40, 100)]
    assert middles(axes) == [0, 0, 1, 1]
    assert fills(axes) == [NAVY, GREY, NAVY, GREY]
    assert words(axes) == {"250": (12.5, 0), "750": (62.5, 0), "34": (20, 1), "51": (70, 1)}
    assert axes.get_xlim() == (0, 100)
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["Asylum", "Others"]


def test_a_third_part_is_refused() -> None:
    thirds = pd.DataFrame(
        [("All", name, 100 / 3, name) for name in "abc"],
        columns=["whole", "part", "share", "label"],
    )
    with pytest.raises(ValueError, match="two parts of a whole can be told apart here, not 3"):
        charts.composition_bars(thirds)


def test_counts_are_bars_in_the_order_given() -> None:
    axes = on_given_axes("count_bars")
    assert ticks(axes.yaxis) == ["Primary", "Colleges", "Secondary"]
    assert [bar.get_width() for bar in bars(axes)] == [447, 7, 81]
    assert middles(axes) == [0, 1, 2]
    assert set(fills(axes)) == {NAVY}
    assert words(axes) == {"447": (447, 0), "7": (7, 1), "81": (81, 2)}


def test_counts_may_be_marked() -> None:
    axes = charts.count_bars(COUNTS.assign(marked=[False, True, False]))
    assert fills(axes) == [GREY, NAVY, GREY]


@pytest.mark.parametrize(
    ("draw", "data"),
    [
        (charts.count_bars, COUNTS.assign(value=0.0)),
        (charts.benchmark_bars, BENCHMARKS.assign(value=0.0)),
    ],
    ids=["count_bars", "benchmark_bars"],
)
def test_nothing_but_noughts_can_be_drawn(draw: Callable[..., Axes], data: pd.DataFrame) -> None:
    axes = draw(data)
    assert axes.get_xlim()[0] == 0


@pytest.mark.parametrize(
    ("share", "marked"), [(0, 0), (13, 13), (12.4, 12), (12.5, 13), (99.5, 100), (100, 100)]
)
def test_a_waffle_marks_as_many_squares_as_there_are_per_cent(share: float, marked: int) -> None:
    [squares] = charts.waffle(share).collections
    colours = [to_hex(colour) for colour in squares.get_facecolors()]
    assert len(colours) == len({tuple(place) for place in squares.get_offsets()}) == 100
    # the squares marked are the first ones
    assert len(set(colours[:marked])) <= 1
    assert len(set(colours[marked:])) <= 1
    assert colours.count(GREY) == 100 - marked


# --- title, subtitle, source ------------------------------------------------------------


def test_a_title_of_fifteen_words_is_the_longest() -> None:
    words = {"subtitle": "S", "source": "Q", "left": 1.0}
    title = " ".join(["word"] * 15)
    assert isinstance(charts.headed(on_given_axes("count_bars"), title=title, **words), Figure)
    with pytest.raises(ValueError, match="has more than fifteen words"):
        charts.headed(on_given_axes("count_bars"), title=title + " more", **words)


def test_title_subtitle_and_source_stand_around_the_axes() -> None:
    axes = charts.count_bars(COUNTS)
    body = axes.get_figure(root=True).get_size_inches()[1]
    figure = charts.headed(axes, title="Finding", subtitle="Who, when", source="From", left=2)
    assert figure is axes.get_figure()
    title, subtitle, source = figure.texts
    assert [text.get_text() for text in figure.texts] == ["Finding", "Who, when", "From"]
    assert title.get_weight() == "bold"
    box = axes.get_position()
    assert source.get_position()[1] < box.y0 < box.y1 < subtitle.get_position()[1]
    assert subtitle.get_position()[1] < title.get_position()[1]
    width, height = figure.get_size_inches()
    assert box.height * height == pytest.approx(body)
    assert box.x0 * width == pytest.approx(2)


def test_axes_without_a_figure_are_refused() -> None:
    axes = charts.count_bars(COUNTS)
    axes.remove()
    with pytest.raises(ValueError, match="the axes belong to no figure"):
        charts.headed(axes, title="T", subtitle="S", source="Q", left=1)


def texts_of(figure: Figure) -> list[tuple[str, Bbox]]:
    """Every text that is seen, with its extent in pixels."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    with theme():
        figure.draw(renderer)
        return [
            (text.get_text(), text.get_window_extent(renderer))
            for text in figure.findobj(Text)
            if text.get_visible() and text.get_text().strip()
        ]


def assert_legible(figure: Figure) -> None:
    """No text leaves the figure or lies on another one."""
    texts = texts_of(figure)
    assert len(texts) >= 3
    for words, box in texts:
        inside = (
            box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
        )
        assert inside, f"“{words}” leaves the figure"
    for (one, here), (other, there) in combinations(texts, 2):
        both = Bbox.intersection(here, there)
        apart = both is None or both.width < 1 or both.height < 1
        assert apart, f"“{one}” lies on “{other}”"


@every_chart
def test_long_titles_are_broken_into_lines_that_fit(name: str) -> None:
    draw, data = CHARTS[name]
    figure = charts.headed(
        draw(data),
        title="Unaccompanied asylum-seeking children accommodated by independent agencies: "
        "more than half of one hundred and ninety-two",
        subtitle="Number of children looked after by the council at the end of August, and of "
        "those placed with independent fostering agencies at the time of the inspection, in Kent",
        source="Source: Ofsted, inspection report, November 2010",
        left=1.9,
        head=0.25,
    )
    assert figure.texts[0].get_text().count("\n") > 0
    assert_legible(figure)


# --- the charts of the briefing ---------------------------------------------------------

REAL: dict[str, Callable[[Edition], Any]] = {
    "judgements": lambda brief: inspection.judgement_strip(brief, brief.judgements),
    "actions": lambda brief: inspection.action_timeline(brief, brief.actions),
    "benchmarks": lambda brief: report_comparisons.benchmark_bars(brief, brief.comparisons),
    "intervals": lambda brief: report_comparisons.interval_dots(brief, brief.shares),
}
NAMES = (*REAL, "looked after", "estate", "workforce")


@pytest.fixture(scope="module")
def figures() -> dict[str, Figure]:
    """Every chart of the real briefing, as it is before it becomes a picture."""
    edition = open_edition("Kent", "2010")
    drawn: list[Figure] = []
    headed = charts.headed

    def keep(*positional: Any, **named: Any) -> Figure:
        drawn.append(headed(*positional, **named))
        return drawn[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charts, "headed", keep)
        for draw in REAL.values():
            draw(edition)
        topics.topics(edition, edition.facts)
    return dict(zip(NAMES, drawn, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_no_text_of_the_briefing_leaves_its_chart_or_lies_on_another(
    name: str, figures: dict[str, Figure]
) -> None:
    assert_legible(figures[name])


@pytest.mark.parametrize("name", NAMES)
def test_every_chart_of_the_briefing_says_who_what_and_from_where(
    name: str, figures: dict[str, Figure]
) -> None:
    title, subtitle, source = (text.get_text() for text in figures[name].texts[:3])
    assert len(title.split()) <= 15
    assert "Kent" in subtitle
    assert source == "Source: Ofsted, inspection report, November 2010"


def test_the_bars_of_the_authority_are_those_in_its_colour(figures: dict[str, Figure]) -> None:
    [axes] = figures["benchmarks"].axes
    names = ticks(axes.yaxis)
    assert names.count("Kent") == 3
    assert fills(axes) == [NAVY if name == "Kent" else GREY for name in names]


def test_the_grades_of_the_briefing_fit_their_cells(figures: dict[str, Figure]) -> None:
    figure = figures["judgements"]
    [axes] = figure.axes
    renderer = FigureCanvasAgg(figure).get_renderer()
    for text, cell in zip(axes.texts, bars(axes), strict=True):
        label, box = text.get_window_extent(renderer), cell.get_window_extent(renderer)
        assert box.x0 < label.x0 < label.x1 < box.x1
        assert box.y0 < label.y0 < label.y1 < box.y1


# --- colours that can be told apart ------------------------------------------------------


def luminance(colour: Any) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in to_rgb(colour)
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: Any, other: Any) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_published() -> None:
    assert contrast("black", "white") == pytest.approx(21)
    # the pair of the design: better and worse
    assert contrast(NAVY, ORANGE) == pytest.approx(3.38, abs=0.005)


@pytest.mark.parametrize("grade", [1, 2, 3, 4])
def test_a_grade_can_be_read_on_its_cell(grade: int) -> None:
    assert contrast(GRADE_FILL[grade], GRADE_INK[grade]) >= 4.5


def test_every_label_can_be_read_on_what_it_stands_on() -> None:
    for name in ("judgement_strip", "composition_bars"):
        axes = on_given_axes(name)
        for text, bar in zip(axes.texts, bars(axes), strict=True):
            assert contrast(text.get_color(), bar.get_facecolor()) >= 4.5, text
    axes = on_given_axes("action_timeline")
    for text in axes.texts:
        assert contrast(text.get_color(), axes.collections[0].get_facecolors()[0]) >= 4.5


@pytest.mark.parametrize("name", NAMES)
def test_every_text_beside_the_marks_can_be_read_on_white(
    name: str, figures: dict[str, Figure]
) -> None:
    figure = figures[name]
    texts = [*figure.texts]
    for axes in figure.axes:
        texts += beside(axes)
        known = [*ticks(axes.yaxis), *ticks(axes.xaxis)]
        assert [text.get_text() for text in beside(axes)] == known
    for text in texts:
        assert contrast(text.get_color(), "white") >= 4.5, text


def test_what_is_marked_differs_from_what_is_not_without_colour() -> None:
    """WCAG 2.2, 1.4.11: 3:1 between the parts of a picture that carry its meaning."""
    axes = charts.count_bars(COUNTS.assign(marked=[True, False, False]))
    assert contrast(*fills(axes)[:2]) >= 3
    [squares] = charts.waffle(50).collections
    colours = squares.get_facecolors()
    assert contrast(colours[0], colours[-1]) >= 3


def test_good_and_inadequate_differ_in_a_grey_print() -> None:
    """The green and red that the design warns of differ by 1.28:1."""
    assert contrast(GRADE_FILL[2], GRADE_FILL[4]) > 1.28
