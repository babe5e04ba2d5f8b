"""What the trials of a search reached, as it is to be drawn, by whichever pen."""

from dataclasses import dataclass

import pandas as pd

from dynstudy.analysis.regime_map import RegimeMap


@dataclass(frozen=True)
class SearchPoints:
    """Trained trials over width, and over amplitude and period: rows of the search's frame."""

    by_loss: dict[str, pd.DataFrame]  # by the name of each loss
    front: pd.DataFrame  # those that no narrower one surpasses
    schedule: pd.DataFrame  # those with an amplitude, the best last and so on top
    chance: float


def describe_search(study_map: RegimeMap) -> SearchPoints:
    """Say which points there are."""
    trained = study_map.trained()
    trained = trained.assign(sem=trained["sem"].astype(float).fillna(0))
    return SearchPoints(
        {str(loss).upper(): cells for loss, cells in trained.groupby("loss", sort=True)},
        study_map.pareto_front(),
        trained[trained.amplitude.notna()].sort_values("val_accuracy"),
        1 / study_map.spec.protocol.data.classes,
    )
