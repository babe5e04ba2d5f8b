"""A search's trials: asked for in batches, whatever was interrupted."""

import itertools
import logging
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import optuna
import pytest
from sqlalchemy import Connection, event

from dynstudy.config import Configuration
from dynstudy.search.ask_and_tell import ask_batch, objective_values, tell
from dynstudy.store.studies import Storage
from dynstudy.store.trials import FinishedCell
from tests.planted import SearchMaker


def test_trials_are_asked_for_in_batches_until_there_are_enough(
    storage: Storage, make_search: SearchMaker
) -> None:
    spec = make_search()
    study = storage.open_study(spec)
    sizes = []
    while batch := ask_batch(study, spec):
        assert ask_batch(study, spec) == batch  # a crash left them: they are trained again
        sizes.append(len(batch))
        for number, configuration in batch.items():
            tell(study, number, FinishedCell(configuration, 0.5, {"sem": 0.01}), spec)
    assert sizes == [3, 3, 2]
    trials = study.get_trials(deepcopy=False)
    assert {trial.state for trial in trials} == {optuna.trial.TrialState.COMPLETE}
    assert [trial.user_attrs["sem"] for trial in trials] == [0.01] * 8


def test_what_a_crash_left_stays_in_its_batch(storage: Storage, make_search: SearchMaker) -> None:
    spec = make_search()
    study = storage.open_study(spec)
    first, second, third = ask_batch(study, spec).items()
    tell(study, second[0], FinishedCell(second[1], 0.5, {}), spec)
    assert ask_batch(study, spec) == dict([first, third])
    assert list(ask_batch(study, spec)) == [0, 2]


SAMPLERS = [
    {"sampler": "tpe", "n_startup_trials": 2},
    {"sampler": "gp", "n_startup_trials": 2},
    {"sampler": "qmc"},
    {"sampler": "qmc", "batches": 0},
    {"sampler": "random", "batches": 0},
]
"""And how many batches were told before; the last has one trial, so that it is soon swept."""


@pytest.mark.parametrize("sampler", [one for one in SAMPLERS if "batches" not in one])
def test_asking_says_nothing_that_the_study_file_has_settled(
    sampler: dict[str, Any],
    storage: Storage,
    make_search: SearchMaker,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import_module("optuna._gp.batched_lbfgsb")  # which says so if greenlet is not installed
    capsys.readouterr()
    spec = make_search(search=sampler | {"trials": 5, "batch": 3})
    study = storage.open_study(spec)
    logger = logging.getLogger("optuna")
    (handler,) = (each for each in logger.handlers if type(each) is logging.StreamHandler)
    before = handler.setStream(sys.stderr)  # of this test
    try:
        while batch := ask_batch(study, spec):
            for number, configuration in batch.items():
                tell(study, number, FinishedCell(configuration, 0.5, {}), spec)
        assert capsys.readouterr().err == ""
    finally:
        handler.setStream(before)
    assert not logging.getLogger("optuna.samplers._qmc").filters  # a session's are warned of


class PowerCutError(Exception):
    pass


@pytest.mark.parametrize(
    "sampler", SAMPLERS, ids=lambda options: " ".join(map(str, options.values()))
)
def test_a_search_killed_while_it_asks_goes_on_asking_for_the_same(
    sampler: dict[str, Any], storage: Storage, url: str, make_search: SearchMaker
) -> None:
    batches = sampler.get("batches", 2)
    options = {key: value for key, value in sampler.items() if key != "batches"}
    spec = make_search(search=options | {"trials": 5, "batch": 2})
    study = storage.open_study(spec)
    for _ in range(batches):
        for number, configuration in ask_batch(study, spec).items():
            value = 0.5 + 0.1 / (1 + number)
            tell(study, number, FinishedCell(configuration, value, {}), spec)
    storage.engine.dispose()
    path = Path(url.removeprefix("sqlite:///"))
    before = path.read_bytes()

    def asked(last: int) -> tuple[dict[int, Configuration], dict[str, int]]:
        """Ask for the last batch, but be killed before so many things were recorded.

        Returns:
            The batch, and how far each sequence of numbers is.
        """
        opened, commits = Storage(url), 0

        def kill(connection: Connection) -> None:
            nonlocal commits
            commits += connection.connection.in_transaction  # something is written
            if commits == last:
                raise PowerCutError

        event.listen(opened.engine, "commit", kill)
        try:
            asking = opened.study(spec.name)
            batch, kept = ask_batch(asking, spec), opened.system_attributes(asking)
            return batch, {key: value for key, value in kept.items() if key.startswith("qmc:")}
        finally:
            opened.engine.dispose()

    whole = asked(-1)
    assert list(whole[0]) == ([4] if batches else [0, 1])
    for last in itertools.count(1):
        path.write_bytes(before)
        try:
            assert asked(last) == whole
        except PowerCutError:
            assert asked(-1) == whole, last
        else:
            break
    assert last > 5


@pytest.mark.parametrize(
    ("changes", "attributes", "values"),
    [
        ({}, {"gain": 0.2}, [0.7]),
        ({"maximize": "gain"}, {"gain": 0.2}, [0.2]),
        ({"maximize": "gain"}, {}, [0.0]),
        ({"minimize": "width"}, {}, [0.7, 5.0]),
    ],
)
def test_optuna_is_told_what_the_study_maximizes(
    make_search: SearchMaker,
    changes: dict[str, str],
    attributes: dict[str, float],
    values: list[float],
) -> None:
    finished = FinishedCell(Configuration("dce", 5, 1.0, 30.0, 10), 0.7, attributes)
    assert objective_values(finished, make_search(**changes)) == values
