"""What cells are called, from tests whose answers are known."""

import numpy as np

from dynstudy.statistics.cell_tests import CELL_TESTS, Contrast, Evidence
from dynstudy.statistics.labels import label
from dynstudy.statistics.two_samples import Difference, Moments


def test_regimes_follow_from_the_replicates(rng: np.random.Generator) -> None:
    baseline = rng.normal(0.5, 0.01, 40)
    cells = {
        "useful": rng.normal(0.6, 0.01, 10),
        "harmful": rng.normal(0.4, 0.01, 10),
        "neutral": rng.normal(0.5, 0.01, 10) + 0.0,
        "unsettled": rng.normal(0.5, 0.2, 10),
        "untested": rng.normal(0.9, 0.01, 5),
    }
    shared = np.zeros(len(cells), np.int64)
    accuracy = Contrast(list(cells.values()), [baseline], shared)
    evidence = CELL_TESTS(accuracy, Contrast([np.empty(0)] * 5, [np.empty(0)], shared))
    labels = label(evidence, accuracy.sizes, 40)
    assert labels.regimes == list(cells)
    assert labels.forgets == [None] * 5
    assert np.isnan(labels.p_values).tolist() == [False] * 4 + [True]
    assert set(label(evidence, accuracy.sizes, 5).regimes) == {"untested"}
    gain = Difference.between(Moments.of(list(cells.values())), Moments.of([baseline]))
    low, high = gain.interval(0.9)  # two one-sided tests, as an interval
    within = (low > -0.02) & (high < 0.02)
    np.testing.assert_array_equal((evidence.equivalent < 0.05)[:4], within[:4])


def test_forgetting_is_a_label_of_its_own() -> None:
    ones, forgets = np.ones(4), np.array([0.001, 0.9, np.nan, 0.001])
    evidence = Evidence(0.1 * ones, 0.001 * ones, ones, forgets, ones, np.full(4, 8))
    labels = label(evidence, np.array([8, 8, 8, 0]), 32)
    assert labels.forgets == [True, False, None, None]
    assert labels.regimes == ["useful", "useful", "useful", "untested"]
