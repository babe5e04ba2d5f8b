"""How far a launch is."""

import math

import pytest

import dynstudy
from dynstudy.launch.progress import Progress
from dynstudy.store.studies import Storage
from tests.planted import SpecMaker


def test_progress_ends_at_all_networks(storage: Storage, make_spec: SpecMaker) -> None:
    seen = []
    dynstudy.run(
        make_spec(),
        storage=storage,
        report=lambda progress: seen.append((progress.done, progress.networks, progress.rate)),
    )
    assert seen[-1][:2] == (16, 16)
    assert seen[-1][2] > 0


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


def test_more_may_be_expected_on_the_way() -> None:
    progress = Progress(done=5, work_done=50.0)
    progress.expect(networks=3.4, work=30.0)
    assert (progress.networks, progress.work) == (8, 80.0)
