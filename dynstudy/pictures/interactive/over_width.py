"""The figure of accuracy over width on a study's page."""

import math
from typing import Any

import plotly.graph_objects as go

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.pictures.interactive.regime_map import lay_out
from dynstudy.pictures.style import ACCURACY, CHANCE, WIDTH
from dynstudy.pictures.width_description import WidthCurve, describe_widths

WIDTH_FIGURE = "width-accuracy"  # after the maps, as the page sorts them
WIDTH_HOVER = "width %{x}: %{y:.3f} ± %{error_y.array:.3f}<br>%{text}<extra></extra>"


def width_figure(study_map: RegimeMap) -> go.Figure:
    """Accuracy over width with standard errors: static losses, and the best cell of each loss."""
    described = describe_widths(study_map)
    figure = go.Figure([_curve(curve) for curve in described.curves])
    lay_out_widths(figure, described.chance)
    lowest = [float((one.cells.val_accuracy - one.error).min()) for one in described.curves]
    few = described.widths[:: max(1, math.ceil(len(described.widths) / 12))]
    figure.update_xaxes(tickvals=few)
    figure.update_yaxes(range=[0.8 * min([described.chance, *lowest]), 1.02])
    return figure


def lay_out_widths(figure: go.Figure, chance: float) -> None:
    """What figures over width look alike in."""
    lay_out(figure, "Accuracy over width<br><sup>mean and standard error over replicates</sup>")
    figure.add_hline(chance, line={"color": "#bbbbbb", "width": 1}, annotation_text=CHANCE)
    figure.update_xaxes(type="log", title={"text": WIDTH})
    figure.update_yaxes(title={"text": ACCURACY})


def _curve(curve: WidthCurve) -> go.Scatter:
    return go.Scatter(
        x=curve.cells.width.tolist(),
        y=curve.cells.val_accuracy.astype(float).tolist(),
        error_y={"array": curve.error.tolist(), "width": 5},
        mode="lines+markers",
        line={"color": curve.colour, "dash": "dash" if curve.static else "solid"},
        marker={"symbol": "circle" if curve.static else "square", "size": 7},
        name=curve.name,
        text=[_said(row, curve.static) for row in curve.cells.itertuples()],
        hovertemplate=WIDTH_HOVER,
    )


def _said(cell: Any, static: bool) -> str:
    replicates = f"n = {cell.replicates:g}"
    return replicates if static else f"A = {cell.amplitude:g}, T = {cell.period:g}, {replicates}"
