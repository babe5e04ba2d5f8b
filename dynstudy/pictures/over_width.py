"""Accuracy over width, with standard errors."""

from matplotlib.figure import Figure

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.pictures.style import ACCURACY, CHANCE, label_widths
from dynstudy.pictures.width_description import describe_widths


def width_figure(study_map: RegimeMap) -> Figure:
    """Accuracy over width, one curve per loss, with standard errors (the paper's figure 3)."""
    described = describe_widths(study_map)
    figure = Figure(figsize=(6.2, 4.4), layout="constrained")
    axis = figure.subplots()
    for curve in described.curves:
        axis.errorbar(
            curve.cells.width,
            curve.cells.val_accuracy,
            yerr=curve.error,
            marker="o" if curve.static else "s",
            linestyle="--" if curve.static else "-",
            color=curve.colour,
            capsize=3,
            markersize=4,
            label=curve.name,
        )
    axis.axhline(described.chance, color="0.8", zorder=0, label=CHANCE)
    axis.set_ylabel(f"{ACCURACY} (mean ± standard error)")
    label_widths(axis, described.widths)
    axis.set_title(study_map.caption(), fontsize=9, parse_math=False)
    axis.legend(fontsize=8, frameon=False)
    return figure
