"""What only a card can show: long runs beside `cpu`, and `autograd` replayed from a CUDA graph."""

import numpy as np
import pytest
import torch

import dynstudy
from dynstudy.config import Replicate
from dynstudy.launch.replicates import Task, train_replicates
from dynstudy.study.kinds.map import MapSpec
from dynstudy.task.losses import LOSSES
from dynstudy.train import Ensemble, train
from tests.conftest import ROOT, make_data

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("loss", LOSSES)
def test_autograd_on_a_card_is_autograd(loss: str) -> None:
    static = not LOSSES[loss].dynamical
    ensemble = Ensemble.of(
        loss,
        150,  # more than a piece
        width=[3, 20, 7, 7],
        learning_rate=[0.05, 0.1, 0.02, 1e9],  # the last one diverges
        amplitude=1.0 if static else [1.0, 3.0, 9.0, 3.0],
        period=[2, 9, 30, 10],
        tail_start=[0, 90, 150, 150],
        seed=[0, 1, 2, 3],
        dtype="float64",
    )
    arguments = {"checkpoints": [0, 1, 64, 90, 150], "trace": True}
    data = make_data(points=20, validation_points=15)
    ours, oracle = (
        train(ensemble, data, backend=backend, **arguments)  # type: ignore[arg-type]
        for backend in ("autograd:cuda", "autograd")
    )
    assert ours.device == torch.cuda.get_device_name()
    for name in ("W1", "b1", "W2", "b2"):
        a, b = getattr(ours.parameters, name)[:3], getattr(oracle.parameters, name)[:3]
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(ours.diverged_at, oracle.diverged_at)
    np.testing.assert_array_equal(ours.correct, oracle.correct)
    np.testing.assert_array_equal(ours.validation_correct, oracle.validation_correct)
    np.testing.assert_allclose(ours.losses[:3], oracle.losses[:3], rtol=1e-9)


@pytest.mark.parametrize("width", [20, 100])
def test_two_points_of_figure_3_agree_with_the_processor(width: int) -> None:
    """Means over 50 networks of 100 000 steps, within 4 standard errors of their difference."""
    spec = dynstudy.load_spec(ROOT / "studies" / "fig3a.toml")
    assert isinstance(spec, MapSpec)
    (cell,) = (
        own
        for own in spec.grid_cells()
        if own.configuration.width == width and not own.configuration.static
    )
    tasks = [Task(Replicate(cell.configuration, seed), cell.reads) for seed in cell.seeds]
    means, errors = [], []
    for backend in ("gpu", "cpu"):
        records, _ = train_replicates(tasks, spec.protocol, backend)
        accuracies = np.array([record.val_accuracy for record in records])
        means.append(accuracies.mean())
        errors.append(accuracies.std(ddof=1) / np.sqrt(len(accuracies)))
    assert abs(means[0] - means[1]) < 4 * np.hypot(*errors)
