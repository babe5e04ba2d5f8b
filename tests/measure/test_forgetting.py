import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynstudy.measure.forgetting import forgetting, kinds, lasting
from dynstudy.measure.measure import CellReadings
from dynstudy.measure.measures import reads
from dynstudy.measure.window import forgetting_window
from dynstudy.protocol import Protocol
from dynstudy.task.data.spirals import SpiralData
from dynstudy.task.schedule import SCHEDULES, class_weights


def by_definition(
    middle: np.ndarray, end: np.ndarray, first: int
) -> tuple[float | None, float | None]:
    """Section 2 of the design for one network, class by class."""
    count, C = end.shape
    lost, missing = [], []
    for c in range(C):
        turns = [n for n in range(count) if (first + n) % C == c and n + C - 1 < count]
        if turns:
            lost.append(
                np.mean([end[n, c] - min(middle[n + j, c] for j in range(1, C)) for n in turns])
            )
            missing.append(np.mean([end[n, c] - end[n + C - 1, c] for n in turns]))
    if count < C + 1:
        return None, None
    return float(np.mean(lost)), float(np.mean(missing))


@given(
    classes=st.integers(2, 5),
    count=st.integers(1, 15),
    first=st.integers(0, 20),
    seed=st.integers(0, 2**32 - 1),
)
def test_it_follows_the_definition(classes: int, count: int, first: int, seed: int) -> None:
    middle, end = np.random.default_rng(seed).random((2, 3, count, classes))
    lost, missing = forgetting(middle, end, first)
    for r in range(3):
        expected = by_definition(middle[r], end[r], first)
        if expected[0] is None:
            assert np.isnan(lost[r])
            assert np.isnan(missing[r])
        else:
            np.testing.assert_allclose((lost[r], missing[r]), expected, atol=1e-14)


def test_a_network_that_always_knows_everything_forgets_nothing() -> None:
    ones = np.ones((1, 9, 3))
    assert forgetting(ones, ones, 0)[0] == forgetting(ones, ones, 0)[1] == 0


def test_what_is_lost_and_relearned_is_forgotten_but_not_unrecovered() -> None:
    end = np.ones((1, 9, 3))
    middle = np.zeros((1, 9, 3))  # at the others' peaks nothing is known
    lost, missing = forgetting(middle, end, 0)
    assert (lost[0], missing[0]) == (1.0, 0.0)


@given(
    oscillations=st.integers(1, 100),
    period=st.integers(2, 1000),
    classes=st.integers(2, 6),
    amplitude=st.floats(1.5, 1e4),
)
def test_middles_are_where_the_weight_peaks_and_ends_where_the_next_turn_begins(
    oscillations: int, period: int, classes: int, amplitude: float
) -> None:
    data = SpiralData(classes=classes)
    protocol = Protocol(steps=oscillations * period, tail="none", data=data)
    last = forgetting_window(protocol, period)
    assert last.count == min(oscillations, 3 * classes)
    assert last.ends[-1] == oscillations * period
    for turn_number, (middle, end) in enumerate(zip(last.middles, last.ends, strict=True)):
        emphasised = (last.first + turn_number) % classes
        turn = class_weights(np.arange(end - period, end), classes, amplitude, period)[
            :, emphasised
        ]
        peak = class_weights(middle, classes, amplitude, period)[emphasised]
        assert peak == pytest.approx(turn.max(), rel=1e-12)
        assert end // period % classes == (emphasised + 1) % classes


