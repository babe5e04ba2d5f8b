"""A backend beside another: the same parameters, readings and losses."""

from importlib import import_module
from typing import Any

import numpy as np

from dynstudy.task.losses import LOSSES
from dynstudy.train import Data, Ensemble, Outcome, Parameters
from dynstudy.train.backends import load
from dynstudy.train.demand import Demand
from dynstudy.train.readings import Readings

NAMES = ("W1", "b1", "W2", "b2")
FUSED = [name for name, loss in LOSSES.items() if loss.fused is not None]
"""The losses that `cpu` and `gpu` train."""
TOLERANCE = {"float64": 1e-12, "float32": 1e-5}


def trains(backend: str, loss: str, features: int = 2, **asked: Any) -> bool:
    """Whether a backend trains a loss at all, as far as it says."""
    module = import_module(f"dynstudy.train.backends.{backend}")
    shape = {"features": features, "classes": 3, "width": 10}
    demand = Demand(loss, **shape, steps=100, dtype="float64", **asked)
    return not hasattr(module, "refusal") or module.refusal(demand) is None


def uneven(rng: np.random.Generator, features: int, sets: int = 2) -> Data:
    """Points of three classes that differ in size, each training set validated apart."""
    y, validation_y = (np.repeat(np.arange(3), sizes) for sizes in ((5, 23, 14), (9, 2, 31)))
    x, validation_x = (
        rng.normal(size=(sets, len(each), features)) + each[:, None] for each in (y, validation_y)
    )
    return Data(x, y, validation_x, validation_y)


def in_more_dimensions(data: Data, features: int) -> Data:
    """Spirals of the plane in so many dimensions, or in one of the two."""
    turned = np.random.default_rng(3).normal(size=(2, features)) if features > 2 else np.eye(2)
    turned = turned[:, :features]
    return Data(data.x @ turned, data.y, data.validation_x @ turned, data.validation_y)


def random_state(
    rng: np.random.Generator, ensemble: Ensemble, classes: int, features: int = 2
) -> Parameters:
    state = Parameters.drawn(ensemble, classes, features)
    for name in NAMES:
        values = getattr(state, name)
        # keeps the zeros beyond a network's width
        values += (values != 0) * rng.normal(0, 0.5, values.shape)
    return state


def assert_same_parameters(first: Parameters, second: Parameters, tolerance: float) -> None:
    for name in NAMES:
        a, b = getattr(first, name), getattr(second, name)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * np.abs(b).max())


def assert_same(first: Outcome, second: Outcome, tolerance: float) -> None:
    assert_same_parameters(first.parameters, second.parameters, tolerance)
    np.testing.assert_allclose(first.losses, second.losses, rtol=tolerance)
    np.testing.assert_array_equal(first.correct, second.correct)
    np.testing.assert_array_equal(first.validation_correct, second.validation_correct)


def assert_one_step_agrees(
    backends: tuple[str, str], ensemble: Ensemble, data: Data, initial: Parameters, step: int
) -> None:
    """From a shared state, at some step of the schedule."""
    trained = []
    for backend in backends:
        start, advance = load(backend)
        checkpoints = np.full((len(ensemble), 1), step + 1)
        readings = Readings.empty(ensemble, checkpoints, data.classes, trace=True)
        state = start(ensemble, data, initial, readings)
        advance(state, step, 1)
        trained.append((state.parameters(), readings))
    (ours, our_readings), (theirs, their_readings) = trained
    tolerance = TOLERANCE[ensemble.dtype]
    assert_same_parameters(ours, theirs, tolerance)
    np.testing.assert_allclose(
        our_readings.losses[:, step], their_readings.losses[:, step], rtol=tolerance
    )
    np.testing.assert_array_equal(our_readings.correct, their_readings.correct)
    np.testing.assert_array_equal(
        our_readings.validation_correct, their_readings.validation_correct
    )
