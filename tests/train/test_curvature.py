"""Eigenvalues of Hessians beside dense ones: references without our code, and all losses."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse.linalg import eigsh

from dynstudy.arrays import Array
from dynstudy.measure.records import pairs_per_decade
from dynstudy.task.losses import LOSSES
from dynstudy.task.schedule import class_weights
from dynstudy.train import Curvature, Data, Ensemble, Parameters, train
from dynstudy.train.backends import eigenpairs_of, load
from dynstudy.train.curvature import Eigenpairs
from dynstudy.train.readings import Readings
from tests.conftest import DATA, make_data
from tests.train.oracle import NAMES, in_more_dimensions, random_state

BACKENDS = ("autograd", "cpu")


def pairs(
    backend: str,
    ensemble: Ensemble,
    data: Data,
    parameters: Parameters,
    step: int,
    curvature: Curvature,
) -> Eigenpairs:
    """Of networks with these parameters, before a step of the schedule."""
    readings = Readings.empty(ensemble, np.full((len(ensemble), 1), -1), data.classes, trace=False)
    find = eigenpairs_of(backend)
    assert find is not None
    return find(load(backend)[0](ensemble, data, parameters, readings), step, curvature)


def flat(parameters: Parameters, network: int, width: int) -> Array:
    """(n, N): W1 row by row, b1, W2 row by row, b2."""
    W1, b1, W2, b2 = (getattr(parameters, name)[network] for name in NAMES)
    parts = W1[..., :width], b1[..., :width], W2[..., :width, :], b2
    return np.concatenate([part.reshape(len(b2), -1) for part in parts], 1)


def dense_hessian(
    ensemble: Ensemble, data: Data, parameters: Parameters, step: int, network: int
) -> Array:
    """By automatic differentiation of the documented loss, in all C columns."""
    width = int(ensemble.width[network])
    classes = data.classes
    gamma = class_weights(
        step, classes, ensemble.amplitude, ensemble.period, ensemble.tail_start
    )[network]  # fmt: skip
    W1, b1, W2, b2 = (torch.tensor(getattr(parameters, name)[network]) for name in NAMES)
    parts = W1[:, :width], b1[:width], W2[:width], b2
    x, y = torch.tensor(data.x[ensemble.training_set[network]]), torch.tensor(data.y)

    def loss(vector: torch.Tensor) -> torch.Tensor:
        sizes = [part.numel() for part in parts]
        pieces = torch.split(vector, sizes)
        W1, b1, W2, b2 = (
            piece.reshape(part.shape) for piece, part in zip(pieces, parts, strict=True)
        )
        output = torch.relu(x @ W1 + b1) @ W2 + b2
        return LOSSES[ensemble.loss].weighted(output, y, torch.tensor(gamma))

    return torch.func.hessian(loss)(torch.cat([part.flatten() for part in parts])).numpy()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["curvature_dce_h17", "curvature_dmse2_h43"])
def test_references_of_another_implementation(name: str, backend: str) -> None:
    there = np.load(DATA / f"{name}.npz")
    records = len(there["steps"])
    data = Data(there["X"][None], there["y"], there["X"], there["y"])
    width = int(there["width"])
    for record in range(records):
        ensemble = Ensemble.of(
            str(there["loss"]),
            10**6,
            width=width,
            learning_rate=float(there["eta"]),
            amplitude=float(there["A"]),
            period=int(there["T"]),
            dtype="float64",
        )
        parameters = Parameters.of_layers(*(there[part][record][None] for part in NAMES))
        step = int(there["steps"][record])
        here = pairs(backend, ensemble, data, parameters, step, Curvature((step,), 4, 1, 1e-12))
        expected = [*there["lam"][record], there["lam_min"][record]]
        np.testing.assert_allclose(here.values[0], expected, rtol=1e-10)
        vector = flat(here.vectors, 0, width)[0]
        assert np.linalg.norm(vector) == pytest.approx(1, rel=1e-10)
        if there["gap"][record] > 0.05 * there["lam"][record, 0]:
            assert abs(vector @ there["v1"][record]) == pytest.approx(1, abs=1e-10)
        assert here.residuals[0, 0] < 1e-8 * there["lam"][record, 0]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["curvature_dce_h17", "curvature_dmse2_h43"])
def test_the_losses_of_the_references_are_followed(name: str, backend: str) -> None:
    there = np.load(DATA / f"{name}.npz")
    steps = len(there["loss_trace"])
    ensemble = Ensemble.of(
        str(there["loss"]),
        steps,
        width=int(there["width"]),
        learning_rate=float(there["eta"]),
        amplitude=float(there["A"]),
        period=int(there["T"]),
        seed=int(there["seed"]),
        dtype="float64",
    )
    looked_at = tuple(there["steps"].tolist())
    outcome = train(
        ensemble,
        Data(there["X"][None], there["y"], there["X"], there["y"]),
        backend=backend,
        checkpoints=[steps],
        trace=True,
        curvature=Curvature(looked_at, 2, tolerance=1e-10),
    )
    np.testing.assert_allclose(outcome.losses[0], there["loss_trace"], rtol=1e-8)
    np.testing.assert_allclose(outcome.spectra.values[0], there["lam"][:, :2], rtol=1e-6)
    assert (outcome.spectra.residuals[0, :, 0] < 1e-9 * there["lam"][:, 0]).all()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("loss", "classes", "features"),
    [
        *((loss, 3, 2) for loss in LOSSES),
        ("dce", 3, 3),
        *(
            pytest.param(loss, classes, features, marks=pytest.mark.long)
            for loss in LOSSES
            for classes, features in ((2, 2), (5, 2), (3, 1), (3, 8))
        ),
    ],
)
def test_eigenvalues_are_the_dense_hessians(
    loss: str, classes: int, features: int, backend: str, rng: np.random.Generator
) -> None:
    static = not LOSSES[loss].dynamical
    widths = [1, 7, 29]  # the first one has no active unit in some draws: its Hessian is degenerate
    ensemble = Ensemble.of(
        loss,
        40,
        width=widths,
        learning_rate=0.1,
        amplitude=1.0 if static else [3.0, 30.0, 1000.0],
        period=[10, 9, 20],
        tail_start=0 if static else 40,
        dtype="float64",
    )
    data = in_more_dimensions(make_data(classes, points=20, validation_points=3), features)
    parameters = random_state(rng, ensemble, classes, features)
    for step in (3, 21):  # the second just after a switch
        here = pairs(backend, ensemble, data, parameters, step, Curvature((step,), 2, 1, 1e-9))
        for b, width in enumerate(widths):
            hessian = dense_hessian(ensemble, data, parameters, step, b)
            values = np.linalg.eigvalsh(hessian)
            scale = np.abs(values).max()
            expected = [values[-1], values[-2], values[0]]
            np.testing.assert_allclose(here.values[b], expected, atol=1e-12 * scale)
            vectors = flat(here.vectors, b, width)
            left = np.linalg.norm(vectors @ hessian - here.values[b][:, None] * vectors, axis=1)
            np.testing.assert_allclose(left, here.residuals[b], atol=1e-10 * scale)
            assert (left < 1e-8 * scale).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_just_after_a_switch_a_solver_by_magnitude_takes_the_smallest_for_the_second(
    backend: str,
) -> None:
    step = 41
    ensemble = Ensemble.of(
        "dce", step, width=17, learning_rate=1, amplitude=1000, period=20, seed=4, dtype="float64"
    )
    data = make_data(points=30, validation_points=3)
    curvature = Curvature((step,), 2, 1, 1e-9)
    outcome = train(ensemble, data, backend=backend, checkpoints=[step], curvature=curvature)
    after = replace(ensemble, steps=60, tail_start=np.array([60]))
    hessian = dense_hessian(after, data, outcome.parameters, step, 0)
    smallest, *_, second, largest = np.linalg.eigvalsh(hessian)
    by_magnitude = eigsh(hessian, k=2, return_eigenvectors=False)  # as it does by default
    np.testing.assert_allclose(sorted(by_magnitude), [smallest, largest])
    assert -smallest > 1.5 * second > 0
    here = pairs(backend, after, data, outcome.parameters, step, curvature)
    np.testing.assert_allclose(here.values[0], [largest, second, smallest], rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_float32_tells_eigenvalues_to_its_precision(backend: str) -> None:
    data = make_data()
    values = []
    for dtype in ("float32", "float64"):
        ensemble = Ensemble.of(
            "dce", 40, width=29, learning_rate=1, amplitude=30, period=20, dtype=dtype
        )
        parameters = random_state(np.random.default_rng(1), ensemble, 3)
        values.append(pairs(backend, ensemble, data, parameters, 3, Curvature((3,), 2, 0, 1e-5)))
    np.testing.assert_allclose(values[0].values, values[1].values, rtol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_looking_changes_no_training(backend: str) -> None:
    ensemble = Ensemble.of(
        "dce", 60, width=[3, 12], learning_rate=1, amplitude=9, period=20, seed=[0, 1]
    )
    data, curvature = make_data(points=10), Curvature((0, 7, 8, 60))
    looked, plain = (
        train(ensemble, data, backend=backend, checkpoints=[5, 60], trace=True, curvature=each)
        for each in (curvature, None)
    )
    for name in NAMES:
        np.testing.assert_array_equal(
            getattr(looked.parameters, name), getattr(plain.parameters, name)
        )
    np.testing.assert_array_equal(looked.losses, plain.losses)
    np.testing.assert_array_equal(looked.correct, plain.correct)
    assert looked.spectra.values.shape == looked.spectra.residuals.shape == (2, 4, 2)
    assert plain.spectra.values.shape == (2, 0, 0)
    initial = Parameters.drawn(ensemble, 3)
    first = pairs(backend, ensemble, data, initial, 0, curvature)
    np.testing.assert_array_equal(looked.spectra.values[:, 0], first.values)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_diverged_network_has_no_curvature_from_there_on(backend: str) -> None:
    ensemble = Ensemble.of("mse", 30, width=4, learning_rate=[1e4, 0.05], seed=[0, 1])
    data, curvature = make_data(points=10), Curvature((0, 29))
    outcome = train(ensemble, data, backend=backend, checkpoints=[30], curvature=curvature)
    assert outcome.diverged.tolist() == [True, False]
    assert np.isfinite(outcome.spectra.values[:, 0]).all()
    assert np.isnan(outcome.spectra.values[0, 1]).all()
    assert np.isfinite(outcome.spectra.values[1, 1]).all()


def test_a_backend_that_finds_none_has_autograds(monkeypatch: pytest.MonkeyPatch) -> None:
    ensemble = Ensemble.of("dce", 9, width=[3, 12], learning_rate=1, amplitude=9, period=4)
    data, asked = make_data(points=10), Curvature((0, 7, 9), tolerance=1e-5)
    there = train(ensemble, data, backend="cpu", checkpoints=[9], curvature=asked).spectra
    monkeypatch.delattr("dynstudy.train.backends.cpu.eigenpairs")
    theirs = train(ensemble, data, backend="cpu", checkpoints=[9], curvature=asked).spectra
    np.testing.assert_allclose(theirs.values, there.values, rtol=1e-4)
    assert not np.array_equal(theirs.values, there.values)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("largest", "smallest"), [(2, 40), (40, 1), (12, 12), (0, 17)])
def test_more_eigenvalues_than_there_are_parameters(
    largest: int, smallest: int, backend: str, rng: np.random.Generator
) -> None:
    ensemble = Ensemble.of("ce", 5, width=[1, 2], learning_rate=0.1, dtype="float64")
    data = make_data(points=10)
    parameters = random_state(rng, ensemble, 3)
    here = pairs(backend, ensemble, data, parameters, 0, Curvature((), largest, smallest, 1e-12))
    for b in range(2):
        ascending = np.linalg.eigvalsh(dense_hessian(ensemble, data, parameters, 0, b))
        descending, none = ascending[::-1], [np.nan] * 40
        expected = [*descending, *none][:largest]
        expected += [*ascending, *none][:smallest][::-1]
        np.testing.assert_allclose(here.values[b], expected, atol=1e-12)
        np.testing.assert_array_equal(np.isnan(here.residuals[b]), np.isnan(expected))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("loss", LOSSES)
def test_a_hessian_beyond_its_numbers_is_none(loss: str, backend: str) -> None:
    amplitude = 3.0 if LOSSES[loss].dynamical else 1.0
    ensemble = Ensemble.of(
        loss, 2, width=[4, 6], learning_rate=1e-3, amplitude=amplitude, period=10
    )
    parameters = Parameters.drawn(ensemble, 3)
    parameters.W1[0] *= 1e10
    parameters.W2[0] *= 1e34  # their product is more than float32 holds
    curvature = Curvature((0, 1, 2), 2, 1)
    outcome = train(
        ensemble,
        make_data(points=10),
        backend=backend,
        checkpoints=[2],
        initial=parameters,
        curvature=curvature,
    )
    assert np.isnan(outcome.spectra.values[0]).all()
    assert np.isnan(outcome.spectra.residuals[0]).all()
    assert np.isfinite(outcome.spectra.values[1]).all()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_eigenvalues_of_a_dead_network_are_there_as_often_as_they_are(
    dtype: str, backend: str
) -> None:
    ensemble = Ensemble.of("mse", 2, width=[5, 1], learning_rate=0.1, dtype=dtype)
    parameters = Parameters.drawn(ensemble, 3)
    parameters.W1[:], parameters.b1[:] = 0, -1
    curvature = Curvature((), 4, 2, 1e-4)
    here = pairs(backend, ensemble, make_data(points=10), parameters, 0, curvature)
    np.testing.assert_allclose(here.values, [[2, 2, 2, 0, 0, 0]] * 2, atol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_float32_cannot_reach_ends_all_the_same(backend: str) -> None:
    ensemble = Ensemble.of("ce", 1, width=[12, 1], learning_rate=0.1)
    initial = Parameters.drawn(ensemble, 3)
    finest, fine = (
        pairs(backend, ensemble, make_data(points=10), initial, 0, Curvature((), 2, 1, tolerance))
        for tolerance in (1e-14, 1e-5)
    )
    assert (finest.products <= 200).all()
    np.testing.assert_allclose(finest.values, fine.values, rtol=1e-4)


def test_looks_are_the_same_in_however_many_threads_and_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x, y = make_data(points=4).x[0], make_data(points=4).y
    data = Data(np.stack([x, 2 * x]), y, x, y)
    ensemble = Ensemble.of(
        "dce", 6, width=[1, 3] * 35, learning_rate=1, amplitude=9, period=3, seed=range(70),
        training_set=[0] * 35 + [1] * 35,
    )  # fmt: skip
    asked = Curvature((0, 3, 6), 2, 1, 1e-5)
    values = []
    for threads in ("1", "4"):
        monkeypatch.setenv("DYNSTUDY_THREADS", threads)
        outcome = train(ensemble, data, backend="cpu", checkpoints=[6], curvature=asked)
        values.append(outcome.spectra.values)
    np.testing.assert_array_equal(*values)
    oracle = train(ensemble, data, backend="autograd", checkpoints=[6], curvature=asked).spectra
    scale = np.abs(oracle.values).max(-1, keepdims=True)
    np.testing.assert_allclose(values[0] / scale, oracle.values / scale, atol=2e-3)


@pytest.mark.long
def test_curvature_of_the_static_loss_is_an_independent_implementations() -> None:
    """CE, η = 1, 20 networks: λ̄η/2 is 1.312 ± 0.008 there, 1.393 ± 0.033 later."""
    networks, last = 20, 30_000
    ensemble = Ensemble.of("ce", last, width=100, learning_rate=1, seed=range(networks))
    steps = pairs_per_decade(last, 12)
    spectra = train(
        ensemble, make_data(), backend="cpu", checkpoints=[last], curvature=Curvature(steps, 1)
    ).spectra
    of_step = dict(zip(steps, spectra.values[:, :, 0].T, strict=True))
    for first, end, there, its_error in (
        (3000, 10_000, 1.312, 0.008),
        (10_000, 30_000, 1.393, 0.033),
    ):
        records = [k for k in steps if first <= k < end and k + 1 in of_step]
        means = np.mean([(of_step[k] + of_step[k + 1]) / 4 for k in records], 0)
        error = np.hypot(its_error, means.std(ddof=1) / np.sqrt(networks))
        assert abs(means.mean() - there) < 3 * error


@pytest.mark.parametrize(
    ("steps", "options", "problem"),
    [
        ((3, 2), {}, "must ascend"),
        ((2, 2), {}, "must ascend"),
        ((-1,), {}, "must ascend"),
        ((1,), {"largest": 0}, "at least one eigenvalue"),
        ((1,), {"largest": -1, "smallest": 2}, "at least one eigenvalue"),
        ((1,), {"tolerance": 0.0}, "between 0 and 1"),
        ((1,), {"tolerance": np.nan}, "between 0 and 1"),
    ],
)
def test_what_cannot_be_read_is_refused(
    steps: tuple[int, ...], options: dict[str, float], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        Curvature(steps, **options)  # type: ignore[arg-type]


def test_a_step_beyond_the_last_is_refused() -> None:
    ensemble = Ensemble.of("ce", 30, width=4, learning_rate=0.1)
    with pytest.raises(ValueError, match="step 31 is beyond the last, 30"):
        train(ensemble, make_data(), checkpoints=[30], curvature=Curvature((31,)))
