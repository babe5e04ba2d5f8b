"""The figures that a search carries on its page of the dashboard."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.pictures.interactive.over_width import WIDTH_FIGURE, WIDTH_HOVER, lay_out_widths
from dynstudy.pictures.interactive.regime_map import lay_out
from dynstudy.pictures.search_description import SearchPoints, describe_search
from dynstudy.pictures.style import AMPLITUDE, FRONT, PERIOD

SCHEDULE_FIGURE = "schedule-accuracy"
SCHEDULE_HOVER = "A = %{x:.3g}, T = %{y}: %{marker.color:.3f}<br>%{text}<extra></extra>"


def search_figures(study_map: RegimeMap) -> dict[str, go.Figure]:
    """Accuracy over width, and over amplitude and period; nothing before anything is trained."""
    points = describe_search(study_map)
    if not points.by_loss:
        return {}
    figures = {WIDTH_FIGURE: _over_width(points)}
    if len(points.schedule):
        figures[SCHEDULE_FIGURE] = _over_schedule(points.schedule)
    return figures


def _over_width(points: SearchPoints) -> go.Figure:
    figure = go.Figure()
    for name, cells in points.by_loss.items():
        figure.add_trace(
            go.Scatter(
                x=cells.width.tolist(),
                y=cells.val_accuracy.tolist(),
                error_y={"array": cells["sem"].tolist(), "width": 0, "thickness": 1},
                mode="markers",
                marker={"size": 6, "opacity": 0.7},
                name=name,
                text=[_said(row) for row in cells.itertuples()],
                hovertemplate=WIDTH_HOVER,
            )
        )
    figure.add_trace(
        go.Scatter(
            x=points.front.width.tolist(),
            y=points.front.val_accuracy.tolist(),
            mode="lines",
            line={"color": "black", "width": 1.5, "shape": "hv"},
            name=FRONT,
            hoverinfo="skip",
        )
    )
    lay_out_widths(figure, points.chance)
    figure.update_xaxes(dtick="D1")
    return figure


def _over_schedule(cells: pd.DataFrame) -> go.Figure:
    figure = go.Figure(
        go.Scatter(
            x=cells.amplitude.tolist(),
            y=cells.period.astype(int).tolist(),
            mode="markers",
            marker={
                "size": 8,
                "color": cells.val_accuracy.tolist(),
                "colorscale": "Viridis",
                "colorbar": {"title": {"text": "validation<br>accuracy"}},
            },
            text=[_said(row) for row in cells.itertuples()],
            hovertemplate=SCHEDULE_HOVER,
        )
    )
    lay_out(figure, "Accuracy over amplitude and period")
    figure.update_xaxes(type="log", title={"text": AMPLITUDE})
    figure.update_yaxes(type="log", title={"text": PERIOD})
    return figure


def _said(row: Any) -> str:
    static = f"{row.loss}, width {row.width}, η = {row.learning_rate:.3g}, n = {row.replicates}"
    if pd.isna(row.amplitude):
        return static
    return f"{static}, A = {row.amplitude:.3g}, T = {row.period:g}"
