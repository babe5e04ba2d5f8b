import numpy as np

from dynstudy.task.network import Network
from dynstudy.task.optimiser import SGD
from dynstudy.train.demand import Demand
from dynstudy.train.ensemble import Data, Ensemble


def test_it_is_what_an_ensemble_and_its_data_ask_for() -> None:
    network, momentum = Network(depth=2), SGD(momentum=0.5)
    ensemble = Ensemble.of(
        "dce",
        70,
        width=[5, 9],
        learning_rate=0.1,
        amplitude=2,
        dtype="float64",
        network=network,
        optimiser=momentum,
    )
    x, y = np.ones((2, 4, 6)), np.array([0, 1, 2, 3])
    demand = Demand.of(ensemble, Data(x, y, np.ones((4, 6)), y), True, False, True)
    assert demand == Demand(
        "dce", 6, 4, 9, 70, "float64", network, momentum, "triangle", True, False, True
    )
