"""What an atlas's study file may say, its pixels coarse to fine, and its tiles as cells."""

from typing import Any

import numpy as np
import pytest

from dynstudy.config import Configuration
from dynstudy.errors import SpecError
from dynstudy.study.kinds.atlas import AtlasSpec
from dynstudy.study.spec import StudySpec
from tests.planted_atlas import ATLAS, NOISY, small_atlas

RANGE = {"low": 2, "high": 200, "log": True}


def test_the_first_of_two_ranges_runs_to_the_right() -> None:
    x, y = small_atlas().axes
    assert (x.name, x.pixels, y.name, y.pixels) == ("amplitude", 6, "period", 4)
    rates = {"low": 0.1, "high": 1.0, "log": True}
    space = ATLAS["space"] | {"amplitude": 30, "learning_rate": rates}
    x, y = small_atlas(space=space).axes
    assert (x.name, y.name) == ("learning_rate", "period")
    spec = small_atlas(space=space | {"period": 20, "width": {"low": 4, "high": 10}})
    assert [axis.name for axis in spec.axes] == ["learning_rate", "width"]
    assert spec.at(0.5, 7) == Configuration("dce", 7, 0.5, 30.0, 20)


def test_the_noise_of_the_spiral_may_be_an_axis() -> None:
    spec = small_atlas(space=NOISY)
    x, y = spec.axes
    assert (x.name, y.name) == ("amplitude", "noise")
    np.testing.assert_allclose(y.values, [0.175, 0.325, 0.475, 0.625])
    assert spec.at(3.0, 0.25) == Configuration("dce", 5, 1.0, 3.0, 20, noise=0.25)
    noises = [cell.configuration.noise for cell in spec.static_cells()]
    assert noises == y.middles.tolist() == [0.325, 0.625]
    assert "noise from 0.1 to 0.7" in spec.described()
    assert spec.ranges()["noise"] == (0.325, 0.625)
    assert StudySpec.of(spec.resolved()) == spec
    with_period = NOISY | {"amplitude": 30, "period": {"low": 10, "high": 40}}
    assert [axis.name for axis in small_atlas(space=with_period).axes] == ["noise", "period"]
    assert "noise" not in small_atlas().ranges()


@pytest.mark.parametrize(
    ("noise", "data", "message"),
    [
        (0.3, {}, r"space.noise = \[0.3\]: must be a range, { low, high, log }; a noise"),
        ({"low": -0.1, "high": 1}, {}, "low = -0.1 is not allowed; allowed are numbers from 0"),
        ({"low": 0, "high": 1, "log": True}, {}, "low = 0 must be positive where log = true"),
        ({"low": 0.1, "high": 0.7}, {"noise": 0.3}, "protocol.data.noise = 0.3: must be left out"),
        (
            {"low": 0.1, "high": 0.7},
            {"kind": "sklearn", "name": "iris"},
            "space.noise: is of spirals, and protocol.data of the kind 'sklearn'",
        ),
    ],
)
def test_a_noise_is_an_axis_of_spirals_and_given_once(
    noise: Any, data: dict[str, Any], message: str
) -> None:
    changes = {"space": NOISY | {"noise": noise}}
    changes["protocol"] = ATLAS["protocol"] | {"data": data}
    with pytest.raises(SpecError, match=message) as raised:
        StudySpec.of(ATLAS | changes)
    assert "\n" not in str(raised.value)


def test_a_pixel_is_a_draw_of_its_own_or_all_are_one() -> None:
    each, one = small_atlas(), small_atlas(seed=7)
    numbers = [each.seed_of(column, row) for row in range(4) for column in range(6)]
    assert numbers == list(range(24))
    assert {one.seed_of(column, row) for row in range(4) for column in range(6)} == {7}


def test_replicates_of_a_tile_are_its_pixels_and_one_draw_has_none() -> None:
    each, one = small_atlas(), small_atlas(seed=7)
    assert (each.replicates, each.baseline_replicates, each.untested) == (9, 36, "")
    assert (one.replicates, one.baseline_replicates, one.baseline_seeds) == (1, 1, range(7, 8))
    assert one.untested == "seed = 7: one draw has no replicates, so that nothing is tested"
    assert small_atlas(tile=2).untested == "tile = 2: 4 pixels a tile: below 6 nothing is tested"
    for spec in (each, one):  # what a database keeps is read back
        assert StudySpec.of(spec.resolved()) == spec


def test_pixels_come_coarse_to_fine_and_each_once() -> None:
    spec = small_atlas(pixels=[9, 6])
    nothing = np.zeros((6, 9), bool)
    order = list(spec.missing(nothing))
    assert sorted((row, column) for _, column, row in order) == [
        (row, column) for row in range(6) for column in range(9)
    ]
    strides = [stride for stride, _, _ in order]
    assert strides == sorted(strides, reverse=True)
    fourth = {(column, row) for stride, column, row in order if stride == 4}
    assert fourth == {(x, y) for x in (0, 4, 8) for y in (0, 4)}
    second = {(column, row) for stride, column, row in order if stride >= 2}
    assert second == {(x, y) for x in (0, 2, 4, 6, 8) for y in (0, 2, 4)}

    there = nothing.copy()
    there[0, 4] = there[3, 3] = True
    assert [pixel for pixel in order if pixel not in list(spec.missing(there))] == [
        *((4, 4, 0), (1, 3, 3)),
    ]


