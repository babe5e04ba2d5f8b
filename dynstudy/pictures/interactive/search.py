"""The figures that a search carries on its page of the dashboard."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.pictures.interactive.over_width import WIDTH_FIGURE
from dynstudy.pictures.interactive.regime_map import lay_out

SCHEDULE_FIGURE = "schedule-accuracy"
WIDTH_HOVER = "width %{x}: %{y:.3f} ± %{error_y.array:.3f}<br>%{text}<extra></extra>"
SCHEDULE_HOVER = "A = %{x:.3g}, T = %{y}: %{marker.color:.3f}<br>%{text}<extra></extra>"


def search_figures(found: RegimeMap) -> dict[str, go.Figure]:
    """Accuracy over width with its Pareto front, and over amplitude and period.

    Args:
        found: the search.

    Returns:
        The figures by their identifiers; none before anything is trained.
    """
    trained = found.frame[found.frame.replicates > 0]
    if not len(trained):
        return {}
    figures = {WIDTH_FIGURE: _over_width(found, trained)}
    dynamical = trained[trained.amplitude.notna()]
    if len(dynamical):
        figures[SCHEDULE_FIGURE] = _over_schedule(dynamical)
    return figures


def _over_width(found: RegimeMap, trained: pd.DataFrame) -> go.Figure:
    figure = go.Figure()
    for loss, own in trained.groupby("loss", sort=True):
        figure.add_trace(
            go.Scatter(
                x=own.width.tolist(),
                y=own.val_accuracy.tolist(),
                error_y={"array": own["sem"].fillna(0).tolist(), "width": 0, "thickness": 1},
                mode="markers",
                marker={"size": 6, "opacity": 0.7},
                name=str(loss).upper(),
                text=[_told(row) for row in own.itertuples()],
                hovertemplate=WIDTH_HOVER,
            )
        )
    front = found.pareto_front()
    figure.add_trace(
        go.Scatter(
            x=front.width.tolist(),
            y=front.val_accuracy.tolist(),
            mode="lines",
            line={"color": "black", "width": 1.5, "shape": "hv"},
            name="Pareto front",
            hoverinfo="skip",
        )
    )
    lay_out(figure, "Accuracy over width<br><sup>mean and standard error over replicates</sup>")
    figure.add_hline(
        1 / found.spec.protocol.data.classes,
        line={"color": "#bbbbbb", "width": 1},
        annotation_text="chance",
    )
    figure.update_xaxes(type="log", title={"text": "width (hidden units)"}, dtick="D1")
    figure.update_yaxes(title={"text": "validation accuracy"})
    return figure


def _over_schedule(dynamical: pd.DataFrame) -> go.Figure:
    ordered = dynamical.sort_values("val_accuracy")  # the best on top
    figure = go.Figure(
        go.Scatter(
            x=ordered.amplitude.tolist(),
            y=ordered.period.astype(int).tolist(),
            mode="markers",
            marker={
                "size": 8,
                "color": ordered.val_accuracy.tolist(),
                "colorscale": "Viridis",
                "colorbar": {"title": {"text": "validation<br>accuracy"}},
            },
            text=[_told(row) for row in ordered.itertuples()],
            hovertemplate=SCHEDULE_HOVER,
        )
    )
    lay_out(figure, "Accuracy over amplitude and period")
    figure.update_xaxes(type="log", title={"text": "amplitude A"})
    figure.update_yaxes(type="log", title={"text": "period T (steps)"})
    return figure


def _told(row: Any) -> str:
    static = f"{row.loss}, width {row.width}, η = {row.learning_rate:.3g}, n = {row.replicates}"
    if pd.isna(row.amplitude):
        return static
    return f"{static}, A = {row.amplitude:.3g}, T = {row.period:g}"
