"""Measures of instability, beside their definitions written naively."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynstudy.measure.instability import (
    EPISODES_PER_OSCILLATION,
    LARGEST_CURVATURE,
    ONSETS_PER_OSCILLATION,
    SHARE_PAST_EDGE,
    SHARE_UPHILL,
)
from dynstudy.measure.measure import CellReadings, CurvatureReadings
from dynstudy.protocol import Protocol

PROTOCOL = Protocol(steps=100, tail=20)
ALL = (
    LARGEST_CURVATURE,
    SHARE_PAST_EDGE,
    SHARE_UPHILL,
    EPISODES_PER_OSCILLATION,
    ONSETS_PER_OSCILLATION,
)


def readings(
    steps: list[int], largest: Any, period: int | None = 25, diverged: bool = False, **counts: float
) -> CellReadings:
    """One network of learning rate 0.5."""
    of = {"onsets": 6.0, "looked_at": 50.0, "uphill": 10.0, "episodes": 9.0} | counts
    arrays = {name: np.array([number]) for name, number in of.items()}
    curvature = CurvatureReadings(0.5, tuple(steps), np.array([largest], float), **arrays)
    unread = np.full((1, 0, 3), np.nan)
    return CellReadings(PROTOCOL, period, (), unread, unread, np.array([diverged]), curvature)


def test_an_example_by_hand() -> None:
    # three oscillations of 25 fit before step 80: pairs up to 75, and 2/η is 4
    read = readings([10, 11, 40, 41, 73, 74, 74 + 1, 90, 91], [3, 4, 5, 7, 1, 2, 99, 99, 99])
    assert LARGEST_CURVATURE.of(read).tolist() == [6 / 4]
    assert SHARE_PAST_EDGE.of(read).tolist() == [1 / 3]
    assert SHARE_UPHILL.of(read).tolist() == [0.2]
    assert EPISODES_PER_OSCILLATION.of(read).tolist() == [3.0]
    assert ONSETS_PER_OSCILLATION.of(read).tolist() == [2.0]


def test_a_static_loss_has_no_oscillations_and_is_looked_at_to_the_end() -> None:
    read = readings([10, 11, 98, 99], [3, 4, 8, 8], period=None)
    assert LARGEST_CURVATURE.of(read).tolist() == [2.0]
    assert SHARE_PAST_EDGE.of(read).tolist() == [0.5]
    assert np.isnan(EPISODES_PER_OSCILLATION.of(read)).all()
    assert np.isnan(ONSETS_PER_OSCILLATION.of(read)).all()


@pytest.mark.parametrize("measure", ALL, ids=lambda measure: measure.name)
def test_what_diverged_or_was_not_read_has_none(measure: Any) -> None:
    assert np.isfinite(measure.of(readings([1, 2], [3, 3]))).all()
    assert np.isnan(measure.of(readings([1, 2], [3, 3], diverged=True))).all()
    unread = dict.fromkeys(("onsets", "looked_at", "uphill", "episodes"), math.nan)
    assert np.isnan(measure.of(readings([1, 2], [math.nan, 3], **unread))).all()
    assert np.isnan(measure.of(readings([], [], **unread))).all()
    unread_counts = np.full((2, 0, 3), np.nan)
    nothing = CellReadings(PROTOCOL, 25, (), unread_counts, unread_counts, np.zeros(2, bool))
    assert np.isnan(measure.of(nothing)).all()


@given(
    st.lists(st.integers(0, 100), unique=True, max_size=30).map(sorted),
    st.sampled_from([None, 2, 7, 25, 90]),
    st.data(),
)
def test_they_follow_their_definition(steps: list[int], period: int | None, data: Any) -> None:
    value = st.one_of(st.just(math.nan), st.floats(-10, 10))
    largest = data.draw(st.lists(value, min_size=len(steps), max_size=len(steps)))
    read = readings(steps, largest, period)
    ends = 100 if period is None else 80 // period * period
    of = dict(zip(steps, largest, strict=True))
    means = [(of[k] + of[k + 1]) / 2 * 0.5 / 2 for k in steps if k + 1 in of and k + 1 < ends]
    defined = [mean for mean in means if not math.isnan(mean)]
    expected = max(defined, default=math.nan)
    share = sum(mean > 1 for mean in defined) / len(defined) if defined else math.nan
    np.testing.assert_allclose(LARGEST_CURVATURE.of(read), [expected])
    np.testing.assert_allclose(SHARE_PAST_EDGE.of(read), [share])