def test_pixels_that_are_one_network_come_once() -> None:
    space = ATLAS["space"] | {"period": {"low": 10, "high": 12}}
    one = small_atlas(seed=3, space=space)
    assert one.axes[1].values.tolist() == [10, 11, 11, 12]
    rows = [row for _, _, row in one.missing(np.zeros((4, 6), bool))]
    assert sorted(set(rows)) == [0, 1, 3]
    each = small_atlas(space=space)  # a network of its own for each
    assert len(list(each.missing(np.zeros((4, 6), bool)))) == 24


def test_cells_are_tiles_and_static_losses_read_where_tiles_are() -> None:
    spec = small_atlas()
    tiles = list(spec.tile_cells())
    assert [cell.replicates for cell in tiles] == [9, 9, 3, 3]
    x, y = spec.axes
    expected = [spec.at(right, up) for up in y.middles for right in x.middles]
    assert [cell.configuration for cell in tiles] == expected
    (static,) = spec.static_cells()
    assert static.seeds == range(36)
    assert set(static.reads).issuperset(step for cell in tiles for step in cell.reads)
    widths = ATLAS["space"] | {"period": 20, "width": {"low": 2, "high": 10}}
    several = small_atlas(space=widths).static_cells()
    assert [cell.configuration.width for cell in several] == [5, 9]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pixels": 512}, "pixels = 512: must be two whole numbers from 2 to"),
        ({"pixels": [512]}, "must be two whole numbers"),
        ({"pixels": [512, 1]}, "must be two whole numbers"),
        ({"pixels": [1e9, 4]}, "must be two whole numbers"),
        ({"seed": "tile"}, "seed = 'tile': must be a whole number from 0 to"),
        ({"seed": -1}, "seed = -1: must be a whole number from 0 to"),
        ({"tile": 0}, "tile"),
        ({"tile": 4000}, "tile"),
        ({"replicates": 10}, "replicates = 10: must be left out"),
        (
            {"seed": 3, "baseline_replicates": 9},
            "baseline_replicates = 9: must be left out: one draw is compared with",
        ),
        ({"loss": ["dce", "dmse1"]}, "an atlas is of one dynamical loss"),
        ({"loss": "ce"}, "an atlas is of one dynamical loss"),
    ],
)
def test_what_is_wrong_is_one_line(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message) as raised:
        StudySpec.of(ATLAS | changes)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"amplitude": 3}, "period are ranges: an atlas has two axes"),
        ({"amplitude": 3, "period": 20}, "none is a range: an atlas has two axes"),
        ({"width": {"low": 2, "high": 9}}, "an atlas has two axes"),
        ({"width": [2, 9]}, r"space.width = \[2, 9\]: must be one value"),
        ({"amplitude": {"low": 3, "high": 3}}, "space.amplitude: low and high are both 3"),
        ({"amplitude": 1, "width": {"low": 2, "high": 9}}, "the static loss"),
        ({"amplitude": {"low": 2, "high": 9, "num": 3}}, "num belongs to a map"),
        ({"period": {"low": 10, "high": 4000}}, "no whole oscillation of 4000 steps fits"),
    ],
)
def test_a_space_is_two_ranges_and_values(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message) as raised:
        StudySpec.of(ATLAS | {"space": ATLAS["space"] | changes})
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"curvature": {"records": [10]}}, "protocol.curvature: an atlas keeps a row"),
        ({"curvature": {"records": [], "loss": True}}, "protocol.curvature: an atlas keeps a row"),
        ({"until": "onset", "tail": 0, "curvature": {"records": []}}, "protocol.until: the net"),
        ({"data": {"train_seed": "replicate"}}, "an atlas has one data set"),
        ({"steps": {"per_learning_rate": 100}}, "protocol.steps: the networks"),
    ],
)
def test_all_networks_are_trained_and_read_alike(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message) as raised:
        StudySpec.of(ATLAS | {"protocol": ATLAS["protocol"] | changes})
    assert "\n" not in str(raised.value)


def test_an_atlas_grows_into_no_other() -> None:
    spec = small_atlas()
    assert isinstance(spec, AtlasSpec)
    assert not spec.grows_to(small_atlas(pixels=[12, 8]))
    assert not spec.grows_to(spec)
    assert "6 x 4 pixels, a draw each" in spec.described()
    assert "all of seed 2" in small_atlas(seed=2).described()


def test_tiles_of_a_width_are_one_family_of_tests_as_cells_of_a_map_are() -> None:
    widths = ATLAS["space"] | {"period": 20, "width": {"low": 2, "high": 10}}
    for atlas, families in ((small_atlas(), {5}), (small_atlas(space=widths), {5, 9})):
        tiles = [cell.configuration for cell in atlas.tile_cells()]
        assert {atlas.family(tile) for tile in tiles} == {("dce", width) for width in families}
