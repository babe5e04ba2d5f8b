"""Figures of a study's page: accuracy over width, and what the trials of a search reached."""

import math
from typing import Any

import plotly.graph_objects as go

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.config import cell_name, place_name
from dynstudy.pictures.accuracy_description import (
    SearchPoints,
    WidthCurve,
    describe_search,
    describe_widths,
)
from dynstudy.pictures.interactive.regime_map import colour_scale, lay_out
from dynstudy.pictures.style import ACCURACY, AMPLITUDE, CHANCE, FRONT, PERIOD, WIDTH

WIDTH_FIGURE = "width-accuracy"  # after the maps, as the page sorts them
WIDTH_HOVER = "width %{x}: %{y:.3f} ± %{error_y.array:.3f}<br>%{text}<extra></extra>"
SCHEDULE_FIGURE = "schedule-accuracy"
SCHEDULE_HOVER = "A = %{x:.6~g}, T = %{y}: %{marker.color:.3f}<br>%{text}<extra></extra>"


def accuracy_over_width(study_map: RegimeMap) -> go.Figure:
    """Accuracy over width with standard errors: static losses, and the best cell of each loss."""
    described = describe_widths(study_map)
    figure = go.Figure([
        *(_curve(curve) for curve in described.curves),
        *(_by_chance(curve) for curve in described.by_chance),
    ])
    over = "Accuracy over width<br><sup>mean and standard error over replicates</sup>"
    lay_out_widths(figure, over, ACCURACY, (described.chance, CHANCE))
    lowest = [float((one.cells.val_accuracy - one.error).min()) for one in described.curves]
    few = described.widths[:: max(1, math.ceil(len(described.widths) / 12))]
    figure.update_xaxes(tickvals=few)
    figure.update_yaxes(range=[0.8 * min([described.chance, *lowest]), 1.02])
    return figure


def lay_out_widths(
    figure: go.Figure, heading: str, title: str, reference: tuple[float, str]
) -> None:
    """What figures over width look alike in."""
    lay_out(figure, heading)
    level, name = reference
    figure.add_hline(level, line={"color": "#bbbbbb", "width": 1}, annotation_text=name)
    figure.update_xaxes(type="log", title={"text": WIDTH})
    figure.update_yaxes(title={"text": title})


def _curve(curve: WidthCurve) -> go.Scatter:
    return go.Scatter(
        x=curve.cells.width.tolist(),
        y=curve.cells.val_accuracy.astype(float).tolist(),
        error_y={"array": curve.error.tolist(), "width": 5},
        mode="lines+markers",
        line={"color": curve.colour, "dash": "dash" if curve.static else "solid"},
        marker={"symbol": "circle" if curve.static else "square", "size": 7},
        name=curve.name,
        text=[_cell(row, curve.static) for row in curve.cells.itertuples()],
        hovertemplate=WIDTH_HOVER,
    )


def _by_chance(curve: WidthCurve) -> go.Scatter:
    return go.Scatter(
        x=curve.cells.width.tolist(),
        y=curve.cells.val_accuracy.tolist(),
        mode="lines+markers",
        line={"color": curve.colour, "dash": "dot"},
        marker={"symbol": "line-ew-open", "size": 9},
        name=curve.name,
        hovertemplate="width %{x}: %{y:.3f}<extra></extra>",
    )


def _cell(cell: Any, static: bool) -> str:
    replicates = f"n = {cell.replicates:g}"
    return replicates if static else f"{place_name(cell.amplitude, cell.period)}, {replicates}"


def search_figures(study_map: RegimeMap) -> dict[str, go.Figure]:
    """What is aimed at over width, and over amplitude and period; nothing if nothing is trained."""
    points = describe_search(study_map)
    if not points.by_loss:
        return {}
    figures = {WIDTH_FIGURE: _over_width(points)}
    if len(points.schedule):
        figures[SCHEDULE_FIGURE] = _over_schedule(points)
    return figures


def _over_width(points: SearchPoints) -> go.Figure:
    figure = go.Figure([
        go.Scatter(
            x=cells.width.tolist(),
            y=cells[points.value].tolist(),
            error_y={"array": cells["error"].tolist(), "width": 0, "thickness": 1},
            mode="markers",
            marker={"size": 6, "opacity": 0.7},
            name=name,
            text=[_trial(row) for row in cells.itertuples()],
            hovertemplate=WIDTH_HOVER,
        )
        for name, cells in points.by_loss.items()
    ])
    front_line = {"color": "black", "width": 1.5, "shape": "hv"}
    x, y = points.front.width.tolist(), points.front[points.value].tolist()
    figure.add_scatter(x=x, y=y, mode="lines", line=front_line, name=FRONT, hoverinfo="skip")
    heading = f"{_of(points)} over width<br><sup>{points.error_said}</sup>"
    lay_out_widths(figure, heading, points.title, points.reference)
    figure.update_xaxes(dtick="D1")
    return figure


def _of(points: SearchPoints) -> str:
    return "Gain" if points.value == "gain" else "Accuracy"


def _over_schedule(points: SearchPoints) -> go.Figure:
    cells = points.schedule
    figure = go.Figure(
        go.Scatter(
            x=cells.amplitude.tolist(),
            y=cells.period.astype(int).tolist(),
            mode="markers",
            marker={
                "size": 8,
                "color": cells[points.value].tolist(),
                **_colours(points),
                "colorbar": {"title": {"text": points.title.replace(" ", "<br>", 1)}},
            },
            text=[_trial(row) for row in cells.itertuples()],
            hovertemplate=SCHEDULE_HOVER,
        )
    )
    lay_out(figure, f"{_of(points)} over amplitude and period")
    figure.update_xaxes(type="log", title={"text": AMPLITUDE})
    figure.update_yaxes(type="log", title={"text": PERIOD})
    return figure


def _colours(points: SearchPoints) -> dict[str, Any]:
    if points.limit is None:
        return {"colorscale": "Viridis"}
    return {"colorscale": colour_scale(), "cmin": -points.limit, "cmax": points.limit}


def _trial(row: Any) -> str:
    return f"{cell_name(row)}, n = {row.replicates}"
