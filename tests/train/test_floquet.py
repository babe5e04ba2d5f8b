"""Multipliers of a cycle of two steps: dense matrices, closed forms, and the authors' network."""

from dataclasses import replace

import numpy as np
import pytest

from dynstudy.arrays import Array
from dynstudy.measure.periods import local_periods
from dynstudy.task.losses import LOSSES
from dynstudy.train import Curvature, Ensemble, Parameters, train
from dynstudy.train.floquet import floquet_multiplier, multipliers
from tests.conftest import DATA, make_data
from tests.train.oracle import NAMES, random_state
from tests.train.test_alternation import gradient_at
from tests.train.test_curvature import dense_hessian


def most_negative(matrix: Array) -> complex:
    """By the eigenvalues of a dense matrix; of a pair the one above the real axis."""
    values = np.linalg.eigvals(matrix)
    value = values[values.real.argmin()]
    return complex(value.real, abs(value.imag))


def test_it_is_that_of_the_dense_matrix_which_may_be_complex(rng: np.random.Generator) -> None:
    pairs = 0
    for size in (7, 8, 30, 60):
        for _ in range(5):
            first, second = (
                matrix + matrix.T for matrix in rng.normal(0, size**-0.5, (2, size, size))
            )
            identity, rate = np.eye(size), 0.7
            expected = most_negative((identity - rate * second) @ (identity - rate * first))
            multiplier = floquet_multiplier(first.__matmul__, second.__matmul__, rate, size)
            assert multiplier == pytest.approx(expected, rel=1e-3)
            pairs += expected.imag > 0
    assert 0 < pairs < 20


def test_a_cycle_of_the_logistic_map_doubles_where_theory_says() -> None:
    """As descent of its own potential, at η = 1: H = 1 - f', and f'(x1) f'(x2) = 4 + 2r - r²."""
    for r in (3.1, 1 + 6**0.5, 3.5):
        pair = (1 + r + np.array([1, -1]) * np.sqrt((r - 3) * (r + 1))) / (2 * r)
        hessians = [
            np.diag([1 - r * (1 - 2 * x), *np.linspace(0, 0.5, 5)]).__matmul__ for x in pair
        ]
        multiplier = floquet_multiplier(*hessians, 1.0, 6)
        assert multiplier.real == pytest.approx(min(4 + 2 * r - r**2, 0.25), abs=1e-6)
        assert multiplier.imag == 0


@pytest.mark.parametrize("loss", LOSSES)
def test_of_networks_it_is_that_of_their_dense_hessians(
    loss: str, rng: np.random.Generator
) -> None:
    schedule = {"amplitude": 30, "period": 20} if LOSSES[loss].dynamical else {}
    ensemble = Ensemble.of(
        loss, 60, width=[1, 9], learning_rate=[0.9, 1.7], dtype="float64", **schedule
    )
    data, step = make_data(points=20, validation_points=3), 19  # the next class's turn comes next
    here = random_state(rng, ensemble, 3)
    computed = multipliers(ensemble, data, here, step)
    for b, width in enumerate((1, 9)):
        alone = replace(ensemble.part(slice(b, b + 1)), training_set=np.array([0]))
        W1, b1, W2, b2 = here.part(slice(b, b + 1)).arrays.values()
        parameters = Parameters.of_layers(W1[:, :, :width], b1[:, :width], W2[:, :width], b2)
        moved = parameters.b2.size + parameters.W2.size + 3 * width
        gradient = gradient_at(alone, data, step, parameters)
        assert gradient.shape == (moved,)
        parts = np.split(gradient, np.cumsum([2 * width, width, 3 * width]))
        after = Parameters.of_layers(
            *(
                value - alone.learning_rate * part.reshape(value.shape)
                for value, part in zip(parameters.arrays.values(), parts, strict=True)
            )
        )
        jacobians = [
            np.eye(moved) - alone.learning_rate * dense_hessian(alone, data, state, k, 0)
            for state, k in ((parameters, step), (after, step + 1))
        ]
        assert computed[b] == pytest.approx(most_negative(jacobians[1] @ jacobians[0]), rel=1e-3)


