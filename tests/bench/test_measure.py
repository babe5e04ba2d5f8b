"""What cannot be measured is refused before anything is; speeds with a clock of our own; rows."""

from typing import Any

import pytest

from dynstudy.bench import measure
from dynstudy.bench.measure import Row, Settings, Speed
from dynstudy.bench.words import PEERS
from dynstudy.errors import BenchError


class Clock:
    """Every step takes 2 ms, and a call 5 ms besides."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked: list[int] = []

    def run(self, steps: int) -> None:
        self.asked.append(steps)
        self.now += 0.005 + 0.002 * steps


def test_a_speed_is_that_of_a_call_that_was_long_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(measure.time, "perf_counter", lambda: clock.now)
    speed = Speed(clock.run, work=8, seconds=10, grain=25)
    assert speed.measure() == pytest.approx(8 / 0.002, rel=0.01)
    assert all(steps % 25 == 0 for steps in clock.asked)
    assert 0.002 * clock.asked[-1] >= 5
    assert clock.asked[0] == 25

    clock.asked.clear()  # what it learned about the length is kept
    assert speed.measure() == pytest.approx(8 / 0.002, rel=0.01)
    assert len(clock.asked) == 1


def test_what_a_first_call_loads_is_in_no_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()

    def loads_something(steps: int) -> None:
        clock.now += 0 if clock.asked else 7
        clock.run(steps)

    monkeypatch.setattr(measure.time, "perf_counter", lambda: clock.now)
    speed = Speed(loads_something, work=8, seconds=10, grain=25)
    assert speed.measure() == pytest.approx(8 / 0.002, rel=0.01)


def test_a_row_sums_up_its_rounds() -> None:
    row = Row.of("engine", "cpu / loop", "ratio", [3.0, 9.0, 4.0], width=20)
    assert (row.median, row.min, row.max, row.rounds) == (4, 3, 9, 3)
    assert row.relative
    assert not Row.of("engine", "cpu", "network-steps/s", [1.0]).relative


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"widths": (20, 0)}, "--widths: 0 must be from 1 to 10000"),
        ({"widths": (10_001,)}, "--widths: 10001 must be"),
        ({"peers": ("jacks",)}, f"--peers: 'jacks' is not one of {', '.join(PEERS)}"),
        ({"seconds": 0.0}, "--seconds 0: must be above 0"),
        ({"seconds": float("nan")}, "--seconds nan: must be above 0"),
    ],
)
def test_settings_that_mean_nothing_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        Settings(**changes)


def test_every_peer_is_measured_by_default() -> None:
    assert Settings().peers == PEERS
