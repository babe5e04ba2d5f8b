"""Figures of a study's page: gain over amplitude and period, to look into.

The same colours and signs as the picture of `dynstudy.pictures.regime_map`, but interactive; arrays
are kept short (float32, nothing twice), since a page asks for all of them at every load and poll.
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from contourpy import contour_generator
from numpy.typing import NDArray

from dynstudy.analysis.boundaries import Pooled, pooled_gain
from dynstudy.analysis.regime_map import PANEL, RegimeMap
from dynstudy.pictures.style import (
    COLOURS,
    CONTOUR,
    MOST_LABELLED,
    ONSET,
    SIGNS,
    edges,
    largest_gain,
    shown_gain,
)
from dynstudy.search.level_sets import CONFIDENT
from dynstudy.statistics.labels import DIVERGED, USEFUL

MOST_PANELS = 24
"""More maps than this are not put on one page; the table of cells has them all."""

BOX = (560, 300)
"""About how many pixels the dashboard gives to the cells of a figure."""

SIGNED = "0>+.2f"  # plotly.js spoils a format that begins with its sign
HOVER = (
    "A = %{customdata[0]:.4~g}, T = %{customdata[1]:.6~g}<br>gain %{z:0>+.3f}, %{hovertext}<br>"
    "accuracy ± %{customdata[2]:.3f}<br>forgetting %{customdata[3]:.3f}"
)

Grid = NDArray[Any]


def map_figures(found: RegimeMap, present: Iterable[str] = ()) -> dict[str, go.Figure]:
    """One map per loss, width and learning rate.

    Args:
        found: the map.
        present: figures that the page has already; where there are too many for one page, these
            are drawn again and not others.

    Returns:
        Figures by identifier; none where there is only one amplitude and one period.
    """
    judged = found.judged()
    if judged.amplitude.nunique() <= 1 and judged.period.nunique() <= 1:
        return {}
    panels = {_identifier(*key): (key, panel) for key, panel in judged.groupby(PANEL, sort=True)}
    old = [name for name in present if name in panels]
    chosen = list(dict.fromkeys([*old, *panels]))[: max(MOST_PANELS, len(old))]
    limit = largest_gain(found)
    return {name: _panel(found, *panels[name], limit) for name in panels if name in chosen}


def _identifier(loss: str, width: int, rate: float) -> str:
    return f"map-{loss}-width{width:05d}-rate{rate:g}".replace("+", "")


def _panel(
    found: RegimeMap, key: tuple[str, int, float], panel: pd.DataFrame, limit: float
) -> go.Figure:
    loss, width, rate = key
    amplitudes = np.sort(panel.amplitude.unique().astype(float))
    periods = np.sort(panel.period.unique().astype(float))
    x, y = edges(amplitudes), edges(periods)
    shape = len(periods), len(amplitudes)
    place = np.searchsorted(periods, panel.period), np.searchsorted(amplitudes, panel.amplitude)

    def grid(values: Any, fill: Any, kind: Any) -> Grid:
        filled = np.full(shape, fill, kind)
        filled[place] = values
        return filled

    gain = grid(panel.gain.where(panel.regime != DIVERGED), np.nan, np.float32)
    forgets = grid(panel.forgets.eq(True).to_numpy(), False, bool)
    same = (
        panel.replicates.nunique() == 1 and not panel.predicted.any()
    )  # said once then, not in each of thousands of cells
    size = f"<br>{panel.replicates.iloc[0]} networks" if same else ""
    regimes = [
        cell.regime
        + (", forgets" if cell.forgets is True else "")
        + (", predicted" if cell.predicted else "" if same else f"<br>{cell.replicates} networks")
        for cell in panel.itertuples()
    ]
    columns = (panel.amplitude, panel.period, panel["sem"], panel.forgetting)
    heat = go.Heatmap(
        x=x,
        y=y,
        z=gain,
        zmin=-limit,
        zmax=limit,
        colorscale=_colours(),
        colorbar={"title": {"text": "gain"}, "thickness": 14, "tickformat": SIGNED},
        customdata=np.stack([grid(column, np.nan, np.float32) for column in columns], axis=-1),
        hovertext=grid(regimes, "", object),
        hovertemplate=HOVER + size + "<extra></extra>",
        hoverongaps=False,
    )
    figure = go.Figure([heat])
    figure.add_traces([
        *_contours(pooled_gain(found, key, panel)),
        _slashes(forgets, amplitudes, periods),
        _outline(forgets, x, y, "onset of forgetting", color=ONSET, width=2.5, dash="6px,3px"),
        _outline(
            grid((panel.regime == USEFUL).to_numpy(), False, bool),
            x,
            y,
            "border of the useful regime",
            color="black",
            width=2,
        ),
    ])
    if gain.size <= MOST_LABELLED:
        figure.add_trace(_numbers(panel, limit))
    title = f"{loss.upper()}, width {width}"
    if found.frame.learning_rate.nunique() > 1:
        title += f", η = {rate:g}"
    lay_out(figure, f"{title}<br><sup>{found.static_accuracy(loss, width, rate)}</sup>")
    figure.update_layout(plot_bgcolor="#dddddd")  # what is not trained
    for axis, name, values, ends in (
        (figure.update_xaxes, "amplitude A", amplitudes, x),
        (figure.update_yaxes, "period T (steps)", periods, y),
    ):
        few = values[:: math.ceil(len(values) / 8)]
        axis(
            type="log",
            title={"text": name},
            range=np.log10(ends[[0, -1]]).tolist(),
            tickvals=few.tolist(),
            ticktext=[f"{value:.3g}" if value < 1000 else f"{value:.0f}" for value in few],
            showgrid=False,
            zeroline=False,
        )
    return figure


def _contours(pooled: Pooled | None) -> list[go.Scatter]:
    """Where the surface through all cells has a gain of 0.02, and the band where it may have."""
    if pooled is None:
        return []
    lines = contour_generator(pooled.amplitude, pooled.period, pooled.excess)
    traces = []
    for name, levels, dash in (
        ("gain = 0.02 of all cells pooled", [0.0], "solid"),
        ("its 95 % band", [-CONFIDENT, CONFIDENT], "dot"),
    ):
        found = [np.asarray(path) for level in levels for path in lines.lines(level)]
        # nan: lift the pen
        path = np.concatenate([np.empty((0, 2)), *(np.append(p, [[np.nan] * 2], 0) for p in found)])
        traces.append(
            go.Scatter(
                x=path[:, 0].astype(np.float32),
                y=path[:, 1].astype(np.float32),
                mode="lines",
                line={"color": CONTOUR, "width": 2.5 if dash == "solid" else 1.5, "dash": dash},
                name=name,
                hoverinfo="skip",
            )
        )
    return traces


def _colours() -> list[list[Any]]:
    """The picture's colours, as plotly writes them."""
    return [
        [place, "rgb({:.0f},{:.0f},{:.0f})".format(*(255 * np.array(COLOURS(place)[:3])))]
        for place in np.linspace(0, 1, 21).tolist()
    ]


