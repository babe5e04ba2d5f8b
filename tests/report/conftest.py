"""Maps that reports have to cope with."""

import numpy as np
import pytest

from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.store.studies import Storage
from tests.planted import Planted, SpecMaker, spread


@pytest.fixture(params=["whole", "holes", "one replicate", "no baseline", "nothing"])
def any_map(
    request: pytest.FixtureRequest,
    storage: Storage,
    make_spec: SpecMaker,
    rng: np.random.Generator,
) -> RegimeMap:
    few = request.param == "one replicate"
    plant = Planted(storage, make_spec(replicates=1 if few else 6))
    for index, cell in enumerate(plant.spec.grid_cells()):
        skipped = {
            "holes": index % 2 == 1,
            "no baseline": cell.configuration.static,
            "nothing": True,
        }
        if not skipped.get(request.param, False):
            plant.put(cell, spread(rng, 0.5 + 0.1 * (index % 3), cell.replicates))
    return regime_map(storage, "small")
