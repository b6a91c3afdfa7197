"""Cells that are hard to execute alike, and ways to execute a notebook and to compare what it gave.

Imported in the processes of the engine too, so it needs nothing of pytest.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

Cell = str | tuple[str, ...]
"""A source, with tags; one that begins with ``MD:`` is no code."""
R = "raises-exception"

SHOWN: list[Cell] = [
    ("a = 1\nb: str = 'x'", "parameters"),
    "MD:# Title",
    "from IPython.display import *\nimport sys, os\na, b",
    *("1 + 1", "None", "'x'; 3;", "", "   ", "# only a comment"),
    "display(HTML('<b>x</b>'), Markdown('*y*')); print('z')\n"
    "display({'text/plain': 'p', 'application/json': {'a': [1]}}, raw=True)\n5",
    "display(Image(data=b'\\x89PNG\\r\\n\\x1a\\n', format='png', alt='words', width=3),"
    " metadata={'image/png': {'alt': 'other'}})",
    "h = display('first', display_id='one'); h2 = display('again', display_id='one')",
    "h.update('second')",
    "update_display(HTML('third'), display_id='one', metadata={'m': 1}); h3 = display('fourth',"
    " display_id='one')",
    "h4 = display(display_id='free'); h4.display('q'); h4.update('r')",
    "print('a'); clear_output(); print('b')",
    "print('a'); clear_output(wait=True); print('b'); clear_output(wait=True)",
    "print('c'); display('d'); clear_output(wait=True); display('e', display_id='x1')\n"
    "display('f', display_id='x1'); print('g')",
    "clear_output(wait=True)",
    "class A:\n    def _repr_mimebundle_(self, **k):\n"
    "        return {'application/vnd.plotly.v1+json': {'data': []}, 'text/plain': 'A'}, {'x': 1}\n"
    "A()",
    ("class B:\n    def _repr_html_(self): raise ValueError('broken')\nB()", R),
    ("class C:\n    def __repr__(self): raise ValueError('broken repr')\nC()", R),
    "class P:\n    def _repr_png_(self): return b'abc'\n    def _repr_svg_(self): return '<svg/>'\n"
    "    def _repr_latex_(self): return '$x$'\n    def _repr_json_(self): return {'a': (1, 2)}\n"
    "P()",
    "import pandas as pd, numpy as np\npd.DataFrame({'a': [1.5, 2], 'b': ['x', '\u00e9']})",
    "_, __, Out, In[-3:], _i",
    "get_ipython().config, get_ipython().__class__",
    "__name__, __doc__, __builtins__, sys.modules['__main__'].__dict__ is globals()",
    "'\\ud800', chr(0x10ffff), '\u2713'",
    "print('\u2713 \\U0001F600 \\x00 \\x1b[31mred\\x1b[0m')",
    ("print('\\ud800')", R),
    *("print('x' * 100_000)", "list(range(2000))", "for i in range(20000): print(i)"),
    "%%capture cap\nprint('hidden'); display('h'); 7",
    "cap.stdout, cap.outputs",
    "%%bash\necho out",
    ("%%bash\necho out; echo err >&2; exit 3", R),
    "!echo shell; echo err >&2",
    "x = !echo a; echo b\nx",
    *("len?", "%who", "%env KS_X=5", "!echo $KS_X", "%precision 3\n3.14159265", "%history -n 1-2"),
    *("%%html\n<b>", "%%latex\n$x$", "%load_ext autoreload", "%alias_magic t timeit"),
    ("%nosuchmagic", R),
    "sys.path",
    # as JSON has it, or refused
    "import datetime\ndisplay({'application/json': {'a': (1, float('nan')), 3: datetime.date(2020, "
    "1, 1)}}, raw=True)",
    ("display({'application/json': {'a': {5}, 'b': A()}}, raw=True)", R),
    # asked as often as ever, since they may give something else each time
    "asked = []\ndef number(lines):\n    asked.append(len(lines)); return lines\n"
    "get_ipython().input_transformers_cleanup.append(number)",
    *("1 + 1", "1 + 1", "asked", "get_ipython().input_transformers_cleanup.remove(number)"),
    *("asked.clear()", "1 + 1", "asked"),
    "%reset -f",
    "'a' in globals()",
]

PRINTED: list[Cell] = [
    "import sys, os, time, threading, warnings, logging",
    "print('o1'); print('e1', file=sys.stderr); print('o2')",
    "print('o1'); sys.stdout.flush(); print('e1', file=sys.stderr); sys.stderr.flush(); print('o2')",
    "print('a'); time.sleep(0.4); print('b'); print('c'); time.sleep(0.4)",
    "print('e', file=sys.stderr); time.sleep(0.1); print('o'); time.sleep(.4)\nprint('o2')",
    "print('a', end='', flush=True); print('b', flush=True)",
    "sys.stdout.write('w'), sys.stdout.writelines(['x', 'y'])",
    "sys.stdout.isatty(), sys.stdout.encoding, sys.stdout.name, sys.stdout.closed, sys.stdout.errors",
    ("sys.stdout.buffer", R),
    ("sys.stdin.read()", R),
    "warnings.warn('beware')",
    *("warnings.warn('b', DeprecationWarning)", "warnings.warn('other', FutureWarning)"),
    "logging.getLogger('x').warning('logged'); logging.info('none'); logging.error('root')",
    "logging.basicConfig(level=logging.INFO); logging.info('shown')",
    "t = threading.Thread(target=lambda: print('thread')); t.start(); t.join()",
    "def later():\n    time.sleep(.3); print('late')\n"
    "threading.Thread(target=later).start(); print('now')",
    "time.sleep(.6); print('after')",
    "print('partial', end='')",
    "print('next')",
    "print('in'); display('d'); print('out'); print('err', file=sys.stderr); display('d2'); 5",
    "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as f: print('x')\n"
    "f.getvalue()",
    "sys.displayhook(4); sys.displayhook(None)",
    "exec('print(1)\\n2'); eval('3')",
    "help(len)",
    "sys.stdout is sys.__stdout__, sys.stderr is sys.__stderr__",
]

FAILING: list[Cell] = [
    ("1/0", R),
    ("raise KeyError('k') from ValueError('v')", R),
    *(("syntax error here", R), ("  x = 1\n y = 2", R), ("return 5", R), ("await 5", R)),
    *(("raise KeyboardInterrupt", R), ("raise KeyboardInterrupt('x')", R), ("raise SystemExit", R)),
    *(("raise SystemExit(3)", R), ("import sys; sys.exit('bye')", R), ("raise GeneratorExit", R)),
    *(("input('?')", R), ("import getpass; getpass.getpass()", R)),
    ("import asyncio\nc = asyncio.sleep(0)\nasyncio.run(c)", R),
    ("c.close(); c = asyncio.sleep(0)\nasyncio.get_event_loop().run_until_complete(c)", R),
    "c.close(); await asyncio.sleep(0.01); print('async')\n7",
    "async def back():\n    for i in range(3):\n        await asyncio.sleep(0.05); print('tick', i)\n"
    "task = asyncio.create_task(back())\n'made'",
    "await asyncio.sleep(0.3); task.done()",
    "seen = []\nasync def tick():\n    while True:\n"
    "        seen.append(1); await asyncio.sleep(0.01)\ntask = asyncio.create_task(tick())",
    "import time; time.sleep(0.1)",
    "await asyncio.sleep(0.1)\nlen(seen) > 3, task.cancel(), asyncio.get_running_loop().is_running()",
    ("await asyncio.sleep(0); raise ValueError('async')", R),
    "def h():\n    raise RuntimeError('inner')\n"
    "try:\n    h()\nexcept Exception as e:\n    import traceback; traceback.print_exc()",
    *(("h()", R), ("import json; json.loads('{')", R), ("import nosuchmodule", R)),
    ("import pandas as pd; pd.DataFrame({'a': [1]})['b']", R),
    ("raise type('Odd', (Exception,), {'__str__': lambda s: 1/0})()", R),
    ("raise ExceptionGroup('g', [ValueError(1), KeyError('x')])", R),
    *(("%run nosuch.py", R), ("%cd /nosuch", R), ("%xmode Plain\n1/0", R), "%xmode Context"),
    "import threading\ndef bad(): raise ValueError('in thread')\n"
    "t = threading.Thread(target=bad); t.start(); t.join()",
    "class D:\n    def __del__(self): raise ValueError('del')\nd = D(); del d",
    ("print('skipped')", "skip-execution"),
    ("x = [1,\n 2,\n 3]\nx[10]", R),
    "import os; sorted({*os.environ} - {'_', 'COLUMNS', 'LINES', 'PYTEST_CURRENT_TEST'}), os.getcwd()",
    "os.environ.get('MPLBACKEND'), os.environ.get('TERM'), os.environ.get('OMP_NUM_THREADS')",
    "import signal; [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, "
    "signal.SIGCHLD, signal.SIGPIPE)]",
    "os.getpgrp() == os.getpid(), os.getsid(0) == os.getpid()",
    "sys.flags, sys.dont_write_bytecode, sys.getrecursionlimit(), sys.getswitchinterval()",
    "threading.current_thread() is threading.main_thread(), threading.current_thread().name",
    "import gc; gc.isenabled(), gc.get_threshold()",
    "import locale; locale.getlocale(), sys.getfilesystemencoding(), os.umask(0o22)",
    "import multiprocessing; multiprocessing.get_start_method()",
]

CHARTS: list[Cell] = [
    "import matplotlib\nmatplotlib.get_backend()",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3]);",
    "fig, ax = plt.subplots(); ax.bar(['a', 'b'], [1, 2]); plt.show(); print('after')",
    "%matplotlib inline\nplt.plot([1])",
    "%config InlineBackend.figure_format = 'retina'\nplt.plot([1, 2])",
    "%config InlineBackend.figure_format = 'png'\nfig",
    "display(fig, metadata={'alt': 'x'})",
    "a = plt.subplots(); b = plt.subplots()",
    "plt.get_fignums(), plt.isinteractive(), plt.rcParams['figure.dpi']",
    "import seaborn as sns; sns.set_theme(); sns.lineplot(x=[1, 2], y=[3, 4])",
    "{k: v for k, v in plt.rcParams.items() if v != matplotlib.rcParamsDefault.get(k)}",
]

WIDGETS: list[Cell] = [
    "from comm import create_comm\nc = create_comm(target_name='jupyter.widget', comm_id='abc', "
    "data={'state': {'_model_name': 'M', '_model_module': 'x', '_model_module_version': '1', "
    "'value': 3}, 'buffer_paths': [['b']]}, buffers=[b'123'])",
    "c.send({'method': 'update', 'state': {'value': 4}, 'buffer_paths': [['d']]}, "
    "buffers=[memoryview(b'xyz')])",
    "display({'application/vnd.jupyter.widget-view+json': {'model_id': 'abc'}}, raw=True)",
    "o = create_comm(target_name='jupyter.widget', comm_id='out', data={'state': {'_model_name': "
    "'OutputModel', '_model_module': '@jupyter-widgets/output', '_model_module_version': '1', "
    "'msg_id': '', 'outputs': []}})",
    "o.send({'method': 'update', 'state': {'msg_id': get_ipython().kernel.get_parent()['header']"
    "['msg_id']}}); print('into the widget'); display(1)\n"
    "o.send({'method': 'update', 'state': {'msg_id': ''}}); print('out of it')",
    ("import ipywidgets", R),
]

# by plain papermill what a program prints comes through a thread, and is lost where the cell has
# ended before
WAIT = "\ntime.sleep(.3)"
PROCESSES: list[Cell] = [
    "import os, subprocess, sys, time, ctypes, multiprocessing as mp",
    "os.system('echo one; echo two')" + WAIT,
    "print('before', flush=True); os.system('echo between'); time.sleep(.3); print('after')",
    "subprocess.run('echo out; echo err >&2; echo more > /dev/stderr', shell=True)" + WAIT,
    "subprocess.run(['echo', 'captured'], capture_output=True).stdout",
    "os.write(1, b'written\\n'); os.write(2, b'errors\\n')" + WAIT,
    "libc = ctypes.CDLL(None); libc.puts(b'from C'); libc.fflush(None)" + WAIT,
    "os.write(1, b'\\xff\\n')" + WAIT,
    "def work(n):\n    print('work', flush=True); return n * n\n"
    "with mp.get_context('fork').Pool(1) as pool:\n    print(pool.map(work, [1, 2, 3]))" + WAIT,
    "with mp.get_context('spawn').Pool(1) as pool:\n    print(pool.map(abs, [-1, 2]))",
    ("with mp.get_context('fork').Pool(1) as pool:\n    pool.map(int, ['x'])", R),
    "pid = os.fork()\nif pid == 0:\n"
    "    print('forked'); sys.stdout.flush(); os._exit(0)\nprint(os.waitpid(pid, 0)[1])" + WAIT,
    "print('x', file=sys.__stdout__); sys.__stdout__.flush()" + WAIT,
    "!sleep 0.2; echo slow",
    "p = subprocess.Popen('sleep 0.3; echo later', shell=True); 'started'",
    "time.sleep(.8); print('end')",
    "p.wait()",
    "%%python3\nprint('magic python')",
    "%%script sh --out got\necho hidden",
    "got",
    "os.getpid() == int(open('/proc/self/stat').read().split()[0])",
]

GROUPS = {
    "shown": SHOWN,
    "printed": PRINTED,
    "failing": FAILING,
    "charts": CHARTS,
    "widgets": WIDGETS,
    "processes": PROCESSES,
}


def notebook(path: Path, cells: Sequence[Cell], kernel: str = "python3") -> Path:
    """Write a notebook of cells."""
    spec = {"name": kernel, "display_name": "x", "language": "python"}
    # not with this module: processes that a kernel is served by have nothing of it
    import nbformat
    from nbformat import v4

    made = v4.new_notebook(metadata={"kernelspec": spec})
    for cell in cells:
        source, *tags = (cell,) if isinstance(cell, str) else cell
        if source.startswith("MD:"):
            made.cells.append(v4.new_markdown_cell(source[3:]))
        else:
            metadata = {"tags": tags} if tags else {}
            made.cells.append(v4.new_code_cell(source, metadata=metadata))
    nbformat.write(made, path)
    return path


def execute(path: Path, out: Path, **options: Any) -> tuple[Any, str]:
    """Execute a notebook; return what was written, and the error."""
    import papermill

    error = ""
    try:
        papermill.execute_notebook(str(path), str(out), progress_bar=False, **options)
    except Exception as raised:
        error = f"{type(raised).__name__}: {raised}"
    return (json.loads(out.read_text("utf-8")) if out.exists() else None), error


def execute_here(channel: Any, path: Path, out: Path, options: dict[str, Any]) -> None:
    """Execute a notebook in this process; the body of a child."""
    channel.send(execute(path, out, engine_name="kentstats", here=True, **options))


TIMES = r'"(start_time|end_time|duration|shell\.execute_reply|iopub\.[a-z_.]+)": ("[^"]*"|[\d.e-]+)'
OURS = re.compile(r"kentstats/engine/|ipykernel/|jupyter_client/")


def alike(done: Any, error: str, *, racy: bool = False) -> str:
    """Return what must be alike, as text: without times, addresses, and numbers of processes.

    Parameters
    ----------
    done : dict
        The notebook as it was written.
    error : str
        What was raised.
    racy : bool
        With outputs of programs: by plain papermill they come through a
        thread, in pieces, before or after what Python prints and shows. Each
        stream is put together, and stands before what is shown.
    """
    for cell in (done or {}).get("cells", ()):
        for output in cell.get("outputs", ()):
            if output["output_type"] == "error":
                # the frames of the kernel are those of another file
                output["traceback"] = [
                    line for line in output["traceback"] if not OURS.search(line)
                ]
        if racy and "outputs" in cell:
            cell["outputs"] = _streams_first(cell["outputs"])
    text = json.dumps([done, OURS.sub("", error.split("\n")[0])], ensure_ascii=True, indent=1)
    text = re.sub(TIMES, r'"\1": "T"', text)
    text = re.sub(r"0x[0-9a-f]{6,}", "0x", text)
    text = re.sub(r"ipykernel_\d+", "ipykernel_N", text)
    text = re.sub(r"Thread-\d+", "Thread-N", text)
    # papermill marks a failed cell with one of its own
    return re.sub(r'"id": "[0-9a-f]{8}"', '"id": "I"', text)


def _streams_first(outputs: Any) -> Any:
    streams: dict[str, str] = {}
    for output in outputs:
        if output["output_type"] == "stream":
            streams[output["name"]] = streams.get(output["name"], "") + "".join(output["text"])
    others = [output for output in outputs if output["output_type"] != "stream"]
    return [dict(sorted(streams.items())), *others]


def report(channel: Any) -> None:
    """Say where and with what this process works; the body of a child."""
    channel.send((os.getpid(), str(Path.cwd()), os.environ.get("KENTSTATS_TEST", "")))


def report_files(channel: Any) -> None:
    """Say which files are open here; the body of a child."""
    channel.send([one.path for one in psutil.Process().open_files()])


MADE: list[str] = []


def make_more(name: str) -> list[Any]:
    """Make something ready, and ask for more."""
    MADE.append(name)
    return [(make_more, ("b",))] if name == "a" else []


def report_made(channel: Any) -> None:
    """Say what was made ready before this process was forked; the body of a child."""
    channel.send(MADE)


def report_read(channel: Any) -> None:
    """Say which editions were worked out before this process was forked."""
    from kentstats.ingest.edition import list_editions
    from kentstats.load import open_official

    found = {}
    for name in list_editions():
        official = open_official(name)
        found[name] = "_statistics" in official.__dict__
    channel.send(found)


def repeat(channel: Any) -> None:
    """Say again what is said; the body of a child."""
    while True:
        channel.send(channel.recv())


def leave(channel: Any, code: int) -> None:
    """End with a code, or by a signal; the body of a child."""
    if code < 0:
        os.kill(os.getpid(), -code)
    sys.exit(code)  # which is an error here: who serves returns


if __name__ == "__main__":
    for source, target, options in json.loads(sys.argv[1]):
        _, error_of_plain = execute(Path(source), Path(target), **options)
        Path(target).with_suffix(".error").write_text(error_of_plain, encoding="utf-8")
