"""The page's figure of a map of measures, to look into; a menu in it chooses panel and measure."""

import numpy as np
import plotly.graph_objects as go

from dynstudy.analysis.measure_map import MeasureMap
from dynstudy.pictures import map_description as described
from dynstudy.pictures.interactive.menu import with_menu
from dynstudy.pictures.interactive.regime_map import (
    MOST_PANELS,
    cell_numbers,
    colour_scale,
    lay_out,
    lines,
    scale_axes_of,
)
from dynstudy.pictures.measure_description import MeasurePanel, describe_measure
from dynstudy.pictures.style import MEASURE_COLOURS

MEASURE_FIGURE = "measures"  # between the maps and accuracy over width, as the page sorts them
HOVER = (
    "A = %{customdata[0]:.6~g}, T = %{customdata[1]:.6~g}<br>%{z:.3f} ± %{customdata[2]:.3f}"
    "<br>gain %{customdata[3]:0>+.3f}<br>%{customdata[4]} networks<extra></extra>"
)


def measures_figure(measures: MeasureMap) -> go.Figure:
    """Draw each measure of each loss, width and learning rate; the first ones, if too many."""
    panels = [
        (measure, key, cells)
        for key, cells in measures.study_map.panels()
        for measure in measures.measures
    ]
    return with_menu([
        measure_panel(describe_measure(measures, *panel)) for panel in panels[:MOST_PANELS]
    ])


def measure_panel(panel: MeasurePanel) -> go.Figure:
    """Draw the cells of one loss, width and learning rate over A and T, with numbers if few."""
    figure = go.Figure([
        _means(panel),
        lines(panel.useful_border, described.USEFUL_BORDER, color="red", width=2),
    ])
    if panel.written:
        figure.add_trace(cell_numbers(panel))
    lay_out(figure, f"{panel.heading}: {panel.measure}")
    scale_axes_of(figure, panel.amplitude, panel.period)
    return figure


def _means(panel: MeasurePanel) -> go.Heatmap:
    tested = np.meshgrid(panel.amplitude.values, panel.period.values)
    said = [*tested, panel.error, panel.gain, panel.replicates]
    return go.Heatmap(
        x=panel.amplitude.borders,
        y=panel.period.borders,
        z=panel.mean.astype(np.float32),
        zmin=panel.low,
        zmax=panel.high,
        colorscale=colour_scale(MEASURE_COLOURS),
        colorbar={"thickness": 14},
        customdata=np.stack(said, axis=-1).astype(np.float32),
        hovertemplate=HOVER,
        hoverongaps=False,
    )
