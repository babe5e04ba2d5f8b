"""Labels of cells from a planted ledger; more of them are in tests/analysis/test_regime_map.py."""

import numpy as np
import pandas as pd
import pytest

from dynstudy.measure.measures import added
from dynstudy.statistics.cell_tests import CELL_TESTS
from dynstudy.statistics.columns import MAP, names
from dynstudy.statistics.labelled_cells import cells_asked_for, judge, label_cells
from dynstudy.statistics.labels import label
from dynstudy.store.studies import Storage
from dynstudy.study.rounds import Rounds
from tests.planted import Planted, SpecMaker, spread


@pytest.fixture
def planted(storage: Storage, make_spec: SpecMaker, rng: np.random.Generator) -> Planted:
    """Of the four cells two gain a lot, one little, and one has only five replicates."""
    planted = Planted(storage, make_spec(replicates={"min": 6, "max": 20}))
    planted.put(planted.cell(loss="ce"), spread(rng, 0.5, 80, 0.05))
    for amplitude, period, mean, count in (
        (3, 10, 0.9, 20), (30, 10, 0.9, 20), (3, 30, 0.51, 20), (30, 30, 0.9, 5)
    ):  # fmt: skip
        cell = planted.cell(amplitude=amplitude, period=period)
        planted.put(cell, spread(rng, mean, count, 0.05), forgetting=0.1)
    return planted


def test_all_replicates_count_where_there_are_no_rounds(planted: Planted) -> None:
    spec = planted.spec
    labelled = judge(planted.ledger, list(spec.grid_cells()), range(80), spec.family)
    frame = labelled.frame
    assert frame.columns.tolist() == names(MAP)
    dynamical = frame[frame.amplitude.notna()]
    assert dynamical.replicates.tolist() == [20, 20, 20, 5]
    (family,) = labelled.compared.families
    evidence = labelled.compared.evidence(CELL_TESTS, family)
    labels = label(evidence, np.array([20, 20, 20, 5]), 80)
    assert dynamical.regime.tolist() == labels.regimes
    assert dynamical.forgets.tolist() == labels.forgets == [False, False, False, None]
    pd.testing.assert_frame_equal(label_cells(labelled.compared).frame, frame)


def test_every_column_is_filled_where_there_is_everything(planted: Planted) -> None:
    """But for measures that came later, which nothing plants, and noise, which is no axis."""
    frame = judge(planted.ledger, list(planted.spec.grid_cells()), range(80), planted.spec.family)
    filled = frame.frame.notna().any()
    assert set(filled[~filled].index) <= {"noise", *(measure.name for measure in added())}


def test_rounds_read_what_was_asked_for_and_wait_for_a_whole_look(planted: Planted) -> None:
    spec = planted.spec
    assert isinstance(spec.rounds, Rounds)
    cells = list(spec.grid_cells())
    frame = judge(planted.ledger, cells, range(80), spec.family, spec.rounds).frame
    dynamical = frame[frame.amplitude.notna()]
    # one cell lacks the first look's sixth replicate: nothing is looked at
    assert dynamical.replicates.tolist() == [6, 6, 6, 5]
    assert dynamical.p_value.isna().all()
    planted.put(planted.cell(amplitude=30, period=30), [0.9, 0.91, 0.89, 0.9, 0.91, 0.9])
    frame = judge(planted.ledger, cells, range(80), spec.family, spec.rounds).frame
    dynamical = frame[frame.amplitude.notna()]
    assert dynamical.regime[dynamical.replicates == 6].tolist() == ["useful"] * 3
    (going,) = dynamical[dynamical.replicates > 6].itertuples()
    assert (going.amplitude, going.period) == (3, 30)
    planned = {cell.configuration: cell.replicates for cell in cells_asked_for(
        planted.ledger, cells, spec
    )}  # fmt: skip
    assert list(planned.values()) == frame.replicates_planned.tolist()
