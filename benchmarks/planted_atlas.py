"""An atlas that was never trained: rows of its pixels, for what only writes or reads them."""

import numpy as np
from numpy.typing import NDArray

from dynstudy.config import Replicate
from dynstudy.store.ledger import Record
from dynstudy.study.kinds.atlas import AtlasSpec

NAME = "planted-atlas"
STATIC = 0.5  # accuracy of the static loss


def planted_atlas(side: int) -> AtlasSpec:
    """An atlas of as many pixels to either side, as the shipped one."""
    return AtlasSpec.model_validate({
        "name": NAME,
        "kind": "atlas",
        "loss": "dce",
        "pixels": [side, side],
        "protocol": {"steps": 5000, "tail": "none"},
        "space": {
            "learning_rate": 1.0,
            "amplitude": {"low": 1, "high": 1000, "log": True},
            "period": {"low": 10, "high": 1000, "log": True},
            "width": 20,
        },
    })


def pixel_records(spec: AtlasSpec, recorded: NDArray[np.bool_]) -> list[Record]:
    """What is not `recorded`, coarse to fine: a band of gains, forgetting beyond it, noise."""
    rng = np.random.default_rng(0)
    x, y = spec.axes
    across, upwards = x.values.tolist(), y.values.tolist()
    records = []
    for _, column, row in spec.missing(recorded):
        beyond = (column - row / 3) / spec.pixels[0] - 0.3
        gain = 0.4 * np.exp(-((beyond / 0.15) ** 2)) + rng.normal(0, 0.05)
        lost = 1 / (1 + np.exp(-20 * beyond)) + rng.normal(0, 0.03)
        accuracy = round(float(np.clip(STATIC + gain, 0, 1)) * 3000) / 3000
        measures = {
            "train_accuracy": accuracy,
            "val_accuracy": accuracy,
            "val_accuracy_before_tail": accuracy,
            "forgetting": float(np.clip(lost, -1, 1)),
            "unrecovered": float(np.clip(lost / 2, -1, 1)),
            "lasting": float(np.clip(lost / 4, -1, 1)),
        }
        configuration = spec.at(across[column], upwards[row])
        replicate = Replicate(configuration, spec.seed_of(column, row))
        records.append(Record(replicate, None, measures, {}))
    return records
