"""Several figures as one."""

import plotly.graph_objects as go

from dynstudy.analysis.regime_map import regime_map
from dynstudy.pictures.interactive.menu import interactive_figure, with_menu
from dynstudy.pictures.interactive.regime_map import map_figures
from dynstudy.store.studies import Storage


def test_a_menu_shows_one_figure_at_a_time(studied: Storage) -> None:
    study_map = regime_map(studied, "small")
    figures = list(map_figures(study_map).values())
    merged = interactive_figure(study_map)
    (menu,) = merged.layout.updatemenus
    assert [button.label for button in menu.buttons] == ["DCE, width 5", "DCE, width 8"]
    assert len(merged.data) == sum(len(figure.data) for figure in figures)
    seen = [trace for trace in merged.data if trace.visible]
    assert [trace.type for trace in seen] == [trace.type for trace in figures[0].data]
    assert merged.layout.title.text == figures[0].layout.title.text
    for button, figure in zip(menu.buttons, figures, strict=True):
        shown = [
            trace
            for trace, visible in zip(merged.data, button.args[0]["visible"], strict=True)
            if visible
        ]
        assert [trace.name for trace in shown] == [trace.name for trace in figure.data]
        assert button.args[1]["title"]["text"] == figure.layout.title.text


def test_one_figure_has_no_menu() -> None:
    figure = go.Figure(go.Scatter(x=[1], y=[2]))
    assert with_menu([figure]) is figure
