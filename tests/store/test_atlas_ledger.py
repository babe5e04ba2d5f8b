"""Pixels as arrays, and tiles as cells, of atlases whose outcomes were chosen."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dynstudy.config import Replicate
from dynstudy.measure.measures import MEASURES
from dynstudy.statistics.samples import read_samples
from dynstudy.store.atlas_ledger import AtlasLedger
from dynstudy.store.ledger import COLUMNS, Landing, Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.studies import Storage
from dynstudy.study.kinds.atlas import AtlasSpec
from tests.databases import both  # noqa: F401
from tests.planted_atlas import ATLAS, accuracy_of, plant_atlas, small_atlas

EXPECTED = np.array([[accuracy_of(column, row) for column in range(6)] for row in range(4)])


def read_again(storage: Storage, **changes: Any) -> AtlasLedger:
    return AtlasLedger(storage.engine, small_atlas(**changes))


def test_pixels_are_where_their_values_are(storage: Storage) -> None:
    plant_atlas(storage, small_atlas())
    ledger = read_again(storage)
    np.testing.assert_array_equal(ledger.pixels["val_accuracy"], EXPECTED)
    assert ledger.recorded.all()
    assert np.isnan(ledger.pixels["diverged_at"]).all()


def test_an_interrupted_atlas_has_its_first_pixels(storage: Storage) -> None:
    plant_atlas(storage, small_atlas(), pixels=2)  # of every fourth
    ledger = read_again(storage)
    assert np.argwhere(ledger.recorded).tolist() == [[0, 0], [0, 4]]
    assert np.isnan(ledger.pixels["val_accuracy"]).sum() == 22
    lacking = ledger.lacking(small_atlas().cells_ahead())
    assert list(map(len, lacking.values())) == [0, 8, 8, 3, 3]


def test_two_atlases_share_the_rows_of_what_they_share(storage: Storage) -> None:
    plant_atlas(storage, small_atlas())
    assert read_again(storage, name="again", tile=2).recorded.all()
    # a pixel elsewhere in the same plane is another network
    space = ATLAS["space"] | {"amplitude": {"low": 2, "high": 100, "log": True}}
    assert not read_again(storage, space=space).recorded.any()
    # one draw for all has one of them, that of the same seed
    assert np.argwhere(read_again(storage, seed=3).recorded).tolist() == [[0, 3]]


def test_of_other_draws_of_its_plane_nothing_is_its_own(storage: Storage) -> None:
    for seed in (3, 4):
        plant_atlas(storage, small_atlas(name=f"draw {seed}", seed=seed))
    ledger = read_again(storage, seed=5)
    tiles = [cell.configuration for cell in small_atlas(seed=5).tile_cells()]
    assert ledger.count() == 0
    assert ledger.trained_between(tiles) == {}
    third, fourth = (read_again(storage, seed=seed) for seed in (3, 4))
    assert third.count() == fourth.count() == 24
    (began, ended), (later, _) = (each.trained_between(tiles)[tiles[0]] for each in (third, fourth))
    assert began < ended <= later


def test_tiles_know_the_launches_of_their_pixels(storage: Storage) -> None:
    spec = small_atlas()
    plant_atlas(storage, spec, pixels=2)
    plant_atlas(storage, spec)
    ledger = read_again(storage)
    with storage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE dynstudy_pixel SET run_id = NULL WHERE seed = 5")
    launches = ledger.pixels_trained()
    assert launches.keys() == {ledger.key(cell.configuration) for cell in spec.tile_cells()}
    first, second, *_ = (launches[ledger.key(cell.configuration)] for cell in spec.tile_cells())
    assert first.tolist() == [1, *[2] * 8]
    np.testing.assert_array_equal(second, [2, 1, np.nan, *[2] * 6])


def test_a_tile_is_a_cell_whose_replicates_are_its_pixels(storage: Storage) -> None:
    spec = small_atlas()
    plant_atlas(storage, spec)
    ledger = read_again(storage)
    samples = read_samples(ledger, list(spec.tile_cells()))
    tiles = [EXPECTED[:3, :3], EXPECTED[:3, 3:], EXPECTED[3:, :3], EXPECTED[3:, 3:]]
    for sample, expected in zip(samples, tiles, strict=True):
        np.testing.assert_array_equal(sample.val_accuracy, expected.ravel())
        assert sample.seed.tolist() == list(range(expected.size))
    keys = {ledger.key(cell.configuration) for cell in spec.cells_ahead()}
    assert len(keys) == 5
    other = AtlasLedger(storage.engine, small_atlas(tile=2))
    assert not keys & {other.key(cell.configuration) for cell in other.spec.tile_cells()}


def test_static_losses_are_read_as_ever_beside_tiles(storage: Storage) -> None:
    spec = small_atlas()
    plant_atlas(storage, spec)
    frame = read_again(storage).load(cell.configuration for cell in spec.cells_ahead())
    assert frame.equals(frame.sort_values(["configuration", "seed"], ignore_index=True))
    assert frame.seed.dtype == "int64"
    assert list(frame.columns) == COLUMNS
    assert len(frame) == 24 + 36
    (static,) = spec.static_cells()
    of_static = frame[frame.configuration == read_again(storage).key(static.configuration)]
    assert set(of_static.val_accuracy) == {39 / 90}


def test_pixels_of_one_draw_that_are_one_network_have_one_row(storage: Storage) -> None:
    space = ATLAS["space"] | {"period": {"low": 10, "high": 12}}  # 10, 11, 11, 12
    spec = small_atlas(seed=3, space=space)
    plant_atlas(storage, spec)
    ledger = read_again(storage, seed=3, space=space)
    with storage.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT COUNT(*) FROM dynstudy_pixel").scalar_one()
    assert rows == 18
    assert ledger.recorded.sum() == 18
    expected = EXPECTED[[0, 1, 1, 3]]
    np.testing.assert_array_equal(ledger.pixels["val_accuracy"], expected)
    assert not any(ledger.lacking(list(spec.tile_cells())).values())


def test_what_is_added_is_in_memory_as_it_is_in_sql(storage: Storage) -> None:
    spec = small_atlas()
    plant_atlas(storage, spec)
    ledger = read_again(storage)
    assert ledger.recorded.all()
    changed = [trained(spec, 3, 0, 0.9, None), trained(spec, 5, 1, 1 / 3, 40)]
    ledger.add_all([Landing(changed, Trainer("cpu", "planted", "a processor", {}))])
    again = read_again(storage)
    for name in ("val_accuracy", "diverged_at", "recorded", "forgetting"):
        np.testing.assert_array_equal(ledger.pixels[name], again.pixels[name])
    assert again.pixels["val_accuracy"][0, 3] == 0.9
    assert again.pixels["diverged_at"][1, 5] == 40


def test_a_measure_that_is_asked_for_later_is_lacking(storage: Storage) -> None:
    plant_atlas(storage, small_atlas())
    watched = {"records": [], "onsets": False}
    ledger = read_again(storage, protocol=ATLAS["protocol"] | {"curvature": watched})
    assert not ledger.recorded.any()
    assert not {name for name in MEASURES if name in ledger.pixels} & {"balanced_accuracy"}


@pytest.mark.parametrize("seed", ["pixel", 3])
def test_networks_are_placed_by_their_values_and_seed(storage: Storage, seed: Any) -> None:
    spec = small_atlas(seed=seed)
    ledger = AtlasLedger(storage.engine, spec)
    wanted = [(0, 0), (3, 5), (2, 1)]
    replicates = [trained(spec, column, row, 0.5, None).replicate for row, column in wanted]
    rows, columns = ledger.places(replicates)
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == wanted
    elsewhere = Replicate(spec.at(2.5, spec.axes[1].values[0]), spec.seed_of(0, 0))
    rows, columns = ledger.places([elsewhere, replace(replicates[0], seed=99)])
    assert rows.tolist() == columns.tolist() == [-1, -1]


def trained(
    spec: AtlasSpec, column: int, row: int, accuracy: float, diverged_at: int | None
) -> Record:
    x, y = spec.axes
    configuration = spec.at(x.values[column], y.values[row])
    measures = {"val_accuracy": accuracy, "train_accuracy": 0.5}
    return Record(Replicate(configuration, spec.seed_of(column, row)), diverged_at, measures, {})
