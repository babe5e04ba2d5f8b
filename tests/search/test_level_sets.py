"""Where to measure next, of surfaces that are known."""

import numpy as np
import pytest

from dynstudy.search.level_sets import CONFIDENT, Field, choose, spread_out
from dynstudy.statistics.gaussian_process import GaussianProcess

PLACES = np.linspace(0, 5, 26)[:, None]


def field(level: float = 0.0) -> Field:
    """Values rise from -2.5 to 2.5 along the places; they were measured at both ends."""
    seen = np.array([0, 5, 20, 25])
    surface = GaussianProcess(PLACES[seen], PLACES[seen, 0] - 2.5, np.full(4, 1e-4))
    return Field(surface, np.full((1, len(PLACES)), level), np.zeros(len(PLACES)))


def test_the_score_is_how_far_a_band_reaches_over_its_nearest_level() -> None:
    there = Field(field().surface, np.array([[0.0, 0.0], [1.0, 9.0]]), np.array([0.0, 0.09]))
    mean, variance = np.array([0.9, 0.5]), np.array([0.16, 0.16])
    expected = np.array([CONFIDENT * 0.4 - 0.1, CONFIDENT * 0.5 - 0.5]) / there.surface.spread
    np.testing.assert_allclose(there.score(mean, variance), expected)
    assert (there.score(np.array([5.0, 5.0]), variance) == 0).all()  # settled


def test_the_next_place_is_near_the_level() -> None:
    for level, near in ((0.0, 2.5), (-1.2, 1.3)):
        (best,) = choose([field(level)], PLACES, [], 1, PLACES[:0])
        assert PLACES[best, 0] == pytest.approx(near, abs=0.6)


def test_what_is_taken_or_measured_is_not_chosen_again() -> None:
    chosen = choose([field()], PLACES, [12, 13], 5, PLACES[:0])
    assert len(set(chosen)) == 5
    assert not {12, 13} & set(chosen)
    (first,) = choose([field()], PLACES, [], 1, PLACES[:0])
    (pending,) = choose([field()], PLACES, [], 1, PLACES[[first]])
    assert pending != first
    left = list(range(24))
    assert sorted(choose([field()], PLACES, left, 5, PLACES[:0])) == [24, 25]


def test_places_to_begin_with_are_far_from_each_other(rng: np.random.Generator) -> None:
    first, *rest = spread_out(PLACES, PLACES[:0], 3, rng)
    farthest = 0 if first > 12 else 25
    assert rest[0] == farthest
    assert spread_out(PLACES, PLACES[[0]], 1, rng) == [25]
    assert sorted(spread_out(PLACES, PLACES[:0], 99, rng)) == list(range(26))
