"""Figures that a notebook shows, whatever it can show."""

import base64
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import plotly.io as pio

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.pictures.interactive.menu import interactive_figure
from dynstudy.pictures.regime_map import study_figure
from dynstudy.pictures.style import as_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MIME = "application/vnd.plotly.v1+json"
"""What JupyterLab and its like draw by themselves, and plotly gives them alone by default."""


class ShownFigure(go.Figure):  # type: ignore[misc] # plotly has no types
    """A figure of plotly that has a picture beside it for pages that cannot draw it."""

    _study_map: RegimeMap | None = None

    @classmethod
    def of(cls, study_map: RegimeMap) -> "ShownFigure":
        """Draw a study, to be looked into."""
        figure = cls(interactive_figure(study_map))
        figure._study_map = study_map
        return figure

    def _ipython_display_(self) -> None:
        if self._study_map is None or pio.renderers.default != "plotly_mimetype":
            super()._ipython_display_()  # as plotly, or whoever set it up, wants it
            return
        from IPython.display import display

        picture = base64.b64encode(as_png(study_figure(self._study_map))).decode()
        display({MIME: json.loads(self.to_json()), "image/png": picture}, raw=True)


def shown_picture(study_map: RegimeMap) -> "Figure":
    """Draw a study as a figure of Matplotlib that shows itself, whether pyplot is there or not."""
    figure: Any = study_figure(study_map)
    figure._repr_png_ = partial(as_png, figure)
    return figure
