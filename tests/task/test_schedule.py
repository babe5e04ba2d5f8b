from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dynstudy.task.schedule import class_weights, oscillations

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
