"""A loss that is added in one place is found everywhere, and studies from before it live on."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
import pytest
from sqlalchemy import select

import dynstudy
from dynstudy.analysis.regime_map import regime_map
from dynstudy.config import Configuration
from dynstudy.errors import BackendError, SpecError, StudyMismatchError
from dynstudy.export.export_file import Export
from dynstudy.export.exporting import export
from dynstudy.export.reproducing import BIT_EQUAL, reproduce
from dynstudy.launch.estimate import estimate
from dynstudy.launch.follow import train_curve
from dynstudy.pictures.accuracy_description import GREYS, describe_widths
from dynstudy.store.ledger import Ledger
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow
from dynstudy.store.trials import FinishedCell, add_cells
from dynstudy.study.spec import StudySpec
from dynstudy.task.losses import LOSSES, Loss
from dynstudy.task.schedule import class_weights
from dynstudy.train import Ensemble, train
from dynstudy.train.backends import fastest
from tests.conftest import make_data
from tests.drawn_network import draw
from tests.planted import SEARCH, SMALL

if TYPE_CHECKING:
    from torch import Tensor

BEFORE = tuple(LOSSES)


def weighted_fourth_powers(output: "Tensor", target: "Tensor", weights: "Tensor") -> "Tensor":
    """(1/P) Σ_j Γ_{y_j} Σ_i (f_i - y_ji)⁴."""
    import torch

    one_hot = torch.nn.functional.one_hot(target, output.shape[-1]).to(output.dtype)
    return (weights[..., target] * (output - one_hot).pow(4).sum(-1)).mean(-1)


@pytest.fixture(autouse=True)
def _no_card(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("dynstudy.train.backends.DRIVER", "libnone.so.1")
    fastest.cache_clear()
    yield
    fastest.cache_clear()


def add_sixth(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("p4", "dp4"):
        loss = Loss(
            name,
            "p4",
            "(1/P) Σ_j Γ_{y_j} Σ_i (f_i − y_ji)⁴",
            weighted_fourth_powers,
            of_points=lambda f, y: ((f - np.eye(f.shape[1])[y]) ** 4).sum(-1),
        )
        monkeypatch.setitem(LOSSES, name, loss)


@pytest.fixture
def sixth(monkeypatch: pytest.MonkeyPatch) -> None:
    add_sixth(monkeypatch)


def spec_of(base: dict[str, Any], loss: Any = "dp4", **changes: Any) -> Any:
    return StudySpec.of(base | {"loss": loss} | changes)


def choices(storage: Storage, name: str) -> set[tuple[str, ...]]:
    return {trial.distributions["loss"].choices for trial in storage.study(name).trials}


# --- found everywhere ---------------------------------------------------------------------------


def test_before_it_is_added_a_study_file_is_told_what_there_is() -> None:
    with pytest.raises(SpecError, match=f"'dp4' is not one of {', '.join(BEFORE)}"):
        spec_of(SMALL)


@pytest.mark.usefixtures("sixth")
def test_study_files_and_their_messages_know_it() -> None:
    assert spec_of(SMALL, ["dp4", "ce"]).loss == ("ce", "dp4")
    with pytest.raises(SpecError, match=r"is not one of .*, p4, dp4; did you mean 'dp4'"):
        spec_of(SMALL, "dp44")
    with pytest.raises(SpecError, match=r"needs a dynamical loss: dce, .* or dp4"):
        spec_of(SMALL, "p4", kind="boundary", boundary={"cells": 9, "batch": 3})
    configuration = Configuration("dp4", 5, 0.1, amplitude=3, period=10)
    assert configuration.baseline() == Configuration("p4", 5, 0.1)
    assert Configuration("dp4", 5, 0.1, amplitude=1, period=10) == Configuration("p4", 5, 0.1)


@pytest.mark.usefixtures("sixth")
def test_it_trains_as_written_out_by_hand_and_at_amplitude_1_it_is_its_static_loss() -> None:
    data, common = make_data(points=4, validation_points=3), {"width": 5, "dtype": "float64"}
    dynamical = Ensemble.of("dp4", 1, learning_rate=0.1, amplitude=6, period=2, **common)
    # the second step of an oscillation, as the first of a schedule that began half a period before
    W1, b1, W2, b2 = draw(0, 5, 3)
    gamma = class_weights(0, 3, 6, 2)
    gradient = np.zeros_like(W2)
    for x, c in zip(data.x[0], data.y, strict=True):
        hidden = np.maximum(x @ W1 + b1, 0)
        error = hidden @ W2 + b2 - np.eye(3)[c]
        gradient += np.outer(hidden, 4 * gamma[c] * error**3) / len(data.y)
    outcome = train(dynamical, data, checkpoints=[1])
    assert outcome.backend == "autograd"
    np.testing.assert_allclose(outcome.parameters.W2[0], W2 - 0.1 * gradient, rtol=1e-12)

    at_1, static = (
        train(Ensemble.of(loss, 30, learning_rate=0.1, **common), data, checkpoints=[30])
        for loss in ("dp4", "p4")
    )
    np.testing.assert_array_equal(at_1.parameters.W1, static.parameters.W1)


@pytest.mark.usefixtures("sixth")
@pytest.mark.parametrize("backend", ["cpu", "gpu"])
def test_a_fused_kernel_refuses_it_before_anything_is_written(
    backend: str, storage: Storage, url: str
) -> None:
    said = f"^backend '{backend}' has no kernel for the loss 'd?p4'; use --backend autograd$"
    for launch in (dynstudy.run, estimate):
        with pytest.raises(BackendError, match=said):
            launch(spec_of(SMALL), storage=url, backend=backend)
    with pytest.raises(BackendError, match=said):
        dynstudy.Objective(spec_of(SEARCH), backend=backend)
    assert storage.names() == []


@pytest.mark.usefixtures("sixth")
def test_a_map_of_it_beside_another_is_trained_recorded_drawn_and_exported(
    storage: Storage,
) -> None:
    space = SMALL["space"] | {"amplitude": 3, "period": 10, "width": [4, 6]}
    space["learning_rate"] = 0.01
    spec = spec_of(SMALL, ["dce", "dp4"], space=space)
    assert dynstudy.run(spec, storage=storage).cells == 8
    assert choices(storage, "small") == {(*BEFORE, "p4", "dp4")}
    with storage.engine.connect() as connection:
        query = select(ReplicateRow.loss, ReplicateRow.backend).distinct()
        trained_by = {row.loss: row.backend for row in connection.execute(query)}
    assert trained_by == {"ce": "cpu", "dce": "cpu", "p4": "autograd", "dp4": "autograd"}
    dp4 = Configuration("dp4", 4, 0.01, 3, 10)
    assert len(Ledger(storage.engine, spec.protocol).load([dp4])) == 2
    study_map = regime_map(storage, "small")
    assert set(study_map.frame[study_map.frame.loss == "dp4"].regime) == {"untested"}
    colours = {curve.name: curve.colour for curve in describe_widths(study_map).curves}
    assert "DP4, A = 3, T = 10" in colours
    assert {colours["P4, static"], colours["CE, static"]} == set(GREYS[:2])
    curve = train_curve(dp4, spec.protocol, points=2)
    assert np.isfinite(curve.loss).all()
    done = export(storage, "small", per="loss", confirm=0)
    assert {entry.loss for entry in done.configuration} == {"ce", "dce", "p4", "dp4"}
    assert Export.model_validate(done.resolved()) == done
    again = reproduce(done)  # each loss by the backend that trained it
    assert (again.test, again.problems) == (BIT_EQUAL, [])


@pytest.mark.usefixtures("sixth")
def test_an_objective_draws_and_trains_it() -> None:
    objective = dynstudy.Objective(spec_of(SEARCH))
    sampler = optuna.samplers.RandomSampler(seed=0)
    study = optuna.create_study(sampler=sampler, directions=objective.directions)
    study.optimize(objective, n_trials=1)
    assert study.trials[0].params["loss"] == "dp4"


# --- studies from before it ---------------------------------------------------------------------


def test_a_map_from_before_it_grows_and_keeps_the_losses_of_its_trials(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    dynstudy.run(spec_of(SMALL, "dce"), storage=storage)
    add_sixth(monkeypatch)
    again = dynstudy.run(spec_of(SMALL, "dce"), storage=storage)
    assert (again.trained, again.cells) == (0, 5)
    wider = SMALL["space"] | {"amplitude": [3, 10, 30]}
    grown = dynstudy.run(
        spec_of(SMALL, ["dce", "dmse1"], space=wider), storage=storage, extend=True
    )
    assert grown.cells == 14
    assert choices(storage, "small") == {BEFORE}
    with_sixth = spec_of(SMALL, ["dce", "dmse1", "dp4"], space=wider)
    with pytest.raises(StudyMismatchError, match=r"dp4.*; give the study file a new name$") as said:
        dynstudy.run(with_sixth, storage=storage, extend=True)
    assert "\n" not in str(said.value)
    assert dynstudy.run(spec_of(SMALL, name="new"), storage=storage).cells == 5


def test_a_search_from_before_it_goes_on(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    def search(trials: int) -> StudySpec:
        return spec_of(SEARCH, ["ce", "dce"], search=SEARCH["search"] | {"trials": trials})

    dynstudy.run(search(3), storage=storage)
    add_sixth(monkeypatch)
    dynstudy.run(search(6), storage=storage, extend=True)
    assert len(storage.study("search").trials) == 6
    assert choices(storage, "search") == {("ce", "dce")}


def test_a_boundary_study_from_before_it_goes_on(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = spec_of(
        SMALL,
        "dce",
        kind="boundary",
        replicates=6,
        boundary={"cells": 5, "batch": 2},
        space=SMALL["space"] | {"amplitude": [3, 10, 30, 90]},
    )
    # a launch that was killed when it had told its first trial
    baseline = FinishedCell(Configuration("ce", 5, 1.0), 0.4, {"replicates": 24})
    add_cells(storage.open_study(spec), spec, [baseline])
    add_sixth(monkeypatch)
    assert dynstudy.run(spec, storage=storage).trained > 0
    assert len(storage.study("small").trials) >= 3
    assert choices(storage, "small") == {BEFORE}
