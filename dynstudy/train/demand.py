"""What a backend is asked to train, for it to say whether it can."""

from dataclasses import dataclass
from typing import Self

from dynstudy.task.network import ONE_HIDDEN_LAYER
from dynstudy.task.optimiser import GRADIENT_DESCENT, Optimiser
from dynstudy.task.own_network import OwnNetwork
from dynstudy.task.task_network import TaskNetwork
from dynstudy.train.ensemble import Data, Ensemble


@dataclass(frozen=True)
class Demand:
    """What a backend is asked to train, for it to say whether it can."""

    loss: str
    features: int  # F
    classes: int  # C
    width: int  # of the widest network
    steps: int  # S
    dtype: str
    network: TaskNetwork = ONE_HIDDEN_LAYER
    optimiser: Optimiser = GRADIENT_DESCENT
    schedule: str = "triangle"
    onsets: bool = False  # whether instabilities are watched for
    climbs: bool = False  # whether uphill steps are counted
    sums: bool = False  # whether the loss is summed over the steps
    alone: str = ""  # why modules are trained one after another, if they are

    @classmethod
    def of(cls, ensemble: Ensemble, data: Data, *watched: bool) -> Self:
        """What an ensemble, its data and what is watched for, as the fields say, ask for."""
        width = int(ensemble.width.max())
        onsets, climbs, sums = (*watched, False, False, False)[:3]
        return cls(
            loss=ensemble.loss,
            features=data.features,
            classes=data.classes,
            width=width,
            steps=ensemble.steps,
            dtype=ensemble.dtype,
            network=ensemble.network,
            optimiser=ensemble.optimiser,
            schedule=ensemble.schedule,
            onsets=onsets,
            climbs=climbs,
            sums=sums,
            alone=_alone(ensemble, data),
        )


def _alone(ensemble: Ensemble, data: Data) -> str:
    network, width = ensemble.network, int(ensemble.width.max())
    if not isinstance(network, OwnNetwork):
        return ""
    from dynstudy.train.module_trial import way_of  # which loads PyTorch

    return way_of(network, width, data, ensemble.optimiser, ensemble.dtype).reason
