"""Studies of a model of one's own: tried before they are trained, kept by its name and version."""

import json
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
import tomli_w
from safetensors.numpy import load_file
from sqlalchemy import select
from torch import nn

import dynstudy
from dynstudy.config import Replicate
from dynstudy.errors import SpecError
from dynstudy.launch.executors.dask import _whole
from dynstudy.launch.executors.executor import Chunk
from dynstudy.launch.own_model import try_model
from dynstudy.launch.replicates import NetworkTask, train_replicates
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow
from dynstudy.study.spec import StudySpec
from dynstudy.study.task import Task
from tests.command import dynstudy as command
from tests.command import fails
from tests.models import Branching, dropping, layers, normed
from tests.planted import SEARCH, SMALL, small_map

CURVATURE = {"records": [10], "eigenvalues": 1}


def with_curvature(**more: Any) -> dict[str, Any]:
    return SMALL["protocol"] | {"curvature": CURVATURE} | more


# --- tried before -------------------------------------------------------------------------------


def test_nothing_is_said_of_what_is_trained_at_once_or_is_no_module() -> None:
    assert try_model(small_map()) == ""
    assert try_model(Task(model=normed, version=1).of(small_map())) == ""


def test_why_networks_are_trained_one_after_another_is_said(storage: Storage) -> None:
    said: list[str] = []
    dynstudy.run(
        small_map(replicates=1, space=SMALL["space"] | {"amplitude": 3, "period": 10}),
        task=Task(model=Branching, version=1),
        storage=storage,
        log=said.append,
    )
    (note,) = (line for line in said if "after another" in line)
    assert note == (
        "note: the networks of tests.models:Branching, version 1 are trained one after another: "
        "its course depends on its data"
    )


def four_outputs(width: int, seed: int) -> nn.Module:
    return nn.Linear(2, 4)


@pytest.mark.parametrize("extra", [{}, {"workers": 2}])
def test_what_cannot_be_trained_is_refused_before_anything_is_written(
    tmp_path: Path, extra: dict[str, Any]
) -> None:
    file = tmp_path / "none.db"
    with pytest.raises(SpecError, match="an output for each class"):
        dynstudy.run(small_map(), task=Task(model=four_outputs, version=1), storage=file, **extra)
    assert not file.exists()


def narrow_alone(width: int, seed: int) -> nn.Module:
    return nn.Linear(2, 3 if width < 5 else 4)


def test_the_narrowest_and_the_widest_are_tried() -> None:
    spec = small_map(space=SMALL["space"] | {"width": [3, 4, 6]})
    with pytest.raises(SpecError, match="for width 6 gives"):
        try_model(Task(model=narrow_alone, version=1).of(spec))


@pytest.mark.parametrize(
    ("model", "reason"),
    [(dropping, "it draws at random"), (normed, "its buffers change with every step")],
)
def test_curvature_that_cannot_be_read_is_refused(model: Any, reason: str) -> None:
    with pytest.raises(SpecError, match=reason):
        try_model(Task(model=model, version=1).of(small_map(protocol=with_curvature())))


def test_curvature_is_read_where_it_can_be(storage: Storage) -> None:
    spec = small_map(protocol=with_curvature())
    dynstudy.run(spec, task=Task(model=layers, version=1), storage=storage)
    cells = dynstudy.open(storage.url)["small"].map()
    assert cells.largest_curvature.notna().all()


# --- kept by name and version -------------------------------------------------------------------


def test_the_ledger_knows_networks_by_function_and_version(storage: Storage) -> None:
    first = dynstudy.run(small_map(), task=Task(model=layers, version=1), storage=storage)
    assert (first.trained, first.reused) == (16, 0)
    again = dynstudy.run(
        small_map(name="again"), task=Task(model=layers, version=1), storage=storage
    )
    assert (again.trained, again.reused) == (0, 16)
    other = dynstudy.run(
        small_map(name="other"), task=Task(model=layers, version=2), storage=storage
    )
    assert (other.trained, other.reused) == (16, 0)
    with storage.engine.connect() as connection:
        rows = set(
            connection.execute(select(ReplicateRow.network, ReplicateRow.initialisation)).all()
        )
    networks = [json.loads(network) for network, _ in rows]
    assert {of["version"] for of in networks} == {"1", "2"}
    assert {of["function"] for of in networks} == {"tests.models:layers"}
    assert {drawn for _, drawn in rows} == {"function"}


