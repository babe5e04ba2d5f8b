"""A study is copied whole, in one transaction, with all that Optuna's tables have of it.

One of its name that is there already is the same one, a part of it or more of it, or is refused: a
grid's cells are told by their parameters, whatever their order; the trials of all else by number.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna.trial import TrialState
from sqlalchemy import Connection, delete, insert, select, update

from dynstudy.errors import StudyMismatchError
from dynstudy.store.database import batches, rows_among
from dynstudy.store.optuna_private import OPTUNA_TABLES
from dynstudy.store.rename_note_tag import NOTE, TAGS
from dynstudy.study.differences import differences
from dynstudy.study.spec import StudySpec
from dynstudy.upkeep._trials_read import TrialRead, read_trials

TABLES: Mapping[str, Any] = OPTUNA_TABLES.tables
STUDY, TRIAL = TABLES["studies"], TABLES["trials"]
A_PERSONS = {NOTE, TAGS}
"""Attributes that stay what they are in a study that is there."""

OF_FILES = "artifacts"
"""In the keys of attributes that name files of the database's folder."""


@dataclass(frozen=True)
class StudyToCopy:
    """A study of a snapshot; `spec` is None where it is not dynstudy's."""

    number: int
    name: str
    spec: StudySpec | None


def referring(table: Any) -> list[Any]:
    """The tables of which a row belongs to one of this table, but for trials."""
    return [
        each
        for each in OPTUNA_TABLES.sorted_tables
        if each is not TRIAL and any(key.column.table is table for key in each.foreign_keys)
    ]


def _rows(source: Connection, table: Any, column: str, numbers: Sequence[int]) -> list[Any]:
    """The rows of a table that belong to some studies or trials, without their numbers."""
    (given,) = (each.name for each in table.primary_key)
    rows = rows_among(source, select(table).order_by(table.c[given]), table.c[column], numbers)
    return [{name: value for name, value in row._mapping.items() if name != given} for row in rows]


