"""How far a launch is, and who is slow."""

import math

import pytest

from dynstudy.launch.progress import Progress


def test_what_is_left_follows_from_the_work_and_not_from_the_networks() -> None:
    progress = Progress()
    assert math.isnan(progress.seconds_left)
    progress.began -= 10
    progress.expect(networks=8, work=100.0)
    progress.work_done = 25.0  # of wide networks, of which one is done
    progress.done = 1
    assert progress.seconds_left == pytest.approx(30, rel=0.01)
    progress.steps_done = 500.0
    assert progress.rate == pytest.approx(50, rel=0.01)


def test_nothing_is_foretold_from_the_time_that_compiling_takes() -> None:
    """One step of 30 000 after two seconds of compiling said `182:47:07 left` of one second."""
    progress = Progress(work=30_000.0, work_done=1.0)
    progress.began -= 2
    assert math.isnan(progress.seconds_left)
    progress.work_done = 300.0
    assert progress.seconds_left == pytest.approx(2 * 99, rel=0.01)


def test_more_may_be_expected_on_the_way() -> None:
    progress = Progress(done=5, work_done=50.0)
    progress.expect(networks=3.4, work=30.0)
    assert (progress.networks, progress.work) == (8, 80.0)


def test_workers_are_counted_and_the_slowest_is_named_where_it_is_slow() -> None:
    assert Progress(speeds={"a": 10.0}).workers_said == ""
    assert Progress(speeds={"a": 10.0, "b": 9.0}).workers_said == "2 workers"
    slow = Progress(speeds={"a": 10.0, "b": 5.0, "c": 20.0})
    assert slow.workers_said == "3 workers (b at 50% of their median speed)"
