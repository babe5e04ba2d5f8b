"""What a launch writes, with its connection cut at any commit, or the answer to one lost."""

from collections.abc import Callable, Container
from typing import Any

import pytest

from dynstudy.config import Configuration
from dynstudy.search.ask_and_tell import ask_batch, tell
from dynstudy.store.launches import claim, launches
from dynstudy.store.patience import Patience
from dynstudy.store.studies import Storage
from dynstudy.store.trials import FinishedCell, add_cells
from tests.planted import small_map, small_search
from tests.postgres import Databases
from tests.proxy import proxy


def value_of(configuration: Configuration) -> float:
    """As if trained."""
    return 1.0 / (1.0 + configuration.width + (configuration.amplitude or 0.0))


def searched(storage: Storage, patient: Patience) -> list[Any]:
    """A search to its end: what is in its trials."""
    spec = small_search(search={"sampler": "tpe", "trials": 5, "batch": 3, "n_startup_trials": 2})
    study = patient(storage.open_study, spec)
    number = patient(storage.study_id, study)
    with claim(storage.engine, number, spec, "auto", patience=patient):
        while batch := patient(ask_batch, study, spec):
            for trial, configuration in batch.items():
                finished = FinishedCell(configuration, value_of(configuration), {"sem": 0.01})
                patient(tell, study, trial, finished, spec)
    assert [row.status for row in patient(launches, storage.engine, number)] == ["complete"]
    return [
        (trial.number, trial.state, trial.params, trial.value, trial.user_attrs)
        for trial in patient(study.get_trials, deepcopy=False)
    ]


def mapped(storage: Storage, patient: Patience) -> list[Any]:
    """The cells of a map as trials, in two parts."""
    spec = small_map()
    study = patient(storage.open_study, spec)
    cells = [cell.configuration for cell in spec.grid_cells()]
    number = patient(storage.study_id, study)
    with claim(storage.engine, number, spec, "auto", patience=patient):
        for part in (cells[:2], cells):
            finished = [FinishedCell(each, value_of(each), {"sem": 0.01}) for each in part]
            patient(add_cells, study, spec, finished)
    assert [row.status for row in patient(launches, storage.engine, number)] == ["complete"]
    return [(trial.params, trial.value) for trial in patient(study.get_trials, deepcopy=False)]


Launch = Callable[[Storage, Patience], list[Any]]
LAUNCHES: list[Launch] = [searched, mapped]


@pytest.fixture(scope="module")
def undisturbed(databases: Databases, empty_postgresql: str) -> dict[Launch, tuple[list[Any], int]]:
    """What each launch leaves, and in how many commits."""
    return {each: launched(each, databases, empty_postgresql, ()) for each in LAUNCHES}


def launched(
    launch: Launch,
    databases: Databases,
    template: str,
    cut_at: Container[int],
    answer_lost: bool = False,
) -> tuple[list[Any], int]:
    """What it leaves, and in how many commits, with the connection cut at some of them."""
    patient = Patience(300, lambda _: None, lambda: False)
    with databases.database(template) as url, proxy(url) as way:
        storage = Storage(way.url)
        way.commits, way.cut_at, way.answer_lost = 0, cut_at, answer_lost
        try:
            return launch(storage, patient), way.commits
        finally:
            storage.engine.dispose()


STRIDE = 17  # more commits than anything that is run again as a whole takes


@pytest.mark.parametrize("answer_lost", [False, True], ids=["cut", "answer lost"])
@pytest.mark.parametrize(
    ("launch", "first"),
    [
        (mapped, 2),
        pytest.param(mapped, 9, marks=pytest.mark.long),
        pytest.param(searched, 5, marks=pytest.mark.long),
        (searched, 16),  # which makes a trial
        pytest.param(searched, 47, marks=pytest.mark.long),  # which tells one
    ],
)
def test_cut_again_and_again_it_comes_to_the_same(
    launch: Launch,
    first: int,
    answer_lost: bool,
    databases: Databases,
    empty_postgresql: str,
    undisturbed: dict[Launch, tuple[list[Any], int]],
) -> None:
    result, commits = undisturbed[launch]
    cuts = range(first, 1000, STRIDE)
    again, more = launched(launch, databases, empty_postgresql, cuts, answer_lost)
    assert again == result
    assert more > commits


@pytest.mark.long
@pytest.mark.parametrize("answer_lost", [False, True], ids=["cut", "answer lost"])
@pytest.mark.parametrize("launch", LAUNCHES)
def test_cut_at_any_commit_it_comes_to_the_same(
    launch: Launch,
    answer_lost: bool,
    databases: Databases,
    empty_postgresql: str,
    undisturbed: dict[Launch, tuple[list[Any], int]],
) -> None:
    result, commits = undisturbed[launch]
    for cut in range(1, commits + 1):
        again, _ = launched(launch, databases, empty_postgresql, [cut], answer_lost)
        assert again == result, cut