def test_it_is_read_along_training_of_networks_that_run() -> None:
    ensemble = Ensemble.of("mse", 30, width=[4, 3], learning_rate=[1e4, 0.3], seed=[0, 1])
    data = make_data(points=10)
    trained = [
        train(ensemble, data, backend=backend, checkpoints=[30], curvature=asked)
        for backend in ("cpu", "autograd")
        for asked in (Curvature((4,), multipliers=(0, 7, 30)), Curvature(multipliers=(7,)))
    ]
    for outcome in trained:
        read = outcome.spectra.multipliers
        assert read.dtype == complex
        assert np.isnan(read[0, -1])  # diverged
        assert np.isfinite(read[1]).all()
    both, alone = trained[:2]
    assert both.spectra.multipliers.shape == (2, 3)
    assert both.spectra.values.shape == (2, 1, 2)
    assert alone.spectra.values.shape == (2, 0, 2)
    np.testing.assert_array_equal(both.spectra.multipliers[1, 1], alone.spectra.multipliers[1, 0])
    np.testing.assert_allclose(
        trained[2].spectra.multipliers[1], both.spectra.multipliers[1], rtol=1e-3
    )
    first = multipliers(ensemble, data, Parameters.drawn(ensemble, 3), 0)
    np.testing.assert_allclose(both.spectra.multipliers[:, 0], first, rtol=1e-3)


def test_what_no_number_holds_has_none() -> None:
    def overflows(vector: Array) -> Array:
        return vector * np.inf

    assert np.isnan(floquet_multiplier(overflows, overflows, 1.0, 9))


@pytest.mark.parametrize("steps", [(3, 2), (-1,), (2, 2)])
def test_steps_that_do_not_ascend_are_refused(steps: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="must ascend"):
        Curvature(multipliers=steps)


def test_a_step_beyond_the_last_is_refused() -> None:
    ensemble = Ensemble.of("ce", 30, width=4, learning_rate=0.1)
    with pytest.raises(ValueError, match="step 31 is beyond the last, 30"):
        train(ensemble, make_data(), checkpoints=[30], curvature=Curvature(multipliers=(31,)))


def test_the_authors_cycle_doubles_with_its_multiplier_and_not_with_an_eigenvalue() -> None:
    """λ2 reaches 2/η at step 9600, where period 2 goes on; period 4 comes at about 14 300."""
    reference, data = np.load(DATA / "gold_dce_h100_a70_t5000.npz"), make_data()
    initial = Parameters.of_layers(*(reference[name][None] for name in NAMES))
    ensemble = Ensemble.of(
        "dce", 14_500, width=100, learning_rate=1, amplitude=70, period=5000, dtype="float64"
    )
    steps = (*range(9400, 9801, 100), 14_150, 14_250, *range(14_301, 14_341, 3))
    asked = Curvature((9550, 9551, 9650, 9651), 2, multipliers=steps)
    outcome = train(
        ensemble, data, backend="cpu", checkpoints=[1], initial=initial, trace=True, curvature=asked
    )
    second = outcome.spectra.values[0, :, 1].reshape(2, 2).max(1)
    assert second[0] < 2 < second[1]
    multiplier = dict(zip(steps, outcome.spectra.multipliers[0], strict=True))
    assert all(value.imag == 0 for value in multiplier.values())
    assert min(multiplier[k].real for k in range(9400, 9801, 100)) > -0.8
    assert multiplier[14_250].real < multiplier[14_150].real < -0.55
    assert multiplier[14_250].real > -1 > min(multiplier[k].real for k in range(14_301, 14_341, 3))
    periods = local_periods(outcome.losses[0, 9000:]).tolist()
    assert periods.index(2) < 9300 - 9000
    assert set(periods[9300 - 9000 : 9900 - 9000]) == {2}
    # what leaves the old cycle grows out of rounding, which is the processor's: 14 231 to 14 296
    assert abs(periods.index(4) + 9000 - 14_300) < 100
