"""The small picture of a study."""

import base64
import io

import numpy as np
import pytest
from matplotlib.image import imread

from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.pictures.map_description import largest_gain
from dynstudy.pictures.style import COLOURS
from dynstudy.pictures.thumbnail import BINS, MOST_PIXELS, thumbnail
from dynstudy.store.studies import Storage
from tests.pictures.made_up import made_up
from tests.planted import SearchMaker, SpecMaker
from tests.planted_atlas import plant_atlas, small_atlas


def pixels(study_map: RegimeMap) -> np.ndarray:
    return imread(io.BytesIO(base64.b64decode(thumbnail(study_map))))


def test_a_pixel_is_a_cell_in_the_colour_of_the_map_with_t_upwards(
    make_spec: SpecMaker, rng: np.random.Generator
) -> None:
    space = {"learning_rate": 1.0, "amplitude": [3, 10, 30], "period": [10, 30], "width": [5, 9]}
    study_map = made_up(make_spec(space=space), rng)
    drawn = pixels(study_map)
    assert drawn.shape == (2, 3, 4)
    best = study_map.frame.loc[study_map.frame.gain.idxmax()]  # of this panel
    row, column = {30: 0, 10: 1}[best.period], [3, 10, 30].index(best.amplitude)
    expected = COLOURS(0.5 + 0.5 * best.gain / largest_gain(study_map))
    assert drawn[row, column] == pytest.approx(expected, abs=1 / 255)


def test_what_is_not_trained_is_grey_and_a_large_map_is_thinned_out(
    make_spec: SpecMaker, rng: np.random.Generator
) -> None:
    space = {"learning_rate": 1.0, "width": 5, "period": list(range(10, 30))}
    space["amplitude"] = {"low": 2, "high": 1000, "num": 150, "log": True}
    study_map = made_up(make_spec(space=space), rng)
    study_map.frame.loc[study_map.frame.period == 29, "gain"] = np.nan
    drawn = pixels(study_map)
    assert drawn.shape[0] == 20
    assert drawn.shape[1] <= MOST_PIXELS
    grey = (drawn == drawn[0, 0]).all(axis=-1)
    assert grey[0].all()
    assert not grey[1:].any()


def test_of_an_atlas_a_pixel_is_a_tile_over_its_axes_whichever_these_are(
    storage: Storage,
) -> None:
    axes = {"learning_rate": {"low": 0.1, "high": 1, "log": True}}
    axes |= {"width": {"low": 2, "high": 14}, "amplitude": 10, "period": 20}
    plant_atlas(storage, small_atlas(space=axes))
    study_map = regime_map(storage, "atlas")
    drawn = pixels(study_map)
    assert drawn.shape == (2, 2, 4)
    gain = study_map.dynamical_cells().gain.to_numpy().reshape(2, 2)  # row by row, from below
    expected = COLOURS(0.5 + 0.5 * gain[::-1] / largest_gain(study_map))
    assert drawn == pytest.approx(expected, abs=1 / 255)


def test_trials_of_a_search_are_gathered_in_bins(
    make_spec: SpecMaker, make_search: SearchMaker, rng: np.random.Generator
) -> None:
    cells = made_up(make_spec(), rng).frame
    study_map = RegimeMap(make_search(), cells, [], [np.empty(0)] * len(cells))
    drawn = pixels(study_map)
    assert drawn.shape == (BINS[1], BINS[0], 4)
    coloured = np.argwhere(drawn[..., 3] == 1)
    corners = {(row, column) for row in (0, BINS[1] - 1) for column in (0, BINS[0] - 1)}
    assert set(map(tuple, coloured.tolist())) == corners


def test_a_search_that_knows_no_gain_yet_has_none(
    make_spec: SpecMaker, make_search: SearchMaker, rng: np.random.Generator
) -> None:
    cells = made_up(make_spec(), rng).frame.assign(gain=np.nan)
    of_gain = RegimeMap(make_search(maximize="gain"), cells, [], [np.empty(0)] * len(cells))
    assert thumbnail(of_gain) == ""
    assert thumbnail(RegimeMap(make_search(), cells, [], of_gain.outcomes)) != ""


def test_a_study_of_static_losses_has_none(make_spec: SpecMaker, rng: np.random.Generator) -> None:
    study_map = made_up(make_spec(), rng)
    static = study_map.frame.assign(amplitude=np.nan, period=np.nan)
    assert thumbnail(RegimeMap(study_map.spec, static, [], study_map.outcomes)) == ""
