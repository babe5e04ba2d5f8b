"""What is to be drawn of a map is what the map says."""

import dataclasses

import numpy as np
import pytest

from dynstudy.pictures.map_description import describe_panel, largest_gain
from dynstudy.pictures.style import COLOURS
from dynstudy.search.level_sets import CONFIDENT
from tests.pictures.made_up import described, made_up, with_baseline
from tests.planted import SpecMaker

SPACE = {"learning_rate": 1.0, "amplitude": [3, 30, 50], "period": [10, 30], "width": 5}


def test_every_cell_is_where_it_belongs(make_spec: SpecMaker, rng: np.random.Generator) -> None:
    study_map = made_up(make_spec(space=SPACE), rng, replicates=[2, 1, 2, 2, 3, 4])
    panel = described(study_map)
    assert panel.limit == largest_gain(study_map) == study_map.frame.gain.abs().max()
    for cell in study_map.frame.itertuples():
        row, column = [10, 30].index(cell.period), [3, 30, 50].index(cell.amplitude)
        assert panel.gain[row, column] == cell.gain
        assert panel.sem[row, column] == study_map.frame["sem"][cell.Index]
        assert panel.forgetting[row, column] == cell.forgetting
        assert panel.replicates[row, column] == cell.replicates
        assert panel.regime[row, column] == cell.regime
        assert panel.forgets[row, column] == cell.forgets
        (written,) = [each for each in panel.written if (each.row, each.column) == (row, column)]
        assert written.text == f"{cell.gain:+.2f}"
        assert written.sign == {"useful": "▲", "harmful": "▼", "unsettled": "?"}[cell.regime]
        red, green, blue, _ = COLOURS(0.5 + 0.5 * cell.gain / panel.limit)
        assert written.light == (0.3 * red + 0.59 * green + 0.11 * blue < 0.5)
    assert (panel.amplitude.name, panel.period.name) == ("amplitude A", "period T (steps)")
    # half-way between neighbours on the logarithmic axis, as far outside as inside
    borders = [10 / 3**0.5, 300**0.5, 30 * 3**0.5]
    np.testing.assert_allclose(panel.period.borders, borders)
    assert panel.title == "DCE, width 5\nno static baseline"


def test_it_cannot_be_changed(make_spec: SpecMaker, rng: np.random.Generator) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        described(made_up(make_spec(), rng)).limit = 1.0  # type: ignore[misc]


def test_a_region_is_outlined_by_its_border(make_spec: SpecMaker, rng: np.random.Generator) -> None:
    regimes = ["useful", "useful", "useful", "useful", "harmful", "harmful"]  # by A, then T
    space = SPACE | {"amplitude": [1.5, 10, 100], "period": [10, 20]}
    panel = described(made_up(make_spec(space=space), rng, regime=regimes, forgets=None))
    # one stroke from bottom to top, half-way between 10 and 100 on the logarithmic axis
    (stroke,) = panel.useful_border
    np.testing.assert_allclose(stroke, [(10**1.5, 10 / 2**0.5), (10**1.5, 20 * 2**0.5)])
    assert not len(panel.onset)


def test_borders_lie_between_cells_that_differ_and_nowhere_else(
    make_spec: SpecMaker, rng: np.random.Generator
) -> None:
    space = SPACE | {"amplitude": [3, 10, 30, 90, 200], "period": [10, 15, 20, 30]}
    panel = described(made_up(make_spec(space=space), rng))
    x, y = panel.amplitude.borders, panel.period.borders
    drawn = set()
    for (left, bottom), (right, top) in panel.onset:
        columns = range(*np.searchsorted(x, [left, right]))
        rows = range(*np.searchsorted(y, [bottom, top]))
        drawn |= {("level", int(np.searchsorted(y, bottom)), j) for j in columns}
        drawn |= {("upright", i, int(np.searchsorted(x, left))) for i in rows}
    forgets = panel.forgets
    level = {
        ("level", i, j) for i in range(1, 4) for j in range(5) if forgets[i, j] != forgets[i - 1, j]
    }
    upright = {
        ("upright", i, j)
        for i in range(4)
        for j in range(1, 5)
        if forgets[i, j] != forgets[i, j - 1]
    }
    assert drawn == level | upright


def test_the_pooled_contour_runs_between_gains_above_and_below_it(
    make_spec: SpecMaker, rng: np.random.Generator
) -> None:
    space = SPACE | {"amplitude": [3, 10, 30, 90], "period": [10, 20]}
    study_map = made_up(make_spec(space=space), rng)
    panel = described(with_baseline(study_map, rng))
    crossing = np.concatenate(panel.contour)[:, 0]
    assert len(crossing) > 10
    assert ((crossing > 10) & (crossing < 30)).all()
    across = np.concatenate(panel.band)[:, 0]  # the band holds the contour
    assert across.min() < crossing.min() < crossing.max() < across.max()
    surface = with_baseline(study_map, rng).surface("dce", 5, 1.0)
    assert surface is not None
    assert surface.pooled is not None
    assert (np.abs(surface.pooled.excess) < CONFIDENT).any()
    # a map without a baseline has no gain to draw
    bare = described(study_map)
    assert (bare.contour, bare.band) == ([], [])


@pytest.mark.parametrize("regime", ["diverged", "missing"])
def test_cells_without_a_gain_are_named_and_not_coloured(
    regime: str, make_spec: SpecMaker, rng: np.random.Generator
) -> None:
    gain = np.nan if regime == "missing" else 0.3  # of chance, which is no gain
    panel = described(made_up(make_spec(), rng, regime=regime, gain=gain, forgets=None))
    assert np.isnan(panel.gain).all()
    assert {(each.sign, each.text, each.light) for each in panel.written} == {("", regime, False)}


def test_predicted_gains_stand_in_brackets_and_large_maps_have_no_numbers(
    make_spec: SpecMaker, rng: np.random.Generator
) -> None:
    study_map = made_up(make_spec(), rng, predicted=[False, True, False, True])
    assert ["(" in each.text for each in described(study_map).written] == [False, True, False, True]
    ((key, cells),) = study_map.panels()
    assert describe_panel(study_map, key, cells, 1.0, most_labelled=3).written == []


def test_an_axis_labels_ten_values_at_most(make_spec: SpecMaker, rng: np.random.Generator) -> None:
    amplitudes = [1234.5 * 1.1**power for power in range(-9, 12)]
    panel = described(made_up(make_spec(space=SPACE | {"amplitude": amplitudes}), rng))
    values, labels = panel.amplitude.ticks
    assert values.tolist() == pytest.approx(amplitudes[::3])
    assert labels[2:4] == ["927", "1234"]


def test_several_learning_rates_are_named(make_spec: SpecMaker, rng: np.random.Generator) -> None:
    study_map = made_up(make_spec(space=SPACE | {"learning_rate": [0.5, 1.0]}), rng)
    titles = [describe_panel(study_map, *panel, 1.0).heading for panel in study_map.panels()]
    assert titles == ["DCE, width 5, η = 0.5", "DCE, width 5, η = 1"]
