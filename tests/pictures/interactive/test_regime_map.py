"""The figures of a study's page show what the map says, and stay small."""

import base64
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from benchmarks.planted import plant
from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.pictures.interactive.over_width import WIDTH_FIGURE, width_figure
from dynstudy.pictures.interactive.regime_map import MOST_PANELS, map_figures
from dynstudy.pictures.regime_map import draw_panel, regime_figure
from dynstudy.pictures.style import largest_gain
from dynstudy.statistics.labelled_cells import COLUMNS, MORE_COLUMNS
from dynstudy.store.studies import Storage
from dynstudy.study.kinds.map import MapSpec

SpecMaker = Callable[..., MapSpec]


def read(value: Any) -> np.ndarray:
    """An array of a figure as the browser reads it."""
    if not isinstance(value, dict):
        return np.array(value, dtype=object)
    flat = np.frombuffer(base64.b64decode(value["bdata"]), np.dtype(value["dtype"]))
    return flat.reshape([int(size) for size in value.get("shape", str(len(flat))).split(",")])


def traces(figure: go.Figure) -> dict[str, dict[str, Any]]:
    return {
        trace.get("name", trace["type"]): trace for trace in json.loads(figure.to_json())["data"]
    }


def made_up(spec: MapSpec, rng: np.random.Generator, **columns: Any) -> RegimeMap:
    """A map of noise, without training or a database."""
    space = spec.space
    rows = [
        {"loss": loss, "width": width, "learning_rate": rate, "amplitude": a, "period": t}
        for loss in spec.loss
        for width in space.width
        for rate in space.learning_rate
        for a in space.amplitude
        for t in space.period or ()
    ]
    frame = pd.DataFrame(rows, columns=[*COLUMNS, *MORE_COLUMNS])
    for name in ("val_accuracy", "sem", "gain", "gain_low", "gain_high", "forgetting"):
        frame[name] = rng.random(len(frame))
    frame = frame.assign(replicates=10, diverged=0, predicted=False)
    frame["regime"] = rng.choice(["useful", "harmful", "unsettled"], len(frame)).astype(object)
    frame["forgets"] = pd.Series((rng.random(len(frame)) < 0.5).tolist(), dtype=object)
    outcomes = [rng.normal(mean, 0.02, 10) for mean in frame.val_accuracy]
    return RegimeMap(spec, frame.assign(**columns), [], outcomes)


def test_every_cell_is_where_it_belongs(make_spec: SpecMaker, rng: np.random.Generator) -> None:
    space = {"learning_rate": 1.0, "amplitude": [3, 30, 50], "period": [10, 30], "width": [5, 9]}
    found = made_up(make_spec(space=space), rng)
    figures = map_figures(found)
    assert list(figures) == ["map-dce-width00005-rate1", "map-dce-width00009-rate1"]
    heat = traces(figures["map-dce-width00009-rate1"])["heatmap"]
    gains, more, hover = read(heat["z"]), read(heat["customdata"]), read(heat["hovertext"])
    assert gains.shape == (2, 3)
    panel = found.frame[found.frame.width == 9]
    for cell in panel.itertuples():
        place = [10, 30].index(cell.period), [3, 30, 50].index(cell.amplitude)
        assert gains[place] == pytest.approx(cell.gain, rel=1e-6)
        expected = (cell.amplitude, cell.period, panel["sem"][cell.Index], cell.forgetting)
        assert more[place] == pytest.approx(expected, rel=1e-6)
        assert hover[place] == f"{cell.regime}{', forgets' if cell.forgets else ''}"
    assert "10 networks" in heat["hovertemplate"]
    assert heat["zmax"] == -heat["zmin"] == largest_gain(found)
    assert heat["colorscale"][0][1] == "rgb(103,0,31)"  # red, as in the picture
    assert heat["colorscale"][-1][1] == "rgb(5,48,97)"
    slashes = traces(figures["map-dce-width00009-rate1"])["catastrophic forgetting"]
    forgetting = panel[panel.forgets == True]  # noqa: E712
    assert sorted(zip(read(slashes["x"]), read(slashes["y"]), strict=True)) == sorted(
        zip(forgetting.amplitude, forgetting.period, strict=True)
    )


