"""The picture of a map shows what its description says."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PatchCollection, QuadMesh
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from sklearn.gaussian_process import GaussianProcessRegressor

from dynstudy.pictures.interactive.regime_map import map_figures, panel_figure
from dynstudy.pictures.map_description import POOLED_CONTOUR, MapPanel, describe_panel
from dynstudy.pictures.regime_map import draw_panel, regime_figure
from dynstudy.pictures.style import COLOURS, CONTOUR, ONSET
from tests.pictures.made_up import described, made_up, traces, with_baseline
from tests.planted import SpecMaker

LEGEND = [
    "border of the useful regime",
    "onset of forgetting",
    "catastrophic forgetting",
    "▲ useful  ▼ harmful  = neutral  ? unsettled  (none: untested)",
]


@pytest.fixture
def panel(make_spec: SpecMaker, rng: np.random.Generator) -> MapPanel:
    space = {"learning_rate": 1.0, "amplitude": [3, 10, 30, 90], "period": [10, 20], "width": 5}
    return described(with_baseline(made_up(make_spec(space=space), rng), rng))


def test_cells_lines_and_areas_are_the_description_s(panel: MapPanel) -> None:
    axis = Figure().subplots()
    draw_panel(axis, panel)
    (mesh,) = [each for each in axis.collections if isinstance(each, QuadMesh)]
    np.testing.assert_array_equal(mesh.get_array(), panel.gain)
    assert mesh.get_clim() == (-panel.limit, panel.limit)
    x, y = mesh.get_coordinates().T
    np.testing.assert_array_equal(x[:, 0], panel.amplitude.borders)
    np.testing.assert_array_equal(y[0], panel.period.borders)

    drawn = [each for each in axis.collections if isinstance(each, LineCollection)]
    expected = [
        ("#000000", panel.useful_border),
        (ONSET, panel.onset),
        (CONTOUR, panel.contour),
        (CONTOUR, panel.band),
    ]
    for lines, (colour, paths) in zip(drawn, expected, strict=True):
        assert to_hex(lines.get_color()[0]) == colour
        assert len(lines.get_segments()) == len(paths) > 0
        for line, path in zip(lines.get_segments(), paths, strict=True):
            np.testing.assert_array_equal(line, path)

    (hatched,) = [each for each in axis.collections if isinstance(each, PatchCollection)]
    corners = {tuple(path.vertices[0]) for path in hatched.get_paths()}
    assert corners == {
        (panel.amplitude.borders[column], panel.period.borders[row])
        for row, column in np.argwhere(panel.forgets)
    }
    # nothing lies over the colours but hatches
    assert {type(each) for each in axis.collections} == {QuadMesh, PatchCollection, LineCollection}


def test_texts_and_axes_are_the_description_s(panel: MapPanel) -> None:
    axis = Figure().subplots()
    draw_panel(axis, panel)
    for text, cell in zip(axis.texts, panel.written, strict=True):
        assert text.get_text() == f"{cell.sign} {cell.text}"
        position = panel.amplitude.values[cell.column], panel.period.values[cell.row]
        assert text.get_position() == position
        assert (text.get_color() == "white") is cell.light
        box, gain = text.get_bbox_patch(), panel.gain[cell.row, cell.column]
        assert (box is not None) == panel.forgets[cell.row, cell.column]  # over the hatches
        if box is not None:
            assert box.get_facecolor() == COLOURS(0.5 + 0.5 * gain / panel.limit)
    for drawn, described_axis in ((axis.xaxis, panel.amplitude), (axis.yaxis, panel.period)):
        np.testing.assert_array_equal(drawn.get_ticklocs(), described_axis.ticks[0])
        assert [tick.get_text() for tick in drawn.get_ticklabels()] == described_axis.ticks[1]
        assert drawn.get_scale() == "log"
    assert axis.get_xlim() == tuple(panel.amplitude.borders[[0, -1]])
    assert axis.get_ylim() == tuple(panel.period.borders[[0, -1]])


def test_a_picture_has_a_panel_each_and_says_what_it_is_of(
    make_spec: SpecMaker, rng: np.random.Generator
) -> None:
    space = {
        "learning_rate": 1.0,
        "amplitude": [3, 30],
        "period": [10, 30],
        "width": [5, 9, 20, 50],
    }
    study_map = made_up(make_spec(name="a$b$", space=space), rng)
    figure = regime_figure(study_map)
    *axes, colours = figure.axes
    titles = [axis.get_title() for axis in axes if axis.get_visible()]
    assert titles == [f"DCE, width {width}\nno static baseline" for width in (5, 9, 20, 50)]
    assert [axis.get_visible() for axis in axes] == [True] * 4 + [False] * 2
    assert [axis.get_ylabel() for axis in axes[::3]] == ["period T (steps)"] * 2
    assert axes[3].get_xlabel() == "amplitude A"
    assert colours.get_ylabel() == "gain in validation accuracy over the static loss"
    assert figure.get_suptitle().replace("\n", " ") == study_map.headline()
    small = figure.legends[0].get_title()
    assert small.get_text().split() == study_map.caption().split()
    assert small.get_fontsize() < 8
    assert [text.get_text() for text in figure.legends[0].get_texts()] == LEGEND


def test_predicted_cells_are_marked(make_spec: SpecMaker, rng: np.random.Generator) -> None:
    """In brackets where there are numbers; on large maps, what is trained has a dot."""
    study_map = made_up(make_spec(), rng, predicted=[False, True, False, True])
    drawn = regime_figure(study_map)
    numbers = [text.get_text() for text in drawn.axes[0].texts]
    assert ["(" in text for text in numbers] == [False, True, False, True]
    assert "brackets" in drawn.legends[0].get_texts()[-1].get_text()
    assert not drawn.axes[0].lines

    axis = Figure().subplots()
    ((key, cells),) = study_map.panels()
    draw_panel(axis, describe_panel(study_map, key, cells, 1.0, most_labelled=1))
    (dots,) = axis.lines
    trained = cells[~cells.predicted]
    assert {*zip(*dots.get_data(), strict=True)} == {
        *zip(trained.amplitude, trained.period, strict=True)
    }
    whole = regime_figure(made_up(make_spec(), rng))
    assert "brackets" not in whole.legends[0].get_texts()[-1].get_text()


def test_what_is_fitted_already_is_drawn_by_both_pens_without_a_fit(
    make_spec: SpecMaker, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fit(*_: object) -> None:
        raise AssertionError("a picture fits a Gaussian process")

    space = {"learning_rate": 1.0, "amplitude": [3, 10, 30, 90], "period": [10, 20], "width": 5}
    study_map = with_baseline(made_up(make_spec(space=space), rng), rng)
    ((key, _),) = study_map.panels()
    with monkeypatch.context() as patched:
        patched.setattr(GaussianProcessRegressor, "fit", fit)
        with pytest.raises(AssertionError, match="fits a Gaussian process"):
            regime_figure(study_map, pooled=True)  # a fresh map has to be fitted
        regime_figure(study_map)  # for what is drawn unasked it has not
    assert study_map.surface(*key) is not None
    monkeypatch.setattr(GaussianProcessRegressor, "fit", fit)
    axis = regime_figure(study_map, pooled=True).axes[0]
    lines = [each for each in axis.collections if isinstance(each, LineCollection)]
    assert CONTOUR in {to_hex(each.get_color()[0]) for each in lines if each.get_segments()}
    assert POOLED_CONTOUR in traces(panel_figure(described(study_map)))


@pytest.mark.parametrize("pooled", [False, True])
def test_pooled_boundaries_are_drawn_where_they_are_asked_for(
    pooled: bool, make_spec: SpecMaker, rng: np.random.Generator
) -> None:
    space = {"learning_rate": 1.0, "amplitude": [3, 10, 30, 90], "period": [10, 20], "width": 5}
    study_map = with_baseline(made_up(make_spec(space=space), rng), rng)
    figure = regime_figure(study_map, pooled)
    lines = [each for each in figure.axes[0].collections if isinstance(each, LineCollection)]
    green = [each for each in lines if to_hex(each.get_color()[0]) == CONTOUR]
    assert any(each.get_segments() for each in green) == pooled
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert (POOLED_CONTOUR in labels) == pooled
    (page,) = map_figures(study_map).values()
    assert POOLED_CONTOUR not in traces(page)


def test_a_headline_says_what_came_out(make_spec: SpecMaker, rng: np.random.Generator) -> None:
    space = {"learning_rate": 1.0, "amplitude": [3, 30], "period": [10, 30], "width": [5, 9]}
    study_map = made_up(
        make_spec(space=space),
        rng,
        gain=[0.1, 0.9, -0.1, 0.0, 0.1, 0.2, 0.30, 0.1],
        sem=0.03,
        regime=["useful", *["unsettled"] * 5, "useful", "neutral"],
    )
    static = study_map.frame.tail(1).assign(
        loss="ce", amplitude=np.nan, period=np.nan, gain=np.nan, regime="baseline", sem=0.04
    )
    with_static = replace(study_map, frame=pd.concat([study_map.frame, static], ignore_index=True))
    said = (
        "DCE at width 9 gains up to +0.300 ± 0.050 at A = 30, T = 10; 2 of 8 dynamical cells useful"
    )
    assert with_static.headline() == said
    assert study_map.headline() == said.replace(" ± 0.050", "")
    none = replace(study_map, frame=study_map.frame.assign(regime="unsettled"))
    assert none.headline() == (
        "0 of 8 dynamical cells useful; "
        "the largest gain, of DCE at width 5, is +0.900 at A = 3, T = 30"
    )
    frame = study_map.frame.assign(predicted=[True] * 3 + [False] * 5)
    assert (
        replace(study_map, frame=frame)
        .headline()
        .endswith("; 2 of 8 dynamical cells useful, 3 are predicted")
    )
    unknown = replace(study_map, frame=study_map.frame.assign(gain=np.nan))
    assert unknown.headline() == "small: no gain known; 2 of 8 dynamical cells useful"
