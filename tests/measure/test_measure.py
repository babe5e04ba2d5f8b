"""What is read of the networks of a cell, seen at some steps."""

import numpy as np

from dynstudy.measure.measure import CellReadings
from dynstudy.protocol import Protocol
from dynstudy.task.data.spirals import SpiralData

PROTOCOL = Protocol(data=SpiralData(points_per_class=10, validation_points_per_class=20))


def test_at_other_steps_are_the_same_networks_and_nan_where_they_were_not_read(
    rng: np.random.Generator,
) -> None:
    correct, validation_correct = rng.integers(0, 10, (2, 4, 3, 2)).astype(float)
    diverged = np.array([False, True, False, False])
    steps = (10, 20, 40)
    readings = CellReadings(PROTOCOL, 5, steps, correct, validation_correct, diverged)
    seen = readings.at([40, 30, 10])
    assert seen.steps == (40, 30, 10)
    np.testing.assert_array_equal(seen.correct[:, [0, 2]], correct[:, [2, 0]])
    np.testing.assert_array_equal(seen.validation_correct[:, 0], validation_correct[:, 2])
    assert np.isnan(seen.correct[:, 1]).all()
    assert (seen.period, seen.protocol, seen.diverged is diverged) == (5, PROTOCOL, True)
    assert readings.at([]).correct.shape == (4, 0, 2)


def test_accuracies_are_shares_of_each_sets_own_points() -> None:
    counts = np.full((1, 1, 3), 5.0)
    readings = CellReadings(PROTOCOL, None, (7,), counts, counts, np.array([False]))
    assert (readings.train_accuracy == 0.5).all()
    assert (readings.validation_accuracy == 0.25).all()