@given(
    classes=st.integers(2, 5),
    count=st.integers(1, 20),
    first=st.integers(0, 20),
    seed=st.integers(0, 2**32 - 1),
)
def test_lasting_follows_its_definition(classes: int, count: int, first: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    end, final = rng.random((3, count, classes)), rng.random((3, classes))
    lost = lasting(end, final, first)
    for r in range(3):
        per_class = []
        for c in range(classes):
            ends = [end[r, n, c] for n in range(count) if (first + n) % classes == c]
            per_class.append(np.mean(ends[-3:]) - final[r, c] if ends else np.nan)
        np.testing.assert_allclose(lost[r], np.mean(per_class), atol=1e-14)


def test_what_the_tail_teaches_again_does_not_last() -> None:
    end = np.zeros((1, 9, 3))
    for turn in range(9):
        end[0, turn, turn % 3] = 0.9  # one class for everything, whose turn it is
    assert forgetting(end, end, 0)[1][0] == pytest.approx(0.9)
    assert lasting(end, np.full((1, 3), 0.9), 0)[0] == pytest.approx(0.0)
    assert lasting(end, np.array([[0.9, 0.0, 0.0]]), 0)[0] == pytest.approx(0.6)


def test_one_lucky_moment_is_no_learning() -> None:
    """A maximum over time would say 1 here."""
    end = np.full((1, 9, 3), 0.5)
    end[0, 1, 0] = 1.0  # on another's turn everything is called class 0
    assert lasting(end, np.full((1, 3), 0.5), 0)[0] == 0


def test_what_was_not_read_at_all_steps_has_no_kind_of_forgetting() -> None:
    """The ends of a period's oscillations may be steps of other periods, its middles not."""
    protocol, period = Protocol(steps=200, tail=50), 10
    steps = reads(protocol, (period,))
    correct = np.random.default_rng(0).random((2, len(steps), 3))
    whole = CellReadings(protocol, period, steps, correct, correct, np.zeros(2, bool))
    assert np.isfinite(kinds(whole)).all()
    ends_alone = whole.at(step for step in steps if step % period == 0)
    assert np.isnan(kinds(ends_alone)).all()


# --- in an order that is drawn for each cycle ---------------------------------------------------


@given(
    classes=st.integers(2, 5),
    count=st.integers(1, 15),
    first=st.integers(0, 20),
    seed=st.integers(0, 2**32 - 1),
    name=st.sampled_from(sorted(SCHEDULES)),
)
def test_in_any_order_it_is_what_is_lost_up_to_the_next_turn_of_a_class(
    classes: int, count: int, first: int, seed: int, name: str
) -> None:
    schedule = SCHEDULES[name]
    middle, end = np.random.default_rng(seed).random((2, 1, count, classes))
    final = np.random.default_rng(seed).random((1, classes))
    whose = [int(schedule.emphasised(first + n, classes)) for n in range(count + 3 * classes)]
    lost: dict[int, list[float]] = {}
    missing: dict[int, list[float]] = {}
    for n in range(count):
        c = whose[n]
        until = next(m for m in range(n + 1, len(whose)) if whose[m] == c)
        between = range(n + 1, until)
        if between and until <= count:
            lost.setdefault(c, []).append(end[0, n, c] - min(middle[0, m, c] for m in between))
            missing.setdefault(c, []).append(end[0, n, c] - end[0, until - 1, c])
    of_kinds = forgetting(middle, end, first, schedule)
    for values, expected in zip(of_kinds, (lost, missing), strict=True):
        if count > classes and expected:
            mean = np.mean([np.mean(each) for each in expected.values()])
            np.testing.assert_allclose(values, mean, atol=1e-14)
        else:
            assert np.isnan(values).all()
    turns = [[n for n in range(count) if whose[n] == c][-3:] for c in range(classes)]
    if all(turns):
        each = [end[0, n, c].mean() - final[0, c] for c, n in enumerate(turns)]
        np.testing.assert_allclose(lasting(end, final, first, schedule), np.mean(each), atol=1e-14)
    else:
        assert np.isnan(lasting(end, final, first, schedule)).all()


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("classes", [2, 3, 10])
def test_what_knows_one_class_at_a_time_forgets_all_in_any_order(name: str, classes: int) -> None:
    """Of networks that have seen a cycle and one turn more, whatever the order."""
    schedule = SCHEDULES[name]
    for count in (classes + 1, 3 * classes):
        whose = schedule.emphasised(np.arange(count), classes)
        end = np.eye(classes)[whose][None]
        assert [float(each[0]) for each in forgetting(end, end, 0, schedule)] == [1.0, 1.0]
