"""The parameters of a network as a safetensors file that PyTorch modules take.

For ``torch.nn.Sequential(Linear(F, width), ReLU(), Linear(width, C))``, F features and C classes,
whose parameters are called ``0.weight``, ``0.bias``, ``2.weight`` and ``2.bias``.
"""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from dynstudy.config import Protocol
from dynstudy.errors import ExportError
from dynstudy.export.export_file import Entry, Export, Weights
from dynstudy.launch.replicates import draw_data, train_cell
from dynstudy.report.safe_files import write_whole
from dynstudy.study.confirmation import fresh_protocol
from dynstudy.train import Parameters

Tensors = dict[str, NDArray[np.floating]]

EVALUATION_ROUNDING = 0.002
"""Outside the engine, sums run in another order: a few of thousands of points may change sides."""


def add_weights(export: Export, path: Path, backend: str = "auto") -> Export:
    """Train the best network again and write its parameters beside the export, sealed anew."""
    entry = export.configuration[0]
    assert entry.found is not None  # what was chosen was measured
    best = int(np.argmax(entry.found.val_accuracies))
    seed, recorded = entry.found.first_seed + best, entry.found.val_accuracies[best]
    (record,), outcome = train_cell(entry.configuration, export.protocol, [seed], backend)
    parameters, accuracy = outcome.parameters, record.val_accuracy
    if accuracy != recorded:
        raise ExportError(
            f"seed {seed} of {entry.configuration} reached {recorded:.4f} and reaches "
            f"{accuracy:.4f} when trained here: weights can be exported where it was trained"
        )
    tensors = to_tensors(parameters, entry.width)
    features = parameters.W1.shape[1]
    metadata = {
        "configuration": str(entry.configuration),
        "seed": str(seed),
        "key": entry.key,
        "architecture": f"Sequential(Linear({features}, width), ReLU(), Linear(width, classes))",
    }
    write_whole(path, lambda file: save_file(tensors, file, metadata))
    weights = Weights(
        file=path.name,
        sha256=sha256(path),
        seed=seed,
        val_accuracy=accuracy,
        fresh_val_accuracy=evaluate(tensors, fresh_protocol(export.protocol), seed),
    )
    first = entry.model_copy(update={"weights": weights})
    return export.model_copy(update={"configuration": [first, *export.configuration[1:]]}).sealed()


def to_tensors(parameters: Parameters, width: int) -> Tensors:
    """The first network's parameters, as PyTorch's layers hold them."""
    return {
        "0.weight": np.ascontiguousarray(parameters.W1[0, :, :width].T),  # (H, F)
        "0.bias": np.ascontiguousarray(parameters.b1[0, :width]),  # (H,)
        "2.weight": np.ascontiguousarray(parameters.W2[0, :width].T),  # (C, H)
        "2.bias": np.ascontiguousarray(parameters.b2[0]),  # (C,)
    }


def evaluate(tensors: Tensors, protocol: Protocol, seed: int) -> float:
    """The validation accuracy of a network."""
    data = draw_data(protocol.data, [seed])
    hidden = np.maximum(data.validation_x @ tensors["0.weight"].T + tensors["0.bias"], 0)
    output = hidden @ tensors["2.weight"].T + tensors["2.bias"]
    return float((output.argmax(-1) == data.validation_y).mean())


def sha256(path: Path) -> str:
    """The digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_weights(entry: Entry, protocol: Protocol, folder: Path) -> list[str]:
    """What does not hold of the weights of an entry, in the folder of its export: a line each."""
    weights = entry.weights
    if weights is None:
        return []
    path = folder / Path(weights.file).name  # never outside the export's own folder
    try:
        tensors = load_file(path)
    except FileNotFoundError:
        return [f"weights: {path} is not there"]
    except (OSError, SafetensorError) as error:
        return [f"weights: {path} cannot be read: {error}"]
    data = draw_data(protocol.data, [weights.seed])
    shapes = {
        "0.weight": (entry.width, data.features),
        "0.bias": (entry.width,),
        "2.weight": (data.classes, entry.width),
        "2.bias": (data.classes,),
    }
    stored = {name: tensor.shape for name, tensor in tensors.items()}
    if stored != shapes:
        width = stored["0.bias"][0] if stored.keys() == shapes.keys() else None
        return [
            f"weights: {path} is of width {width}, the configuration of width {entry.width}"
            if width not in {None, entry.width}
            else f"weights: {path} holds other tensors than the configuration's: {stored}"
        ]
    problems = []
    if sha256(path) != weights.sha256:
        problems.append(f"weights: {path} was changed: its digest does not match")
    for name, drawn_by, recorded in (
        ("val_accuracy", protocol, weights.val_accuracy),
        ("fresh_val_accuracy", fresh_protocol(protocol), weights.fresh_val_accuracy),
    ):
        accuracy = evaluate(tensors, drawn_by, weights.seed)
        if abs(accuracy - recorded) > EVALUATION_ROUNDING:
            problems.append(f"weights: {name} is {recorded:.4f}, {path} gives {accuracy:.4f}")
    return problems
