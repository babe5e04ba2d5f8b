"""Several figures as one: a menu in it chooses."""

from collections.abc import Sequence

import plotly.graph_objects as go

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.pictures.interactive.accuracy import accuracy_over_width, search_figures
from dynstudy.pictures.interactive.regime_map import map_figures


def interactive_figure(study_map: RegimeMap) -> go.Figure:
    """Everything that a study's page draws, in one figure: a map, or what a search tried."""
    figures = map_figures(study_map) if study_map.spec.on_grid else search_figures(study_map)
    return with_menu([*figures.values()] or [accuracy_over_width(study_map)])


def with_menu(figures: Sequence[go.Figure]) -> go.Figure:
    """Return figures as one that shows the first; a menu of their titles, if several, chooses."""
    if len(figures) == 1:
        return figures[0]
    merged = go.Figure(layout=figures[0].layout)
    buttons = []
    for shown in figures:
        merged.add_traces(shown.data)
        visible = [other is shown for other in figures for _ in other.data]
        layout = shown.layout.to_plotly_json()
        label = layout["title"]["text"].partition("<br>")[0]
        buttons.append({"label": label, "method": "update", "args": [{"visible": visible}, layout]})
    for trace, visible in zip(merged.data, buttons[0]["args"][0]["visible"], strict=True):
        trace.visible = visible
    merged.update_layout(
        updatemenus=[
            {"buttons": buttons, "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"}
        ]
    )
    return merged
