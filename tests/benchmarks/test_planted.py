"""A planted study is a whole map."""

import numpy as np

from benchmarks.planted import NAME, plant, planted_spec
from dynstudy.analysis.regime_map import regime_map
from dynstudy.store.studies import Storage


def test_a_planted_map_has_no_holes_and_all_kinds_of_cells(storage: Storage) -> None:
    spec = planted_spec(48)
    count = plant(storage, spec)
    study_map = regime_map(storage, NAME)
    assert study_map.notes == []
    assert len(study_map.frame) == count
    assert len(study_map.dynamical_cells()) == 48
    assert {"useful", "harmful"} <= set(study_map.dynamical_cells().regime)
    assert set(study_map.dynamical_cells().forgets) == {True, False}
    assert np.isfinite(study_map.dynamical_cells().gain.astype(float)).all()
