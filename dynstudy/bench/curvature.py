"""What curvature costs: looks at the Hessian and what is watched for, in steps of training."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor

from dynstudy.bench.measure import Measurement, Row, Say, Settings, Speed
from dynstudy.bench.problem import LOSS, Problem
from dynstudy.errors import BackendError
from dynstudy.measure.records import pairs_per_decade
from dynstudy.task.losses import LOSSES
from dynstudy.train import Curvature, Data, Ensemble, Parameters, train
from dynstudy.train.backends import at_once, eigenpairs_of, load
from dynstudy.train.curvature import Eigenpairs
from dynstudy.train.readings import Readings

BACKENDS = {"cpu": "cpu", "cuda": "gpu"}
"""That which is measured on a device."""
ASKED = Curvature(largest=2, tolerance=1e-3)
TRAINED, PER_DECADE = 100_000, 12
"""Steps of a long training, and pairs of records of a decade of them."""
BEFORE = 6000
"""Steps of the networks that are looked at, which have been unstable in their first oscillation."""


def measure(settings: Settings, say: Say) -> Measurement:
    """Measure λ1 and λ2 in steps and beside SciPy's, and what watching adds to a step."""
    rows: list[Row] = []
    notes: list[str] = []
    backend = BACKENDS[settings.device]
    if backend not in (settings.backends or (backend,)):
        return Measurement(rows, [f"curvature: measured of the backend {backend} alone"])
    try:
        load(backend)
    except BackendError as error:
        return Measurement(rows, [f"curvature: left out, {error}"])
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # an operation on one network is too small for more
    try:
        for width in settings.widths:
            rows += _at_width(width, settings, notes, say)
    finally:
        torch.set_num_threads(before)
    return Measurement(rows, notes)


def costs(width: int, speeds: dict[str, list[float]]) -> list[Row]:
    """Divide speeds within rounds: networks a second that are looked at, network-steps a second."""
    looks, steps, onsets = (np.array(speeds[name]) for name in ("looks", "steps", "onsets"))
    climbs, eigsh = (np.array(speeds.get(name, np.nan)) for name in ("climbs", "eigsh"))
    records = len(pairs_per_decade(TRAINED, PER_DECADE))
    quantities = {
        "λ1 and λ2 / step": ("ratio", steps / looks),
        "λ1 and λ2, cpu / eigsh": ("ratio", looks / eigsh),
        "step, onsets watched / not": ("ratio", steps / onsets),
        "step, uphill counted / not": ("ratio", steps / climbs),
        f"{PER_DECADE} pairs a decade / {TRAINED} steps": (
            "share",
            steps / looks * records / TRAINED,
        ),
        "λ1 and λ2": ("networks/s", looks),
    }
    return [
        Row.of("curvature", quantity, unit, values.tolist(), width)
        for quantity, (unit, values) in quantities.items()
        if not np.isnan(values).any()  # of a card fewer are measured
    ]


def networks(width: int, steps: int, backend: str = "cpu") -> Ensemble:
    """Networks of figure 2 of the paper, four times as many as keep a backend busy."""
    seeds = range(4 * at_once(backend))
    return Ensemble.of(
        LOSS,
        steps,
        width=width,
        learning_rate=1.0,
        amplitude=70.0,
        period=5000,
        tail_start=TRAINED,
        seed=seeds,
    )


def looked_at(
    ensemble: Ensemble, data: Data, backend: str = "cpu"
) -> tuple[Callable[[], Eigenpairs], Parameters]:
    """How the eigenvalues at the end of an ensemble's training are found, and where they are."""
    steps = ensemble.steps
    there = train(ensemble, data, backend=backend, checkpoints=[steps]).parameters
    readings = Readings.none(ensemble, data.classes)
    state = load(backend)[0](ensemble, data, there, readings)
    find = eigenpairs_of(backend)
    assert find is not None
    return lambda: find(state, steps, ASKED), there


def by_eigsh(ensemble: Ensemble, data: Data, there: Parameters) -> NDArray[np.float64]:
    """λ1 and λ2 of the first network as one would find them, by SciPy over PyTorch's products."""
    x, y = torch.tensor(data.x[0], dtype=torch.float32), torch.tensor(data.y)
    gamma = torch.tensor(ensemble.class_weights(ensemble.steps, data.classes)[0]).float()
    tensors = [
        torch.tensor(each[0], dtype=torch.float32).requires_grad_()
        for each in (there.W1, there.b1, there.W2, there.b2)
    ]
    W1, b1, W2, b2 = tensors
    loss = LOSSES[LOSS].weighted(torch.relu(x @ W1 + b1) @ W2 + b2, y, gamma)
    gradient = _flat(torch.autograd.grad(loss, tensors, create_graph=True))

    def product(vector: NDArray[np.float32]) -> NDArray[np.float32]:
        along = torch.tensor(vector, dtype=torch.float32).ravel()
        return _flat(torch.autograd.grad(gradient, tensors, along, retain_graph=True)).numpy()

    size = gradient.numel()
    matrix = LinearOperator((size, size), matvec=product, dtype=np.float32)
    start = np.random.default_rng(0).normal(size=size).astype(np.float32)
    values = eigsh(
        matrix, k=2, which="LA", tol=ASKED.tolerance, v0=start, return_eigenvectors=False
    )
    return np.sort(values)[::-1].astype(float)


def _flat(parts: tuple[Tensor, ...]) -> Tensor:
    return torch.cat([part.flatten() for part in parts])


def _at_width(width: int, settings: Settings, notes: list[str], say: Say) -> list[Row]:
    say(f"curvature: width {width}, preparing")
    backend = BACKENDS[settings.device]
    ensemble, data = networks(width, BEFORE, backend), Problem(width, 1).data
    find, there = looked_at(ensemble, data, backend)

    def steps(curvature: Curvature | None) -> Speed:
        def run(count: int) -> None:
            train(
                networks(width, count, backend),
                data,
                backend=backend,
                checkpoints=[count],
                initial=there,
                curvature=curvature,
            )

        return Speed(run, len(ensemble), settings.seconds)

    def repeated(once: Callable[[], object], work: int) -> Speed:
        def run(count: int) -> None:
            for _ in range(count):
                once()

        return Speed(run, work, settings.seconds, grain=1)

    measured = {
        "looks": repeated(find, len(ensemble)),
        "steps": steps(None),
        "onsets": steps(Curvature(onsets=True)),
    }
    if backend == "cpu":
        measured["climbs"] = steps(Curvature(climbs=True))
        measured["eigsh"] = repeated(lambda: by_eigsh(ensemble, data, there), 1)
    for speed in measured.values():
        speed.run(speed.grain)  # compiled, and in the caches
    pairs = find()
    worst = (pairs.residuals / pairs.values[:, :1]).max()
    notes.append(
        f"curvature at width {width}: residuals at most {worst:.1e} λ1, "
        f"{np.median(pairs.products):.0f} products in the median"
    )
    speeds: dict[str, list[float]] = {name: [] for name in measured}
    for number in range(settings.rounds):
        say(f"curvature: width {width}, round {number + 1} of {settings.rounds}")
        for name, speed in measured.items():
            speeds[name].append(speed.measure())
    return costs(width, speeds)