def _numbers(panel: pd.DataFrame, limit: float) -> go.Scatter:
    """Signs and gains written into the cells; the regime where there is no gain."""
    texts, colours = [], []
    for cell in panel.itertuples():
        if not math.isfinite(cell.gain) or cell.regime == DIVERGED:
            texts.append(str(cell.regime))
            colours.append("black")
        else:
            texts.append(f"{SIGNS.get(cell.regime, '')} {shown_gain(cell)}")
            # the ends of the scale are dark
            colours.append("white" if abs(cell.gain) > 0.55 * limit else "black")
    return go.Scatter(
        x=panel.amplitude.astype(float).tolist(),
        y=panel.period.astype(float).tolist(),
        text=texts,
        textfont={"color": colours, "size": 12 if panel.amplitude.nunique() <= 7 else 9},
        mode="text",
        hoverinfo="skip",
        showlegend=False,
    )


def _slashes(forgets: Grid, amplitudes: Grid, periods: Grid) -> go.Scatter:
    """A stroke through each cell that forgets catastrophically, as long as there is room."""
    rows, columns = np.nonzero(forgets)
    room = min(BOX[0] / len(amplitudes), BOX[1] / len(periods))
    return go.Scatter(
        x=amplitudes[columns].astype(np.float32),
        y=periods[rows].astype(np.float32),
        mode="markers",
        marker={
            "symbol": "line-ne-open",
            "size": max(4.0, min(0.7 * room, 24.0)),
            "line": {"color": ONSET, "width": 1.5 if room > 8 else 0.8},
            "color": ONSET,
        },
        opacity=0.45 if forgets.size <= MOST_LABELLED else 0.8,
        name="catastrophic forgetting",
        hoverinfo="skip",
    )


def _outline(inside: Grid, x: Grid, y: Grid, name: str, **line: Any) -> go.Scatter:
    """The borders between cells inside and outside a region, and not those of the map."""
    strokes: list[tuple[float, float, float, float]] = []
    for j in range(inside.shape[1] - 1):
        for start, stop in _runs(inside[:, j] != inside[:, j + 1]):
            strokes.append((x[j + 1], x[j + 1], y[start], y[stop]))
    for i in range(inside.shape[0] - 1):
        for start, stop in _runs(inside[i] != inside[i + 1]):
            strokes.append((x[start], x[stop], y[i + 1], y[i + 1]))
    ends = np.full((len(strokes), 3, 2), np.nan, np.float32)  # nan: lift the pen
    if strokes:
        ends[:, :2] = np.array(strokes).reshape(-1, 2, 2).transpose(0, 2, 1)
    path = ends.reshape(-1, 2)
    return go.Scatter(
        x=path[:, 0].copy(), y=path[:, 1].copy(), mode="lines", line=line, name=name,
        hoverinfo="skip",
    )  # fmt: skip


def _runs(marked: Grid) -> list[tuple[int, int]]:
    """Begin and end of each run of neighbours that are marked.

    Args:
        marked: one line of cells.

    Returns:
        (first, one past the last) of each.

    >>> _runs(np.array([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    changes = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(np.int8), [0]])))
    return [(int(start), int(stop)) for start, stop in changes.reshape(-1, 2)]


def lay_out(figure: go.Figure, title: str) -> None:
    """What all figures look alike in."""
    figure.update_layout(
        template="none",
        title={"text": title, "x": 0.02, "y": 0.96, "font": {"size": 16}},
        margin={"l": 70, "r": 20, "t": 60, "b": 50},
        legend={"orientation": "h", "x": 0, "y": -0.18, "yanchor": "top"},
        font={"size": 12},
        hoverlabel={"align": "left"},
    )
