"""Pictures for exploring in a notebook, with seaborn; briefings do not use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kentstats.charts.style import OTHERS, OURS, RC
from kentstats.indicators import load_indicators

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def against_comparators(
    facts: pd.DataFrame, *, authority: str, indicator: str, ax: Axes | None = None
) -> Axes:
    """Draw one indicator for an authority and whatever it is given beside.

    Parameters
    ----------
    facts : pandas.DataFrame
        Tidy facts.
    authority : str
        Name of the authority, drawn in its own colour.
    indicator : str
        Key of the catalogue.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        With one dot an area and period, the rounding as a line through it.

    Raises
    ------
    KeyError
        The catalogue has no such indicator.
    ValueError
        The facts have no figure of it.
    """
    import matplotlib as mpl
    import matplotlib.pyplot as plt
    import seaborn as sns

    entry = load_indicators()[indicator]
    chosen = facts[facts["indicator"].eq(indicator) & facts["group"].eq("all")]
    if chosen.empty:
        raise ValueError(f"there is no figure of {indicator}")
    shown = chosen.assign(
        area=chosen["area_name"] + ", " + chosen["period"],
        colour=chosen["area_name"].eq(authority).map({True: OURS, False: OTHERS}),
    )
    palette = dict(zip(shown["area"], shown["colour"], strict=True))
    with mpl.rc_context(RC):  # type: ignore[arg-type]
        if ax is None:
            # pyplot, so that a notebook shows the figure by itself
            _, ax = plt.subplots(figsize=(6.3, 0.5 * len(shown) + 0.9), layout="constrained")
        sns.scatterplot(
            shown, x="value", y="area", hue="area", palette=palette, s=90, legend=False, ax=ax
        )
        ax.errorbar(
            shown["value"],
            shown["area"],
            xerr=shown["rounding"].fillna(0),
            fmt="none",
            ecolor=OURS,
            zorder=0,
        )
        ax.set(title=entry.name, xlabel=entry.unit, ylabel="")
        ax.margins(y=0.3)
    return ax