def test_arrays_of_python_are_trained_on(storage: Storage) -> None:
    x = np.random.default_rng(0).normal(size=(40, 2))
    task = Task(model=layers, version=1, data=(x, x[:, 0] > 0))
    with pytest.raises(SpecError, match="must be"):  # of three classes
        dynstudy.run(small_map(), task=task, storage=storage)


def test_an_objective_may_be_of_a_task() -> None:
    spec = StudySpec.of(SEARCH | {"replicates": 1})
    objective = dynstudy.Objective(spec, task=Task(model=layers, version=1))
    study = optuna.create_study(directions=objective.directions)
    study.optimize(objective, n_trials=2)
    assert all(0 < trial.value <= 1 for trial in study.trials if trial.value is not None)


# --- in another process -------------------------------------------------------------------------


def test_what_is_sent_to_a_worker_trains_the_same() -> None:
    def local(width: int, seed: int) -> nn.Module:
        return layers(width, seed)

    for model in (layers, local):
        spec = Task(model=model, version=1).of(small_map())
        cell = spec.cells_ahead()[0]
        tasks = tuple(NetworkTask(Replicate(cell.configuration, s), cell.reads) for s in (0, 1))
        sent: Chunk = pickle.loads(pickle.dumps(_whole(Chunk(tasks, spec.protocol))))
        here, _ = train_replicates(tasks, spec.protocol)
        there, _ = train_replicates(sent.tasks, sent.protocol)
        assert [each.measures for each in here] == [each.measures for each in there]


@pytest.mark.long
def test_local_workers_train_a_function_of_this_process(storage: Storage) -> None:
    def local(width: int, seed: int) -> nn.Module:
        return layers(width, seed)

    task = Task(model=local, version=1)
    done = dynstudy.run(small_map(), task=task, storage=storage, workers=2)
    assert done.trained == 16


# --- by commands --------------------------------------------------------------------------------

FILE = """
from torch import nn

def net(width, seed):
    return nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, 3))
"""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Path]:
    table = {"kind": "python", "function": "net_of_commands:net", "version": 1}
    protocol = SMALL["protocol"] | {"network": table, "steps": 60, "tail": 10}
    space = SMALL["space"] | {"amplitude": 3, "period": 10}
    study = SMALL | {"replicates": 1, "protocol": protocol, "space": space}
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "net_of_commands.py").write_text(FILE)
    (tmp_path / "study" / "small.toml").write_text(tomli_w.dumps(study))
    yield tmp_path
    sys.modules.pop("net_of_commands", None)


def test_a_study_of_an_own_model_by_commands(here: Path) -> None:
    module = here / "study" / "net_of_commands.py"
    out, _ = command(here, "run", "study/small.toml", "--dry-run")
    assert "autograd, since cpu trains one hidden layer of ReLU, not net_of_commands:net" in out
    command(here, "run", "study/small.toml")
    _, err = command(here, "run", "study/small.toml")
    assert "0 networks trained, 5 taken from the ledger" in err
    command(here, "export", "small", "--weights", "--out", "best.toml")
    (weights,) = here.glob("best.toml.*.safetensors")
    assert load_file(weights).keys() == {"0.weight", "0.bias", "2.weight", "2.bias"}

    sys.modules.pop("net_of_commands")
    moved = module.rename(here / "net_of_commands.py")  # beside the export
    command(here, "reproduce", "best.toml")

    sys.modules.pop("net_of_commands")
    moved.unlink()
    for words in (("show", "small"), ("map", "small"), ("list",)):
        command(here, *words)  # nothing of it is needed to read
    for words in (("reproduce", "best.toml"), ("run", "study/small.toml")):
        assert "the module net_of_commands is not in" in fails(here, *words)
