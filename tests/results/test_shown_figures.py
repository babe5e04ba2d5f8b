"""Figures that a notebook shows."""

import sys
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import plotly.graph_objects as go
import plotly.io as pio
import pytest
from matplotlib.image import imread

from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.pictures.interactive.menu import interactive_figure
from dynstudy.results.shown_figures import MIME, ShownFigure, shown_picture
from dynstudy.store.studies import Storage


@pytest.fixture
def study_map(studied: Storage) -> RegimeMap:
    return regime_map(studied, "small")


def test_a_page_that_cannot_draw_plotly_s_figure_has_a_picture(
    study_map: RegimeMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[dict[str, Any]] = []
    display = SimpleNamespace(display=lambda bundle, raw: shown.append(bundle))
    monkeypatch.setitem(sys.modules, "IPython.display", display)  # type: ignore[misc]
    monkeypatch.setattr(pio.renderers, "render_on_display", True)
    monkeypatch.setattr(type(pio.renderers), "default", "plotly_mimetype")
    figure = ShownFigure.of(study_map)
    figure._ipython_display_()
    (bundle,) = shown
    assert set(bundle) == {MIME, "image/png"}
    assert {trace["type"] for trace in bundle[MIME]["data"]} >= {"heatmap"}
    assert bundle["image/png"].startswith("iVBORw0KGgo")  # of a PNG, in base 64


def test_it_is_shown_as_plotly_is_told_to(
    study_map: RegimeMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(pio, "show", shown.append)
    monkeypatch.setattr(type(pio.renderers), "default", "browser")
    figure = ShownFigure.of(study_map)
    figure._ipython_display_()
    assert shown == [figure]


def test_it_is_the_figure_of_the_page(study_map: RegimeMap) -> None:
    figure = ShownFigure.of(study_map)
    assert isinstance(figure, go.Figure)
    assert figure == interactive_figure(study_map)
    assert figure.update_layout(title="mine") is figure


def test_a_picture_shows_itself_without_pyplot(study_map: RegimeMap) -> None:
    figure: Any = shown_picture(study_map)
    assert imread(BytesIO(figure._repr_png_()), format="png").shape[2] == 4
