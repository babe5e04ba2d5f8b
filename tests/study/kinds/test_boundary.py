"""A boundary study: a budget of cells of a grid."""

from typing import Any, cast

import pytest

from dynstudy.errors import SpecError, either
from dynstudy.store.studies import Storage
from dynstudy.store.trials import FinishedCell, add_cells
from dynstudy.study.kinds.boundary import ENDED, BoundarySpec
from dynstudy.study.spec import StudySpec
from dynstudy.task.losses import LOSSES
from tests.planted import SMALL

SPACE = {"learning_rate": [0.5, 1.0], "amplitude": [3, 10, 30], "period": [10, 30], "width": 5}
BOUNDARY: dict[str, Any] = SMALL | {
    "name": "edge",
    "kind": "boundary",
    "replicates": 6,
    "space": SPACE,
    "boundary": {"cells": 4, "batch": 2},
}

DYNAMICAL = either(name for name, loss in LOSSES.items() if loss.dynamical)


def spec_of(**changes: Any) -> BoundarySpec:
    return cast(BoundarySpec, StudySpec.of(BOUNDARY | changes))


def test_cells_are_chosen_among_those_of_a_loss_and_rate_and_baselines_are_trained() -> None:
    spec = spec_of()
    groups = spec.candidates()
    assert [len(group) for group in groups] == [6, 6]
    for group in groups:
        assert len({(c.configuration.loss, c.configuration.learning_rate) for c in group}) == 1
    assert [cell.configuration.loss for cell in spec.static_cells()] == ["ce", "ce"]
    ahead = spec.cells_ahead()
    assert len(ahead) == spec.planned_trials({}) == 2 + 2 * 4
    assert ahead == spec.cells_ahead()
    assert spec_of(boundary={"cells": 99, "batch": 2}).planned_trials({}) == 2 + 2 * 6


def test_its_cells_are_those_that_are_trials(storage: Storage) -> None:
    spec = spec_of()
    study = storage.open_study(spec)
    assert spec.cells(study) == []
    trained = list(spec.grid_cells())[2:4]
    add_cells(study, spec, [FinishedCell(cell.configuration, 0.5, {}) for cell in trained])
    assert spec.cells(study) == trained
    assert list(spec.cells_to_keep(study)) == list(spec.grid_cells())


def test_a_study_that_ended_early_has_what_it_has_until_its_budget_grows() -> None:
    ended = {ENDED: (4, 7)}
    assert spec_of().planned_trials(ended) == 7
    assert spec_of(boundary={"cells": 5, "batch": 2}).planned_trials(ended) == 2 + 2 * 5


@pytest.mark.parametrize(
    ("changes", "grows"),
    [
        ({"boundary": {"cells": 5, "batch": 2}}, True),
        ({"boundary": {"cells": 4, "batch": 2}}, False),
        ({"boundary": {"cells": 5, "batch": 3}}, False),
        ({"boundary": {"cells": 5, "batch": 2}, "replicates": 7}, False),
    ],
    ids=str,
)
def test_it_grows_to_a_larger_budget(changes: dict[str, Any], grows: bool) -> None:
    assert spec_of().grows_to(spec_of(**changes)) is grows


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"loss": "ce"}, f"needs a dynamical loss: {DYNAMICAL}"),
        ({"replicates": 5}, "replicates = 5: a boundary study needs at least 6"),
        ({"space": SPACE | {"amplitude": [1, 30]}}, "needs at least two amplitudes above 1"),
        ({"boundary": {"cells": 4, "batch": 4}}, "must be below boundary.cells = 4"),
    ],
    ids=str,
)
def test_what_nothing_can_be_chosen_from_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        spec_of(**changes)


def test_it_says_how_much_it_may_train() -> None:
    assert spec_of().described().endswith("at most 4 cells of each loss and learning rate chosen")
