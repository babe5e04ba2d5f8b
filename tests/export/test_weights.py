"""Parameters as PyTorch's modules take them."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save, save_file

from dynstudy.export.export_file import Export, Weights
from dynstudy.export.reproducing import reproduce
from dynstudy.export.weights import (
    add_weights,
    architecture,
    check_weights,
    evaluate,
    named_weights,
    to_tensors,
)
from dynstudy.protocol import Protocol
from dynstudy.task.data.scikit import SklearnData
from dynstudy.task.network import Network
from dynstudy.train import Parameters


@pytest.fixture
def best(made: Export, tmp_path: Path) -> Export:
    """Beside best.toml, which is not written."""
    return add_weights(made, tmp_path / "best.toml")


def weights_of(export: Export) -> Weights:
    weights = export.configuration[0].weights
    assert weights is not None
    return weights


def test_weights_are_those_of_a_torch_module(
    best: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry, weights = best.configuration[0], weights_of(best)
    assert entry.found is not None
    width = entry.width
    model = torch.nn.Sequential(
        torch.nn.Linear(2, width), torch.nn.ReLU(), torch.nn.Linear(width, 3)
    )
    model.load_state_dict(load_file(tmp_path / weights.file))
    data = best.protocol.data.points([0])
    right = model(torch.tensor(data.validation_x, dtype=torch.float32)).argmax(-1).numpy()
    assert (right == data.validation_y).mean() == pytest.approx(max(entry.found.val_accuracies))
    assert check_weights(best, tmp_path, "cpu") == []
    assert reproduce(best, tmp_path).problems == []
    monkeypatch.setattr("dynstudy.export.weights.AT_ONCE", 100)  # points, a few at a time
    assert check_weights(best, tmp_path) == []


@pytest.mark.parametrize(
    ("activation", "depth", "words"),
    [("relu", 1, "ReLU()"), ("tanh", 3, "Tanh()"), ("gelu", 2, "GELU()")],
)
def test_layers_are_called_as_behind_one_another_in_torch(
    activation: Any, depth: int, words: str
) -> None:
    protocol = Protocol(
        network=Network(depth=depth, activation=activation),
        data=SklearnData(kind="sklearn", name="iris", train_seed=2),
    )
    layers = protocol.network.draw(4, 6, 3, 4)
    drawn = Parameters({name: np.float32(array[None]) for name, array in layers.items()})
    tensors = to_tensors(drawn, 6, protocol)
    hidden = f"Linear(width, width), {words}, " * (depth - 1)
    assert architecture(protocol) == (
        f"Sequential(Linear(4, width), {words}, {hidden}Linear(width, classes))"
    )
    model = eval(architecture(protocol), vars(torch.nn) | {"width": 6, "classes": 3})
    model.load_state_dict({name: torch.tensor(tensor) for name, tensor in tensors.items()})
    points = protocol.data.points([0])
    output = model(torch.tensor(points.validation_x, dtype=torch.float32)).argmax(-1).numpy()
    assert evaluate(tensors, 6, protocol, 0) == (output == points.validation_y).mean()


def test_only_weights_that_an_export_names_go_with_it(tmp_path: Path) -> None:
    out, others = tmp_path / "best[1].toml", ("best1.toml", "best.toml", "best[1].json")
    mine, unnamed = (tmp_path / f"{out.name}.{each}.safetensors" for each in ("ab", "cd"))
    for file in (mine, unnamed, *(tmp_path / f"{each}.ab.safetensors" for each in others)):
        file.touch()
    assert named_weights(out) == []
    out.write_text(f'file = "{mine.name}"', encoding="utf-8")
    assert named_weights(out) == [mine]


def test_their_name_is_the_exports_and_what_is_in_them(best: Export, tmp_path: Path) -> None:
    weights = weights_of(best)
    contents = (tmp_path / weights.file).read_bytes()
    assert weights.sha256 == hashlib.sha256(contents).hexdigest()
    assert weights.file == f"best.toml.{weights.sha256[:12]}.safetensors"
    again = add_weights(best, tmp_path / "best.toml")
    assert again == best
    assert weights_of(add_weights(best, tmp_path / "best.json")).file.startswith("best.json.")


def test_what_is_wrong_with_a_file_of_weights_is_said(best: Export, tmp_path: Path) -> None:
    path, width = tmp_path / weights_of(best).file, best.configuration[0].width
    tensors = load_file(path)

    def said() -> str:
        return " ".join(check_weights(best, tmp_path))

    save_file({name: tensor * 1.5 for name, tensor in tensors.items()}, path)
    assert "was changed" in said()
    narrow = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.ReLU(), torch.nn.Linear(4, 3))
    save_file(narrow.state_dict(), path)
    assert f"is of width 4, the configuration of width {width}" in said()
    for contents in (b"junk", b"", save({"0.bias": torch.zeros(5, dtype=torch.bfloat16)})):
        path.write_bytes(contents)
        assert "cannot be read" in said()
    with path.open("wb") as file:
        file.truncate(2**40)
    assert "has more bytes than" in said()
    path.unlink()
    assert "is not there" in said()
    os.mkfifo(path)
    assert "is not there" in said()
    path.unlink()
    path.mkdir()
    assert "is not there" in said()


def resealed(best: Export, path: Path, tensors: dict[str, Any], **network: str) -> Export:
    """With another file of weights, by someone who makes its digest anew."""
    entry = best.configuration[0]
    contents = save(tensors, network)
    path.write_bytes(contents)
    weights = weights_of(best).model_copy(update={"sha256": hashlib.sha256(contents).hexdigest()})
    first = entry.model_copy(update={"weights": weights})
    return best.model_copy(update={"configuration": [first, *best.configuration[1:]]}).sealed()


def test_other_parameters_with_a_digest_of_their_own_are_found_out(
    best: Export, tmp_path: Path
) -> None:
    path = tmp_path / weights_of(best).file
    tensors = load_file(path)
    tensors["2.bias"] = tensors["2.bias"] + 1e-6  # it classifies as before
    forged = resealed(best, path, tensors)
    said = " ".join(reproduce(forged, tmp_path).problems)
    assert "holds other parameters than training gives" in said
    assert "says that it is of another network" in said


def test_weights_of_another_network_are_found_out_whatever_they_say(
    best: Export, tmp_path: Path
) -> None:
    entry, weights = best.configuration[0], weights_of(best)
    path = tmp_path / weights.file
    tensors = {name: tensor.clone() for name, tensor in load_file(path).items()}  # not of the file
    this = {"seed": str(weights.seed), "key": entry.key}
    assert check_weights(resealed(best, path, tensors, network=json.dumps(this)), tmp_path) == []
    others = ({"seed": str(weights.seed + 1)}, {"key": "0" * 64})
    for said in (
        "junk",
        "[1]",
        "null",
        "[" * 50_000,
        *(json.dumps(this | each) for each in others),
    ):
        (problem,) = check_weights(resealed(best, path, tensors, network=said), tmp_path)
        assert problem == f"configuration 1, weights: {path} says that it is of another network"


def test_weights_of_an_older_dynstudy_are_checked(best: Export, tmp_path: Path) -> None:
    entry, weights = best.configuration[0], weights_of(best)
    of_before = {
        "configuration": "loss=dce, in words of another version",
        "seed": str(weights.seed),
        "key": entry.key,
        "architecture": "Sequential(Linear(2, width), ReLU(), Linear(width, classes))",
    }
    path = tmp_path / weights.file
    older = resealed(best, path, load_file(path), **of_before)
    assert reproduce(older, tmp_path).problems == []
