"""Which of dynstudy's backends are measured, here and on a card."""

import pytest

from dynstudy.bench import own
from dynstudy.bench.own import available
from dynstudy.errors import BackendError
from dynstudy.train.backends import autograd


def runs_nowhere(*_: object) -> None:
    raise BackendError("no such card")


def test_a_backend_that_cannot_run_is_left_out_unless_it_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(own, "BACKENDS", ("autograd", "cpu"))
    monkeypatch.setattr(autograd, "start", runs_nowhere)
    notes: list[str] = []
    assert available(None, "cpu", notes) == ["cpu"]
    assert notes == ["autograd: left out, no such card"]
    with pytest.raises(BackendError, match="no such card"):
        available(("cpu", "autograd"), "cpu", [])


@pytest.mark.parametrize(
    ("device", "expected", "noted"),
    [("cpu", ["cpu", "autograd"], ["gpu: only on a card"]), ("cuda", ["gpu", "autograd:cuda"], [])],
)
def test_a_device_is_measured_with_the_backends_of_its_own(
    device: str, expected: list[str], noted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    monkeypatch.setattr(own, "BACKENDS", ("autograd", "cpu", "gpu"))
    monkeypatch.setattr(own, "own_backend", lambda name, _: lambda _: tried.append(name))
    notes: list[str] = []
    assert available(None, device, notes) == expected
    assert set(tried) == set(expected)  # a card is not even touched for the processor
    assert notes == noted
    assert available(("gpu", "cpu"), device, notes) == ["gpu", "cpu"]  # asked for by name
