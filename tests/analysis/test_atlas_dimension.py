"""Boundaries in atlases of one draw."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from dynstudy.analysis.atlas import read_atlas
from dynstudy.analysis.atlas_dimension import (
    SETS,
    PixelBoundary,
    boundary_of,
    dimension_rows,
    unlike_in_precision,
)
from dynstudy.errors import DynstudyError
from dynstudy.statistics.boundary_dimension import METHODS
from dynstudy.store.studies import Storage
from tests.planted_atlas import ATLAS, accuracy_of, plant_atlas, small_atlas


def boundary(inside: Any, **changes: Any) -> PixelBoundary:
    shares = {name: of(inside) for name, of in METHODS.items()}
    return PixelBoundary(small_atlas(**changes), "forgetting", inside, shares)


def test_the_sets_are_of_forgetting_and_of_gain(storage: Storage) -> None:
    plant_atlas(storage, small_atlas(seed=3))
    atlas = read_atlas(storage, "atlas")
    # what is planted: A / 200 is forgotten, and the static loss has 39 points of 90
    forgets = np.tile(atlas.right.values / 200 > 0.4, (4, 1))
    np.testing.assert_array_equal(boundary_of(atlas).inside, forgets)
    better = [[accuracy_of(x, y) > 39 / 90 for x in range(6)] for y in range(4)]
    np.testing.assert_array_equal(boundary_of(atlas, "gain").inside, better)
    assert list(SETS) == ["forgetting", "gain"]


def test_a_network_that_diverged_forgot(storage: Storage) -> None:
    plant_atlas(storage, small_atlas(seed=3))
    with storage.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE dynstudy_pixel SET diverged_at = 9, forgetting = NULL WHERE amplitude < 3"
        )
    assert boundary_of(read_atlas(storage, "atlas")).inside[:, 0].all()


def test_draws_of_one_atlas_are_one_row_with_an_interval() -> None:
    rng = np.random.default_rng(0)
    x, y = np.meshgrid(np.linspace(0, 1, 65), np.linspace(0, 1, 65))
    sets = [x + 0.2 * rng.random(x.shape) + y / 3 > level for level in (0.5, 0.6, 0.7)]
    draws = [boundary(inside, seed=seed, name=f"s{seed}") for seed, inside in enumerate(sets)]
    wide = boundary(sets[0], seed=0, name="wide", space=ATLAS["space"] | {"width": 9})
    rows = dimension_rows([*draws, wide])
    assert [(row["studies"], row["method"]) for row in rows] == [
        *(("s0, s1, s2", "pairs"), ("s0, s1, s2", "boxes"), ("wide", "pairs"), ("wide", "boxes")),
    ]
    values = [each.shares["pairs"].dimension() for each in draws]
    low, high = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    first, alone = rows[0], rows[2]
    assert (first["dimension"], first["draws"]) == (pytest.approx(np.mean(values)), 3)
    assert (first["low"], first["high"]) == (pytest.approx(low), pytest.approx(high))
    assert alone["dimension"] == pytest.approx(values[0])
    assert np.isnan([alone["low"], alone["high"]]).all()
    assert (first["amplitude"], first["width"], alone["width"]) == ("2 to 200", 5, 9)


def test_zooms_that_reach_equally_far_are_one_row_wherever_they_are() -> None:
    inside = np.arange(4096).reshape(64, 64) % 7 < 3
    ranges = [(3.0, 3.3), (7.0, 7.7), (9.0, 10.8)]  # the last is longer
    zooms = [
        boundary(
            inside,
            seed=seed,
            name=f"z{seed}",
            space=ATLAS["space"] | {"amplitude": {"low": low, "high": high, "log": True}},
        )
        for seed, (low, high) in enumerate(ranges)
    ]
    first, _, alone, _ = dimension_rows(zooms)
    assert (first["studies"], first["draws"]) == ("z0, z1", 2)
    assert (first["amplitude"], first["period"]) == ("9.53e-02 of its value", "10 to 40")
    assert (alone["studies"], alone["amplitude"]) == ("z2", "9 to 10.8")


def test_atlases_of_the_same_draw_are_one_draw() -> None:
    rng = np.random.default_rng(0)
    sets = [rng.random((64, 64)) < share for share in (0.3, 0.5)]
    first, second = (boundary(inside, seed=seed) for seed, inside in enumerate(sets))
    again = boundary(sets[0], seed=0, name="again", tile=2)
    assert dimension_rows([first, second, again, first]) == dimension_rows([first, second])
    (pairs, _) = dimension_rows([first, again])
    assert (pairs["draws"], pairs["studies"]) == (1, "atlas")
    assert np.isnan(pairs["low"])
    elsewhere = {"amplitude": {"low": 3, "high": 300, "log": True}}
    other = boundary(sets[1], seed=0, name="other", space=ATLAS["space"] | elsewhere)
    rows = dimension_rows([first, second, other])
    assert [row["studies"] for row in rows[::2]] == ["atlas, atlas", "other"]


def test_where_there_is_no_boundary_there_is_no_dimension() -> None:
    pairs, _ = dimension_rows([boundary(np.ones((64, 64), bool), seed=1)])
    assert (pairs["draws"], pairs["inside"]) == (0, 1)
    assert np.isnan(pairs["dimension"])


def test_rounding_is_what_differs_between_precisions() -> None:
    inside = np.arange(4096).reshape(64, 64) % 7 < 3
    other = inside.copy()
    other[:2] ^= True
    double = ATLAS["protocol"] | {"dtype": "float64"}
    single = boundary(inside, seed=1, name="single")
    same = boundary(other, seed=1, name="double", protocol=double)
    elsewhere = boundary(other, seed=2, name="another draw", protocol=double)
    all_pairs = inside.ravel()[:, None] != other.ravel()
    assert unlike_in_precision([single, elsewhere, same]) == [
        {
            "study": "single",
            "beside": "double",
            "unlike": 128 / 4096,
            "unrelated": pytest.approx(all_pairs.mean()),
        }
    ]


@pytest.mark.parametrize(
    ("changes", "pixels", "of", "message"),
    [
        ({}, None, "forgetting", "atlas: each pixel is a draw of its own"),
        ({"seed": 3}, 7, "forgetting", "atlas: 17 of 24 pixels are not trained"),
        ({"seed": 3}, None, "loss", "no boundary 'loss'; there are forgetting, gain"),
    ],
)
def test_what_has_no_such_boundary_is_said(
    storage: Storage, changes: dict[str, Any], pixels: int | None, of: str, message: str
) -> None:
    plant_atlas(storage, small_atlas(**changes), pixels=pixels)
    with pytest.raises(DynstudyError, match=message):
        boundary_of(read_atlas(storage, "atlas"), of)


@pytest.mark.parametrize(
    ("of", "lost", "message"),
    [
        (
            "forgetting",
            "UPDATE dynstudy_pixel SET forgetting = NULL WHERE period > 30",
            "atlas: 6 of 24 pixels have no forgetting; forgetting takes more oscillations than",
        ),
        (
            "gain",
            "DELETE FROM dynstudy_replicate",
            "atlas: 24 of 24 pixels have no gain; their static loss is not trained; run it again",
        ),
    ],
)
def test_what_is_not_known_is_on_no_side(
    storage: Storage, of: str, lost: str, message: str
) -> None:
    plant_atlas(storage, small_atlas(seed=3))
    with storage.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM dynstudy_series")
        connection.exec_driver_sql(lost)
    with pytest.raises(DynstudyError, match=message):
        boundary_of(read_atlas(storage, "atlas"), of)
