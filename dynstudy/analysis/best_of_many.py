"""What the best of many cells would come to if none of them did anything.

The mean of the best of K cells is above the static loss's by chance alone: it is the largest of K
means of n networks. Drawn beside the best cells, it is what they are to be compared with.
"""

import numpy as np
import pandas as pd
from scipy.stats import norm

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.arrays import Array


def largest_by_chance(outcomes: Array, cells: int, replicates: int) -> float:
    """Return the expected largest of means of some replicates, drawn as outcomes (m,) were.

    Blom (1958), for the largest of K independent normal numbers: the quantile (K - 3/8)/(K + 1/4).

    >>> round(largest_by_chance(np.array([0.4, 0.5, 0.6]), cells=30, replicates=4), 3)
    0.602
    """
    spread = float(outcomes.std(ddof=1)) / np.sqrt(replicates)
    return float(outcomes.mean() + spread * norm.ppf((cells - 0.375) / (cells + 0.25)))


def best_by_chance(study_map: RegimeMap, loss: str, learning_rate: float) -> pd.DataFrame:
    """The accuracy of the best cell of each width if none did anything.

    Returns:
        A row per width, ascending, that has several trained cells and a baseline: ``width``, how
        many ``cells``, ``val_accuracy``.
    """
    rows = []
    for (its_loss, width, rate), panel in study_map.panels():
        trained = panel[panel.replicates > 0]
        static = study_map.baseline_outcomes(its_loss, width, rate)
        if (its_loss, rate) == (loss, learning_rate) and len(trained) > 1 and len(static) > 1:
            replicates = int(trained.replicates.median())
            best = largest_by_chance(static, len(trained), replicates)
            rows.append({"width": width, "cells": len(trained), "val_accuracy": best})
    return pd.DataFrame(rows, columns=["width", "cells", "val_accuracy"])
