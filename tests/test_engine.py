"""The engine of papermill: the outputs of plain papermill, in a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
ORDINARY = (
    "MD:# Title",
    "import sys, os, warnings, logging\nfrom IPython.display import HTML, Image, Markdown\n1 + 1",
    *("None", "'x'; 3;", "", "# only a comment"),
    "display(HTML('<b>x</b>'), Markdown('*y*')); print('z')\n5",
    "display(Image(data=b'\\x89PNG\\r\\n\\x1a\\n', format='png', width=3))",
    "shown = display('first', display_id='one')",
    "shown.update(HTML('second')); again = display('third', display_id='one')",
    "from IPython.display import clear_output\nprint('a'); clear_output(wait=True); print('b')",
    "print('a'); clear_output(); print('b')",
    "import pandas as pd, numpy as np\npd.DataFrame({'a': [1.5, 2], 'b': ['x', '\u00e9']})",
    "class Odd:\n    def _repr_png_(self): return b'abc'\n    def _repr_latex_(self): return '$x$'\nOdd()",
    "_, In[-2:], __name__, sys.modules['__main__'].__dict__ is globals()",
    "print('\u2713 \\x1b[31mred\\x1b[0m'); print('e', file=sys.stderr)",
    "for number in range(2000): print(number)",
    "sys.stdout.isatty(), sys.stdout.encoding, '' in sys.path",
    "import io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()) as f: print('x')\nf.getvalue()",
    "logging.getLogger('x').warning('logged')",
    "%%capture held\nprint('hidden')",
    *("held.stdout", "names = !echo a; echo b\nnames", "%precision 3\n3.14159265"),
    "import os; os.system('echo from a program')\nimport time; time.sleep(.3)",
    "import asyncio; await asyncio.sleep(0.01)\n7",
    "os.getcwd(), os.environ['MPLBACKEND']",
    "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2, 3]);",
    "fig, ax = plt.subplots(); ax.bar(['a', 'b'], [1, 2]); plt.show(); print('after')",
    "%config InlineBackend.figure_format = 'svg'\nprint('svg')",
    "%config InlineBackend.figure_format = 'png'\nfig",
    "a = plt.subplots(); b = plt.subplots()",
    "plt.get_fignums(), plt.isinteractive(), plt.rcParams['figure.dpi']",
    "plt.imshow(np.eye(3)); plt.title('left open')",
    "h = 1\ndef f():\n    return 1 / 0\nf()",
    "'never'",
)
"""Cells of an analyst's ordinary notebook, the last but one of which fails."""


def notebook(path: Path, *cells: str | tuple[str, str], **metadata: Any) -> Path:
    """Write a notebook; a cell that begins with ``MD:`` is text, one may have a tag."""
    made = nbformat.v4.new_notebook(metadata=metadata)
    for cell in cells:
        source, *tags = (cell,) if isinstance(cell, str) else cell
        new = nbformat.v4.new_code_cell(source)
        if source.startswith("MD:"):
            new = nbformat.v4.new_markdown_cell(source[3:])
        new.metadata["tags"] = tags
        made.cells.append(new)
    nbformat.write(made, path)
    return path


def execute(path: Path, engine: str | None = "kentstats", **options: Any) -> Any:
    out = path.with_name(f"{engine}.ipynb")
    return papermill.execute_notebook(path, out, engine_name=engine, progress_bar=False, **options)


def shown(cell: Any) -> str:
    """Return what a cell shows, without what is another each time."""
    outputs: list[Any] = []
    for output in json.loads(json.dumps(cell.get("outputs", []))):
        before = outputs[-1] if outputs else {}
        # of the lines around an error a kernel, whose cells are files, shows others
        output.pop("traceback", None)
        if output["output_type"] == "stream" and before.get("name") == output["name"]:
            before["text"] += output["text"]  # a kernel hands it over in pieces
        else:
            outputs.append(output)
    text = json.dumps([outputs, cell.get("execution_count")])
    return re.sub(r"0x[0-9a-f]+", "0x", text)


def texts(done: Any) -> str:
    return json.dumps([cell.get("outputs", []) for cell in done.cells])


