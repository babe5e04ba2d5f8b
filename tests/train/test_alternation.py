"""Onsets of instabilities: the rule written naively, both backends, and what it is to find."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from dynstudy.arrays import Array
from dynstudy.task.losses import LOSSES
from dynstudy.task.schedule import class_weights
from dynstudy.train import Curvature, Data, Ensemble, Outcome, Parameters, train
from dynstudy.train.alternation import ENDS, SETS_IN, alternation
from tests.conftest import DATA, make_data
from tests.train.oracle import NAMES, in_more_dimensions
from tests.train.test_curvature import dense_hessian, pairs

BACKENDS = ("autograd", "cpu")


def gradient_at(ensemble: Ensemble, data: Data, step: int, parameters: Parameters) -> Array:
    """(N,) of the loss of a step, of the first network."""
    tensors = [torch.tensor(getattr(parameters, name)[0]).requires_grad_() for name in NAMES]
    W1, b1, W2, b2 = tensors
    gamma = class_weights(
        step, data.classes, ensemble.amplitude, ensemble.period, ensemble.tail_start
    )[0]  # fmt: skip
    output = torch.relu(torch.tensor(data.x[0]) @ W1 + b1) @ W2 + b2
    loss = LOSSES[ensemble.loss].weighted(output, torch.tensor(data.y), torch.tensor(gamma))
    return torch.cat([part.flatten() for part in torch.autograd.grad(loss, tensors)]).numpy()


def gradients(ensemble: Ensemble, data: Data, network: int) -> Array:
    """(S, N) of every step of one network, followed by itself, step by step."""
    width = int(ensemble.width[network])
    drawn = Parameters.drawn(ensemble, data.classes)
    parts = [torch.tensor(getattr(drawn, name)[network]) for name in NAMES]
    tensors = [parts[0][:, :width], parts[1][:width], parts[2][:width], parts[3]]
    x, y = torch.tensor(data.x[0]), torch.tensor(data.y)
    rows = []
    for step in range(ensemble.steps):
        gamma = class_weights(
            step, data.classes, ensemble.amplitude, ensemble.period, ensemble.tail_start
        )[network]  # fmt: skip
        tensors = [tensor.detach().requires_grad_() for tensor in tensors]
        W1, b1, W2, b2 = tensors
        output = torch.relu(x @ W1 + b1) @ W2 + b2
        loss = LOSSES[ensemble.loss].weighted(output, y, torch.tensor(gamma))
        of_step = torch.autograd.grad(loss, tensors)
        rows.append(torch.cat([part.flatten() for part in of_step]).numpy())
        rate = float(ensemble.learning_rate[network])
        tensors = [t - rate * g for t, g in zip(tensors, of_step, strict=True)]
    return np.array(rows)


def naive(rows: Array) -> tuple[int, int, int]:
    """First onset, its end, and how many, from the gradients of all steps."""
    lengths = np.linalg.norm(rows, axis=1)
    cosines = (rows[1:] * rows[:-1]).sum(1) / (lengths[1:] * lengths[:-1])
    first, first_end, count, lasts = -1, -1, 0, False
    for step, average in enumerate(alternation(cosines), 1):
        if not lasts and average < SETS_IN:
            lasts, count = True, count + 1
            first = step if first < 0 else first
        elif lasts and average > ENDS:
            lasts = False
            first_end = step if first_end < 0 else first_end
    return first, first_end, count


# the first of each becomes unstable, once and for good, or again and again; the second never does
CASES = {
    "mse": Ensemble.of("mse", 390, width=[9, 5], learning_rate=[0.35, 0.05], dtype="float64"),
    "dce": Ensemble.of(
        "dce", 350, width=[12, 5], learning_rate=[5, 1], amplitude=4, period=60, dtype="float64"
    ),
    "dce, again": Ensemble.of(
        "dce", 250, width=[12, 5], learning_rate=[12, 1], amplitude=25, period=150, dtype="float64"
    ),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_onsets_are_those_of_the_rule(name: str, backend: str) -> None:
    ensemble, data = CASES[name], make_data(points=20, validation_points=3)
    expected = [naive(gradients(ensemble, data, b)) for b in range(2)]
    assert [count > 0 for _, _, count in expected] == [True, False]
    outcome = train(
        ensemble, data, backend=backend, checkpoints=[1], curvature=Curvature(onsets=True)
    )
    onsets = outcome.onsets
    seen = list(zip(onsets.first, onsets.first_end, onsets.count, strict=True))
    assert seen == expected
    unwatched = train(ensemble, data, backend=backend, checkpoints=[1])
    np.testing.assert_array_equal(outcome.parameters.W1, unwatched.parameters.W1)
    assert len(unwatched.onsets.first) == 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_eigenvalues_at_the_onset_are_those_of_looking_there(backend: str) -> None:
    ensemble, data = CASES["dce"], make_data(points=20, validation_points=3)
    watched = train(
        ensemble, data, backend=backend, checkpoints=[1], curvature=Curvature(onsets=True)
    ).onsets
    step = int(watched.first[0])
    there = train(
        ensemble, data, backend=backend, checkpoints=[1], curvature=Curvature((step, step + 1), 1)
    ).spectra.values[0, :, 0]
    np.testing.assert_allclose(watched.eigenvalues[0], there, rtol=1e-5)
    censored = watched.first < 0
    assert np.isnan(watched.eigenvalues[censored]).all()


def shifted(there: Parameters, by: Array) -> Parameters:
    """A network with a vector added to its parameters, W1 row by row, b1, W2 row by row, b2."""
    parts = [getattr(there, name) for name in NAMES]
    pieces = np.split(by, np.cumsum([part.size for part in parts])[:-1])
    moved = [p + piece.reshape(p.shape) for p, piece in zip(parts, pieces, strict=True)]
    return Parameters.of_layers(*moved)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("loss", "rate", "amplitude", "features"),
    [
        *(("ce", 3, 1, 2), ("mse", 0.35, 1, 2), ("dce", 3, 4, 2), ("dmse1", 0.8, 4, 2)),
        *(("dmse2", 0.5, 4, 2), pytest.param("dce", 1, 4, 3, marks=pytest.mark.long)),
    ],
)
def test_differences_at_the_onset_are_those_of_gradients_on_both_sides_of_it(
    loss: str, rate: float, amplitude: float, features: int, backend: str
) -> None:
    data = in_more_dimensions(make_data(points=20, validation_points=3), features)
    distance = 0.03
    ensemble = Ensemble.of(
        loss, 390, width=[9, 4], learning_rate=[rate, 0.01], amplitude=amplitude, period=60,
        dtype="float64",
    )  # fmt: skip
    asked = Curvature(onsets=True, until_onset=True)
    onsets = train(ensemble, data, backend=backend, checkpoints=[1], curvature=asked).onsets
    first = int(onsets.first[0])
    assert first > 0
    for column, step in enumerate((first, first + 1)):
        until = replace(ensemble.part(slice(0, 1)), steps=step)
        there = train(until, data, backend=backend, checkpoints=[1]).parameters
        values, vectors = np.linalg.eigh(dense_hessian(ensemble, data, there, step, 0))
        v = vectors[:, -1]
        ahead, behind = (
            gradient_at(ensemble, data, step, shifted(there, sign * distance * v))
            for sign in (1, -1)
        )
        expected = (ahead - behind) @ v / (2 * distance)
        assert onsets.eigenvalues[0, column] == pytest.approx(values[-1], rel=1e-6)
        assert onsets.differences[0, column] == pytest.approx(expected, rel=1e-4)
    assert np.isnan(onsets.differences[1]).all()  # it has no onset


@pytest.mark.parametrize("backend", BACKENDS)
def test_float32_tells_differences_to_its_precision(backend: str) -> None:
    data, ensemble = make_data(points=20, validation_points=3), CASES["dce"].part(slice(0, 1))
    onsets = [
        train(
            replace(ensemble, dtype=dtype),
            data,
            backend=backend,
            checkpoints=[1],
            curvature=Curvature(onsets=True, until_onset=True),
        ).onsets
        for dtype in ("float32", "float64")
    ]
    assert onsets[0].first[0] == onsets[1].first[0] > 0
    np.testing.assert_allclose(onsets[0].differences, onsets[1].differences, rtol=1e-3)


@pytest.mark.parametrize("backend", BACKENDS)
def test_until_onset_ends_a_network_there_and_no_other(backend: str) -> None:
    ensemble, data = CASES["mse"], make_data(points=20, validation_points=3)
    whole, ended = (
        train(
            ensemble,
            data,
            backend=backend,
            checkpoints=[ensemble.steps],
            curvature=Curvature(onsets=True, until_onset=until),
        )
        for until in (False, True)
    )
    first = int(whole.onsets.first[0])
    assert whole.onsets.first[1] == -1
    np.testing.assert_array_equal(ended.onsets.first, whole.onsets.first)
    np.testing.assert_array_equal(ended.onsets.eigenvalues, whole.onsets.eigenvalues)
    short = replace(ensemble, steps=first + 1)
    until_there = train(short, data, backend=backend, checkpoints=[1])
    np.testing.assert_allclose(ended.parameters.W1[0], until_there.parameters.W1[0], rtol=1e-12)
    np.testing.assert_array_equal(ended.parameters.W1[1], whole.parameters.W1[1])
    # it never comes to its last step: it is read as it ended
    end = train(short, data, backend=backend, checkpoints=[first + 1])
    np.testing.assert_array_equal(ended.correct[0], end.correct[0])
    np.testing.assert_array_equal(ended.validation_correct[0], end.validation_correct[0])
    np.testing.assert_array_equal(ended.correct[1], whole.correct[1])
    assert (ended.correct[0] != whole.correct[0]).any()


@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_is_read_of_networks_that_have_ended(backend: str) -> None:
    ensemble = replace(CASES["mse"], width=np.array([9, 9]), learning_rate=np.array([0.35, 0.35]))
    watched = Curvature((0, 389, 390), 1, climbs=True, onsets=True, until_onset=True)
    steps: list[int] = []
    outcome = train(
        ensemble,
        make_data(points=20, validation_points=3),
        backend=backend,
        checkpoints=[0, 390],
        trace=True,
        curvature=watched,
        progress=steps.append,
    )
    first = outcome.onsets.first
    assert (first > 300).all()
    assert steps[-1] == 390  # all of them ended before
    assert np.isfinite(outcome.spectra.values[:, 0]).all()
    assert np.isnan(outcome.spectra.values[:, 1:]).all()
    assert (outcome.correct[:, 0] >= 0).all()
    assert (outcome.correct[:, 1] >= 0).all()  # as they ended
    np.testing.assert_array_equal(np.isfinite(outcome.losses).sum(1), first + 1)
    np.testing.assert_array_equal(outcome.climbs.steps, first)  # all but the very last one


def along(gradient: Callable[[Parameters], Array], there: Parameters, vector: Parameters) -> float:
    """Finite difference of the gradient along a vector of length 1, which sees kinks of ReLU."""
    distance = 0.03
    ahead, behind = (
        Parameters.of_layers(
            *(getattr(there, n)[:1] + sign * getattr(vector, n)[:1, 0] for n in NAMES)
        )
        for sign in (distance, -distance)
    )
    moved = gradient(ahead) - gradient(behind)
    flat = np.concatenate([getattr(vector, name)[0, 0].ravel() for name in NAMES])
    return float(moved @ flat / (2 * distance))


def test_the_authors_own_start_becomes_unstable_where_theirs_does() -> None:
    """Figure 2 of the paper: unstable from steps 4189 and 9199 on, λ1 on two branches."""
    reference, data = np.load(DATA / "gold_dce_h100_a70_t5000.npz"), make_data()
    initial = Parameters.of_layers(*(reference[name][None] for name in NAMES))

    def trained(steps: int, records: tuple[int, ...] = ()) -> Outcome:
        ensemble = Ensemble.of(
            "dce", steps, width=100, learning_rate=1, amplitude=70, period=5000,
            tail_start=10_000, dtype="float64",
        )  # fmt: skip
        asked = Curvature(records, 2, onsets=True)
        return train(
            ensemble, data, backend="cpu", checkpoints=[steps], initial=initial, curvature=asked
        )

    whole = trained(10_000, tuple(range(9440, 9460)))
    first = int(whole.onsets.first[0])
    assert abs(first - 4189) <= 30
    assert whole.onsets.count[0] == 2
    assert trained(9199 - 30).onsets.count[0] == 1
    assert trained(9199 + 30).onsets.count[0] == 2
    largest = whole.spectra.values[0, :, 0]
    upper, lower = sorted((largest[::2].mean(), largest[1::2].mean()), reverse=True)
    assert upper == pytest.approx(3.4, abs=0.1)
    assert lower == pytest.approx(0.95, abs=0.1)

    differences = []
    for step in (first, first + 1):
        there = trained(step).parameters
        ensemble = Ensemble.of(
            "dce", step + 1, width=100, learning_rate=1, amplitude=70, period=5000,
            tail_start=10_000, dtype="float64",
        )  # fmt: skip
        eigenpairs = pairs("cpu", ensemble, data, there, step, Curvature((), 1, 0, 1e-8))
        gradient = partial(gradient_at, ensemble, data, step)
        differences.append(along(gradient, there, eigenpairs.vectors))
    assert np.mean(differences) / 2 == pytest.approx(1, abs=0.03)  # λ̄ alone is 0.94 of 2/η there
    assert whole.onsets.eigenvalues.mean() / 2 < 0.96
    np.testing.assert_allclose(whole.onsets.differences[0], differences, rtol=1e-4)


@pytest.mark.long
@pytest.mark.parametrize(
    ("loss", "rate", "there", "its_error"),
    [("dce", 1, 0.909, 0.008), ("dmse1", 0.1, 0.970, 0.004)],
)
def test_curvature_at_onsets_is_that_of_an_independent_implementation(
    loss: str, rate: float, there: float, its_error: float
) -> None:
    """λ̄η/2 over six cells of 12 networks each; the finite differences are 0.98 to 1.01 there."""
    cells, differences = [], []
    for amplitude in (25, 50, 75):
        for period in (5000, 10_000):
            ensemble = Ensemble.of(
                loss, 60_000, width=100, learning_rate=rate, amplitude=amplitude, period=period,
                seed=range(12),
            )  # fmt: skip
            asked = Curvature(onsets=True, until_onset=True)
            onsets = train(
                ensemble, make_data(), backend="cpu", checkpoints=[1], curvature=asked
            ).onsets
            assert (onsets.first >= 0).all()
            cells.append(onsets.eigenvalues.mean() * rate / 2)
            differences.append(onsets.differences.mean() * rate / 2)
    error = np.hypot(its_error, np.std(cells, ddof=1) / np.sqrt(len(cells)))
    assert abs(np.mean(cells) - there) < 3 * error
    assert 0.98 < np.mean(differences) < 1.01
