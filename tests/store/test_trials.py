"""Cells as Optuna's trials: what a database says of their parameters."""

from dataclasses import asdict
from typing import Any

import optuna
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from dynstudy.store.trials import distributions
from dynstudy.study.spec import StudySpec
from dynstudy.task.losses import LOSSES
from tests.planted import SMALL

FIRST = ("ce", "mse", "dce", "dmse1", "dmse2")


def test_what_databases_hold_is_pinned() -> None:
    """Changing it would keep every existing map from growing: Optuna refuses other choices."""
    assert tuple(LOSSES)[:5] == FIRST  # what is added comes last
    assert distributions(FIRST) == {
        "loss": CategoricalDistribution(FIRST),
        "width": IntDistribution(1, 10_000, log=True),
        "learning_rate": FloatDistribution(1e-9, 1e6, log=True),
        "amplitude": FloatDistribution(1, 1e9, log=True),
        "period": IntDistribution(2, 10**9, log=True),
    }


AXES = st.fixed_dictionaries({
    "learning_rate": st.floats(1e-9, 1e6),
    "amplitude": st.lists(st.floats(1, 1e9), min_size=1, max_size=3),
    "period": st.lists(st.integers(2, 900), min_size=1, max_size=3),
    "width": st.lists(st.integers(1, 10_000), min_size=1, max_size=3),
})
LONG = {"steps": 1000, "tail": 100}


@given(AXES, st.lists(st.sampled_from(list(LOSSES)), min_size=1))
def test_every_cell_of_a_valid_study_can_be_a_trial(space: dict[str, Any], loss: list[str]) -> None:
    allowed = distributions(tuple(LOSSES))
    for cell in StudySpec.of(SMALL | {"loss": loss, "space": space, "protocol": LONG}).grid_cells():
        params = {k: v for k, v in asdict(cell.configuration).items() if v is not None}
        trial = optuna.trial.create_trial(  # which refuses what no distribution holds
            value=0.5, params=params, distributions={name: allowed[name] for name in params}
        )
        assert trial.params == params
