"""The cells of a boundary study that are not trained, predicted from those that are."""

from typing import Any

import numpy as np
import pytest

from dynstudy.measure.measures import MEASURES
from dynstudy.search.prediction import predict_cells
from dynstudy.statistics.columns import MAP, STATIC, names
from dynstudy.statistics.trial_summaries import Summaries
from dynstudy.store.studies import Storage
from dynstudy.store.trials import add_cells
from dynstudy.study.kinds.boundary import BoundarySpec
from dynstudy.study.spec import StudySpec
from tests.planted import SMALL, Planted, spread

SPACE = {
    "learning_rate": 1.0, "amplitude": [3, 10, 30, 100], "period": [10, 12, 15], "width": 5
}  # fmt: skip
BOUNDARY: dict[str, Any] = SMALL | {
    "kind": "boundary",
    "replicates": 6,
    "space": SPACE,
    "boundary": {"cells": 8, "batch": 4},
}


def test_cells_that_are_not_trained_are_rows_like_the_others(
    storage: Storage, rng: np.random.Generator
) -> None:
    spec = StudySpec.of(BOUNDARY)
    assert isinstance(spec, BoundarySpec)
    planted = Planted(storage, spec)
    assert not len(predict_cells(spec, planted.study, planted.ledger)[0])
    trained = []
    for cell in spec.grid_cells():
        configuration = cell.configuration
        if configuration.period != 12:
            mean = 0.5 if (configuration.amplitude or 0) < 20 else 0.8
            planted.put(cell, spread(rng, mean, cell.replicates), forgetting=0.1)
            trained.append(cell)
    summaries = Summaries(planted.ledger, range(spec.baseline_replicates))
    add_cells(planted.study, spec, summaries.of(trained))
    frame, unsettled = predict_cells(spec, planted.study, planted.ledger)
    assert frame.columns.tolist() == names(MAP)
    assert frame.amplitude.tolist() == [3, 10, 30, 100]
    assert set(frame.period) == {12}
    assert frame.predicted.all()
    assert (frame.replicates == 0).all()
    # period 12 lies between two of which all is known
    np.testing.assert_allclose(frame.gain.astype(float), [0, 0, 0.3, 0.3], atol=0.05)
    assert frame.regime[2:].tolist() == ["useful"] * 2
    assert unsettled == sum(frame.regime == "unsettled") + sum(frame.forgetting.isna())
    margin = (frame.gain_high - frame.gain_low).astype(float) / 2
    assert (margin > 0).all()
    np.testing.assert_allclose((frame.gain - frame.gain_low).astype(float), margin)
    key = planted.ledger.key(planted.cell(amplitude=3, period=12).configuration)
    assert frame.ledger_configuration[0] == key
    filled = frame.notna().any()  # of a surface there are no p-values nor other measures
    unfilled = {"p_value", "q_value", *MEASURES, *names(STATIC), "noise"} - {
        "val_accuracy",
        "forgetting",
    }
    assert set(filled[~filled].index) == unfilled
    assert frame.forgetting.astype(float).tolist() == pytest.approx([0.11] * 4, abs=0.1)
