"""The figures of a study's page show what the description of a map says, and stay small."""

import numpy as np
import pytest

from dynstudy.pictures.interactive.regime_map import MOST_PANELS, map_figures, panel_figure
from dynstudy.pictures.map_description import MapPanel
from tests.pictures.made_up import described, made_up, read, traces, with_baseline
from tests.planted import SpecMaker


@pytest.fixture
def panel(make_spec: SpecMaker, rng: np.random.Generator) -> MapPanel:
    space = {"learning_rate": 1.0, "amplitude": [3, 10, 30, 90], "period": [10, 20], "width": 5}
    return described(with_baseline(made_up(make_spec(space=space), rng), rng))


def lines(trace: dict[str, object]) -> list[np.ndarray]:
    """Where the pen is not lifted."""
    points = np.stack([read(trace["x"]), read(trace["y"])], axis=1).astype(float)
    gaps = np.flatnonzero(np.isnan(points[:, 0]))
    return [part[np.isfinite(part[:, 0])] for part in np.split(points, gaps)][: len(gaps)]


def test_each_cell_is_coloured_and_says_what_it_is(panel: MapPanel) -> None:
    heat = traces(panel_figure(panel))["heatmap"]
    np.testing.assert_allclose(read(heat["z"]).astype(float), panel.gain, rtol=1e-6)
    assert read(heat["x"]) == pytest.approx(panel.amplitude.borders)
    assert read(heat["y"]) == pytest.approx(panel.period.borders)
    assert heat["zmax"] == -heat["zmin"] == panel.limit
    assert heat["colorscale"][0][1] == "rgb(103,0,31)"  # red, as in the picture
    assert heat["colorscale"][-1][1] == "rgb(5,48,97)"
    more, hover = read(heat["customdata"]), read(heat["hovertext"])
    for row, period in enumerate(panel.period.values):
        for column, amplitude in enumerate(panel.amplitude.values):
            cell = row, column
            expected = (
                amplitude,
                period,
                panel.accuracy[cell],
                panel.sem[cell],
                panel.forgetting[cell],
            )
            assert more[cell] == pytest.approx(expected, rel=1e-6)
            forgets = ", forgets" if panel.forgets[cell] else ""
            assert hover[cell] == f"{panel.regime[cell]}{forgets}"
    assert "10 networks" in heat["hovertemplate"]


def test_each_line_is_the_description_s(panel: MapPanel) -> None:
    drawn = traces(panel_figure(panel))
    for name, expected in (
        ("gain = 0.02 of all cells pooled", panel.contour),
        ("not decided by the pooled gain (95 %)", panel.band),
        ("onset of forgetting", panel.onset),
        ("border of the useful regime", panel.useful_border),
    ):
        drawn_lines = lines(drawn[name])
        assert len(drawn_lines) == len(expected) > 0
        for line, path in zip(drawn_lines, expected, strict=True):
            np.testing.assert_allclose(line, path, rtol=1e-6)
    slashes = drawn["catastrophic forgetting"]
    rows, columns = np.nonzero(panel.forgets)
    assert read(slashes["x"]) == pytest.approx(panel.amplitude.values[columns])
    assert read(slashes["y"]) == pytest.approx(panel.period.values[rows])


def test_texts_titles_and_axes_are_the_description_s(panel: MapPanel) -> None:
    figure = panel_figure(panel)
    texts = traces(figure)["scatter"]
    assert texts["text"] == [f"{each.sign} {each.text}" for each in panel.written]
    assert texts["x"] == [panel.amplitude.values[each.column] for each in panel.written]
    assert texts["y"] == [panel.period.values[each.row] for each in panel.written]
    white = [colour == "white" for colour in texts["textfont"]["color"]]
    assert white == [each.light for each in panel.written]
    layout = figure.to_plotly_json()["layout"]
    assert layout["title"]["text"] == f"{panel.heading}<br><sup>{panel.subtitle}</sup>"
    for drawn, axis in ((layout["xaxis"], panel.amplitude), (layout["yaxis"], panel.period)):
        assert drawn["title"]["text"] == axis.name
        assert drawn["tickvals"] == axis.ticks[0].tolist()
        assert drawn["ticktext"] == axis.ticks[1]
        assert drawn["range"] == pytest.approx(np.log10(axis.borders[[0, -1]]))


def test_ten_thousand_cells_stay_below_a_megabyte(
    make_spec: SpecMaker, rng: np.random.Generator
) -> None:
    axis = {"low": 3, "high": 100, "num": 71, "log": True}
    period = {"low": 10, "high": 140, "num": 71}
    space = {"learning_rate": 1.0, "amplitude": axis, "period": period, "width": [5, 9]}
    study_map = made_up(make_spec(space=space), rng)  # noise has the longest borders there are
    assert len(study_map.frame) > 10_000
    assert sum(len(figure.to_json()) for figure in map_figures(study_map).values()) < 2**20


def test_too_many_maps_are_not_drawn_but_those_that_were_are_drawn_again(
    make_spec: SpecMaker, rng: np.random.Generator
) -> None:
    widths = list(range(1, MOST_PANELS + 10))
    space = {"learning_rate": 1.0, "amplitude": [3, 30], "period": [10, 30], "width": widths}
    study_map = made_up(make_spec(space=space), rng)
    first = map_figures(study_map)
    assert len(first) == MOST_PANELS
    assert list(first)[:2] == ["map-dce-width00001-rate1", "map-dce-width00002-rate1"]
    late = f"map-dce-width{widths[-1]:05d}-rate1"
    assert late not in first
    again = map_figures(study_map, ["something-else", late])
    assert late in again
    assert len(again) == MOST_PANELS


def test_cells_say_how_many_networks_they_have_where_that_differs(
    make_spec: SpecMaker, rng: np.random.Generator
) -> None:
    study_map = made_up(make_spec(), rng, replicates=[2, 1, 2, 2])
    heat = traces(map_figures(study_map)["map-dce-width00005-rate1"])["heatmap"]
    assert [text.rpartition("<br>")[2] for text in read(heat["hovertext"]).T.ravel()] == [
        "2 networks",
        "1 networks",
        "2 networks",
        "2 networks",
    ]


def test_predicted_cells_say_so(make_spec: SpecMaker, rng: np.random.Generator) -> None:
    study_map = made_up(make_spec(), rng, predicted=[False, True, False, True])
    (figure,) = map_figures(study_map).values()
    hover = read(traces(figure)["heatmap"]["hovertext"]).T.ravel()
    assert ["predicted" in text for text in hover] == [False, True, False, True]
    assert "networks" not in traces(figure)["heatmap"]["hovertemplate"]


def test_one_amplitude_and_period_is_no_map(make_spec: SpecMaker, rng: np.random.Generator) -> None:
    space = {"learning_rate": [0.5, 1.0], "amplitude": 3, "period": 10, "width": [5, 9]}
    assert map_figures(made_up(make_spec(space=space), rng)) == {}


def test_the_hover_says_the_accuracy_with_its_error_as_far_as_there_is_one(
    make_spec: SpecMaker, rng: np.random.Generator
) -> None:
    study_map = made_up(make_spec(), rng)
    said = traces(panel_figure(described(study_map)))["heatmap"]["hovertemplate"]
    assert "accuracy %{customdata[2]:.3f} ± %{customdata[3]:.3f}<br>forgetting %{" in said
    lone = made_up(make_spec(), rng, sem=np.nan, forgetting=np.nan)
    said = traces(panel_figure(described(lone)))["heatmap"]["hovertemplate"]
    assert "accuracy %{customdata[2]:.3f}<br>10 networks" in said
