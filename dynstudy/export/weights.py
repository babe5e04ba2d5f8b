"""The parameters of a network as a safetensors file that PyTorch modules take.

For ``torch.nn.Sequential(Linear(F, width), ReLU(), Linear(width, C))``, F features and C classes,
whose parameters are called ``0.weight``, ``0.bias``, ``2.weight`` and ``2.bias``, and so on where
there are more layers. What the features are to be moved and scaled by is in the file, too.
"""

import glob
import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from dynstudy.errors import ExportError
from dynstudy.export.consistency import six_digits
from dynstudy.export.export_file import Entry, Export, Weights
from dynstudy.launch.replicates import train_cell
from dynstudy.protocol import Protocol
from dynstudy.report.safe_files import write_whole
from dynstudy.study.confirmation import fresh_protocol
from dynstudy.train import Data, Parameters

Tensors = dict[str, NDArray[np.floating]]

HEADER = 100_000  # bytes of a file of weights that are not its tensors', at most
AT_ONCE = 10_000_000  # outputs of hidden units that are in memory at once

EVALUATION_ROUNDING = 0.002
"""Outside the engine, sums run in another order: a few of thousands of points may change sides."""


def add_weights(export: Export, out: Path, backend: str = "auto") -> Export:
    """Train the best network again and write its parameters beside the export's file `out`.

    Their file is named after that of the export, and by what is in it: until `out` is replaced,
    what it says of its weights stays true.

    Returns:
        The export with its weights, sealed anew.

    Raises:
        ExportError: this machine does not train the network that was recorded.
    """
    entry = export.configuration[0]
    assert entry.found is not None  # what was chosen was measured
    protocol = export.protocol.with_noise(entry.noise)
    best = int(np.argmax(entry.found.val_accuracies))
    seed, recorded = entry.found.first_seed + best, entry.found.val_accuracies[best]
    tensors, accuracy = _trained(entry, protocol, seed, backend)
    if accuracy != recorded:
        raise ExportError(
            f"seed {seed} of {entry.configuration} reached {recorded:.4f} and reaches "
            f"{accuracy:.4f} when trained here: weights can be exported where it was trained"
        )
    # under one key, since safetensors writes several in any order
    contents = save(tensors, {"network": json.dumps(_network(entry, protocol, seed))})
    sha256 = hashlib.sha256(contents).hexdigest()
    path = out.with_name(f"{out.name}.{sha256[:12]}.safetensors")
    write_whole(path, lambda file: file.write_bytes(contents))
    weights = Weights(
        file=path.name,
        sha256=sha256,
        seed=seed,
        val_accuracy=accuracy,
        fresh_val_accuracy=_fresh_accuracy(tensors, entry.width, protocol, seed),
    )
    first = entry.model_copy(update={"weights": weights})
    return export.model_copy(update={"configuration": [first, *export.configuration[1:]]}).sealed()


def named_weights(out: Path) -> list[Path]:
    """The weights of an export that is there, to be removed once it is replaced."""
    if not out.is_file():
        return []
    text, name = out.read_text(encoding="utf-8", errors="replace"), glob.escape(out.name)
    return [path for path in out.parent.glob(f"{name}.*.safetensors") if path.name in text]


def _metadata(contents: bytes) -> dict[str, Any]:
    """What a file of weights says of itself; before they were one, as several keys."""
    size = int.from_bytes(contents[:8], "little")
    metadata = json.loads(contents[8 : 8 + size]).get("__metadata__") or {}
    try:
        said = json.loads(metadata["network"]) if "network" in metadata else metadata
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _network(entry: Entry, protocol: Protocol, seed: int) -> dict[str, Any]:
    """What a file of weights is to say of itself."""
    return {
        "configuration": str(entry.configuration),
        "seed": str(seed),
        "key": entry.key,
        "architecture": architecture(protocol),
        **_inputs(protocol, seed),
    }


def architecture(protocol: Protocol) -> str:
    """In words of PyTorch's."""
    return protocol.network.architecture(protocol.data.features)


def _inputs(protocol: Protocol, seed: int) -> dict[str, Any]:
    """What is to be done with points before the network is asked, if anything."""
    scales = protocol.data.scales(seed)
    if scales is None:
        return {}
    mean, deviation = scales
    said = "(x - mean) / deviation, 0 where deviation is 0"
    return {"inputs": said, "mean": mean.tolist(), "deviation": deviation.tolist()}


def _trained(entry: Entry, protocol: Protocol, seed: int, backend: str) -> tuple[Tensors, float]:
    """The parameters and validation accuracy of a network that is trained again."""
    (record,), outcome = train_cell(entry.configuration, protocol, [seed], backend)
    return to_tensors(outcome.parameters, entry.width, protocol), record.val_accuracy


