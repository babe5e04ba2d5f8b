"""Ensembles of very different sizes are trained in turn, and compared within a round."""

from typing import Any

import pytest

from benchmarks import many_networks
from dynstudy.bench.measure import Settings, Speed


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many_networks, "COUNTS", (2, 5, 9))
    monkeypatch.setattr(many_networks, "STEPS", {2: 30, 5: 20, 9: 10})
    monkeypatch.setattr(many_networks, "WIDTH", 3)


@pytest.mark.usefixtures("tiny")
def test_a_call_trains_all_networks_for_their_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, int, str]] = []
    train = many_networks.train

    def counted(networks: Any, data: Any, *, backend: str, checkpoints: list[int]) -> Any:
        trained = train(networks, data, backend=backend, checkpoints=checkpoints)
        calls.append((len(trained.diverged_at), checkpoints[-1], backend))
        return trained

    monkeypatch.setattr(many_networks, "train", counted)
    many_networks.measure(Settings(rounds=2), lambda _: None)
    assert calls == [(2, 30, "cpu"), (5, 20, "cpu"), (9, 10, "cpu")] * 2


@pytest.mark.usefixtures("tiny")
def test_ratios_are_to_the_smallest_ensemble_of_the_same_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    speeds = iter([10.0, 20.0, 30.0, 100.0, 50.0, 25.0])
    work: list[float] = []

    def next_speed(call: Speed) -> float:
        work.append(call.work)
        return next(speeds)

    monkeypatch.setattr(Speed, "measure", next_speed)
    said: list[str] = []
    measured = many_networks.measure(Settings(rounds=2), said.append)
    assert [(row.quantity, row.unit, row.min, row.max) for row in measured.rows] == [
        ("5 networks / 2", "ratio", 0.5, 2.0),
        ("9 networks / 2", "ratio", 0.25, 3.0),
        ("2 networks", "network-steps/s", 10.0, 100.0),
        ("5 networks", "network-steps/s", 20.0, 50.0),
        ("9 networks", "network-steps/s", 25.0, 30.0),
    ]
    assert all(
        (row.measurement, row.width, row.rounds) == ("many_networks", 3, 2) for row in measured.rows
    )
    assert work == [2 * 30, 5 * 20, 9 * 10] * 2
    assert said == [f"many networks: {n}, {i} of 2" for i in (1, 2) for n in (2, 5, 9)]
    (note,) = measured.notes
    assert note.endswith("steps: 30 of 2 networks, 20 of 5 networks, 10 of 9 networks")
