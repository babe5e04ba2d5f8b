"""Both backends follow trajectories that were computed without any code of ours, in JAX."""

import numpy as np
import pytest

from dynstudy.train import Ensemble, Outcome, Parameters, train
from tests.conftest import DATA, make_data

TOLERANCE = 1e-9
BACKENDS = ("autograd", "cpu")
NAMES = ("W1", "b1", "W2", "b2")


def follow(
    name: str, backend: str, steps: int | None = None
) -> tuple[Outcome, "np.lib.npyio.NpzFile"]:
    reference = np.load(DATA / f"{name}.npz")
    loss = name.split("_")[1]
    static = loss == "ce"
    ensemble = Ensemble.of(
        loss,
        steps or int(reference["steps"]),
        width=int(reference["width"]),
        learning_rate=float(reference["learning_rate"]),
        amplitude=1.0 if static else float(reference["amplitude"]),
        period=2 if static else int(reference["period"]),
        dtype="float64",
    )
    initial = Parameters.of_layers(*(reference[parameter][None] for parameter in NAMES))
    outcome = train(
        ensemble,
        make_data(),
        backend=backend,
        checkpoints=[ensemble.steps],
        initial=initial,
        trace=True,
    )
    return outcome, reference


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["oracle_dce_h29", "oracle_dmse1_h31", "oracle_dmse2_h26"])
def test_loss_at_every_step_and_final_parameters(name: str, backend: str) -> None:
    outcome, reference = follow(name, backend)
    np.testing.assert_allclose(outcome.losses[0], reference["loss_before_step"], rtol=TOLERANCE)
    for parameter in NAMES:
        expected = reference[f"{parameter}_end"]
        np.testing.assert_allclose(
            getattr(outcome.parameters, parameter)[0],
            expected,
            rtol=TOLERANCE,
            atol=TOLERANCE * np.abs(expected).max(),
        )


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("name", "steps"), [("gold_ce_h100", 1200), ("gold_dce_h100_a70_t5000", 4500)]
)
def test_the_authors_notebook(name: str, steps: int, backend: str) -> None:
    outcome, reference = follow(name, backend, steps)
    # the notebook records its loss after the update, at the next phase of the schedule
    np.testing.assert_allclose(
        outcome.losses[0, 1:], reference["weighted_loss"][: steps - 1], rtol=TOLERANCE
    )
    right = outcome.correct[0, 0].sum() / 300
    assert right == pytest.approx(float(reference["accuracy"][steps - 1]), abs=1e-6)
