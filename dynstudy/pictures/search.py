"""Pictures of a search: what its trials reached, over width and over amplitude and period."""

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dynstudy.analysis.regime_map import RegimeMap, conditional

COLOURS = mpl.colormaps["viridis"]


def search_figure(found: RegimeMap) -> Figure:
    """Accuracy over width with its Pareto front, and where in (A, T) the accurate trials lie."""
    trained = found.frame[found.frame.replicates > 0]
    dynamical = trained[trained.amplitude.notna()].sort_values("val_accuracy")
    panels = 2 if len(dynamical) else 1
    figure = Figure(figsize=(5.4 * panels + 0.6, 4.8), layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False)[0]
    _over_width(axes[0], found, trained)
    if panels > 1:
        _over_schedule(figure, axes[1], dynamical)
    protocol = found.spec.protocol
    figure.suptitle(
        f"{found.spec.name}: {protocol.steps:,} steps, {len(trained)} configurations of "
        f"{found.spec.replicates} replicates\n{conditional(protocol.data)}",
        fontsize=10,
        parse_math=False,  # names may hold a $
    )
    return figure


def _over_width(axis: Axes, found: RegimeMap, trained: pd.DataFrame) -> None:
    for loss, own in trained.groupby("loss", sort=True):
        axis.errorbar(
            own.width,
            own.val_accuracy,
            yerr=own["sem"].fillna(0),
            fmt="o",
            markersize=3.5,
            elinewidth=0.8,
            alpha=0.6,
            label=str(loss).upper(),
        )
    front = found.pareto_front()
    axis.plot(
        front.width,
        front.val_accuracy,
        drawstyle="steps-post",
        color="black",
        linewidth=1.2,
        label="Pareto front",
    )
    axis.axhline(1 / found.spec.protocol.data.classes, color="0.8", zorder=0, label="chance")
    axis.set(xscale="log", xlabel="width (hidden units)", ylabel="validation accuracy")
    axis.xaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(mpl.ticker.ScalarFormatter())
    axis.xaxis.set_minor_formatter(mpl.ticker.NullFormatter())
    axis.legend(fontsize=8, frameon=False)


def _over_schedule(figure: Figure, axis: Axes, dynamical: pd.DataFrame) -> None:
    points = axis.scatter(
        dynamical.amplitude,
        dynamical.period,
        c=dynamical.val_accuracy,
        s=18,
        cmap=COLOURS,
        edgecolors="0.3",
        linewidths=0.3,
    )
    axis.set(xscale="log", yscale="log", xlabel="amplitude A", ylabel="period T (steps)")
    figure.colorbar(points, ax=axis, label="validation accuracy")
