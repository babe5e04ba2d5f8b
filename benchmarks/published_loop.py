"""A small atlas beside the training loop of the notebook that drew such pictures first, in JAX.

Sohl-Dickstein, *The boundary of neural network trainability is fractal*, arXiv:2402.06184: one
step, vmapped over all of a grid of hyperparameters and compiled, called step by step from Python,
the loss of every step kept. It is written anew here, for our network, data, loss and steps.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.launching import run_to_end
from dynstudy.bench.measure import Measurement, Row, Say, Settings
from dynstudy.config import Replicate
from dynstudy.launch.replicates import to_arrays
from dynstudy.study.kinds.atlas import AtlasSpec
from dynstudy.train import Data, Ensemble, Parameters, train

SIDE, STEPS, WIDTH = 32, 500, 20
"""Pixels to either side, and what each network is."""

MISSING = "published_loop: JAX is not installed (pip install 'dynstudy[bench]')"


def measure(settings: Settings, say: Say) -> Measurement:
    """Train the same grid of networks in turn: an atlas, one call of the engine, two loops in JAX.

    Args:
        settings: how often.
        say: told what is being measured.

    Returns:
        Network-steps a second, and ratios within a round.
    """
    try:
        import jax  # noqa: F401
    except ModuleNotFoundError:
        return Measurement([], [MISSING])
    spec = grid_spec(SIDE, STEPS)
    ensemble, data = grid_arrays(spec)
    initial = Parameters.drawn(ensemble, data.classes, data.features)
    ways: dict[str, Callable[[], object]] = {
        "atlas": lambda: _launched(spec),
        "engine": lambda: train(
            ensemble, data, backend="cpu", checkpoints=[STEPS], initial=initial
        ),
        "published loop": jax_loop(ensemble, data, initial),
        "published loop as a scan": jax_loop(ensemble, data, initial, as_scan=True),
    }
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for name, way in ways.items():
        say(f"published loop: {name}, compiling")
        way()
    for number in range(settings.rounds):
        for name, way in ways.items():
            say(f"published loop: {name}, {number + 1} of {settings.rounds}")
            began = time.perf_counter()
            way()
            speeds[name].append(len(ensemble) * STEPS / (time.perf_counter() - began))
    return Measurement(_rows(speeds), [_note()])


def _rows(speeds: dict[str, list[float]]) -> list[Row]:
    pairs = [
        (fast, slow)
        for fast in ("atlas", "engine")
        for slow in ("published loop", "published loop as a scan")
    ]
    rows = [
        Row.of("published_loop", f"{a} / {b}", "ratio", _ratios(speeds[a], speeds[b]), WIDTH)
        for a, b in [*pairs, ("atlas", "engine")]
    ]
    return rows + [
        Row.of("published_loop", name, "network-steps/s", values, WIDTH)
        for name, values in speeds.items()
    ]


def _ratios(numerators: list[float], denominators: list[float]) -> list[float]:
    return [a / b for a, b in zip(numerators, denominators, strict=True)]


def _note() -> str:
    return (
        f"published loop: {SIDE} x {SIDE} networks of {STEPS} steps, one draw, float32; the atlas "
        "with its static loss, its readings and SQLite"
    )


def grid_spec(side: int, steps: int) -> AtlasSpec:
    """An atlas of one draw, as the notebook's pictures are: of amplitude and learning rate."""
    return AtlasSpec.model_validate({
        "name": "published",
        "kind": "atlas",
        "loss": "dce",
        "pixels": [side, side],
        "seed": 0,
        "protocol": {"steps": steps, "tail": "none"},
        "space": {
            "amplitude": {"low": 1, "high": 1000, "log": True},
            "learning_rate": {"low": 0.1, "high": 10, "log": True},
            "period": 50,
            "width": WIDTH,
        },
    })


def grid_arrays(spec: AtlasSpec) -> tuple[Ensemble, Data]:
    """The pixels of an atlas as the engine takes them, row by row."""
    right, upwards = spec.axes
    pixels = [
        Replicate(spec.at(across, up), spec.seed_of(column, row))
        for row, up in enumerate(upwards.values.tolist())
        for column, across in enumerate(right.values.tolist())
    ]
    return to_arrays(pixels, spec.protocol)


def _launched(spec: AtlasSpec) -> None:
    with tempfile.TemporaryDirectory(prefix="dynstudy-bench-") as folder:
        storage = f"sqlite:///{Path(folder) / 'atlas.db'}"
        run_to_end(spec, storage=storage, backend="cpu", report=lambda _: None)


Arrays = tuple[NDArray[np.float32], ...]


def jax_loop(
    ensemble: Ensemble, data: Data, initial: Parameters, *, as_scan: bool = False
) -> Callable[[], tuple[Arrays, NDArray[np.float32]]]:
    """Return the published training of an ensemble of one width by DCE; it is compiled when called.

    Args:
        ensemble: B networks that differ in amplitude, period and learning rate.
        data: their one training set.
        initial: their parameters before the first step.
        as_scan: all steps as one compiled `jax.lax.scan`, instead of a call for each.

    Returns:
        A function that trains from the beginning, and returns W1, b1, W2, b2 of all networks and
        the losses before each step (S, B).
    """
    import jax
    import jax.numpy as jnp

    x = jnp.asarray(data.x[0], jnp.float32)
    one_hot = jax.nn.one_hot(data.y, data.classes, dtype=jnp.float32)
    columns = (ensemble.amplitude, ensemble.learning_rate)
    amplitude, rate = (jnp.asarray(column, jnp.float32) for column in columns)
    settings = amplitude, jnp.asarray(ensemble.period), jnp.asarray(ensemble.tail_start), rate

    def class_weights(step: Any, amplitude: Any, period: Any, tail_start: Any) -> Any:
        phase = step % period
        w = 1 + 2 * (amplitude - 1) * jnp.minimum(phase, period - phase) / period
        w = jnp.where(step < tail_start, w, 1.0)
        raised = jnp.arange(data.classes) == step // period % data.classes
        return data.classes * jnp.where(raised, w, 1.0) / (w + data.classes - 1)

    def loss(theta: Any, weights: Any) -> Any:
        W1, b1, W2, b2 = theta
        output = jax.nn.relu(x @ W1 + b1) @ W2 + b2
        return -((one_hot @ weights) * (jax.nn.log_softmax(output) * one_hot).sum(-1)).mean()

    def train_step(
        step: Any, theta: Any, amplitude: Any, period: Any, tail_start: Any, rate: Any
    ) -> tuple[Any, Any]:
        weights = class_weights(step, amplitude, period, tail_start)
        value, gradient = jax.value_and_grad(loss)(theta, weights)
        return jax.tree.map(lambda t, g: t - rate * g, theta, gradient), value

    of_grid = jax.vmap(train_step, in_axes=(None, 0, 0, 0, 0, 0))
    compiled = jax.jit(of_grid, donate_argnums=1)
    scanned = jax.jit(
        lambda theta: jax.lax.scan(
            lambda theta, step: of_grid(step, theta, *settings), theta, jnp.arange(ensemble.steps)
        )
    )
    layers = initial.W1, initial.b1, initial.W2, initial.b2

    def trained() -> tuple[Arrays, NDArray[np.float32]]:
        theta = tuple(jnp.array(layer, jnp.float32) for layer in layers)
        if as_scan:
            theta, losses = scanned(theta)
        else:
            of_steps = []
            for step in range(ensemble.steps):
                theta, values = compiled(step, theta, *settings)
                of_steps.append(values)
            losses = jnp.stack(of_steps)
        return tuple(map(np.asarray, theta)), np.asarray(losses)

    return trained
