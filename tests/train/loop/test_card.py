"""What only a card can show: long runs beside `cpu`, and `autograd` replayed from a CUDA graph."""

import numpy as np
import pytest

import dynstudy
from dynstudy.config import Replicate
from dynstudy.launch.replicates import NetworkTask, train_replicates
from dynstudy.study.kinds.map import MapSpec
from tests.conftest import ROOT

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("width", [20, 100])
def test_two_points_of_figure_3_agree_with_the_processor(width: int) -> None:
    """Means over 50 networks of 100 000 steps, within 4 standard errors of their difference."""
    spec = dynstudy.load_spec(ROOT / "studies" / "fig3a.toml")
    assert isinstance(spec, MapSpec)
    (cell,) = (
        cell
        for cell in spec.grid_cells()
        if cell.configuration.width == width and not cell.configuration.static
    )
    tasks = [NetworkTask(Replicate(cell.configuration, seed), cell.reads) for seed in cell.seeds]
    means, errors = [], []
    for backend in ("gpu", "cpu"):
        records, _ = train_replicates(tasks, spec.protocol, backend)
        accuracies = np.array([record.val_accuracy for record in records])
        means.append(accuracies.mean())
        errors.append(accuracies.std(ddof=1) / np.sqrt(len(accuracies)))
    assert abs(means[0] - means[1]) < 4 * np.hypot(*errors)
