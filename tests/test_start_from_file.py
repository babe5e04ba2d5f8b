"""A study whose networks start from a file: the same ones wherever they are trained."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dynstudy
from dynstudy.analysis.regime_map import regime_map
from dynstudy.config import Configuration, Replicate
from dynstudy.errors import DynstudyError, ExportError, SpecError, StudyMismatchError
from dynstudy.export.export_file import FileFormat, load_export, to_text
from dynstudy.export.exporting import export
from dynstudy.export.reproducing import BIT_EQUAL, reproduce
from dynstudy.export.weights import add_weights
from dynstudy.launch.follow import trace_cell, train_curve
from dynstudy.launch.replicates import to_arrays, trained
from dynstudy.store.keys import configuration_key
from dynstudy.store.ledger import Ledger
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from tests.drawn_network import draw
from tests.planted import SMALL

DCE = Configuration("dce", 5, 1.0, amplitude=30, period=10)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where networks start from: the draw of seed 3."""
    path = tmp_path / "start.npz"
    np.savez(path, **dict(zip(("W1", "b1", "W2", "b2"), draw(3, 5, 3), strict=True)))
    return path


def spec_of(file: Path, data: dict[str, Any] | None = None, **changes: Any) -> StudySpec:
    protocol = SMALL["protocol"] | {"initial": file.name}
    protocol["data"] = protocol["data"] | (data or {})
    values = SMALL | {"replicates": 1, "protocol": protocol} | changes
    return StudySpec.of(values, "mine.toml", file.parent)


def test_they_are_the_networks_whose_draw_it_is(file: Path, storage: Storage) -> None:
    """Recorded under another key, since nobody can tell; and all else is the same."""
    spec = spec_of(file)
    assert (spec.most_replicates, spec.baseline_replicates) == (1, 1)
    dynstudy.run(spec, storage=storage)
    drawn = StudySpec.of(SMALL | {"name": "drawn", "replicates": 4})
    dynstudy.run(drawn, storage=storage)
    configurations = [cell.configuration for cell in spec.cells_ahead()]
    assert len(configurations) == 5
    here, there = (Ledger(storage.engine, each.protocol) for each in (spec, drawn))
    for configuration in configurations:
        assert here.key(configuration) != there.key(configuration)
        one = here.load([configuration]).iloc[0]
        other = there.load([configuration]).iloc[3]
        assert (one.seed, other.seed) == (0, 3)
        assert one.val_accuracy == other.val_accuracy
        assert one.val_accuracy != there.load([configuration]).iloc[0].val_accuracy
    assert dynstudy.run(spec, storage=storage).trained == 0


def test_whatever_is_said_of_them_is_conditional_on_it(file: Path, storage: Storage) -> None:
    dynstudy.run(spec_of(file), storage=storage)
    said = "conditional on the start in start.npz, the training spiral of seed 0 and the validation"
    assert regime_map(storage, "small").condition.startswith(said)


def test_the_key_is_of_what_is_in_it_and_of_nothing_where_there_is_none(file: Path) -> None:
    spec = spec_of(file)
    plain = spec.protocol.model_copy(update={"initial": None})
    assert configuration_key(plain, DCE) != configuration_key(spec.protocol, DCE)
    copy = shutil.copy(file, file.with_name("copy.npz"))
    assert configuration_key(spec_of(Path(copy)).protocol, DCE) == configuration_key(
        spec.protocol, DCE
    )
    assert "initial" not in StudySpec.of(SMALL).resolved()["protocol"]
    assert StudySpec.of(spec.resolved()) == spec


def test_a_curve_and_a_trace_start_there_too(file: Path) -> None:
    protocol, plain = spec_of(file).protocol, StudySpec.of(SMALL).protocol
    curve, drawn = train_curve(DCE, protocol, points=5), train_curve(DCE, plain, seed=3, points=5)
    assert curve.equals(drawn)
    traced, by_seed = trace_cell(DCE, protocol, [0]), trace_cell(DCE, plain, [3])
    assert traced.frame.drop(columns="seed").equals(by_seed.frame.drop(columns="seed"))


