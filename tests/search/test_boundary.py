"""What a boundary study makes of the cells it knows: labels of the others, and which come next."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
import tomli_w

from dynstudy.config import Configuration
from dynstudy.errors import SpecError, either
from dynstudy.search.boundary import TrialPanel, next_cells
from dynstudy.study.kinds.boundary import BoundarySpec
from dynstudy.study.spec import StudySpec
from dynstudy.study.study_file import load_spec
from dynstudy.task.losses import LOSSES

STATIC = 0.5
SEM = 0.005
BOUNDARY: dict[str, Any] = {
    "name": "boundary",
    "kind": "boundary",
    "loss": "dce",
    "replicates": 6,
    "boundary": {"cells": 30, "batch": 10},
    "space": {
        "learning_rate": 1.0,
        "amplitude": {"low": 3, "high": 1000, "num": 12, "log": True},
        "period": {"low": 30, "high": 3000, "num": 10, "log": True},
        "width": [20, 40],
    },
}

Outcome = tuple[float, float | None]  # gain and net forgetting


def spec_of(**changes: Any) -> BoundarySpec:
    spec = StudySpec.of(BOUNDARY | changes)
    assert isinstance(spec, BoundarySpec)
    return spec


def bent(cell: Configuration) -> Outcome:
    """Useful in a band of A that moves up with T, harmful far above it, where it forgets."""
    distance = np.log(cell.amplitude or 1) - np.log(20) - 0.5 * np.log((cell.period or 2) / 100)
    gain = 0.25 * np.exp(-((distance / 1.2) ** 2)) - 0.1
    return float(gain), float(0.4 + 0.3 * np.tanh(distance - 1))


def panel_of(spec: BoundarySpec) -> TrialPanel:
    """All cells of a study, none of them trained."""
    space = spec.space
    candidates = tuple(
        Configuration("dce", width, 1.0, amplitude, period)
        for width in space.width
        for period in space.period or ()
        for amplitude in space.amplitude
    )
    count = len(candidates)
    return TrialPanel(
        candidates, {}, np.full(count, STATIC), np.full(count, 0.002), np.full(count, True)
    )


def with_trials(
    panel: TrialPanel, chosen: Iterable[Configuration], outcome: Callable[[Configuration], Outcome]
) -> TrialPanel:
    """The panel with more trials, whose means are exact."""
    trials = dict(panel.trials)
    for cell in chosen:
        gain, lost = outcome(cell)
        attributes = {"sem": SEM}
        if lost is not None:
            attributes |= {"forgetting": lost, "forgetting_sem": SEM}
        trials[panel.candidates.index(cell)] = optuna.trial.create_trial(
            value=STATIC + gain, user_attrs=attributes
        )
    return TrialPanel(panel.candidates, trials, panel.static, panel.static_error, panel.defined)


def trained(spec: BoundarySpec, outcome: Callable[[Configuration], Outcome] = bent) -> TrialPanel:
    panel = panel_of(spec)
    while batch := next_cells(spec, panel):
        panel = with_trials(panel, batch, outcome)
    return panel


def wrong(panel: TrialPanel) -> int:
    """Cells that are not trained and on the wrong side of gain = 0 or forgetting = 0.4."""
    predicted = panel.predicted()
    left = [index for index in range(len(panel.candidates)) if index not in panel.trials]
    truth = np.array([bent(cell) for cell in panel.candidates], float)
    sides = ((predicted.gain > 0) != (truth[:, 0] > 0)) | (
        (predicted.forgetting > 0.4) != (truth[:, 1] > 0.4)
    )
    return int(sides[left].sum())


def test_chosen_cells_find_planted_boundaries_better_than_random_ones() -> None:
    """30 of 240 cells. Beside them random ones: as many, and half as many again."""
    chosen, drawn, more = [], [], []
    for seed in range(6):
        spec = spec_of(boundary={"cells": 30, "batch": 10, "seed": seed})
        chosen.append(wrong(trained(spec)))
        empty = panel_of(spec)
        order = np.random.default_rng(seed).permutation(len(empty.candidates))
        for errors, count in ((drawn, 30), (more, 45)):
            sample = [empty.candidates[index] for index in order[:count]]
            errors.append(wrong(with_trials(empty, sample, bent)))
    assert sum(chosen) < sum(drawn) / 2
    assert sum(chosen) < sum(more)


def test_predicted_labels_are_those_of_the_outcomes_where_they_are_clear() -> None:
    panel = trained(spec_of())
    predicted = panel.predicted()
    gain, lost = np.array([bent(cell) for cell in panel.candidates], float).T
    assert predicted.useful[gain > 0.07].mean() > 0.9
    assert predicted.harmful[gain < -0.07].mean() > 0.9
    assert predicted.forgets[lost > 0.5].mean() > 0.9
    assert not predicted.useful[gain < -0.03].any()
    assert not predicted.harmful[gain > 0.03].any()
    assert not predicted.forgets[lost < 0.3].any()
    np.testing.assert_allclose(predicted.gain, predicted.accuracy - STATIC)
    assert (predicted.gain_error > predicted.accuracy_error).all()  # the baseline's is in it


def test_what_gains_nothing_is_neutral_and_ends_after_the_first_batch() -> None:
    panel = trained(spec_of(), lambda cell: (0.0, 0.1))
    assert len(panel.trials) == 10
    predicted = panel.predicted()
    assert predicted.neutral.all()
    assert predicted.settled.all()
    assert panel.unsettled() == 0


def test_the_budget_ends_it_where_cells_are_not_settled() -> None:
    panel = trained(spec_of())
    assert len(panel.trials) == 30
    assert panel.unsettled() > 0
    assert next_cells(spec_of(boundary={"cells": 40, "batch": 10}), panel)


def test_forgetting_that_is_not_defined_leaves_the_gain_to_be_settled() -> None:
    panel = trained(spec_of(), lambda cell: (0.2, None))
    predicted = panel.predicted()
    assert np.isnan(predicted.forgetting).all()
    assert not predicted.forgets.any()
    assert predicted.settled.all()


def test_what_is_left_of_a_batch_follows_from_the_whole_batches_before_it() -> None:
    spec = spec_of()
    first = with_trials(panel_of(spec), next_cells(spec, panel_of(spec)), bent)
    second = next_cells(spec, first)
    assert len(set(second)) == 10
    assert next_cells(spec, with_trials(first, second[:4], bent)) == second[4:]
    assert next_cells(spec, with_trials(panel_of(spec), second[:4], bent)) == next_cells(
        spec, panel_of(spec)
    )  # what is trained counts when its batch is whole


def test_before_the_static_loss_is_trained_nothing_is_predicted() -> None:
    spec = spec_of()
    empty = panel_of(spec)
    measured = with_trials(empty, empty.candidates[:10], bent)
    static = np.full(len(empty.candidates), np.nan)
    unknown = TrialPanel(
        measured.candidates, measured.trials, static, measured.static_error, measured.defined
    )
    assert np.isnan(unknown.predicted().gain).all()


DYNAMICAL = either(name for name, loss in LOSSES.items() if loss.dynamical)
BAD = [
    ("boundary.cells=2", "boundary.cells = 2: must be at least 3"),
    ("boundary.cells=10", "boundary.batch = 10: must be below boundary.cells = 10, since the"),
    ("boundary.batch=1", "boundary.batch = 1: must be at least 2"),
    ("boundary.sed=1", "unknown key 'boundary.sed'; did you mean 'seed'"),
    ("boundary=30", "boundary = 30: must be a table"),
    ("search.trials=10", "unknown key 'search'; known: name, kind, loss"),
    ("space.amplitude=30", "space.amplitude = [30.0]: a boundary study needs at least two"),
    ("space.amplitude=[1, 30]", "two amplitudes above 1 to find a boundary between; give a list"),
    ("space.amplitude={low=3,high=30}", "a range needs low, high and num; num is missing"),
    ("replicates=5", "replicates = 5: a boundary study needs at least 6, below which no cell"),
    ('loss="ce"', f"a boundary study needs a dynamical loss: {DYNAMICAL}"),
    ('kind="boundry"', "kind = 'boundry': must be 'map' or 'search' or 'boundary'"),
    ('kind="map"', "unknown key 'boundary'"),
]


@pytest.mark.parametrize(("override", "said"), BAD, ids=[override for override, _ in BAD])
def test_what_is_wrong_is_said_in_one_line(override: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "boundary.toml"
    file.write_text(tomli_w.dumps(BOUNDARY))
    with pytest.raises(SpecError) as error:
        load_spec(file, [override])
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_table_is_named_and_a_resolved_file_reads_the_same() -> None:
    with pytest.raises(SpecError, match="key 'boundary' is missing"):
        StudySpec.of({key: value for key, value in BOUNDARY.items() if key != "boundary"})
    assert spec_of().resolved()["boundary"] == {"cells": 30, "batch": 10, "seed": 0}
    assert StudySpec.of(spec_of().resolved()) == spec_of()
