"""The cells that a boundary study did not train, as its surfaces predict them."""

import numpy as np
import optuna
import pandas as pd

from dynstudy.arrays import Array
from dynstudy.search.boundary import Panel, panels
from dynstudy.search.level_sets import CONFIDENT
from dynstudy.statistics.columns import MAP, names
from dynstudy.statistics.labels import HARMFUL, NEUTRAL, UNSETTLED, USEFUL
from dynstudy.store.ledger import Ledger
from dynstudy.study.kinds.boundary import BoundarySpec


def predict_cells(
    spec: BoundarySpec, study: optuna.Study, ledger: Ledger
) -> tuple[pd.DataFrame, int]:
    """Predict the cells that are not trained from those that are.

    Args:
        spec: the study file.
        study: its study.
        ledger: what gives the cells' keys.

    Returns:
        A row for each, like those of cells that are trained, with ``predicted`` true. ``sem``,
        ``gain_low`` and ``gain_high`` (95 %) are those of the surface; there are no p-values. No
        row before enough cells are trained. And how many of them are not settled, in their regime
        or in whether they forget.
    """
    found = panels(spec, study)
    rows = [row for panel in found for row in _rows(panel, ledger)]
    unsettled = sum(panel.unsettled() for panel in found)
    return pd.DataFrame(rows, columns=names(MAP)), unsettled


def _rows(panel: Panel, ledger: Ledger) -> list[dict[str, object]]:
    found = panel.predicted()
    if np.isnan(found.gain).all():
        return []
    regimes: Array = np.select(
        [found.useful, found.harmful, found.neutral], [USEFUL, HARMFUL, NEUTRAL], UNSETTLED
    )
    return [
        {
            "loss": own.loss,
            "width": own.width,
            "learning_rate": own.learning_rate,
            "amplitude": own.amplitude,
            "period": own.period,
            "val_accuracy": found.accuracy[index],
            "sem": found.accuracy_error[index],
            "gain": found.gain[index],
            "gain_low": found.gain[index] - CONFIDENT * found.gain_error[index],
            "gain_high": found.gain[index] + CONFIDENT * found.gain_error[index],
            "regime": str(regimes[index]),
            "forgetting": found.forgetting[index],
            "forgetting_sem": found.forgetting_error[index],
            "forgets": None if np.isnan(found.forgetting[index]) else bool(found.forgets[index]),
            "replicates": 0,
            "diverged": 0,
            "replicates_planned": 0,
            "ledger_configuration": ledger.key(own),
            "predicted": True,
        }
        for index, own in enumerate(panel.candidates)
        if index not in panel.told
    ]
