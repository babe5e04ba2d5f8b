"""What grows while the rest stays, and the memory of a network."""

from dataclasses import asdict
from typing import Any

import pytest

from benchmarks import growth
from benchmarks.growth import Case, cases, peak
from dynstudy.bench import own
from dynstudy.bench.measure import Settings, Speed
from dynstudy.bench.problem import CLASSES, Problem
from dynstudy.bench.words import Device

TINY: dict[str, Any] = {"widths": (3, 5), "rounds": 2, "seconds": 1e-6}


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "POINTS", (10, 20, 40))
    monkeypatch.setattr(growth, "STEPS", 10)
    monkeypatch.setattr(growth, "threads", lambda: 1)
    monkeypatch.setattr(growth, "release", lambda: None)  # of what little there is
    monkeypatch.setitem(growth.MEMORY_NETWORKS, "cpu", 50)


def test_one_thing_grows_and_the_others_stay() -> None:
    for device in Device:
        base, axes = cases(Settings(device=device))
        assert list(axes) == ["networks", "points per class", "steps", "width"]
        for field, (name, axis) in zip(asdict(base), axes.items(), strict=True):
            assert field == name.split(maxsplit=1)[0]
            assert list(axis) == sorted(axis)
            assert base in axis.values()
            for value, case in axis.items():
                assert asdict(case) == asdict(base) | {field: value}


def test_every_case_has_a_row_with_its_name() -> None:
    said: list[str] = []
    measurement = growth.measure(Settings(**TINY, backends=("cpu",)), said.append)
    _, axes = cases(Settings(**TINY))
    speeds = [row for row in measurement.rows if row.unit == "network-steps/s"]
    assert [row.quantity for row in speeds] == [
        f"{a} = {n}" for a, grown in axes.items() for n in grown
    ]
    assert "points per class = 40" in {row.quantity for row in speeds}
    memory = [row for row in measurement.rows if row.unit == "KiB"]
    assert [row.quantity for row in memory] == [f"memory per network, width = {w}" for w in (3, 5)]
    for row in measurement.rows:
        assert row.measurement == "growth"
        assert row.rounds == (1 if row in memory else 2)
        assert 0 < row.min <= row.median <= row.max
    assert "growth: networks = " in "".join(said)
    assert any(note.startswith("growth: cpu, ") for note in measurement.notes)


def test_a_call_trains_what_the_case_says(monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[tuple[Problem, int]] = []
    monkeypatch.setattr(
        growth, "own_backend", lambda _, problem: lambda n: trained.append((problem, n))
    )
    speed = Case(networks=4, points=50, steps=30, width=6).speed("cpu", 1)
    trained.clear()
    speed.run(2)
    problem = Problem(width=6, networks=4, points=50)
    assert trained == [(problem, 30), (problem, 30)]
    assert speed.work == 4 * 30
    assert problem.data.x.shape == (1, CLASSES * 50, 2)
    assert problem.flops_per_step() == 26 * CLASSES * 50 * 6


def test_what_does_not_fit_has_a_note_and_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    speed = Case.speed

    def small(self: Case, backend: str, seconds: float) -> Speed:
        if self.points > 20:
            raise RuntimeError("CUDA out of memory. Tried to allocate 9 GiB")
        return speed(self, backend, seconds)

    monkeypatch.setattr(Case, "speed", small)
    measurement = growth.measure(Settings(**TINY, backends=("cpu",)), lambda _: None)
    quantities = {row.quantity for row in measurement.rows}
    assert "points per class = 20" in quantities
    assert "points per class = 40" not in quantities
    assert "growth: points per class = 40 left out, out of memory" in measurement.notes


def test_a_wider_network_takes_more_memory_and_more_networks_the_same_each() -> None:
    narrow, wide, many = (
        peak("cpu", Problem(width, networks), "cpu") / networks
        for width, networks in ((10, 200), (400, 200), (10, 400))
    )
    parameters = 390 * 6 * 4  # bytes of those that the wide one has more
    assert parameters < wide - narrow < 4 * parameters
    assert many < narrow  # since what is needed once is shared by more


def test_the_memory_of_pytorch_on_a_processor_is_not_made_up() -> None:
    measurement = growth.measure(Settings(**TINY, backends=("autograd",)), lambda _: None)
    assert {row.unit for row in measurement.rows} == {"network-steps/s"}
    assert any("memory of autograd left out" in note for note in measurement.notes)


def test_without_a_backend_on_the_device_there_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "own_backend", lambda *_: lambda _: None)
    measurement = growth.measure(Settings(device=Device.cuda, backends=("cpu",)), lambda _: None)
    assert measurement.rows == []
    assert measurement.notes == ["growth: left out, cpu not on cuda"]


@pytest.mark.gpu
def test_the_memory_of_a_network_on_a_card_is_told() -> None:
    """Needs an NVIDIA card, so it is deselected; `make test-gpu` or `pytest -m gpu`."""
    narrow, wide = (peak("autograd:cuda", Problem(width, 64), "cuda") for width in (10, 400))
    assert 0 < narrow < wide
