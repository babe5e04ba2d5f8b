"""Figures of a study's page: gain over amplitude and period, to look into.

What they show is that of the picture (`dynstudy.pictures.map_description`); arrays are kept short
(float32, nothing twice), since a page asks for all of them at every load and poll.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.colors import Colormap

from dynstudy.analysis.regime_map import PanelKey, RegimeMap
from dynstudy.pictures import map_description as described
from dynstudy.pictures.cell_grid import Axis
from dynstudy.pictures.map_description import MapPanel, describe_panel, largest_gain
from dynstudy.pictures.measure_description import MeasurePanel
from dynstudy.pictures.style import COLOURS, CONTOUR, ONSET

MOST_PANELS = 24
"""More maps than this are not put on one page; the table of cells has them all."""

BOX = (560, 300)
"""About how many pixels the dashboard gives to the cells of a figure."""

SIGNED = "0>+.2f"  # plotly.js spoils a format that begins with its sign
HOVER = "A = %{customdata[0]:.6~g}, T = %{customdata[1]:.6~g}<br>gain %{z:0>+.3f}, %{hovertext}"
ACCURACY_HOVER = "<br>accuracy %{customdata[2]:.3f}"
ERROR_HOVER = " ± %{customdata[3]:.3f}"
FORGETTING_HOVER = "<br>forgetting %{customdata[4]:.3f}"


def map_figures(study_map: RegimeMap, present: Iterable[str] = ()) -> dict[str, go.Figure]:
    """One map per loss, width and learning rate; where they are too many, those `present` first.

    Returns:
        Figures by identifier; none where there is only one amplitude and one period.
    """
    dynamical = study_map.dynamical_cells()
    if dynamical.amplitude.nunique() <= 1 and dynamical.period.nunique() <= 1:
        return {}
    panels = {_identifier(key): (key, cells) for key, cells in study_map.panels()}
    old = [name for name in present if name in panels]
    drawn = list(dict.fromkeys([*old, *panels]))[: max(MOST_PANELS, len(old))]
    limit = largest_gain(study_map)
    return {
        name: panel_figure(describe_panel(study_map, *panels[name], limit))
        for name in panels
        if name in drawn
    }


def _identifier(key: PanelKey) -> str:
    loss, width, rate, *noise = key
    named = f"map-{loss}-width{width:05d}-rate{rate:g}".replace("+", "")
    return named + "".join(f"-noise{each:g}" for each in noise)


def panel_figure(panel: MapPanel) -> go.Figure:
    """Draw the cells of one loss, width and learning rate over A and T, with numbers if few."""
    figure = go.Figure([_cells(panel)])
    if panel.contour or panel.band:
        figure.add_traces([
            lines(panel.contour, described.POOLED_CONTOUR, color=CONTOUR, width=2.5),
            lines(panel.band, described.POOLED_BAND, color=CONTOUR, width=1.5, dash="dot"),
        ])
    figure.add_traces([
        _slashes(panel),
        lines(panel.onset, described.ONSET_OF_FORGETTING, color=ONSET, width=2.5, dash="6px,3px"),
        lines(panel.useful_border, described.USEFUL_BORDER, color="black", width=2),
    ])
    if panel.written:
        figure.add_trace(cell_numbers(panel))
    lay_out(figure, f"{panel.heading}<br><sup>{panel.subtitle}</sup>")
    scale_axes_of(figure, panel.amplitude, panel.period)
    return figure


def scale_axes_of(figure: go.Figure, amplitude: Axis, period: Axis) -> None:
    """A over T, with the tested values as ticks, and grey where nothing is trained."""
    figure.update_layout(plot_bgcolor="#dddddd")
    for update, axis in ((figure.update_xaxes, amplitude), (figure.update_yaxes, period)):
        update(
            type="log",
            title={"text": axis.name},
            range=np.log10(axis.borders[[0, -1]]).tolist(),
            tickvals=axis.ticks[0].tolist(),
            ticktext=axis.ticks[1],
            showgrid=False,
            zeroline=False,
        )


def _cells(panel: MapPanel) -> go.Heatmap:
    counts = np.unique(panel.replicates[panel.regime != ""])
    # said once then, not in each of thousands of cells
    same = len(counts) == 1 and not panel.predicted.any()
    hover = np.empty(panel.regime.shape, object)
    for cell, regime in np.ndenumerate(panel.regime):
        hover[cell] = regime + (", forgets" if panel.forgets[cell] else "")
        if panel.predicted[cell]:
            hover[cell] += ", predicted"
        elif regime and not same:
            hover[cell] += f"<br>{panel.replicates[cell]} networks"
    tested = np.meshgrid(panel.amplitude.values, panel.period.values)
    return go.Heatmap(
        x=panel.amplitude.borders,
        y=panel.period.borders,
        z=panel.gain.astype(np.float32),
        zmin=-panel.limit,
        zmax=panel.limit,
        colorscale=colour_scale(),
        colorbar={"title": {"text": "gain"}, "thickness": 14, "tickformat": SIGNED},
        customdata=np.stack([*tested, panel.accuracy, panel.sem, panel.forgetting], axis=-1).astype(
            np.float32
        ),
        hovertext=hover,
        hovertemplate=_hover(panel) + f"<br>{counts[0]} networks" * same + "<extra></extra>",
        hoverongaps=False,
    )


def _hover(panel: MapPanel) -> str:
    """What is said of each cell: of its numbers those that any cell has."""
    error = ERROR_HOVER if np.isfinite(panel.sem).any() else ""
    lost = FORGETTING_HOVER if np.isfinite(panel.forgetting).any() else ""
    return HOVER + ACCURACY_HOVER + error + lost


def colour_scale(colours: Colormap = COLOURS) -> list[list[Any]]:
    """The picture's colours, as plotly writes them."""
    return [
        [share, "rgb({:.0f},{:.0f},{:.0f})".format(*(255 * np.array(colours(share)[:3])))]
        for share in np.linspace(0, 1, 21).tolist()
    ]


