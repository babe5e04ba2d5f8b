"""What holds for complete trials: their networks are there, and what they say is these networks'.

A network that was trained again since, with another result (another processor, another version),
replaces the old one, while a trial stays what it was: that is no error.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, cast

import numpy as np
from sqlalchemy import select, update

from dynstudy.arrays import Array
from dynstudy.config import MAX_REPLICATES, Cell, Configuration
from dynstudy.search.ask_and_tell import objective_values
from dynstudy.statistics.trial_summaries import Summaries
from dynstudy.store.database import batches, rows_among
from dynstudy.store.ledger import Ledger, networks_trained
from dynstudy.store.ledgers import ledger_of
from dynstudy.store.optuna_private import OPTUNA_TABLES
from dynstudy.store.study_rows import StudyRow
from dynstudy.store.tables import ReplicateRow, RunRow
from dynstudy.store.trials import CELL, FinishedCell
from dynstudy.study.kinds.search import SearchSpec
from dynstudy.study.spec import StudySpec
from dynstudy.study.tried import configuration_of
from dynstudy.upkeep._finding import Finding, Inspection, Invariant
from dynstudy.upkeep._invariants_of_networks import equal, shown_number
from dynstudy.upkeep._invariants_of_studies import COMPLETE, of_trial, readable_studies
from dynstudy.upkeep._trials_read import TrialRead, read_trials
from dynstudy.upkeep.snapshot import handed

VALUES: Any = OPTUNA_TABLES.tables["trial_values"]
ATTRIBUTES: Any = OPTUNA_TABLES.tables["trial_user_attributes"]


def _trials(look: Inspection) -> Iterator[Finding]:
    for study, spec in readable_studies(look):
        look.report(f"trials of {study.study_name}", 0, 1)
        yield from wrong_trials(look, study, spec)
        look.report(f"trials of {study.study_name}", 1, 1)


def wrong_trials(look: Inspection, study: StudyRow, spec: StudySpec) -> Iterator[Finding]:
    """The trials of a study that are not those of its networks, or whose networks are missing."""
    ledger = ledger_of(handed(look.connection), spec)
    cells: dict[int, Cell] = {}
    trials = {trial.row: trial for trial in read_trials(look.connection, study.number)}
    for trial in trials.values():
        if trial.state != COMPLETE:
            continue
        configuration = configuration_of(study, trial)  # type: ignore[arg-type] # as much of both
        if configuration is None:
            said = f"parameters are missing; it has {', '.join(trial.params) or 'none'}"
            yield of_trial(study, spec, trial.number, said)
            continue
        key = ledger.key(configuration)
        if trial.system_attrs.get(CELL, key) != key:
            said = f"{CELL} names other networks than those of its parameters"
            yield of_trial(study, spec, trial.number, said)
            continue
        cells[trial.row] = Cell(configuration, range(_replicates(spec, configuration, trial)), ())
    wanted = {ledger.key(cell.configuration): cell.seeds for cell in cells.values()}
    (with_keys,) = networks_trained(handed(look.connection), [wanted])
    of_tiles = ledger.pixels_trained()
    there = with_keys | {key: len(launches) for key, launches in of_tiles.items()}
    whole = []
    for row, cell in cells.items():
        count = there[ledger.key(cell.configuration)]
        if count == cell.replicates and count:
            whole.append(row)
            continue
        said = f"{cell.replicates - count} of its {cell.replicates} networks are not in the ledger"
        finding = of_trial(study, spec, trials[row].number, said)
        yield Finding(
            *(finding.table, finding.row, said),
            way_out=f"dynstudy run trains them again, or {finding.way_out}"
            if spec.on_grid
            else finding.way_out,
        )
    summaries = Summaries(ledger, spec.baseline_seeds)
    of_pixels = _last_launches(look, of_tiles)
    for part in batches(whole):
        of_part = [cells[row] for row in part]
        later = _trained_again(look, ledger, of_part) | of_pixels
        for row, summary in zip(part, summaries.of(of_part), strict=True):
            trial, started = trials[row], later.get(summary.key)
            again = bool(started and trial.completed and started > trial.completed)
            yield from _values(study, spec, trial, summary, again)


def _replicates(spec: StudySpec, configuration: Configuration, trial: TrialRead) -> int:
    """How many networks a trial is the mean of, as it says."""
    count = trial.user_attrs.get("replicates")
    if type(count) is int and 0 < count <= MAX_REPLICATES * 4:
        return count
    return spec.baseline_replicates if configuration.static else spec.most_replicates


def _trained_again(look: Inspection, ledger: Ledger, cells: Iterable[Cell]) -> dict[str, datetime]:
    """When the last launch started that trained any network of a cell, by key."""
    row = ReplicateRow
    query = select(row.configuration, row.seed, RunRow.started_at)
    query = query.join(RunRow, RunRow.id == row.run_id)
    seeds = {ledger.key(cell.configuration): cell.seeds for cell in cells}
    latest: dict[str, datetime] = {}
    for key, seed, started in rows_among(look.connection, query, row.configuration, seeds):
        if seed in seeds[key]:
            latest[key] = max(latest.get(key, started), started)
    return latest


def _last_launches(look: Inspection, of_tiles: Mapping[str, Array]) -> dict[str, datetime]:
    """When the last launch started that trained any pixel of a tile, by key."""
    query = select(RunRow.id, RunRow.started_at)
    began = {row.id: row.started_at for row in look.connection.execute(query)}
    last = {key: np.fmax.reduce(launches, initial=-1) for key, launches in of_tiles.items()}
    return {key: began[number] for key, number in last.items() if number in began}


def _values(
    study: StudyRow, spec: StudySpec, trial: TrialRead, cell: FinishedCell, again: bool
) -> Iterator[Finding]:
    values = objective_values(cell, cast(SearchSpec, spec)) if spec.suggests else [cell.value]
    wrong: list[str] = []
    mending: list[Any] = []
    for objective, expected in enumerate(values):
        if not equal(trial.values.get(objective), expected):
            value = shown_number(trial.values.get(objective))
            wrong.append(f"value is {value}, its networks give {shown_number(expected)}")
            this = VALUES.c.trial_id == trial.row, VALUES.c.objective == objective
            mending.append(update(VALUES).where(*this).values(value=expected))
    for name, expected in cell.attributes.items():
        if name not in trial.user_attrs:  # of an older dynstudy
            continue
        given = trial.user_attrs[name]
        if not _same(given, expected):
            wrong.append(f"{name} is {_said(given)}, its networks give {_said(expected)}")
            this = ATTRIBUTES.c.trial_id == trial.row, ATTRIBUTES.c.key == name
            text = "null" if expected is None else repr(expected)
            mending.append(update(ATTRIBUTES).where(*this).values(value_json=text))
    if not wrong:
        return
    where = f"study {study.study_name!r}, number {trial.number}"
    said = ", ".join(wrong)
    if again:
        why = "since they were trained again afterwards; maps read the ledger"
        yield Finding("trials", where, said, why, broken=False)
    elif len(trial.values) != len(values):
        yield of_trial(study, spec, trial.number, said)
    else:
        mends = "writes what the networks give"
        yield Finding("trials", where, said, mending=tuple(mending), mends=mends)


def _same(given: Any, expected: Any) -> bool:
    numbers = (type(given) in {int, float} or given is None) and not isinstance(given, bool)
    return numbers and equal(given, expected)


def _said(value: Any) -> str:
    return shown_number(value) if type(value) in {int, float} or value is None else repr(value)


OF_VALUES = (
    Invariant("trials", "a complete trial is the mean of its networks, which are there", _trials),
)
