"""What a process holds ready that is to execute notebooks."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kentstats.engine.server import Call

GROUP = "kentstats.ready"
"""Group of entry points: functions that return what is to be called to make notebooks quick."""


@contextlib.contextmanager
def importing() -> Iterator[None]:
    """Import without the collector: nearly all that modules make stays.

    It would look at that again and again, then and later, for nothing.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@importing()
def libraries() -> None:
    """Import what nearly every notebook of this field uses, and set the kernel up.

    Nothing is called that starts a thread: a process with threads must not
    be forked.
    """
    from kentstats.engine.kernel import prepare

    prepare()  # before matplotlib, which asks for the way to draw when it is imported
    import matplotlib.backends.backend_agg
    import matplotlib.backends.backend_svg
    import matplotlib.font_manager
    import numpy
    import pandas
    from IPython.core import logger
    from IPython.extensions import storemagic

    from kentstats.engine import serving

    for module in (logger, matplotlib, numpy, pandas, serving, storemagic):
        assert module.__name__
    # fonts are read from the disk once
    matplotlib.font_manager.get_font(
        matplotlib.font_manager.findfont(matplotlib.font_manager.FontProperties())
    )


@importing()
def more_libraries() -> None:
    """Import what many use besides, and a first one need not wait for."""
    import matplotlib.pyplot
    import scipy.stats
    import seaborn

    for module in (matplotlib.pyplot, scipy.stats, seaborn):
        assert module.__name__


def of_packages() -> list[Call]:
    """Ask every package that has a function in :data:`GROUP` what is to be called.

    Returns
    -------
    list of (callable, tuple)
        Functions with their arguments, each short, none of which starts a
        thread. A package that fails has none.
    """
    from importlib.metadata import entry_points

    calls: list[Call] = []
    for point in entry_points(group=GROUP):
        with contextlib.suppress(Exception):  # the notebook that needs it tells what is wrong
            calls += point.load()()
    return calls
