"""What a study left in its database: all that a run that was left alone has, too."""

from collections import Counter
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, MetaData, Table, select
from sqlalchemy.pool import NullPool

PROCESS = {"id", "run_id", "host"}
"""Of a network: numbers of rows and what names the process; all else is compared."""

Contents = dict[str, dict[Any, Any]]


class Inside:
    """A database as it is, read without dynstudy and without Optuna."""

    def __init__(self, url: str) -> None:
        self.engine = sqlalchemy.create_engine(url, poolclass=NullPool)
        self.metadata = MetaData()
        self.metadata.reflect(self.engine)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """All of a table; none where there is no such table."""
        if name not in self.metadata.tables:
            return []
        with self.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(select(self[name]))]

    def __getitem__(self, name: str) -> Table:
        return self.metadata.tables[name]

    def connect(self) -> Connection:
        """A connection to it."""
        return self.engine.connect()


def contents(inside: Inside, study: str) -> Contents:
    """Networks, series, trials and attributes, by what they are, whatever the numbers of rows."""
    networks = {row["id"]: row for row in inside.rows("dynstudy_replicate")}
    steps = {row["id"]: row["steps"] for row in inside.rows("dynstudy_steps")}
    (number,) = (r["study_id"] for r in inside.rows("studies") if r["study_name"] == study)
    trials = {row["trial_id"]: row for row in inside.rows("trials") if row["study_id"] == number}

    def of_trials(table: str, key: str, *values: str) -> dict[Any, Any]:
        return {
            (trials[row["trial_id"]]["number"], row[key]): tuple(row[value] for value in values)
            for row in inside.rows(table)
            if row["trial_id"] in trials
        }

    def of_study(table: str) -> dict[str, str]:
        return {r["key"]: r["value_json"] for r in inside.rows(table) if r["study_id"] == number}

    return {
        "networks": {
            row["key"]: {name: value for name, value in row.items() if name not in PROCESS}
            for row in networks.values()
        },
        "series": {
            (networks[row["replicate_id"]]["key"], row["name"]): (
                steps[row["steps_id"]],
                row["readings"],
            )
            for row in inside.rows("dynstudy_series")
            if row["replicate_id"] in networks
        },
        "trials": {row["number"]: str(row["state"]) for row in trials.values()},
        "values": of_trials("trial_values", "objective", "value", "value_type"),
        "parameters": of_trials("trial_params", "param_name", "param_value", "distribution_json"),
        "attributes": of_trials("trial_user_attributes", "key", "value_json"),
        "system attributes": of_trials("trial_system_attributes", "key", "value_json"),
        "study": of_study("study_user_attributes"),
        "system": of_study("study_system_attributes"),
    }


def by_cell(there: Contents) -> Contents:
    """The same, but trials by their cells: several workers end them in any order."""
    trials = there["trials"]
    cell = {
        number: value
        for (number, key), value in there["system attributes"].items()
        if key == "dynstudy:cell"
    }
    renamed = {
        kind: {(cell[number], key): value for (number, key), value in there[kind].items()}
        for kind in ("values", "parameters", "attributes", "system attributes")
    }
    assert sorted(trials) == list(range(len(trials))), f"trials are numbered {sorted(trials)}"
    return there | renamed | {"trials": {cell[each]: state for each, state in trials.items()}}


def differences(expected: Contents, there: Contents) -> list[str]:
    """A line for each thing that is missing, too many or not the same."""
    lines = []
    for kind, rows in expected.items():
        for key in rows.keys() | there[kind].keys():
            before, now = rows.get(key), there[kind].get(key)
            if before != now:
                lines.append(
                    f"{kind} {key}: {_shown(before, now)} left alone {_shown(now, before)}"
                )
    return sorted(lines)


def _shown(value: Any, other: Any) -> str:
    if isinstance(value, dict) and isinstance(other, dict):
        value = {key: each for key, each in value.items() if each != other.get(key)}
    return "nothing" if value is None else f"{value!s:.400}"


def leftovers(inside: Inside) -> list[str]:
    """What nobody should leave behind, a line each."""
    lines = [
        f"{count} rows of {table} have {column} = {value}"
        for table, column in (("dynstudy_replicate", "key"), ("studies", "study_name"))
        for value, count in Counter(row[column] for row in inside.rows(table)).items()
        if count > 1
    ]
    numbers = {row["id"] for row in inside.rows("dynstudy_replicate")}
    runs = {row["id"]: row for row in inside.rows("dynstudy_run")}
    lines += [
        f"series {row['name']} of network {row['replicate_id']}, which is not there"
        for row in inside.rows("dynstudy_series")
        if row["replicate_id"] not in numbers
    ]
    lines += [
        f"network {row['id']} is of launch {row['run_id']}, which is not there"
        for row in inside.rows("dynstudy_replicate")
        if row["run_id"] not in runs
    ]
    lines += [
        f"launch {row['id']} is running" for row in runs.values() if row["status"] == "running"
    ]
    ended = [row["status"] for row in sorted(runs.values(), key=lambda row: row["id"])]
    if ended.count("complete") < 1:
        lines.append(f"no launch is complete: {', '.join(ended)}")
    lines += [f"a reservation is left: {row}" for row in inside.rows("dynstudy_reservation")]
    if inside.engine.dialect.name == "sqlite":
        with inside.connect() as connection:
            checked = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
            checked = list(checked) + list(connection.exec_driver_sql("PRAGMA foreign_key_check"))
        lines += [f"integrity_check: {line}" for line in checked if line != "ok"]
    return lines


def trained_twice(inside: Inside) -> list[str]:
    """A line if launches trained more networks, or fewer, than there are."""
    counted = sum(row["networks"] for row in inside.rows("dynstudy_run"))
    there = len(inside.rows("dynstudy_replicate"))
    return [f"launches recorded {counted} networks, of {there}"] * (counted != there)
