"""Maps of atlases whose pixels scatter about a surface that is known, without a database."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.statistics.columns import MAP, names
from tests.analysis.simulated_atlas import SimulatedAtlas, band, simulated_atlas

OTHERS = ("train_accuracy", "unrecovered", "lasting")
MEASURES = ("val_accuracy_at_last_peak", "share_uphill", *OTHERS)


def of_atlas(name: str = "atlas", panels: int = 4, **changes: Any) -> RegimeMap:
    """An atlas of 16 x 12 pixels in tiles of 3 with as many measures; keywords replace its keys."""
    atlas = simulated_atlas(band(-0.5), **({"pixels": (16, 12), "name": name} | changes))
    rng = np.random.default_rng(0)
    shape = atlas.values["val_accuracy"].shape
    more = {each: rng.random(shape) for each in MEASURES[: max(0, panels - 3)]}
    atlas = SimulatedAtlas(atlas.spec, atlas.ledger, atlas.values | more)
    return map_of(atlas)


def map_of(atlas: SimulatedAtlas) -> RegimeMap:
    """The map of an atlas: a row for each tile, with what it gains."""
    rows, gain = [], atlas.of("gain")
    slices = [(up, right) for up in atlas.upwards.tiles for right in atlas.right.tiles]
    for cell, (up, right) in zip(atlas.spec.tile_cells(), slices, strict=True):
        configuration = cell.configuration
        mean = float(np.nanmean(gain[up, right]))
        rows.append({
            **{name: getattr(configuration, name) for name in ("loss", "width", "learning_rate")},
            "amplitude": configuration.amplitude,
            "period": configuration.period,
            "val_accuracy": 0.45 + mean,
            "sem": 0.01,
            "gain": mean,
            "gain_low": mean - 0.02,
            "gain_high": mean + 0.02,
            "regime": "useful" if mean > 0.02 else "harmful",
            "forgets": bool((configuration.amplitude or 0) > 300),
            "replicates": 9,
            "diverged": 0,
            "predicted": False,
        })
    frame = pd.DataFrame(rows, columns=names(MAP))
    return replace(RegimeMap(atlas.spec, frame, [], [], ledger="0" * 64), atlas=atlas)
