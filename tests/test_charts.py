"""What holds for every chart, in a briefing and in Jupyter."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import charting as c
import matplotlib as mpl
import nbformat
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgba
from matplotlib.text import Text

from kentstats.charts import drawing
from kentstats.charts.style import DOT, FAINT, INK, RANGE, SMALL, theme
from kentstats.report.blocks import svg

every_chart = pytest.mark.parametrize("name", c.CHARTS)
NUMBERS = {
    "spine": ["position", "low", "high", "worst", "best"],
    "heat_table": [],
    "funnel": ["base", "value"],
    "caterpillar": ["value", "lower", "upper"],
    "trend": ["value", "lower", "upper"],
}


@pytest.fixture(autouse=True)
def no_window() -> Iterator[None]:
    plt.switch_backend("agg")
    yield
    plt.close("all")


@every_chart
def test_a_chart_without_axes_is_shown_by_pyplot(name: str) -> None:
    draw, data, _ = c.CHARTS[name]
    axes = draw(data)
    [number] = plt.get_fignums()
    assert plt.figure(number) is axes.get_figure()
    sizes = [each.get_figure(root=True).get_size_inches() for each in (axes, c.on_new_axes(name))]
    assert sizes[0].tolist() == sizes[1].tolist()
    assert sizes[0][0] == pytest.approx(6.3)


@every_chart
def test_a_chart_leaves_no_style_no_pyplot_figure_and_its_data_alone(name: str) -> None:
    data = c.CHARTS[name][1]
    copy = data.copy() if isinstance(data, pd.DataFrame) else data
    with mpl.rc_context():
        # a style left behind by an earlier chart would hide that of this one
        mpl.rcdefaults()
        before = dict(mpl.rcParams)
        svg(c.titled_chart(name))
        assert plt.get_fignums() == []
        c.CHARTS[name][0](data)
        assert dict(mpl.rcParams) == before
    assert copy.equals(data) if isinstance(data, pd.DataFrame) else copy == data


def test_jupyter_shows_each_chart_once_and_the_plots_after_it(tmp_path: Path) -> None:
    cells = [
        "from charting import YEARS\nfrom kentstats.charts.trend import trend\ntrend(YEARS)",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
        "from kentstats.charts.drawing import add_titles\n"
        "add_titles(trend(YEARS), title='T', subtitle='S', source='Q', left=1)",
        "from charting import titled_chart\nfrom kentstats.report.blocks import svg\n"
        "svg(titled_chart('trend'))[:0]",
        "trend(YEARS, ax=plt.subplots()[1])\nplt.plot([1, 2]);",
    ]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    nbformat.write(notebook, tmp_path / "in.ipynb")
    subprocess.run(
        [sys.executable, "-m", "papermill", "in.ipynb", "out.ipynb", "-k", "python3"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parent), "PATH": "", "HOME": str(tmp_path)},
        check=True,
        capture_output=True,
    )
    done = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    pictures = [
        sum("image/png" in output.get("data", ()) for output in cell.outputs) for cell in done.cells
    ]
    assert pictures == [1, 1, 1, 0, 1]


@every_chart
def test_a_chart_keeps_to_the_palette(name: str) -> None:
    axes = c.on_new_axes(name)
    colours = [line.get_color() for line in axes.lines]
    colours += [patch.get_facecolor() for patch in axes.patches]
    colours += [colour for marks in axes.collections for colour in marks.get_facecolors()]
    used = {to_hex(colour) for colour in colours if to_rgba(colour)[3]}
    assert used
    assert used <= {
        c.NAVY,
        c.TEAL,
        c.PLUM,
        c.ORANGE,
        c.GREY,
        c.WHITE,
        *map(str.lower, (INK, FAINT, DOT, RANGE)),
    }


@every_chart
def test_a_picture_is_the_same_bytes_every_time_and_keeps_its_text(name: str) -> None:
    one = svg(c.titled_chart(name))
    assert one == svg(c.titled_chart(name))
    assert b"date" not in one.replace(b"updated", b"").lower()
    assert b"<script" not in one
    texts = {"".join(node.itertext()) for node in ET.fromstring(one).iter() if "text" in node.tag}
    figure = c.titled_chart(name)
    said = {
        line
        for text in figure.findobj(Text)
        if text.get_visible()
        for line in text.get_text().split("\n")
    }
    assert len(figure.texts) == 3
    assert said - {""} <= texts


@every_chart
def test_every_text_is_a_label_that_can_be_read(name: str) -> None:
    figure = c.titled_chart(name)
    [axes] = figure.axes
    legend = axes.get_legend()
    others = legend.get_texts() if legend else []
    with theme():
        figure.draw(FigureCanvasAgg(figure).get_renderer())
    for text in figure.findobj(Text):
        if text.get_text() and text.get_visible():
            assert isinstance(text, drawing.Label) or text in others
            assert text.get_size() >= SMALL
            if text not in c.inside(axes):
                assert c.contrast(text.get_color(), "white") >= 4.5


@pytest.mark.parametrize("name", NUMBERS)
def test_an_empty_table_is_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(ValueError, match=r"there is nothing to draw: a .+ needs .+"):
        c.on_new_axes(name, c.CHARTS[name][1].head(0))


@pytest.mark.parametrize("name", NUMBERS)
def test_one_row_missing_values_and_equal_values_can_be_drawn(name: str) -> None:
    data = c.CHARTS[name][1]
    c.assert_legible(c.titled_chart(name, data.head(1)))
    empty = data.assign(**dict.fromkeys(NUMBERS[name], float("nan")))
    for missing in {"label", "benchmark_label", "verdict", "word", "theme"} & set(data):
        empty[missing] = None
    c.assert_legible(c.titled_chart(name, empty))
    for value in (0.0, 90.0):
        same = dict.fromkeys(NUMBERS[name], value / 90 if name == "spine" else value)
        c.assert_legible(c.titled_chart(name, data.assign(**same)))


# --- title, subtitle, source ------------------------------------------------------------------


def test_a_title_of_fifteen_words_is_the_longest() -> None:
    title = " ".join(["word"] * 15)
    assert c.titled(c.on_new_axes("count_bars"), 1, title=title)
    with pytest.raises(ValueError, match="has more than fifteen words"):
        c.titled(c.on_new_axes("count_bars"), 1, title=title + " more")