def test_an_ordinary_notebook_gives_what_plain_papermill_gives(tmp_path: Path) -> None:
    path = notebook(tmp_path / "in.ipynb", *ORDINARY, kernelspec=KERNEL)
    made = {}
    for engine in ("kentstats", None):
        with pytest.raises(PapermillExecutionError, match="ZeroDivisionError"):
            execute(path, engine)
        made[engine] = nbformat.read(tmp_path / f"{engine}.ipynb", as_version=4)
    ours, plain = made["kentstats"], made[None]
    assert len(ours.cells) == len(plain.cells) == len(ORDINARY) + 2  # papermill marks the error
    for one, other in zip(ours.cells, plain.cells, strict=True):
        if "echo from a program" in one.source:
            # a kernel gives it when it comes, this engine when the cell has ended
            assert "from a program\\n" in shown(one)
            continue
        assert shown(one) == shown(other), one.source
        notes = one.metadata.get("papermill", {}), other.metadata.get("papermill", {})
        assert notes[0].keys() == notes[1].keys()
        assert notes[0].get("status") == notes[1].get("status")
        assert notes[0].get("exception") == notes[1].get("exception")
    assert ours.metadata.papermill.keys() == plain.metadata.papermill.keys()
    assert ours.metadata.language_info == plain.metadata.language_info


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"kernelspec": {"name": "of-another-machine", "display_name": "x", "language": "python"}},
        {"language_info": {"name": "python"}},
    ],
)
def test_no_kernel_is_needed(tmp_path: Path, metadata: dict[str, Any]) -> None:
    path = notebook(tmp_path / "in.ipynb", ("a = 1", "parameters"), "a + 1", **metadata)
    assert '"2"' in texts(execute(path))
    # to look for the parameters of one that names no kernel, papermill asks for a name
    done = execute(path, parameters={"a": 41}, kernel_name="python3", language="python")
    assert '"42"' in texts(done)
    assert done.metadata.papermill.parameters == {"a": 41}


def test_a_notebook_of_another_language_is_left_to_papermill(tmp_path: Path) -> None:
    kernel = {"name": "no-such-kernel", "display_name": "R", "language": "R"}
    path = notebook(tmp_path / "in.ipynb", "1", kernelspec=kernel)
    with pytest.raises(Exception, match="no-such-kernel"):
        execute(path)


def test_a_run_leaves_no_trace_in_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    state = (
        "import os, sys, json, random, matplotlib as mpl, numpy as np\n"
        "mpl.rcParams['font.size'], os.getcwd(), os.environ.get('KS'), 'left' in globals(), "
        "hasattr(json, 'left'), '/left' in sys.path"
    )
    change = (
        "mpl.rcParams['font.size'] = 99; os.chdir('/'); os.environ['KS'] = 'left'; left = 1\n"
        "json.left = 1; sys.path.append('/left')"
    )
    path = notebook(tmp_path / "in.ipynb", state, change, "random.random(), np.random.rand()")
    first, second = execute(path), execute(path)
    assert shown(first.cells[0]) == shown(second.cells[0])
    assert shown(first.cells[2]) != shown(second.cells[2])
    assert Path.cwd() == tmp_path
    assert "KS" not in os.environ
    assert not hasattr(json, "left")


def test_errors_that_are_meant_do_not_end_it(tmp_path: Path) -> None:
    cells = (("1 / 0", "raises-exception"), ("print('skipped')", "skip-execution"), "'reached'")
    with pytest.raises(PapermillExecutionError):  # papermill tells of every error at the end
        execute(notebook(tmp_path / "in.ipynb", *cells))
    done = nbformat.read(tmp_path / "kentstats.ipynb", as_version=4)
    assert "reached" in texts(done)
    assert "skipped" not in texts(done)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("x = 1\n y = 2", "IndentationError"),
        ("input('?')", "EOFError"),
        ("raise type('Odd', (Exception,), {'__str__': lambda s: 1/0})()", "Odd"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("import sys; sys.exit('bye')", "SystemExit"),
        ("asyncio.run(asyncio.sleep(0))", "NameError"),
    ],
)
def test_a_cell_that_fails_ends_it(tmp_path: Path, source: str, error: str) -> None:
    with pytest.raises(PapermillExecutionError) as caught:
        execute(notebook(tmp_path / "in.ipynb", "print('before')", source, "'never'"))
    assert (caught.value.ename, caught.value.cell_index) == (error, 1)
    made = (tmp_path / "kentstats.ipynb").read_text(encoding="utf-8")
    assert "before" in made
    assert '"text/plain": [\n      "\'never\'"' not in made


def test_a_cell_that_takes_too_long_or_ends_the_process_is_told(tmp_path: Path) -> None:
    with pytest.raises(CellTimeoutError):
        execute(notebook(tmp_path / "in.ipynb", "while True: pass"), execution_timeout=1)
    path = notebook(tmp_path / "in.ipynb", "import os; os._exit(3)")
    with pytest.raises(DeadKernelError, match="ended with code 3"):
        execute(path)


def test_the_command_line_of_papermill_finds_the_engine(tmp_path: Path) -> None:
    cells = ("name = 'x'", "parameters"), "print(name)"
    path = notebook(tmp_path / "in.ipynb", *cells, kernelspec=KERNEL)
    command = [sys.executable, "-m", "papermill", "--engine", "kentstats", str(path), "out.ipynb"]
    command += ["-p", "name", "Kent", "--stdout-file", "printed.txt", "--log-output"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "Kent" in done.stderr
    assert (tmp_path / "printed.txt").read_text(encoding="utf-8") == "Kent\n"
    assert "Kent" in (tmp_path / "out.ipynb").read_text(encoding="utf-8")


@pytest.mark.parametrize("first", ["papermill", "kentstats.publish.engine"])
def test_either_may_be_imported_first(first: str) -> None:
    code = f"import {first}, papermill.engines as p; print(p.papermill_engines.get_engine('kentstats'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "<class 'kentstats.publish.engine.Engine'>\n"
