"""A study of somebody's data, from a file to an export that is reproduced elsewhere."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

import dynstudy
from dynstudy.analysis.regime_map import regime_map
from dynstudy.config import Configuration
from dynstudy.errors import SpecError, StudyMismatchError
from dynstudy.export.export_file import FileFormat, load_export, to_text
from dynstudy.export.exporting import export
from dynstudy.export.reproducing import BIT_EQUAL, reproduce
from dynstudy.export.weights import add_weights
from dynstudy.store.keys import configuration_key
from dynstudy.store.ledger import Ledger
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from tests.planted import SMALL
from tests.task.data.tables_made import written

DCE = Configuration("dce", 5, 1.0, amplitude=30, period=10)
REPLICATE = {"train_seed": "replicate"}


def spec_of(
    folder: Path, data: dict[str, Any], more: dict[str, Any] | None = None, **changes: Any
) -> StudySpec:
    protocol = {"steps": 60, "tail": 10, "data": data} | (more or {})
    space = {"learning_rate": 1.0, "amplitude": [3, 30], "period": 10, "width": 5}
    return StudySpec.of(
        SMALL | {"space": space, "protocol": protocol} | changes, "mine.toml", folder
    )


def test_a_network_has_one_key_whatever_its_points_came_from(
    tmp_path: Path, storage: Storage
) -> None:
    forms = written(tmp_path)
    trained = []
    for form, data in forms.items():
        done = dynstudy.run(spec_of(tmp_path, data, name=form), storage=storage)
        trained.append(done.trained)
    assert trained == [12, 0, 0, 0]
    keys = {configuration_key(spec_of(tmp_path, data).protocol, DCE) for data in forms.values()}
    assert len(keys) == 1


def test_a_study_is_read_back_without_its_file_and_trained_with_it_alone(
    tmp_path: Path, storage: Storage
) -> None:
    data = written(tmp_path)["csv"]
    spec = spec_of(tmp_path, data, name="mine")
    dynstudy.run(spec, storage=storage)
    moved = tmp_path / "moved" / "points.csv"
    moved.parent.mkdir()
    (tmp_path / "points.csv").rename(moved)
    kept = storage.spec(storage.study("mine"))
    assert kept == spec
    condition = regime_map(storage, "mine").condition
    assert condition == "conditional on the 24 points of points.csv, split by seed 0"
    with pytest.raises(SpecError, match=r"points.csv: is not there; put it back"):
        dynstudy.run(kept, storage=storage)
    again = spec_of(moved.parent, data, name="mine")
    assert dynstudy.run(again, storage=storage).trained == 0
    moved.write_text(moved.read_text(encoding="utf-8").replace("ant", "bee", 1), encoding="utf-8")
    with pytest.raises(SpecError, match=r"points.csv: has changed since the study was made"):
        dynstudy.run(again, storage=storage)
    with pytest.raises(StudyMismatchError, match=r"protocol.data.read.sha256 was"):
        dynstudy.run(spec_of(moved.parent, data, name="mine"), storage=storage)


@pytest.mark.parametrize("form", ["csv", "python"])
def test_an_export_is_reproduced_where_its_data_is_beside_it(
    form: str, tmp_path: Path, storage: Storage
) -> None:
    data = written(tmp_path)[form] | REPLICATE
    dynstudy.run(spec_of(tmp_path, data), storage=storage)
    out = tmp_path / "taken" / "best.toml"
    out.parent.mkdir()
    exported = add_weights(export(storage, "small", confirm=2), out)
    assert exported.fresh_validation_seed is None
    assert exported.configuration[0].weights is not None
    assert exported.configuration[0].weights.fresh_val_accuracy is None
    out.write_text(to_text(exported, FileFormat.toml), encoding="utf-8")
    for name in ("points.csv", "points_of_mine.py"):
        (tmp_path / name).rename(tmp_path / f"_{name}")
    lacks = r"points.csv: is not there" if form == "csv" else "points_of_mine is not in"
    with pytest.raises(SpecError, match=lacks) as raised:
        reproduce(load_export(out), out.parent)
    assert "\n" not in str(raised.value)
    for name in ("points.csv", "points_of_mine.py"):
        shutil.copy(tmp_path / f"_{name}", out.with_name(name))
    done = reproduce(load_export(out), out.parent)
    assert (done.test, done.problems) == (BIT_EQUAL, [])


def test_weights_come_with_what_points_are_to_be_moved_and_scaled_by(
    tmp_path: Path, storage: Storage
) -> None:
    data = written(tmp_path)["csv"] | {"train_seed": 3}
    dynstudy.run(spec_of(tmp_path, data), storage=storage)
    exported = add_weights(export(storage, "small", confirm=1), tmp_path / "best.toml")
    assert exported.fresh_validation_seed == 1_000_003
    weights = exported.configuration[0].weights
    assert weights is not None
    assert weights.fresh_val_accuracy is None
    with safe_open(tmp_path / weights.file, "np") as file:
        said = json.loads(file.metadata()["network"])
    layers = vars(torch.nn) | {"width": 5, "classes": 3}
    model = eval(said["architecture"], layers)
    model.load_state_dict(load_file(tmp_path / weights.file))
    raw = spec_of(tmp_path, data | {"standardise": False}).protocol.data.points([0])
    moved = (raw.validation_x - said["mean"]) / said["deviation"]
    right = model(torch.tensor(moved, dtype=torch.float32)).argmax(-1).numpy()
    assert (right == raw.validation_y).mean() == pytest.approx(weights.val_accuracy)
    assert reproduce(exported, tmp_path).problems == []


def test_networks_of_any_data_start_from_a_file(tmp_path: Path, storage: Storage) -> None:
    shapes = {"W1": (3, 5), "b1": (5,), "W2": (5, 3), "b2": (3,)}
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "start.npz", **{n: rng.normal(size=shape) for n, shape in shapes.items()})
    data = written(tmp_path)["csv"] | REPLICATE
    spec = spec_of(tmp_path, data, more={"initial": "start.npz"})
    assert dynstudy.run(spec, storage=storage).trained == 12
    assert Ledger(storage.engine, spec.protocol).load([DCE]).val_accuracy.nunique() >= 1
    np.savez(
        tmp_path / "start.npz",
        **{n: np.ones(s) for n, s in shapes.items() if n != "W1"},
        W1=np.ones((2, 5)),
    )
    with pytest.raises(SpecError, match=r"has W1 \(2, 5\); for 3 inputs"):
        spec_of(tmp_path, data, more={"initial": "start.npz"})
    with pytest.raises(SpecError, match=r"has one hidden layer, and protocol.network 2; leave"):
        spec_of(tmp_path, data, more={"initial": "start.npz", "network": {"depth": 2}})
