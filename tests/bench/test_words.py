"""The words of the benchmark's options."""

import torch

from dynstudy.bench.measure import Settings
from dynstudy.bench.words import Device


def test_a_device_is_one_that_pytorch_and_settings_know() -> None:
    for device in Device:
        assert torch.device(device).type == device
        assert Settings(device=device).device is device
