"""What an atlas has of each pixel, and what the static loss is there."""

import numpy as np
import pytest

from dynstudy.analysis.atlas import read_atlas
from dynstudy.errors import DynstudyError
from dynstudy.statistics.baseline import Baseline
from dynstudy.store.studies import Storage
from tests.planted import plant, small_map
from tests.planted_atlas import ATLAS, accuracy_of, plant_atlas, small_atlas


def test_measures_of_pixels_and_their_gain(storage: Storage) -> None:
    plant_atlas(storage, small_atlas(), pixels=2)
    atlas = read_atlas(storage, "atlas")
    assert (atlas.right.name, atlas.upwards.name) == ("amplitude", "period")
    assert np.argwhere(atlas.recorded).tolist() == [[0, 0], [0, 4]]
    assert atlas.of("val_accuracy")[0, 4] == accuracy_of(4, 0)
    np.testing.assert_allclose(atlas.of("gain")[0, 4], accuracy_of(4, 0) - 39 / 90, atol=1e-12)
    assert np.isnan(atlas.of("gain")).sum() == 22
    assert set(atlas.names) >= {"gain", "val_accuracy", "forgetting"}
    with pytest.raises(DynstudyError, match="atlas: has no loss; it has gain, val_accuracy"):
        atlas.of("loss")


def test_what_is_net_of_the_static_loss_and_its_error(storage: Storage) -> None:
    plant_atlas(storage, small_atlas())
    atlas = read_atlas(storage, "atlas")
    net = atlas.of("forgetting") - atlas.static("forgetting")
    np.testing.assert_array_equal(atlas.net("forgetting"), net)
    np.testing.assert_allclose(atlas.static_error("val_accuracy"), 0)  # 36 that are alike
    assert atlas.static_error("forgetting").shape == (4, 6)


def test_the_static_loss_is_linear_between_the_middles_of_tiles(storage: Storage) -> None:
    space = ATLAS["space"] | {"period": {"low": 10, "high": 40}}
    plant_atlas(storage, small_atlas(space=space))
    atlas = read_atlas(storage, "atlas")
    static = atlas.static("forgetting")
    (cell,) = atlas.spec.static_cells()
    baseline = Baseline(atlas.ledger, cell.configuration, cell.seeds)
    low, high = (baseline.measure("forgetting", int(T)).mean() for T in atlas.upwards.middles)
    expected = np.interp(atlas.upwards.values, atlas.upwards.middles, [low, high])
    np.testing.assert_allclose(static, np.tile(expected[:, None], 6), atol=1e-12)


def test_a_study_of_another_kind_has_no_pixels(storage: Storage) -> None:
    plant(storage, small_map())
    with pytest.raises(DynstudyError, match="small: is a map, and no atlas, which has pixels"):
        read_atlas(storage, "small")
