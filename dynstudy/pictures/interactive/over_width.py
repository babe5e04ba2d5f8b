"""The figure of accuracy over width on a study's page."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dynstudy.pictures.interactive.regime_map import lay_out

WIDTH_FIGURE = "width-accuracy"  # after the maps, as the page sorts them
LINES = ["#1b6ca8", "#c25b12", "#3a7d44"]  # of losses, apart from the grey of static ones
WIDTH_HOVER = "width %{x}: %{y:.3f} ± %{error_y.array:.3f}<br>%{text}<extra></extra>"


def width_figure(frame: pd.DataFrame, classes: int) -> go.Figure:
    """Accuracy over width with standard errors: static losses, and the best cell of each loss.

    Args:
        frame: a row per cell or trial: loss, width, learning_rate, amplitude, period,
            val_accuracy, sem, replicates.
        classes: of the data, for the level of chance.

    Returns:
        The figure.
    """
    figure = go.Figure()
    trained = frame[frame.replicates > 0]
    one_rate = trained.learning_rate.nunique() <= 1
    colours: dict[str, str] = {}
    for (loss, rate), cells in trained.groupby(["loss", "learning_rate"], sort=True):
        best = cells.loc[cells.groupby("width").val_accuracy.idxmax()].sort_values("width")
        static = bool(cells.amplitude.isna().all())
        colour = colours.setdefault(loss, "#666666" if static else LINES[len(colours) % 3])
        rows: Sequence[Any] = list(best.itertuples())
        figure.add_trace(
            go.Scatter(
                x=best.width.tolist(),
                y=best.val_accuracy.astype(float).tolist(),
                error_y={"array": best["sem"].astype(float).fillna(0).tolist(), "width": 5},
                mode="lines+markers",
                line={"color": colour, "dash": "dash" if static else "solid"},
                marker={"symbol": "circle" if static else "square", "size": 7},
                name=_curve(loss, cells, static) + ("" if one_rate else f", η = {rate:g}"),
                text=[
                    f"n = {row.replicates:g}"
                    if static
                    else f"A = {row.amplitude:g}, T = {row.period:g}, n = {row.replicates:g}"
                    for row in rows
                ],
                hovertemplate=WIDTH_HOVER,
            )
        )
    lay_out(figure, "Accuracy over width<br><sup>mean and standard error over replicates</sup>")
    lowest = (trained.val_accuracy - trained["sem"].fillna(0)).astype(float).tolist()
    widths = sorted(trained.width.unique().tolist())
    chance = 1 / classes
    figure.add_hline(chance, line={"color": "#bbbbbb", "width": 1}, annotation_text="chance")
    figure.update_xaxes(
        type="log",
        title={"text": "width (hidden units)"},
        tickvals=widths[:: max(1, math.ceil(len(widths) / 12))],
    )
    figure.update_yaxes(
        title={"text": "validation accuracy"}, range=[0.8 * min([chance, *lowest]), 1.02]
    )
    return figure


def _curve(loss: str, cells: pd.DataFrame, static: bool) -> str:
    if static:
        return f"{loss.upper()}, static"
    pairs = cells[["amplitude", "period"]].drop_duplicates()
    if len(pairs) > 1:
        return f"{loss.upper()}, best cell of each width"
    only: Any = pairs.iloc[0]
    return f"{loss.upper()}, A = {only.amplitude:g}, T = {only.period:g}"
