"""The slope of the useful band over widths and learning rates."""

import numpy as np
import pytest

from benchmarks.slopes import slopes
from dynstudy.analysis.atlas import read_atlas
from dynstudy.store.studies import Storage


@pytest.mark.long
def test_an_atlas_for_each_width_and_rate(storage: Storage) -> None:
    shorter = ["protocol.steps=60", "protocol.tail=20", "baseline_replicates=64", "tile=4"]
    shorter += ["space.period.high=20"]
    rows = [*slopes(storage, [(3, 1.0), (4, 0.5)], 16, shorter)]
    assert [(row.study, row.width, row.learning_rate) for row in rows] == [
        ("band-3-1", 3, 1.0),
        ("band-4-0.5", 4, 0.5),
    ]
    for row in rows:
        spec = read_atlas(storage, row.study).spec
        assert (spec.widest, spec.space.learning_rate) == (row.width, (row.learning_rate,))
        assert row.pixels == 16
        assert 0 <= row.surely <= row.useful <= 1
        assert np.isfinite(row.slope) == (row.rows >= 3)