def to_tensors(parameters: Parameters, width: int, protocol: Protocol) -> Tensors:
    """The first network's parameters, as PyTorch's layers hold them."""
    arrays = {
        name: parameters.arrays[name][0][tuple(map(slice, shape))]
        for name, shape in _layer_shapes(width, protocol).items()
    }
    return {
        name: np.ascontiguousarray(array)
        for name, array in protocol.network.state_dict(arrays).items()
    }


def _layer_shapes(width: int, protocol: Protocol) -> dict[str, tuple[int, ...]]:
    return protocol.network.shapes(width, protocol.data.features, protocol.data.classes)


def evaluate(tensors: Tensors, width: int, protocol: Protocol, seed: int) -> float:
    """The validation accuracy of a network."""
    data, network = Data(*protocol.data.points([seed])), protocol.network
    double = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}
    arrays = network.of_state_dict(double)
    parts = 1 + data.validation_y.size * max(width, data.features) // AT_ONCE
    right = 0
    for x, y in zip(
        np.array_split(data.validated_on(0), parts),
        np.array_split(data.validation_y, parts),
        strict=True,
    ):
        right += int((network.outputs(arrays, x, width, seed).argmax(-1) == y).sum())
    return right / data.validation_y.size


def _fresh_accuracy(tensors: Tensors, width: int, protocol: Protocol, seed: int) -> float | None:
    """On fresh points; None where these are among those that the network was trained on."""
    fresh = fresh_protocol(protocol)
    return evaluate(tensors, width, fresh, seed) if protocol.data.fresh_is_unseen else None


def check_weights(export: Export, folder: Path, backend: str | None = None) -> list[str]:
    """Return what does not hold of the weights of an export in a folder, a line each.

    With a `backend` that trains what was exported bit for bit, the network is trained again.
    """
    return [
        f"{label}, weights: {problem}"
        for label, entry in export.labelled_entries()
        if entry.weights is not None
        for problem in _wrong(
            entry, entry.weights, export.protocol.with_noise(entry.noise), folder, backend
        )
    ]


def _wrong(
    entry: Entry, weights: Weights, protocol: Protocol, folder: Path, backend: str | None
) -> Iterator[str]:
    path = folder / weights.file
    shapes = _shapes(entry, protocol)
    header = HEADER + 100 * protocol.data.features  # by which they are moved and scaled
    largest = header + 8 * sum(map(math.prod, shapes.values()))
    try:
        if not path.is_file():
            yield f"{path} is not there"
            return
        if path.stat().st_size > largest:
            yield f"{path} has more bytes than its configuration's tensors"
            return
        contents = path.read_bytes()
        tensors = load(contents)
    except (OSError, SafetensorError, KeyError) as error:  # the last of a type that NumPy lacks
        yield f"{path} cannot be read: {error}"
        return
    stored = {name: tensor.shape for name, tensor in tensors.items()}
    if stored != shapes:
        layers = protocol.network.padded and stored.keys() == shapes.keys()
        width = stored["0.bias"][0] if layers else None
        yield (
            f"{path} is of width {width}, the configuration of width {entry.width}"
            if width not in {None, entry.width}
            else f"{path} holds other tensors than the configuration's: {stored}"
        )
        return
    if hashlib.sha256(contents).hexdigest() != weights.sha256:
        yield f"{path} was changed: its digest does not match"
    said, network = _metadata(contents), _network(entry, protocol, weights.seed)
    if any(said.get(name) != network[name] for name in ("seed", "key")):  # the rest is words
        yield f"{path} says that it is of another network"
    points = int(protocol.data.validation_points.sum())
    for name, accuracy, recorded in (
        (
            "val_accuracy",
            evaluate(tensors, entry.width, protocol, weights.seed),
            weights.val_accuracy,
        ),
        (
            "fresh_val_accuracy",
            _fresh_accuracy(tensors, entry.width, protocol, weights.seed),
            weights.fresh_val_accuracy,
        ),
    ):
        if accuracy is None or recorded is None:
            if accuracy is not recorded:
                yield f"{name} is {six_digits(recorded)}, {path} gives {six_digits(accuracy)}"
        elif abs(accuracy - recorded) > max(EVALUATION_ROUNDING, 1.5 / points):
            yield f"{name} is {recorded:.4f}, {path} gives {accuracy:.4f}"
    if backend is not None:
        again, _ = _trained(entry, protocol, weights.seed, backend)
        if not all(np.array_equal(again[name], tensors[name]) for name in shapes):
            yield f"{path} holds other parameters than training gives"


def _shapes(entry: Entry, protocol: Protocol) -> dict[str, tuple[int, ...]]:
    arrays = {name: np.empty(shape) for name, shape in _layer_shapes(entry.width, protocol).items()}
    return {name: each.shape for name, each in protocol.network.state_dict(arrays).items()}
