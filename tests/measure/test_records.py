"""When curvature is read."""

from typing import Any

import numpy as np
import pytest

from dynstudy.measure.records import (
    in_pairs,
    loss_steps,
    mean_losses,
    pairs,
    pairs_per_decade,
    reads_no_less,
    record_steps,
    series_asked,
)
from dynstudy.protocol import Protocol


def protocol(steps: int = 300, **curvature: Any) -> Protocol:
    return Protocol.model_validate({"steps": steps, "tail": 50, "curvature": curvature})


def test_pairs_are_as_many_a_decade_up_to_the_last_step() -> None:
    steps = np.array(pairs_per_decade(100_000, 12))
    first = steps[np.isin(steps + 1, steps)]
    assert ((first >= 10_000) & (first < 99_999)).sum() == 12
    assert steps[0] == 1
    assert steps[-1] <= 100_000
    assert set(first + 1) <= set(steps)
    assert pairs_per_decade(1, 12) == (1,)


def test_each_way_of_asking_gives_pairs() -> None:
    assert record_steps(protocol(records={"every": 100})) == (100, 101, 200, 201)
    assert record_steps(protocol(records=[7, 0, 7, 299])) == (0, 1, 7, 8, 299, 300)
    assert record_steps(protocol(records={"per_decade": 3})) == pairs_per_decade(300, 3)
    assert record_steps(protocol()) == pairs_per_decade(300, 12)
    assert record_steps(Protocol(steps=300)) == record_steps(protocol(records=[])) == ()


def test_the_loss_is_read_between_the_first_steps_of_pairs_and_up_to_the_end() -> None:
    assert loss_steps(protocol()) == loss_steps(Protocol(steps=300)) == ()
    assert loss_steps(protocol(loss=True, records={"every": 100})) == (100, 200, 300)
    assert loss_steps(protocol(loss=True, records=[7, 0, 299])) == (7, 299, 300)
    assert loss_steps(protocol(loss=True, records=[])) == (300,)
    steps = np.array(loss_steps(protocol(100_000, loss=True)))
    assert ((steps >= 10_000) & (steps < 100_000)).sum() == 12
    assert set(steps[:-1]) <= {*record_steps(protocol(100_000))}
    assert steps[-1] == 100_000


def test_mean_losses_are_those_between_sums() -> None:
    losses = np.random.default_rng(0).uniform(size=(2, 40))
    steps = [3, 4, 25, 40]
    sums = np.concatenate([np.zeros((2, 1)), losses.cumsum(1)], 1)[:, steps]
    parts = np.split(losses, steps[:-1], axis=1)
    expected = np.stack([part.mean(1) for part in parts], 1)
    np.testing.assert_allclose(mean_losses(steps, sums), expected)


def test_where_pairs_stand_is_told_by_their_steps() -> None:
    steps = np.array(in_pairs([3, 4, 9, 20], last=20))
    assert steps.tolist() == [3, 4, 5, 9, 10, 20]
    assert steps[pairs(steps)].tolist() == [3, 4, 9]


def test_series_are_those_that_are_asked_for() -> None:
    assert series_asked(Protocol()) == []
    assert series_asked(protocol()) == ["eigenvalues", "onsets", "uphill"]
    assert series_asked(protocol(loss=True))[-1] == "loss"
    few = protocol(records=[5], smallest=True, onsets=False, uphill=False)
    assert series_asked(few) == ["eigenvalues", "smallest_eigenvalue"]
    assert series_asked(protocol(records=[], smallest=True)) == ["onsets", "uphill"]


@pytest.mark.parametrize(
    ("more", "less"),
    [
        ({"records": {"every": 50}}, {"records": {"every": 100}}),
        ({"eigenvalues": 3}, {}),
        ({"smallest": True}, {"onsets": False}),
        ({"loss": True}, {}),
        ({"loss": True, "records": [10, 11, 12]}, {"loss": True, "records": [11]}),
        ({"loss": True, "records": [10, 11]}, {"records": [10]}),
    ],
)
def test_what_reads_more_reads_no_less(more: dict[str, Any], less: dict[str, Any]) -> None:
    assert reads_no_less(protocol(**more), protocol(**less))
    assert not reads_no_less(protocol(**less), protocol(**more))
    assert reads_no_less(protocol(**less), protocol().plain)
    assert not reads_no_less(protocol().plain, protocol(**less))
    assert not reads_no_less(protocol(steps=400, **more), protocol(**less))