def test_with_a_spiral_of_each_seed_there_are_several(file: Path, storage: Storage) -> None:
    spec = spec_of(file, data={"train_seed": "replicate"}, replicates=3)
    assert spec.baseline_replicates == 12
    dynstudy.run(spec, storage=storage)
    losses = Ledger(storage.engine, spec.protocol).load([DCE]).val_accuracy
    assert losses.nunique() == 3
    replicates = [Replicate(DCE, seed) for seed in range(3)]
    _, _, outcome = trained(replicates, spec.protocol, checkpoints=[0], trace=True)
    ensemble, data = to_arrays(replicates, spec.protocol)
    W1, b1, W2, b2 = draw(3, 5, 3)
    for b in range(3):
        output = np.maximum(data.x[ensemble.training_set[b]] @ W1 + b1, 0) @ W2 + b2
        loss = np.log(np.exp(output).sum(1)) - output[np.arange(len(output)), data.y]
        assert outcome.losses[b, 0] == pytest.approx(loss.mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"replicates": 2}, "replicates = 2: must be 1: networks that start from one file on one"),
        ({"baseline_replicates": 4}, "baseline_replicates = 4: must be 1"),
        ({"space": SMALL["space"] | {"width": [5, 6]}}, "space.width = 5, 6: must be 5, the width"),
        ({"space": SMALL["space"] | {"width": 6}}, "space.width = 6: must be 5, the width of"),
    ],
)
def test_what_cannot_start_there_is_one_line(
    changes: dict[str, Any], said: str, file: Path
) -> None:
    with pytest.raises(SpecError, match=f"^mine.toml: {said}") as raised:
        spec_of(file, **changes)
    assert "\n" not in str(raised.value)


def test_other_classes_are_other_shapes(file: Path) -> None:
    with pytest.raises(SpecError, match=r"initial = 'start.npz': has W2 \(5, 3\); for 2 inputs, H"):
        spec_of(file, data={"classes": 4})
    file.unlink()
    with pytest.raises(SpecError, match=r"mine.toml: protocol.initial = 'start.npz': is not there"):
        spec_of(file)


def test_a_file_that_changed_or_went_is_seen_before_anything_is_written(
    file: Path, storage: Storage
) -> None:
    spec, contents = spec_of(file), file.read_bytes()
    dynstudy.run(spec, storage=storage)
    np.savez(file, **dict(zip(("W1", "b1", "W2", "b2"), draw(4, 5, 3), strict=True)))
    for train in (
        lambda: dynstudy.run(spec, storage=storage),
        lambda: train_curve(DCE, spec.protocol),
    ):
        with pytest.raises(SpecError, match=r"start.npz: networks start from .* changed since"):
            train()
    with pytest.raises(StudyMismatchError, match=r"protocol.initial.sha256 was .*, now "):
        dynstudy.run(spec_of(file), storage=storage)
    file.unlink()
    with pytest.raises(SpecError, match=r"start.npz: networks start from .* is not there"):
        dynstudy.run(storage.spec(storage.study("small")), storage=storage)
    moved = file.parent / "there" / "again.npz"
    moved.parent.mkdir()
    moved.write_bytes(contents)
    assert dynstudy.run(spec_of(moved), storage=storage).trained == 0
    kept = storage.spec(storage.study("small")).protocol.initial
    assert kept is not None
    assert kept.file == str(moved)


def test_an_export_is_reproduced_with_the_file_beside_it(
    file: Path, storage: Storage, tmp_path: Path
) -> None:
    dynstudy.run(spec_of(file), storage=storage)
    with pytest.raises(ExportError, match="no seed gives another one to confirm with; --confirm 0"):
        export(storage, "small")
    out = tmp_path / "taken" / "best.toml"
    out.parent.mkdir()
    exported = add_weights(export(storage, "small", confirm=0), out)
    out.write_text(to_text(exported, FileFormat.toml), encoding="utf-8")
    file.rename(out.with_name(file.name))
    done = reproduce(load_export(out), out.parent)
    assert (done.test, done.problems) == (BIT_EQUAL, [])
    out.with_name(file.name).unlink()
    with pytest.raises(DynstudyError, match=r"start.npz: networks start from .* is not there"):
        reproduce(load_export(out), out.parent)
