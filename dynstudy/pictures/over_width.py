"""Accuracy over width, with standard errors."""

import matplotlib as mpl
from matplotlib.figure import Figure

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.statistics.labels import BASELINE
from dynstudy.task.losses import static_losses

GREYS = ("0.35", "0.6", "0.75", "0.5", "0.15")
"""Of the static losses, in their order."""


def static_colour(loss: str) -> str:
    """The grey of a static loss's curve."""
    return GREYS[static_losses().index(loss) % len(GREYS)]


def width_figure(found: RegimeMap) -> Figure:
    """Accuracy over width, one curve per loss, with standard errors (the paper's figure 3)."""
    figure = Figure(figsize=(6.2, 4.4), layout="constrained")
    axis = figure.subplots()
    trained = found.frame[found.frame.replicates > 0]
    for (loss, rate), curve in trained.groupby(["loss", "learning_rate"], sort=True):
        curve = curve.sort_values("width")
        name = str(loss).upper()
        if curve.amplitude.notna().any():
            first = curve.iloc[0]
            name += f", A = {first.amplitude:g}, T = {first.period:g}"
        if found.frame.learning_rate.nunique() > 1:
            name += f", η = {rate:g}"
        static = bool((curve.regime == BASELINE).all())
        axis.errorbar(
            curve.width,
            curve.val_accuracy,
            yerr=curve["sem"].fillna(0),
            marker="o" if static else "s",
            linestyle="--" if static else "-",
            color=static_colour(str(loss)) if static else None,
            capsize=3,
            markersize=4,
            label=name,
        )
    axis.axhline(1 / found.spec.protocol.data.classes, color="0.8", zorder=0, label="chance")
    axis.set(
        xscale="log",
        xlabel="width (hidden units)",
        ylabel="validation accuracy (mean ± standard error)",
    )
    widths = sorted(trained.width.unique())
    axis.xaxis.set_ticks(widths, labels=[str(width) for width in widths])
    axis.xaxis.set_minor_locator(mpl.ticker.NullLocator())
    axis.set_title(found.caption(), fontsize=9, parse_math=False)
    axis.legend(fontsize=8, frameon=False)
    return figure
