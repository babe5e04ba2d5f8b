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
from dynstudy.analysis.measure_map import map_of_measures
from dynstudy.analysis.regime_map import regime_map
from dynstudy.analysis.traces import ClassCurves
from dynstudy.config import Configuration
from dynstudy.errors import DynstudyError, SpecError, StudyMismatchError
from dynstudy.export.export_file import FileFormat, load_export, to_text
from dynstudy.export.exporting import export
from dynstudy.export.reproducing import BIT_EQUAL, reproduce
from dynstudy.export.weights import add_weights
from dynstudy.launch.follow import train_curve
from dynstudy.launch.replicates import train_cell
from dynstudy.report.curve_text import curve_rows
from dynstudy.store.keys import configuration_key
from dynstudy.store.ledger import Ledger
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from tests.conftest import ROOT
from tests.pages import assert_same_gains, typed
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


def test_classes_of_unequal_size_count_alike_where_it_is_said(
    tmp_path: Path, storage: Storage
) -> None:
    """Of each class its share; of accuracy each point; of forgetting each class."""
    data = written(tmp_path)["csv"] | REPLICATE | {"validation": 0.5}
    spec = spec_of(tmp_path, data)
    dynstudy.run(spec, storage=storage)
    counts = np.array([2, 4, 6])  # of 5, 8 and 11, that of 5 to the even one
    assert spec.protocol.data.validation_points.tolist() == counts.tolist()
    ledger = Ledger(storage.engine, spec.protocol)
    rows = ledger.load([DCE])
    balanced = []
    for seed, (_, named) in sorted(ledger.networks([DCE])[DCE].items()):
        right = named["validation"].values[-1]
        row = rows[rows.seed == seed].iloc[0]
        assert row.val_accuracy == pytest.approx(right.sum() / 12)
        assert row.balanced_accuracy == pytest.approx((right / counts).mean())
        balanced.append(row.balanced_accuracy)
        steps = {step: i for i, step in enumerate(named["validation"].steps)}
        shares = named["validation"].values / counts
        turns = range(50 // 10)
        middles, ends = (
            np.array([shares[steps[10 * turn + late]] for turn in turns]) for late in (5, 10)
        )
        lost: list[list[float]] = [[], [], []]
        for turn in range(len(turns) - 2):  # the two that follow are the others'
            after = middles[turn + 1 : turn + 3, turn % 3]
            lost[turn % 3].append(ends[turn, turn % 3] - after.min())
        assert row.forgetting == pytest.approx(np.mean([np.mean(each) for each in lost]))
    shown = regime_map(storage, "small")
    of_cell = shown.frame[shown.frame.amplitude == 30].iloc[0]
    assert of_cell.balanced_accuracy == pytest.approx(np.mean(balanced))
    assert "classes differ in size (2 to 6 validation points)" in " ".join(shown.notes)
    assert "accuracy of 0.500" in " ".join(shown.notes)
    measures = map_of_measures(shown, "balanced_accuracy")
    assert measures.names == ["balanced_accuracy"]


def test_a_curve_s_accuracy_is_of_points_not_of_classes(tmp_path: Path) -> None:
    data = written(tmp_path)["csv"]
    protocol = spec_of(tmp_path, data).protocol
    curve = train_curve(DCE, protocol, seed=2, points=4)
    sizes = {"train": protocol.data.training_points, "validation": protocol.data.validation_points}
    assert curve.columns[-1] == "points"
    (record,), outcome = train_cell(DCE, protocol, [2], "auto")
    assert curve_rows(curve)[-1]["val_accuracy"] == pytest.approx(record.val_accuracy)
    end = curve[curve.step == 60]
    by_set = {name: part.sort_values("class") for name, part in end.groupby("set")}
    for name, points in sizes.items():
        assert by_set[name].points.tolist() == points.tolist()
    shown = ClassCurves.of(curve, ["accuracy"]).accuracy
    assert shown[60] == pytest.approx(record.val_accuracy)
    expected = (by_set["train"].loss * sizes["train"]).sum() / sizes["train"].sum()
    assert curve_rows(curve)[-1]["train_loss"] == pytest.approx(expected)
    x, y = protocol.data.points([2])[:2]
    output = protocol.network.outputs(
        {name: array[0].astype(float) for name, array in outcome.parameters.arrays.items()}, x[0]
    )
    losses = np.log(np.exp(output).sum(1)) - output[np.arange(len(y)), y]
    assert expected == pytest.approx(losses.mean(), rel=1e-4)
    assert "points" not in train_curve(DCE, StudySpec.of(SMALL).protocol, points=2)


def test_where_all_are_as_many_there_is_one_accuracy(tmp_path: Path, storage: Storage) -> None:
    dynstudy.run(spec_of(tmp_path, {"kind": "sklearn", "name": "iris"}), storage=storage)
    shown = regime_map(storage, "small")
    assert shown.frame.balanced_accuracy.isna().all()
    assert "differ in size" not in " ".join(shown.notes)
    with pytest.raises(DynstudyError, match="balanced accuracy is accuracy: --show val_accuracy"):
        map_of_measures(shown, "balanced_accuracy")


def test_networks_that_diverged_are_no_share_of_points(tmp_path: Path, storage: Storage) -> None:
    """Chance of three classes is no share of 7 points, nor of 17."""
    data = written(tmp_path)["csv"]
    space = {"learning_rate": 2.0, "amplitude": [3, 30], "period": 10, "width": 5}
    spec = spec_of(tmp_path, data, loss="dmse2", space=space)
    dynstudy.run(spec, storage=storage)
    frame = regime_map(storage, "small").frame
    diverged = frame[frame.diverged > 0]
    assert len(diverged)
    assert spec.protocol.data.validation_points.sum() == 7
    exported = export(storage, "small", top=len(frame), confirm=0)
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


def test_what_the_page_shows_is_what_is_printed(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "own-data.md").read_text(encoding="utf-8")
    now = typed(page, tmp_path)
    assert_same_gains(page, now)
    begins = "alcohol,flavanoids,hue,kind\n14.23,3.06,1.04,class_0"
    assert begins in page
    assert begins in now
    assert "note: classes differ in size (14 to 21 validation points)" in page
    assert (tmp_path / "results" / "wines.csv").is_file()
