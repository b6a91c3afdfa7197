"""What a process holds ready that is to execute notebooks."""

from __future__ import annotations


def libraries() -> None:
    """Import what notebooks of this field use, and set the kernel up.

    Nothing is called that starts a thread: a process with threads must not
    be forked.
    """
    from kentstats.engine.kernel import prepare

    prepare()  # before matplotlib, which asks for the way to draw when it is imported
    import matplotlib.backends.backend_agg
    import matplotlib.backends.backend_svg
    import matplotlib.font_manager
    import matplotlib.pyplot
    import numpy
    import pandas
    import scipy.stats
    import seaborn

    for module in (matplotlib, numpy, pandas, scipy, seaborn):
        assert module.__name__
    # fonts are read from the disk once
    matplotlib.font_manager.get_font(
        matplotlib.font_manager.findfont(matplotlib.font_manager.FontProperties())
    )
