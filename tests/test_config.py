"""The words of a study, and what each of them may be."""

import pytest

from dynstudy.config import Cell, Configuration
from dynstudy.task.losses import LOSSES


def test_amplitude_1_and_static_losses_have_one_name() -> None:
    static = Configuration("ce", 20, 0.1)
    for loss, amplitude in (("dce", 1.0), ("dce", None), ("ce", 30.0), ("ce", None)):
        configuration = Configuration(loss, 20, 0.1, amplitude, 100)
        assert configuration == static
        assert configuration.static
        assert configuration.period is None


@pytest.mark.parametrize("loss", [name for name, loss in LOSSES.items() if loss.dynamical])
def test_a_baseline_is_the_static_loss_of_the_family(loss: str) -> None:
    cell = Configuration(loss, 20, 0.1, 30, 100)
    assert not cell.static
    assert cell.baseline() == Configuration(LOSSES[loss].static, 20, 0.1)
    assert cell.baseline().baseline() == cell.baseline()


def test_configurations_print_as_a_person_writes_them() -> None:
    assert str(Configuration("dce", 20, 1.0, 300.0, 100)) == (
        "dce, width 20, learning rate 1, A = 300, T = 100"
    )
    assert str(Configuration("mse", 20, 0.5)) == "mse, width 20, learning rate 0.5"


def test_a_noise_is_said_where_there_is_one_and_stays_with_the_static_loss() -> None:
    noisy = Configuration("dce", 20, 1.0, 300.0, 100, noise=0.25)
    assert str(noisy) == "dce, width 20, learning rate 1, noise 0.25, A = 300, T = 100"
    assert noisy.baseline() == Configuration("ce", 20, 1.0, noise=0.25)
    assert noisy.baseline() != Configuration("ce", 20, 1.0)


def test_a_cell_has_as_many_replicates_as_seeds() -> None:
    assert Cell(Configuration("ce", 5, 1.0), range(10, 17), (200,)).replicates == 7
