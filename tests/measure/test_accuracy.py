from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dynstudy.config import Configuration
from dynstudy.launch.replicates import train_cell, trained
from dynstudy.measure.accuracy import (
    VAL_ACCURACY_AT_LAST_PEAK,
    accuracy,
    balanced_accuracy,
    standard_error,
)
from dynstudy.measure.measure import CellReadings
from dynstudy.protocol import Protocol
from dynstudy.task.data.spirals import SpiralData
from dynstudy.task.schedule import class_weights


def test_accuracy_is_the_share_of_points_classified_right() -> None:
    assert accuracy(np.array([10, 0, 5]), points=[10, 10, 10]) == pytest.approx(0.5)


def test_a_diverged_network_counts_as_chance() -> None:
    assert accuracy(np.array([-1, -1, -1, -1]), [10] * 4, diverged=True) == pytest.approx(0.25)


def test_standard_error_is_scipys(rng: np.random.Generator) -> None:
    values = rng.random(7)
    assert standard_error(values) == pytest.approx(stats.sem(values))
    assert np.isnan(standard_error(values[:1]))


def test_each_class_counts_alike_in_balanced_accuracy() -> None:
    """Answering the largest class for everything is worth as much as guessing."""
    points = [90, 9, 1]
    correct = np.array([[90, 0, 0], [45, 9, 0], [0, 0, 1], [90, 9, 1]])
    expected = [1 / 3, (0.5 + 1) / 3, 1 / 3, 1.0]
    np.testing.assert_allclose(balanced_accuracy(correct, points), expected)
    np.testing.assert_allclose(accuracy(correct, points), [0.9, 0.54, 0.01, 1.0])
    diverged = balanced_accuracy(correct, points, diverged=[False, True, True, False])
    np.testing.assert_allclose(diverged, [1 / 3, 1 / 3, 1 / 3, 1.0])


@given(
    period=st.integers(2, 12),
    whole=st.integers(1, 9),
    tail=st.integers(0, 15),
    more=st.integers(0, 11),
    seed=st.integers(0, 99),
)
def test_accuracy_at_the_last_peak_is_read_where_the_weight_is_largest_for_the_last_time(
    period: int, whole: int, tail: int, more: int, seed: int
) -> None:
    steps = whole * period + more % period + tail
    protocol = Protocol(steps=steps, tail=tail)
    # naively: of the last oscillation the first step at which a weight is as large as it gets
    last = np.arange((whole - 1) * period, whole * period)
    largest = class_weights(last, 3, 7.0, period).max(axis=-1)
    peak = int(last[np.isclose(largest, largest.max())][0])
    assert list(VAL_ACCURACY_AT_LAST_PEAK.steps(protocol, period)) == [peak]
    assert list(VAL_ACCURACY_AT_LAST_PEAK.steps(protocol, None)) == []

    rng = np.random.default_rng(seed)
    read = tuple(sorted({0, peak, steps}))
    correct = rng.integers(0, 1001, (5, len(read), 3)).astype(float)
    diverged = rng.random(5) < 0.3
    readings = CellReadings(protocol, period, read, correct, correct, diverged)
    expected = [
        np.nan if lost else sum(of_network[read.index(peak)]) / 3000
        for of_network, lost in zip(correct.tolist(), diverged, strict=True)
    ]
    np.testing.assert_allclose(VAL_ACCURACY_AT_LAST_PEAK.of(readings), expected)
    of_static = replace(readings, period=None)
    assert np.isnan(VAL_ACCURACY_AT_LAST_PEAK.of(of_static)).all()
    elsewhere = readings.at([0, steps])
    unread = np.isnan(VAL_ACCURACY_AT_LAST_PEAK.of(elsewhere)) | (peak == 0)
    assert unread.all()


def test_it_is_recorded_of_networks_as_they_are_at_that_step() -> None:
    """Four oscillations of 50 steps: 175 steps are taken when the last one is at its peak."""
    protocol = Protocol(steps=230, tail=30, data=SpiralData(validation_points_per_class=20))
    dynamical = Configuration("dce", 6, 1.0, 30.0, 50)
    records, _ = train_cell(dynamical, protocol, [0, 1], "autograd")
    replicates = [record.replicate for record in records]
    _, _, outcome = trained(replicates, protocol, 175, backend="autograd", checkpoints=[175])
    right = outcome.validation_correct[:, -1].sum(axis=-1)
    name = VAL_ACCURACY_AT_LAST_PEAK.name
    assert [record.measures[name] for record in records] == pytest.approx(right / 60)
    (static,), _ = train_cell(dynamical.baseline(), protocol, [0], "autograd")
    assert static.measures[name] is None
