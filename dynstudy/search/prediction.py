"""The cells that a boundary study did not train, as its surfaces predict them."""

from dataclasses import asdict

import numpy as np
import optuna
import pandas as pd

from dynstudy.arrays import Array
from dynstudy.search.boundary import TrialPanel, trial_panels
from dynstudy.search.level_sets import CONFIDENT
from dynstudy.statistics.columns import MAP, names
from dynstudy.statistics.labels import HARMFUL, NEUTRAL, UNSETTLED, USEFUL
from dynstudy.store.ledger import Ledger
from dynstudy.study.kinds.boundary import BoundarySpec


def predict_cells(
    spec: BoundarySpec, study: optuna.Study, ledger: Ledger
) -> tuple[pd.DataFrame, int]:
    """Return cells predicted from those that are trained, and how many are not settled.

    A row for each that is not trained, like those of cells that are, with ``predicted`` true.
    ``sem``, ``gain_low`` and ``gain_high`` (95 %) are those of the surface; there are no p-values.
    No row before enough cells are trained. Settled are those of which regime and forgetting are
    known.
    """
    panels = trial_panels(spec, study)
    rows = [row for panel in panels for row in _rows(panel, ledger)]
    unsettled = sum(panel.unsettled() for panel in panels)
    return pd.DataFrame(rows, columns=names(MAP)), unsettled


def _rows(panel: TrialPanel, ledger: Ledger) -> list[dict[str, object]]:
    cells = panel.predicted()
    if np.isnan(cells.gain).all():
        return []
    regimes: Array = np.select(
        [cells.useful, cells.harmful, cells.neutral], [USEFUL, HARMFUL, NEUTRAL], UNSETTLED
    )
    return [
        {
            **asdict(configuration),
            "val_accuracy": cells.accuracy[index],
            "sem": cells.accuracy_error[index],
            "gain": cells.gain[index],
            "gain_low": cells.gain[index] - CONFIDENT * cells.gain_error[index],
            "gain_high": cells.gain[index] + CONFIDENT * cells.gain_error[index],
            "regime": str(regimes[index]),
            "forgetting": cells.forgetting[index],
            "forgetting_sem": cells.forgetting_error[index],
            "forgets": None if np.isnan(cells.forgetting[index]) else bool(cells.forgets[index]),
            "replicates": 0,
            "diverged": 0,
            "replicates_planned": 0,
            "ledger_configuration": ledger.key(configuration),
            "predicted": True,
        }
        for index, configuration in enumerate(panel.candidates)
        if index not in panel.trials
    ]
