"""What a static loss does, as the ledger has it."""

import numpy as np
import pytest

from dynstudy.measure.accuracy import accuracy
from dynstudy.statistics.baseline import Baseline
from dynstudy.store.studies import Storage
from tests.planted import Planted, SpecMaker


@pytest.fixture
def planted(storage: Storage, make_spec: SpecMaker) -> Planted:
    planted = Planted(storage, make_spec())
    planted.put(planted.cell(loss="ce"), [0.1 * seed for seed in range(8)], diverged=2)
    return planted


def baseline(planted: Planted, seeds: range) -> Baseline:
    return Baseline(planted.ledger, planted.cell(loss="ce").configuration, seeds)


def test_the_seeds_that_count_are_read_and_those_that_diverged_are_chance(
    planted: Planted,
) -> None:
    static = baseline(planted, range(6))
    assert static.val_accuracy == pytest.approx([1 / 3, 1 / 3, 0.2, 0.3, 0.4, 0.5])
    assert static.finite_seeds == [2, 3, 4, 5]


def test_a_measure_is_read_at_the_steps_of_a_period_where_it_is_defined(planted: Planted) -> None:
    static = baseline(planted, range(6))
    # the planted networks classify the same at every step: they forget nothing
    assert static.measure("forgetting", 10).tolist() == [0] * 4
    counts = static._readings.validation_correct[:, -1]
    points = planted.spec.protocol.data.validation_points
    np.testing.assert_allclose(static.measure("val_accuracy", 10), accuracy(counts, points))
    # 3 oscillations of 45 steps fit: with fewer than C + 1 forgetting is not defined
    assert len(static.measure("forgetting", 45)) == 0


def test_without_networks_there_is_nothing(planted: Planted) -> None:
    static = baseline(planted, range(90, 95))
    assert len(static.val_accuracy) == len(static.measure("forgetting", 10)) == 0
