"""A schedule that is added in one line is found everywhere."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from sqlalchemy import select
from torch import Tensor

import dynstudy
from dynstudy.config import Configuration
from dynstudy.errors import BackendError, SpecError
from dynstudy.export.export_file import Export
from dynstudy.export.exporting import export
from dynstudy.export.reproducing import BIT_EQUAL, reproduce
from dynstudy.launch.first_oscillations import first_oscillations
from dynstudy.launch.follow import trace_cell, train_curve
from dynstudy.measure.forgetting import kinds, lasting
from dynstudy.measure.measure import CellReadings
from dynstudy.measure.measures import reads
from dynstudy.measure.window import forgetting_window
from dynstudy.protocol import Protocol
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow
from dynstudy.study.spec import StudySpec
from dynstudy.task.schedule import SCHEDULES, ScheduleKind
from dynstudy.train import Curvature, Data, Ensemble, train
from dynstudy.train.backends import fastest
from tests.conftest import make_data
from tests.drawn_network import draw
from tests.planted import SMALL

SAW = ScheduleKind(
    "saw",
    "w = 1 + (A − 1) τ/T, c = C − 1 − ⌊k/T⌋ mod C",
    lambda phase, amplitude, period, _: 1 + (amplitude - 1) * phase / period,
    lambda oscillation, every: len(every) - 1 - oscillation % len(every),
)
"""It goes backwards through the classes, and peaks at the end of a turn."""

A, T = 6, 10
CELL = Configuration("dce", 4, 0.1, A, T)
ARRAYS = ("W1", "b1", "W2", "b2")


def gamma(step: int) -> np.ndarray:
    """Γ of three classes, as its equation has it."""
    weights = np.ones(3)
    weights[2 - step // T % 3] = 1 + (A - 1) * (step % T) / T
    return 3 * weights / weights.sum()


@pytest.fixture(autouse=True)
def _fifth(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("dynstudy.train.backends.DRIVER", "libnone.so.1")
    monkeypatch.setitem(SCHEDULES, "saw", SAW)
    fastest.cache_clear()
    yield
    fastest.cache_clear()


@pytest.fixture
def protocol(_fifth: None) -> Protocol:
    return Protocol.model_validate(SMALL["protocol"] | {"schedule": "saw", "steps": 140})


@pytest.fixture
def data() -> Data:
    return make_data(points=5, validation_points=3)


def networks(steps: int, schedule: str = "saw") -> Ensemble:
    return Ensemble.of(
        "dce",
        steps,
        width=4,
        learning_rate=0.1,
        amplitude=A,
        period=T,
        dtype="float64",
        schedule=schedule,
    )


def loss_of(data: Data, step: int, *tensors: Tensor) -> Tensor:
    W1, b1, W2, b2 = tensors
    x, y = torch.tensor(data.x[0]), torch.tensor(data.y)
    points = torch.nn.functional.cross_entropy(
        torch.relu(x @ W1 + b1) @ W2 + b2, y, reduction="none"
    )
    return (torch.tensor(gamma(step))[y] * points).mean()


def by_hand(data: Data, steps: int) -> tuple[list[Tensor], list[float]]:
    """The network of seed 0 after so many steps, and the loss before each of them."""
    tensors, losses = [torch.tensor(each) for each in draw(0, 4, 3)], []
    for step in range(steps):
        tensors = [each.requires_grad_() for each in tensors]
        loss = loss_of(data, step, *tensors)
        gradients = torch.autograd.grad(loss, tensors)
        losses.append(float(loss.detach()))
        with torch.no_grad():
            tensors = [p - 0.1 * g for p, g in zip(tensors, gradients, strict=True)]
    return tensors, losses


@pytest.mark.parametrize("backend", ["cpu", "autograd"])
def test_it_is_trained_as_written_out_by_hand(backend: str, data: Data) -> None:
    outcome = train(networks(45), data, backend=backend, checkpoints=[45], trace=True)
    tensors, losses = by_hand(data, 45)
    np.testing.assert_allclose(outcome.losses[0], losses, rtol=1e-12)
    for name, expected in zip(ARRAYS, tensors, strict=True):
        np.testing.assert_allclose(getattr(outcome.parameters, name)[0], expected, rtol=1e-10)


def test_curvature_is_that_of_its_loss(data: Data) -> None:
    asked = Curvature(steps=(17,), tolerance=1e-10)
    outcome = train(networks(30), data, checkpoints=[30], curvature=asked)
    tensors, _ = by_hand(data, 17)
    blocks = torch.autograd.functional.hessian(
        lambda *there: loss_of(data, 17, *there), tuple(tensors)
    )
    rows = [
        torch.cat([block.reshape(each.numel(), -1) for block in row], 1)
        for each, row in zip(tensors, blocks, strict=True)
    ]
    largest = torch.linalg.eigvalsh(torch.cat(rows))[-2:].flip(0)
    np.testing.assert_allclose(outcome.spectra.values[0, 0], largest, rtol=1e-6)


def test_a_name_that_there_is_not_is_refused(data: Data) -> None:
    assert StudySpec.of(SMALL | {"protocol": {"schedule": "saw"}}).protocol.schedule == "saw"
    with pytest.raises(SpecError, match=r"protocol\.schedule.* or 'saw'; did you mean 'saw'"):
        StudySpec.of(SMALL | {"protocol": {"schedule": "saww"}})
    with pytest.raises(ValueError, match=r"'saww' is not one of triangle, .*, saw; did you mean"):
        train(networks(5, "saww"), data, checkpoints=[5])
    with pytest.raises(ValueError, match=r"'saww' is not one of triangle, .*, saw; did you mean"):
        dynstudy.losses.Schedule(3, A, T, kind="saww")


def test_the_kernel_of_a_card_refuses_it_before_anything_is_written(storage: Storage) -> None:
    spec = StudySpec.of(SMALL | {"protocol": SMALL["protocol"] | {"schedule": "saw"}})
    with pytest.raises(BackendError, match=r"'gpu' .* the schedule 'saw'; use --backend cpu$"):
        dynstudy.run(spec, storage=storage, backend="gpu")
    assert storage.names() == []


def test_a_map_of_it_is_trained_beside_the_baselines_of_any(storage: Storage) -> None:
    spec = StudySpec.of(SMALL | {"protocol": SMALL["protocol"] | {"schedule": "saw"}})
    first = dynstudy.run(spec, storage=storage)
    with storage.engine.connect() as connection:
        query = select(ReplicateRow.loss, ReplicateRow.schedule).distinct()
        trained = {(row.loss, row.schedule) for row in connection.execute(query)}
    assert trained == {("ce", None), ("dce", "saw")}
    done = export(storage, "small", confirm=0)
    assert done.protocol.schedule == "saw"
    again = reproduce(Export.model_validate(done.resolved()))
    assert (again.test, again.problems) == (BIT_EQUAL, [])
    triangles = dynstudy.run(StudySpec.of(SMALL | {"name": "triangles"}), storage=storage)
    assert (triangles.reused, triangles.trained) == (first.trained - triangles.trained, 8)


def test_forgetting_follows_its_order(protocol: Protocol) -> None:
    """A network that knows the class whose turn it is, backwards, forgets all of it."""
    steps = reads(protocol, (T,))
    span = forgetting_window(protocol, T)
    turns = np.concatenate([span.middles, span.ends - 1])
    whose = dict(zip([*span.middles, *span.ends], 2 - turns // T % 3, strict=True))
    knows = np.array([np.eye(3)[whose.get(step, 0)] for step in steps])[None]
    counts = knows * protocol.data.validation_points
    read = CellReadings(protocol, T, steps, counts, counts, np.zeros(1, bool))
    lost, missing, lasts = kinds(read)
    assert (lost[0], missing[0]) == (1, 1)
    final = read.at([protocol.training_steps]).validation_accuracy[:, 0]
    assert lasts[0] == lasting(np.eye(3)[2 - np.arange(span.count) % 3][None], final, 0, SAW)[0]


def shown(frame: Any, column: str) -> Any:
    return frame[frame.step < 50].set_index(["step", "class"])[column]


def test_what_follows_networks_shows_its_weights(protocol: Protocol) -> None:
    curve = train_curve(CELL, protocol, points=40)
    trace = trace_cell(CELL, protocol, [0], oscillations=5)
    for weights in (shown(curve, "weight"), shown(trace.frame, "gamma")):
        assert len(weights) > 30
        for (step, c), weight in weights.items():
            assert weight == pytest.approx(gamma(step)[c])
    picture = first_oscillations(CELL, protocol, oscillations=3, at=[17], backend="autograd")
    expected = [gamma(step) for step in picture.steps.step]
    np.testing.assert_allclose(picture.steps[[f"gamma_{c}" for c in range(3)]], expected)
    (cut,) = picture.slices
    at_17 = picture.steps.set_index("step").loss[17]
    assert cut.path_losses[0] == pytest.approx(at_17, rel=1e-4)
