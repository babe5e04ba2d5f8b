"""A search whose trials are made up."""

import numpy as np
import pandas as pd
import pytest

from dynstudy.analysis.regime_map import RegimeMap
from tests.planted import SearchMaker


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
    frame = frame.assign(learning_rate=1.0, replicates=[2, 2, 1, 2, 0])
    return RegimeMap(make_search(loss=["dce", "mse"]), frame, [], [np.empty(0)] * 5)
