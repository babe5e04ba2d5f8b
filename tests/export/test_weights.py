"""Parameters as PyTorch's modules take them."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from dynstudy.export.export_file import Export
from dynstudy.export.reproducing import reproduce
from dynstudy.export.weights import add_weights, check_weights
from dynstudy.launch.replicates import draw_data


def test_weights_are_those_of_a_torch_module(made: Export, tmp_path: Path) -> None:
    exported = add_weights(made, tmp_path / "best.safetensors")
    entry = exported.configuration[0]
    assert entry.weights is not None
    assert entry.found is not None
    width = entry.width
    model = torch.nn.Sequential(
        torch.nn.Linear(2, width), torch.nn.ReLU(), torch.nn.Linear(width, 3)
    )
    model.load_state_dict(load_file(tmp_path / "best.safetensors"))
    data = draw_data(made.protocol.data, [0])
    right = model(torch.tensor(data.validation_x, dtype=torch.float32)).argmax(-1).numpy()
    assert (right == data.validation_y).mean() == pytest.approx(max(entry.found.val_accuracies))
    assert check_weights(entry, exported.protocol, tmp_path) == []
    assert not reproduce(exported).problems

    path = tmp_path / "best.safetensors"
    tensors = load_file(path)
    save_file({name: tensor * 1.5 for name, tensor in tensors.items()}, path)
    assert "was changed" in " ".join(check_weights(entry, exported.protocol, tmp_path))
    narrow = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.ReLU(), torch.nn.Linear(4, 3))
    save_file(narrow.state_dict(), path)
    (problem,) = check_weights(entry, exported.protocol, tmp_path)
    assert f"is of width 4, the configuration of width {width}" in problem
    path.write_bytes(b"junk")
    assert "cannot be read" in check_weights(entry, exported.protocol, tmp_path)[0]
    path.unlink()
    assert "is not there" in check_weights(entry, exported.protocol, tmp_path)[0]
