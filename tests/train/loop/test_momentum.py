"""Momentum beside `torch.optim.SGD`, network by network, and schedules that a kernel looks up."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from dynstudy.task.losses import LOSSES
from dynstudy.task.optimiser import SGD
from dynstudy.task.schedule import SCHEDULES, class_weights
from dynstudy.train import Curvature, Data, Ensemble, Outcome, Parameters, train
from dynstudy.train.backends import BACKENDS, cpu
from dynstudy.train.readings import Readings
from tests.train.oracle import assert_same, trains, uneven

MOMENTA = {
    "momentum": SGD(momentum=0.9),
    "nesterov": SGD(momentum=0.7, nesterov=True, weight_decay=0.01),
    "dampening": SGD(momentum=0.5, dampening=0.4, weight_decay=0.03),
    "weight decay": SGD(weight_decay=0.1),
}
STEPS = 40
TRAINED = [
    (backend, how)
    for backend in BACKENDS
    if backend != "gpu"  # which knows none of it: test_backends.py
    for how, optimiser in MOMENTA.items()
    if trains(backend, "dce", optimiser=optimiser)
]
MOVED = list(dict.fromkeys(backend for backend, _ in TRAINED))


def of_momentum(loss: str, optimiser: SGD, **changes: Any) -> Ensemble:
    common: dict[str, Any] = {
        "width": [1, 6, 11],
        "learning_rate": [0.1, 0.05, 0.02],
        "amplitude": [1.0, 20.0, 5.0],
        "period": [2, 9, 6],
        "tail_start": [0, 30, 40],
        "seed": [1, 2, 3],
        "training_set": [0, 1, 0],
        "dtype": "float64",
    }
    return Ensemble.of(loss, STEPS, optimiser=optimiser, **common | changes)


def by_torch(ensemble: Ensemble, data: Data, network: int) -> list[torch.Tensor]:
    """Its parameters after training in a plain loop."""
    width, optimiser = int(ensemble.width[network]), ensemble.optimiser
    drawn = ensemble.network.draw(
        int(ensemble.seed[network]), width, data.classes, data.features
    ).values()
    parameters = [torch.tensor(each, requires_grad=True) for each in drawn]
    W1, b1, W2, b2 = parameters
    descent = torch.optim.SGD(
        parameters,
        lr=float(ensemble.learning_rate[network]),
        **optimiser.model_dump(include={"momentum", "dampening", "weight_decay", "nesterov"}),
    )
    x, y = torch.tensor(data.x[ensemble.training_set[network]]), torch.tensor(data.y)
    for step in range(ensemble.steps):
        schedule = ensemble.amplitude, ensemble.period, ensemble.tail_start
        of_network = (each[network] for each in schedule)
        gamma = class_weights(step, data.classes, *of_network, ensemble.schedule)
        output = torch.relu(x @ W1 + b1) @ W2 + b2
        descent.zero_grad()
        LOSSES[ensemble.loss].weighted(output, y, torch.tensor(gamma)).backward()
        descent.step()
    return [each.detach() for each in parameters]


def assert_follows(outcome: Outcome, ensemble: Ensemble, data: Data) -> None:
    for network, width in enumerate(ensemble.width):
        alone = outcome.parameters.part(slice(network, network + 1))
        here = alone.W1[0, :, :width], alone.b1[0, :width], alone.W2[0, :width], alone.b2[0]
        for values, expected in zip(here, by_torch(ensemble, data, network), strict=True):
            np.testing.assert_allclose(values, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(
    ("loss", "features"), [("dce", 2), pytest.param("dmse2", 3, marks=pytest.mark.long)]
)
@pytest.mark.parametrize(("backend", "how"), TRAINED)
def test_it_is_that_of_pytorch(
    backend: str, how: str, loss: str, features: int, rng: np.random.Generator
) -> None:
    data, ensemble = uneven(rng, features), of_momentum(loss, MOMENTA[how])
    for steps in (1, 2, STEPS):
        part = replace(ensemble, steps=steps)
        assert_follows(train(part, data, backend=backend, checkpoints=[steps]), part, data)


@pytest.mark.parametrize("backend", MOVED)
def test_without_momentum_and_decay_it_is_gradient_descent(
    backend: str, rng: np.random.Generator
) -> None:
    data = uneven(rng, 2)
    nothing = SGD(dampening=0.3)  # of no momentum
    assert not nothing.plain
    with_it, plain = (
        train(
            of_momentum("dce", optimiser), data, backend=backend, checkpoints=[0, STEPS], trace=True
        )
        for optimiser in (nothing, SGD())
    )
    assert_same(with_it, plain, 1e-12)


@pytest.mark.parametrize("backend", MOVED)
def test_the_slices_it_is_trained_in_change_nothing(
    backend: str, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, ensemble = uneven(rng, 2), of_momentum("dce", MOMENTA["dampening"])

    def trained() -> Outcome:
        return train(ensemble, data, backend=backend, checkpoints=[0, 1, 7, STEPS], trace=True)

    whole = trained()
    monkeypatch.setattr("dynstudy.train.loop.SLICE_SECONDS", 1e-9)  # a step at a time
    assert_same(trained(), whole, 0 if backend == "cpu" else 1e-12)


@pytest.mark.parametrize("backend", MOVED)
def test_a_network_that_momentum_lets_diverge_is_marked(
    backend: str, rng: np.random.Generator
) -> None:
    data = uneven(rng, 2)
    rates = {"learning_rate": [0.05, 3.0, 0.02], "amplitude": 1.0}
    ensemble = of_momentum("dmse2", SGD(momentum=0.95), **rates)
    ensemble = replace(ensemble, steps=2000)
    outcome = train(ensemble, data, backend=backend, checkpoints=[0, 2000])
    assert outcome.diverged.tolist() == [False, True, False]
    assert (outcome.correct[1, 1] == -1).all()


@pytest.mark.parametrize("backend", MOVED)
def test_uphill_steps_and_sums_of_losses_are_those_of_the_trace(
    backend: str, rng: np.random.Generator
) -> None:
    data = uneven(rng, 2)
    ensemble = of_momentum("dce", SGD(momentum=0.9), amplitude=1.0, learning_rate=0.5)
    asked = Curvature(climbs=True, loss_steps=(STEPS,))
    outcome = train(
        ensemble, data, backend=backend, checkpoints=[STEPS], trace=True, curvature=asked
    )
    uphill = (np.diff(outcome.losses, axis=1) > 0).sum(1)
    assert (uphill > 0).any()
    np.testing.assert_array_equal(outcome.climbs.uphill, uphill)
    np.testing.assert_allclose(outcome.loss_sums[:, 0], outcome.losses.sum(1), rtol=1e-10)


LOOKED_UP = [
    name for name in SCHEDULES if name != "triangle" and trains("cpu", "dce", schedule=name)
]
"""Schedules that the `cpu` kernel does not compute by itself."""


@pytest.mark.parametrize("schedule", LOOKED_UP)
def test_the_kernel_follows_any_schedule(
    schedule: str, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, ensemble = uneven(rng, 2), of_momentum("dce", SGD(momentum=0.9), schedule=schedule)

    def trained() -> Outcome:
        asked = Curvature(climbs=True)
        return train(ensemble, data, backend="cpu", checkpoints=[STEPS], curvature=asked)

    outcome = trained()
    assert_follows(outcome, ensemble, data)
    monkeypatch.setattr("dynstudy.train.loop.SLICE_SECONDS", 1e-9)
    sliced = trained()
    assert_same(sliced, outcome, 0)
    np.testing.assert_array_equal(sliced.climbs.uphill, outcome.climbs.uphill)


def test_eigenvalues_are_those_of_the_weights_of_the_schedule(rng: np.random.Generator) -> None:
    """A square is at any step what a triangle is at its peak."""
    data = uneven(rng, 2)
    values = []
    for schedule, step in (("square", 1), ("triangle", 5)):
        ensemble = of_momentum("dce", SGD(), schedule=schedule, amplitude=30, period=10)
        readings = Readings.none(ensemble, data.classes)
        initial = Parameters.drawn(ensemble, data.classes, data.features)
        state = cpu.start(ensemble, data, initial, readings)
        values.append(cpu.eigenpairs(state, step, Curvature((step,), 1, 1)).values)
    np.testing.assert_array_equal(*values)


def test_what_is_left_of_a_unit_that_is_never_active_is_not_denormal(
    rng: np.random.Generator,
) -> None:
    """Denormal numbers would be multiplied at every step, a hundred times as slowly as others."""
    data, tiny = uneven(rng, 2), np.finfo(np.float64).tiny
    ensemble = of_momentum("dce", SGD(momentum=0.5, weight_decay=9.0))
    initial = Parameters.drawn(ensemble, data.classes, data.features)
    initial.b1[1, 2] = -1e3  # and all of the unit decays by as much
    state = cpu.start(ensemble, data, initial, Readings.none(ensemble, data.classes))
    cpu.advance(state, 0, 2100)
    for kept in (state.units[1], state.velocity[1]):
        assert not ((kept != 0) & (np.abs(kept) < tiny)).any()
        assert (kept[:, 2] == 0).all()