class StudyRows:
    """All rows of a study, read from a snapshot."""

    def __init__(self, source: Connection, study: StudyToCopy) -> None:
        self.study = study
        self.trials = read_trials(source, study.number)
        self.of_study = {
            table.name: _rows(source, table, "study_id", [study.number])
            for table in referring(STUDY)
        }
        query = select(TRIAL).where(TRIAL.c.study_id == study.number)
        self.trial_rows = {row.trial_id: dict(row._mapping) for row in source.execute(query)}
        self.of_trials: dict[str, dict[int, list[dict[str, Any]]]] = {}
        for table in referring(TRIAL):
            by_trial = self.of_trials.setdefault(table.name, {})
            for row in _rows(source, table, "trial_id", list(self.trial_rows)):
                by_trial.setdefault(row["trial_id"], []).append(row)

    def write(self, target: Connection) -> int:
        """Make the study in a database that is locked; its number there."""
        values = {"study_name": self.study.name}
        number: Any = target.scalar(insert(STUDY).values(values).returning(STUDY.c.study_id))
        for name, rows in self.of_study.items():
            _insert(target, TABLES[name], [row | {"study_id": number} for row in rows])
        self._write_trials(target, number, self.trials, 0)
        return int(number)

    def _write_trials(
        self, target: Connection, study: int, trials: Sequence[TrialRead], shift: int
    ) -> None:
        """Add trials, with what belongs to them, under their numbers or numbered from `shift`."""
        for batch in batches(trial.row for trial in trials):
            rows = []
            for row in batch:
                values = {k: v for k, v in self.trial_rows[row].items() if k != "trial_id"}
                if shift:
                    values["number"], shift = shift, shift + 1
                rows.append(values | {"study_id": study})
            adding = insert(TRIAL).returning(TRIAL.c.trial_id, sort_by_parameter_order=True)
            made = target.scalars(adding, rows).all()
            self._write_parts(target, dict(zip(batch, made, strict=True)))

    def _write_parts(self, target: Connection, numbers: Mapping[int, int]) -> None:
        for name, by_trial in self.of_trials.items():
            rows = [
                row | {"trial_id": new}
                for old, new in numbers.items()
                for row in by_trial.get(old, ())
            ]
            _insert(target, TABLES[name], rows)

    def complete(self, target: Connection, number: int, spec: StudySpec | None, where: str) -> int:
        """Add what a study that is there lacks, in a database that is locked.

        Args:
            target: the connection.
            number: of the study there.
            spec: its study file there.
            where: the database, in words.

        Returns:
            How many trials were added or went on.

        Raises:
            StudyMismatchError: it is another study.
        """
        ours = self.study.spec
        self._check_spec(spec, where)
        there = read_trials(target, number)
        grid = not getattr(ours, "chooses", True)
        if grid:
            new, replaced = self._new_cells(there), dict[int, TrialRead]()
        else:
            new, replaced = self._new_numbers(there, where)
        parts = referring(TRIAL)
        for row, trial in replaced.items():
            values = {k: v for k, v in self.trial_rows[trial.row].items() if k in STATED}
            target.execute(update(TRIAL).where(TRIAL.c.trial_id == row).values(values))
            for table in parts:
                target.execute(delete(table).where(table.c.trial_id == row))
        self._write_parts(target, {trial.row: row for row, trial in replaced.items()})
        self._write_trials(target, number, new, len(there) if grid else 0)
        ahead = bool(new or replaced)
        grown = ours is not None and spec is not None and ours != spec and spec.grows_to(ours)
        self._attributes(target, number, overwrite=ahead or grown)
        return len(new) + len(replaced)

    def _check_spec(self, spec: StudySpec | None, where: str) -> None:
        ours = self.study.spec
        if ours == spec:
            return
        way_out = "dynstudy rename gives one of them another name"
        if ours is None or spec is None:
            raise StudyMismatchError(
                f"study {self.study.name!r} in {where} is another one: dynstudy made one of "
                f"the two alone; {way_out}"
            )
        if not (spec.grows_to(ours) or ours.grows_to(spec)):
            changes = "; ".join(
                f"{key} is {there} there, and {here} here"
                for key, there, here in differences(spec.resolved(), ours.resolved())
            )
            raise StudyMismatchError(
                f"study {self.study.name!r} in {where} is another one: {changes}; {way_out}"
            )

    def _new_cells(self, there: Sequence[TrialRead]) -> list[TrialRead]:
        have = {_cell(trial) for trial in there}
        return [trial for trial in self.trials if _cell(trial) not in have]

    def _new_numbers(
        self, there: Sequence[TrialRead], where: str
    ) -> tuple[list[TrialRead], dict[int, TrialRead]]:
        """Trials that are not there, and those that are further here, by their rows there."""
        by_number = {trial.number: trial for trial in there}
        new, replaced = [], {}
        for trial in self.trials:
            before = by_number.get(trial.number)
            if before is None:
                new.append(trial)
                continue
            shared = trial.params.keys() & before.params.keys()
            problems = [
                f"{name} is {before.params[name]!r} there, and {trial.params[name]!r} here"
                for name in sorted(shared)
                if before.params[name] != trial.params[name]
            ]
            if problems:
                raise StudyMismatchError(
                    f"study {self.study.name!r} in {where} went another way: trial {trial.number}: "
                    f"{problems[0]}; dynstudy rename gives one of them another name"
                )
            if _progress(trial) > _progress(before):
                replaced[before.row] = trial
        return new, replaced

    def _attributes(self, target: Connection, number: int, *, overwrite: bool) -> None:
        """Those that are not there, and of a study that is further here, those that say so."""
        for name in ("study_user_attributes", "study_system_attributes"):
            table = TABLES[name]
            query = select(table.c.key, table.c.value_json).where(table.c.study_id == number)
            there: dict[str, str] = dict(map(tuple, target.execute(query)))
            for row in self.of_study[name]:
                key, text = row["key"], row["value_json"]
                if OF_FILES in key or there.get(key) == text:
                    continue
                if key not in there:
                    target.execute(insert(table).values(row | {"study_id": number}))
                elif overwrite and key not in A_PERSONS:
                    this = table.c.study_id == number, table.c.key == key
                    target.execute(update(table).where(*this).values(value_json=text))


STATED = ("state", "datetime_start", "datetime_complete")


def _cell(trial: TrialRead) -> str:
    """What tells the cell of a grid."""
    return json.dumps(trial.params, sort_keys=True)


def _progress(trial: TrialRead) -> tuple[bool, int, int]:
    """How far a trial is: finished, and how much is drawn and said of it."""
    finished = trial.state.is_finished()
    return finished, len(trial.params), 0 if finished else len(trial.user_attrs)


def _insert(target: Connection, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        target.execute(insert(table), list(rows))


def study_waits(rows: StudyRows) -> int:
    """How many of its trials wait to be trained."""
    return sum(trial.state == TrialState.RUNNING for trial in rows.trials)