def lines(strokes: Iterable[Any], name: str, **style: Any) -> go.Scatter:
    """Lines (points, 2) as one trace."""
    lift = np.full((1, 2), np.nan)  # the pen
    path = np.concatenate([np.empty((0, 2)), *(part for line in strokes for part in (line, lift))])
    x, y = path.astype(np.float32).T.copy()
    return go.Scatter(x=x, y=y, mode="lines", line=style, name=name, hoverinfo="skip")


def _slashes(panel: MapPanel) -> go.Scatter:
    """A stroke through each cell that forgets catastrophically, as long as there is room."""
    rows, columns = np.nonzero(panel.forgets)
    room = min(BOX[0] / len(panel.amplitude.values), BOX[1] / len(panel.period.values))
    return go.Scatter(
        x=panel.amplitude.values[columns].astype(np.float32),
        y=panel.period.values[rows].astype(np.float32),
        mode="markers",
        marker={
            "symbol": "line-ne-open",
            "size": max(4.0, min(0.7 * room, 24.0)),
            "line": {"color": ONSET, "width": 1.5 if room > 8 else 0.8},
            "color": ONSET,
        },
        opacity=0.45 if panel.written else 0.8,
        name=described.FORGETTING_LABEL,
        hoverinfo="skip",
    )


def cell_numbers(panel: MapPanel | MeasurePanel) -> go.Scatter:
    """Signs and gains written into the cells; the regime where there is no gain."""
    return go.Scatter(
        x=[float(panel.amplitude.values[cell.column]) for cell in panel.written],
        y=[float(panel.period.values[cell.row]) for cell in panel.written],
        text=[f"{cell.sign} {cell.text}".lstrip() for cell in panel.written],
        textfont={
            "color": ["white" if cell.light else "black" for cell in panel.written],
            "size": 12 if len(panel.amplitude.values) <= 7 else 9,
        },
        mode="text",
        hoverinfo="skip",
        showlegend=False,
    )


def lay_out(figure: go.Figure, title: str) -> None:
    """What all figures look alike in."""
    figure.update_layout(
        template="none",
        title={"text": title, "x": 0.02, "y": 0.96, "font": {"size": 16}},
        margin={"l": 70, "r": 20, "t": 60, "b": 50},
        legend={"orientation": "h", "x": 0, "y": -0.3, "yanchor": "top"},
        font={"size": 12},
        hoverlabel={"align": "left"},
    )