def test_a_region_is_outlined_by_its_border(make_spec: SpecMaker, rng: np.random.Generator) -> None:
    space = {"learning_rate": 1.0, "amplitude": [1.5, 10, 100], "period": [10, 20], "width": 5}
    regimes = ["useful", "useful", "useful", "useful", "harmful", "harmful"]  # by A, then T
    found = made_up(make_spec(space=space), rng, regime=regimes, forgets=None)
    lines = traces(map_figures(found)["map-dce-width00005-rate1"])
    border = lines["border of the useful regime"]
    x, y = read(border["x"]), read(border["y"])
    # one stroke from bottom to top, half-way between 10 and 100 on the logarithmic axis
    np.testing.assert_allclose(x, [10**1.5, 10**1.5, np.nan], rtol=1e-6)
    np.testing.assert_allclose(y, [10 / 2**0.5, 20 * 2**0.5, np.nan], rtol=1e-6)
    assert not len(read(lines["onset of forgetting"]["x"]))


def test_the_pooled_contour_runs_between_gains_above_and_below_it(
    make_spec: SpecMaker, rng: np.random.Generator
) -> None:
    space = {"learning_rate": 1.0, "amplitude": [3, 10, 30, 90], "period": [10, 20], "width": 5}
    found = made_up(make_spec(space=space), rng)
    outcomes = [rng.normal(0.7 if a < 20 else 0.3, 0.01, 10) for a in found.frame.amplitude]
    static = made_up(make_spec(space=space), rng).frame.head(1)
    static = static.assign(loss="ce", amplitude=np.nan, period=np.nan, regime="baseline")
    whole = RegimeMap(
        found.spec,
        pd.concat([found.frame, static], ignore_index=True),
        [],
        [*outcomes, rng.normal(0.5, 0.01, 40)],
    )
    lines = traces(map_figures(whole)["map-dce-width00005-rate1"])
    x = read(lines["gain = 0.02 of all cells pooled"]["x"])
    crossing = x[np.isfinite(x)]
    assert len(crossing) > 10
    assert ((crossing > 10) & (crossing < 30)).all()
    band = read(lines["its 95 % band"]["x"])
    assert np.nanmin(band) < crossing.min() < crossing.max() < np.nanmax(band)
    # a map without a baseline has no gain to draw
    assert "its 95 % band" not in traces(map_figures(found)["map-dce-width00005-rate1"])


def test_ten_thousand_cells_stay_below_a_megabyte(
    make_spec: SpecMaker, rng: np.random.Generator
) -> None:
    axis = {"low": 3, "high": 100, "num": 71, "log": True}
    period = {"low": 10, "high": 140, "num": 71}
    space = {"learning_rate": 1.0, "amplitude": axis, "period": period, "width": [5, 9]}
    found = made_up(make_spec(space=space), rng)  # noise has the longest borders there are
    assert len(found.frame) > 10_000
    assert sum(len(figure.to_json()) for figure in map_figures(found).values()) < 1_000_000


def test_too_many_maps_are_not_drawn_but_those_that_were_are_drawn_again(
    make_spec: SpecMaker, rng: np.random.Generator
) -> None:
    widths = list(range(1, MOST_PANELS + 10))
    space = {"learning_rate": 1.0, "amplitude": [3, 30], "period": [10, 30], "width": widths}
    found = made_up(make_spec(space=space), rng)
    first = map_figures(found)
    assert len(first) == MOST_PANELS
    late = f"map-dce-width{widths[-1]:05d}-rate1"
    assert late not in first
    again = map_figures(found, ["something-else", late])
    assert late in again
    assert len(again) == MOST_PANELS


