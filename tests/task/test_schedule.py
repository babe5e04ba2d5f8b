import math
import re
from collections import Counter
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynstudy.task.schedule import RANDOM, SCHEDULES, class_weights, oscillations
from tests.conftest import ROOT

PERIODS = st.integers(2, 10_000)
CLASSES = st.integers(2, 7)


def weights_by_definition(k: int, C: int, A: Fraction, T: int) -> list[Fraction]:
    """The design's section 2, word for word, in exact arithmetic."""
    c, tau = (k // T) % C, k % T
    if Fraction(tau) < Fraction(T, 2):
        w = 1 + 2 * (A - 1) * Fraction(tau, T)
    else:
        w = 2 * A - 1 - 2 * (A - 1) * Fraction(tau, T)
    weights = [w if i == c else Fraction(1) for i in range(C)]
    return [C * weight / sum(weights) for weight in weights]


@given(st.integers(0, 10**7), CLASSES, st.integers(1, 100_000), PERIODS)
def test_weights_follow_the_definition(k: int, C: int, A: int, T: int) -> None:
    expected = [float(weight) for weight in weights_by_definition(k, C, Fraction(A), T)]
    np.testing.assert_allclose(class_weights(k, C, A, T), expected, rtol=1e-12)


@given(st.integers(0, 10**7), CLASSES, st.floats(1, 1e6), PERIODS)
def test_weights_sum_to_the_number_of_classes_and_are_positive(
    k: int, C: int, A: float, T: int
) -> None:
    weights = class_weights(k, C, A, T)
    assert abs(weights.sum() - C) < 1e-12 * C
    assert (weights > 0).all()


@given(st.integers(0, 10**6), CLASSES, st.floats(1, 1e4), PERIODS)
def test_after_a_cycle_everything_repeats_and_after_an_oscillation_it_is_the_next_classs_turn(
    k: int, C: int, A: float, T: int
) -> None:
    now = class_weights(k, C, A, T)
    np.testing.assert_array_equal(class_weights(k + C * T, C, A, T), now)
    np.testing.assert_allclose(class_weights(k + T, C, A, T), np.roll(now, 1), rtol=1e-14)


@given(st.integers(0, 10**6), CLASSES, st.floats(1, 1e4), PERIODS)
def test_at_amplitude_1_and_in_the_tail_all_weights_are_exactly_1(
    k: int, C: int, A: float, T: int
) -> None:
    assert (class_weights(k, C, 1, T) == 1).all()
    assert (class_weights(k, C, A, T, tail_start=k) == 1).all()
    np.testing.assert_array_equal(
        class_weights(k, C, A, T, tail_start=k + 1), class_weights(k, C, A, T)
    )


def test_the_weight_peaks_in_the_middle_of_its_turn() -> None:
    emphasised = class_weights(np.arange(100), 3, 70, 100)[:, 0]
    assert emphasised.argmax() == 50
    assert emphasised[50] == 3 * 70 / 72


def test_arguments_broadcast() -> None:
    weights = class_weights(np.arange(4)[:, None], 3, np.array([1, 9]), np.array([5, 7]))
    assert weights.shape == (4, 2, 3)
    np.testing.assert_array_equal(weights[3, 1], class_weights(3, 3, 9, 7))


@given(st.integers(1, 10**6), st.integers(0, 10**6), PERIODS)
def test_oscillations_are_whole_and_leave_at_least_the_tail(S: int, tail: int, T: int) -> None:
    count = oscillations(S, tail, T)
    assert count * T + tail <= S or count == 0
    assert (count + 1) * T + tail > S
    assert oscillations(S, "none", T) == S // T
    assert oscillations(S, "period", T) == max(0, S // T - 1)


# --- other kinds --------------------------------------------------------------------------------

WEIGHTS: dict[str, Callable[[int, float, int], float]] = {
    "triangle": lambda tau, A, T: 1 + 2 * (A - 1) * min(tau, T - tau) / T,
    "sine": lambda tau, A, T: 1 + (A - 1) * math.sin(math.pi * tau / T),
    "square": lambda tau, A, T: A,
    "random": lambda tau, A, T: 1 + 2 * (A - 1) * min(tau, T - tau) / T,
}
"""w of each kind, as its equation has it."""


@pytest.mark.parametrize("name", SCHEDULES)
@given(k=st.integers(0, 10**7), C=CLASSES, A=st.floats(1, 1e5), T=PERIODS)
def test_every_kind_follows_its_equation(name: str, k: int, C: int, A: float, T: int) -> None:
    c, w = int(SCHEDULES[name].emphasised(k // T, C)), WEIGHTS[name](k % T, A, T)
    expected = [C * (w if i == c else 1) / (w + C - 1) for i in range(C)]
    np.testing.assert_allclose(class_weights(k, C, A, T, schedule=name), expected, rtol=1e-12)
    if name != "random":
        assert c == (k // T) % C


@pytest.mark.parametrize("name", SCHEDULES)
@given(k=st.integers(0, 10**7), C=CLASSES, A=st.floats(1, 1e5), T=PERIODS)
def test_every_kind_is_static_at_amplitude_1_and_in_the_tail(
    name: str, k: int, C: int, A: float, T: int
) -> None:
    weights = SCHEDULES[name].weights
    assert (weights(k, C, 1, T) == 1).all()
    assert (weights(k, C, A, T, tail_start=k) == 1).all()
    np.testing.assert_array_equal(weights(k, C, A, T, tail_start=k + 1), weights(k, C, A, T))
    np.testing.assert_array_equal(
        weights([[k], [k + T]], C, [1, A], T)[1, 1], weights(k + T, C, A, T)
    )


@pytest.mark.parametrize("name", SCHEDULES)
@given(cycle=st.integers(0, 10**9), C=CLASSES)
def test_in_a_cycle_each_class_has_one_turn(name: str, cycle: int, C: int) -> None:
    turns = SCHEDULES[name].emphasised(cycle * C + np.arange(C), C)
    assert sorted(turns) == list(range(C))
    assert [int(SCHEDULES[name].emphasised(cycle * C + n, C)) for n in range(C)] == turns.tolist()


def test_random_orders_are_all_drawn_alike_and_know_nothing_of_the_one_before() -> None:
    orders = RANDOM.emphasised(np.arange(3 * 36_000), 3).reshape(-1, 3)
    pairs = Counter(zip(map(tuple, orders.tolist()), map(tuple, orders[1:].tolist()), strict=False))
    assert len(pairs) == 36
    expected = (len(orders) - 1) / 36
    chi_squared = sum((count - expected) ** 2 / expected for count in pairs.values())
    assert chi_squared < 66.6  # of 35 degrees of freedom, with probability 0.999


def test_random_orders_stay_what_they_are() -> None:
    """Networks that were trained with them are in ledgers."""
    assert RANDOM.emphasised(np.arange(12), 4).tolist() == [0, 3, 1, 2, 2, 3, 0, 1, 0, 3, 2, 1]
    assert RANDOM.emphasised(10**12 + np.arange(9), 3).tolist() == [0, 1, 2, 0, 1, 2, 1, 0, 1]


def test_the_docs_have_every_kind_as_it_is_defined() -> None:
    page = (ROOT / "docs" / "definitions.md").read_text(encoding="utf-8")
    for kind in SCHEDULES.values():
        assert re.search(rf"\| `{kind.name}` \| {re.escape(kind.equation)} \|", page), kind.name
