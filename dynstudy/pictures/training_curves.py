"""Loss and curvature along training, a column for each width: the paper's figure 1."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox

from dynstudy.analysis.regime_map import PANEL
from dynstudy.analysis.training_curves import CURVATURE, TrainingCurves
from dynstudy.measure.records import LOSS
from dynstudy.pictures.fitting import add_legend_below, add_title
from dynstudy.pictures.style import CURVES, SMALLEST_LOSS, label_log, plainly

PANEL_INCHES = 3.4
INSET = (0.34, 0.44)  # of a panel: how wide and high the data are
STYLES = ("-", ":", "-.")  # of several static losses
SHADES = ("0.15", "0.45", "0.75")  # of the classes
QUANTITIES = {LOSS: "loss", CURVATURE: "λ̄, largest curvature"}
STEP = "step"


@plainly
def training_figure(curves: TrainingCurves) -> Figure:
    """Loss above λ̄ with 2/η, over training, as means with bands of their standard errors."""
    frame = curves.frame
    widths = frame.width.unique().tolist()
    figure = Figure((max(6.0, PANEL_INCHES * len(widths)), 5.4), layout="constrained")
    axes = figure.subplots(2, len(widths), squeeze=False, sharex=True, sharey="row")
    styles = _styles(frame)
    for width, column in zip(widths, axes.T, strict=True):
        for quantity, axis in zip(QUANTITIES, column, strict=True):
            of_panel = frame[(frame.width == width) & (frame.quantity == quantity)]
            for cell, curve in of_panel.groupby(["loss", "learning_rate"], sort=False):
                _draw(axis, curve, styles[cell])
            axis.set(xscale="log", yscale="log")
        column[0].set_title(f"width {width}", fontsize=10)
        column[1].set_xlabel(STEP)
        for rate in frame.learning_rate.unique():
            colour = styles[frame.loss.iloc[0], rate]["color"]
            column[1].axhline(2 / rate, linestyle="--", linewidth=0.9, color=colour, zorder=0)
    for axis, name in zip(axes[:, 0], QUANTITIES.values(), strict=True):
        axis.set_ylabel(name)
        label_log(axis.yaxis)
    _add_data(axes[0, 0], curves)
    add_title(figure, f"{curves.spec.name}: loss and curvature along training", 11)
    marks: list[Any] = [Line2D([], [], **style) for style in styles.values()]
    marks.append(Line2D([], [], linestyle="--", linewidth=0.9, color="0.3", label="2/η"))
    add_legend_below(figure, marks, _caption(curves))
    return figure


def _styles(frame: pd.DataFrame) -> dict[Any, dict[str, Any]]:
    """Of each loss and learning rate: a colour for each rate, a line for each loss."""
    losses, rates = frame.loss.unique().tolist(), frame.learning_rate.unique().tolist()
    return {
        (loss, rate): {
            "color": CURVES[column % len(CURVES)],
            "linestyle": STYLES[row % len(STYLES)],
            "linewidth": 1.4,
            "label": f"{loss.upper()}, η = {rate:g}",
        }
        for row, loss in enumerate(losses)
        for column, rate in enumerate(rates)
    }


def _draw(axis: Axes, curve: pd.DataFrame, style: dict[str, Any]) -> None:
    """A mean at the middle of its steps, counted from 1 so that the first has one, and its band."""
    x = np.sqrt((curve.from_step + 1.0) * curve.to_step)
    axis.plot(x, curve["mean"], marker="o" if len(curve) == 1 else None, markersize=3, **style)
    low = np.maximum(curve["mean"] - curve["sem"], SMALLEST_LOSS)
    axis.fill_between(
        x, low, curve["mean"] + curve["sem"], color=style["color"], alpha=0.25, linewidth=0
    )


def _add_data(axis: Axes, curves: TrainingCurves) -> None:
    """What the networks learn, in a corner, if it is in the plane."""
    sketch = curves.spec.protocol.data.sketch
    if sketch is None:
        return
    points, classes = sketch
    inset = axis.inset_axes(_freest(axis))
    colours = [SHADES[number % len(SHADES)] for number in classes]
    inset.scatter(points[:, 0], points[:, 1], c=colours, s=1.5, linewidths=0)
    inset.set(xticks=[], yticks=[], aspect="equal")
    inset.patch.set_alpha(0.8)


def _freest(axis: Axes) -> tuple[float, float, float, float]:
    """Of the corners, as parts of a panel, the one that hides fewest points of its curves."""
    axis.autoscale_view()
    to_panel = axis.transData - axis.transAxes
    points = np.concatenate([to_panel.transform(line.get_xydata()) for line in axis.lines])
    corners = [(x, y, *INSET) for y in (0.03, 0.53) for x in (0.03, 0.63)]
    return min(corners, key=lambda corner: Bbox.from_bounds(*corner).count_contains(points))


def _caption(curves: TrainingCurves) -> str:
    """How many networks the means are over, and what the bands are."""
    cells = curves.frame.drop_duplicates(PANEL)
    few, most = cells.networks.min(), cells.networks.max()
    replicates = f"{few}" if few == most else f"{few} to {most}"
    diverged = cells.diverged.sum()
    left_out = f", {diverged} that diverged left out" if diverged else ""
    return (
        f"mean and standard error (bands) over {replicates} networks{left_out}; λ̄: mean of the "
        "largest eigenvalue of the Hessian over two steps; loss: mean from one record to the next"
    )
