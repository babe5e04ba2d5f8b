"""Which device is measured on, and that float32 is float32 there."""

import pytest
import torch

from dynstudy.bench import device
from dynstudy.bench.device import chosen, device_facts, full_float32, out_of_memory
from dynstudy.bench.words import Device
from dynstudy.errors import BenchError


@pytest.mark.parametrize(
    ("asked", "there", "expected"),
    [
        (None, True, "cuda"),
        (None, False, "cpu"),
        (Device.cpu, True, "cpu"),
        (Device.cuda, True, "cuda"),
    ],
)
def test_a_card_is_chosen_where_there_is_one(
    asked: Device | None, there: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert chosen(asked) == expected


def test_a_card_that_is_not_there_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BenchError, match=r"^--device cuda: torch .* finds no card .*--device cpu$"):
        chosen(Device.cuda)


def test_tf32_is_off_while_measuring_and_as_it_was_after() -> None:
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("high")
        with full_float32():
            assert torch.get_float32_matmul_precision() == "highest"
            assert not torch.backends.cuda.matmul.allow_tf32
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision(before)


def test_a_failed_capture_that_began_as_lack_of_memory_is_one() -> None:
    failed = ValueError("the capture failed")
    assert not out_of_memory(failed)
    failed.__context__ = RuntimeError("CUDA out of memory. Tried to allocate 9 GiB")
    assert out_of_memory(failed)
    assert out_of_memory(RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate"))


def test_a_card_is_waited_for_and_a_processor_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[bool] = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: waited.append(True))
    device.finish("cpu")
    assert not waited
    device.finish("cuda")
    assert waited == [True]


def test_a_processor_needs_no_more_words() -> None:
    assert device_facts("cpu") == {"device": "cpu"}


@pytest.mark.gpu
def test_a_card_is_described() -> None:
    """Needs an NVIDIA card, so it is deselected; `make test-gpu` or `pytest -m gpu`."""
    facts = device_facts("cuda")
    assert facts["card"] == torch.cuda.get_device_name()
    assert facts["multiprocessors"] > 0
    assert facts["cuda"] == torch.version.cuda