def test_cells_say_how_many_networks_they_have_where_that_differs(
    make_spec: SpecMaker, rng: np.random.Generator
) -> None:
    found = made_up(make_spec(), rng, replicates=[2, 1, 2, 2])
    heat = traces(map_figures(found)["map-dce-width00005-rate1"])["heatmap"]
    assert [text.rpartition("<br>")[2] for text in read(heat["hovertext"]).T.ravel()] == [
        "2 networks",
        "1 networks",
        "2 networks",
        "2 networks",
    ]


@pytest.mark.parametrize("regime", ["diverged", "missing"])
def test_cells_without_a_gain_are_named_and_not_coloured(
    regime: str, make_spec: SpecMaker, rng: np.random.Generator
) -> None:
    gain = np.nan if regime == "missing" else 0.3  # of chance, which is no gain
    found = made_up(make_spec(), rng, regime=regime, gain=gain, forgets=None)
    lines = traces(map_figures(found)["map-dce-width00005-rate1"])
    assert np.isnan(read(lines["heatmap"]["z"])).all()
    assert set(lines["scatter"]["text"]) == {regime}


def test_the_curve_has_each_width_once_with_its_error(
    storage: Storage, make_spec: SpecMaker
) -> None:
    space = {"learning_rate": 1.0, "amplitude": [3, 30], "period": [10, 30], "width": [5, 9, 20]}
    plant(storage, make_spec(space=space))
    found = regime_map(storage, "small")
    curves = traces(width_figure(found.frame, 3))
    assert set(curves) == {"CE, static", "DCE, best cell of each width"}
    for name, cells in (
        ("CE, static", found.baselines()),
        ("DCE, best cell of each width", found.judged()),
    ):
        best = cells.sort_values("val_accuracy").groupby("width").tail(1).sort_values("width")
        assert curves[name]["x"] == [5, 9, 20]
        assert curves[name]["y"] == pytest.approx(best.val_accuracy.tolist())
        assert curves[name]["error_y"]["array"] == pytest.approx(best["sem"].tolist())


@pytest.mark.parametrize("planted", [True, False])
def test_one_amplitude_and_period_is_a_curve_and_no_map(
    planted: bool, storage: Storage, make_spec: SpecMaker
) -> None:
    space = {"learning_rate": [0.5, 1.0], "amplitude": 3, "period": 10, "width": [5, 9]}
    spec = make_spec(space=space)
    storage.open_study(spec)
    if planted:
        plant(storage, spec)
    found = regime_map(storage, "small")
    assert map_figures(found) == {}
    figure = width_figure(found.frame, 3)
    assert ("DCE, A = 3, T = 10, η = 0.5" in traces(figure)) is planted
    assert WIDTH_FIGURE > "map"  # figures are sorted, and maps come first


def test_predicted_cells_are_marked(make_spec: SpecMaker, rng: np.random.Generator) -> None:
    """In brackets where there are numbers; on large maps, what is trained has a dot."""
    found = made_up(make_spec(), rng, predicted=[False, True, False, True])
    (figure,) = map_figures(found).values()
    (texts,) = [read(t["text"]) for t in figure.to_plotly_json()["data"] if t.get("mode") == "text"]
    assert ["(" in text for text in texts] == [False, True, False, True]
    hover = read(traces(figure)["heatmap"]["hovertext"]).T.ravel()
    assert ["predicted" in text for text in hover] == [False, True, False, True]
    drawn = regime_figure(found)
    numbers = [text.get_text() for text in drawn.axes[0].texts]
    assert ["(" in text for text in numbers] == [False, True, False, True]
    assert "brackets" in drawn.legends[0].get_texts()[-1].get_text()
    assert not drawn.axes[0].lines

    axis = Figure().subplots()
    draw_panel(axis, found.judged(), TwoSlopeNorm(0, -1, 1), most_labelled=1)
    (dots,) = axis.lines
    assert len(dots.get_xdata()) == 2
    whole = regime_figure(made_up(make_spec(), rng))
    assert "brackets" not in whole.legends[0].get_texts()[-1].get_text()
