"""A search whose trials are made up, and a map over widths whose networks are planted."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.store.studies import Storage
from tests.pictures.made_up import WIDTHS, MapMaker
from tests.planted import SearchMaker, SpecMaker, plant


@pytest.fixture
def study_map(make_search: SearchMaker) -> RegimeMap:
    rows = [
        ("dce", 3, 10.0, 20.0, 0.6, 0.02), ("dce", 3, 20.0, 30.0, 0.7, 0.01),
        ("dce", 5, 30.0, 40.0, 0.65, np.nan), ("mse", 5, np.nan, np.nan, 0.75, 0.03),
        ("dce", 5, 40.0, 50.0, 0.5, 0.02),
    ]  # fmt: skip
    frame = pd.DataFrame(
        rows, columns=["loss", "width", "amplitude", "period", "val_accuracy", "sem"]
    )
    frame = frame.assign(learning_rate=1.0, replicates=[2, 2, 1, 2, 0], noise=np.nan)
    return RegimeMap(make_search(loss=["dce", "mse"]), frame, [], [np.empty(0)] * 5)


@pytest.fixture
def planted(storage: Storage, make_spec: SpecMaker) -> MapMaker:
    """A planted map; keywords replace parts of its space."""

    def make(loss: Any = "dce", **changes: Any) -> RegimeMap:
        space = {"learning_rate": 1.0, "amplitude": [3, 30], "period": [10, 30], "width": WIDTHS}
        plant(storage, make_spec(loss=loss, space=space | changes))
        return regime_map(storage, "small")

    return make
