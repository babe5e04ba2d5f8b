"""A value in the database that somebody edited, or a disk lost: one line names its row."""

import io
import itertools
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.command import called, dynstudy, fails
from tests.planted import SEARCH, SMALL

OF = "study_id = (SELECT study_id FROM studies WHERE study_name = '{}')"
SPEC = f"WHERE {OF.format('small')} AND key = 'dynstudy:spec'"
TRIAL = f"WHERE trial_id = (SELECT trial_id FROM trials WHERE {OF.format('search')} AND number = 1)"
WIDTH = f"{TRIAL} AND param_name = 'width'"


def database(here: Path) -> Path:
    return here / "storage" / "dynstudy.db"


def edit(here: Path, statement: str, *values: Any) -> None:
    with closing(sqlite3.connect(database(here))) as connection:
        assert connection.execute(statement, values).rowcount > 0
        connection.commit()


EDITS: list[tuple[str, str, Any, str, str]] = [
    # what is edited, where, to what; the command that reads it, and what it says
    ("study_user_attributes.value_json", SPEC, '{"a', "show small", "must be JSON"),
    ("study_user_attributes.value_json", SPEC, "5", "map small", "must be the JSON of a study"),
    (
        "study_user_attributes.value_json",
        SPEC,
        '"5"',
        "export small",
        "must be the JSON of a study",
    ),
    ("study_user_attributes.value_json", SPEC, '"{}"', "run small.toml", "'kind' is missing"),
    ("study_user_attributes.value_json", SPEC, None, "rename small new", "must be JSON"),
    ("trials.state", TRIAL, "DONE", "show search", "must be one of RUNNING"),
    ("trials.number", TRIAL, "x", "show search", "must be a whole number"),
    ("trials.datetime_start", TRIAL, "soon", "map search", "Invalid isoformat"),
    ("trial_params.param_value", WIDTH, "x", "export search", "must be"),
    ("trial_params.param_value", WIDTH, -1e300, "show search", "must be"),
    ("trial_params.param_name", WIDTH, "W", "train search#1", "is no parameter"),
    ("trial_params.distribution_json", WIDTH, "{", "train search#1", "of a distribution"),
    ("trial_params.trial_id", WIDTH, -1, "show search", "parameters are missing"),
    ("trial_values.value", TRIAL, "x", "show search", "must be a number"),
    ("trial_values.value", TRIAL, None, "show search", "must be a number"),
    ("trial_values.trial_id", TRIAL, -1, "show search", "no value"),
    ("trial_user_attributes.value_json", TRIAL, "nan,", "run search.toml", "must be JSON"),
    ("dynstudy_run.provenance", "", "null", "show small", "must be JSON as dynstudy writes it"),
    ("dynstudy_run.heartbeat_at", "", "soon", "show small", "Invalid isoformat"),
    ("dynstudy_replicate.val_accuracy", "", "nan", "map small", "must be a finite number"),
    ("dynstudy_replicate.val_accuracy", "", 1e300, "compare small other", "must be from 0 to 1"),
    ("dynstudy_replicate.seed", "", b"\x00", "list", "must be a whole number"),
    ("dynstudy_replicate.diverged_at", "", -3, "run small.toml --dry-run", "at least 0"),
    ("dynstudy_replicate.versions", "", "[]", "export small --confirm 0", "should be an object"),
    ("dynstudy_steps.steps", "WHERE id = 1", "[2, 1]", "run small.toml", "do not ascend"),
    ("dynstudy_series.readings", "", "[[1], [1], [1]]", "map small", "a number for each of"),
]


@pytest.mark.parametrize(("edited", "where", "value", "command", "said"), EDITS)
def test_the_row_is_named_in_one_line(
    edited: str, where: str, value: Any, command: str, said: str, three: Path
) -> None:
    for study in (SMALL, SEARCH):
        (three / f"{study['name']}.toml").write_text(tomli_w.dumps(study))
    table, column = edited.split(".")
    edit(three, f"UPDATE {table} SET {column} = ? {where}", value)
    line = fails(three, *command.split())
    assert f"table {table}, " in line or column == "trial_id"
    assert "is damaged: " in line
    assert said in line


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("dynstudy:artifacts", '"[]"', "must be JSON as dynstudy writes it: Input should be"),
        pytest.param(
            "dynstudy:artifacts", '{"a": "b"}', "must be JSON within JSON", marks=pytest.mark.long
        ),
        pytest.param(
            "dynstudy:artifacts",
            '"{\\"map.png\\": 5}"',
            "map.png: Input should be a valid string",
            marks=pytest.mark.long,
        ),
        pytest.param(
            "artifacts:%", '"5"', "must be JSON as dynstudy writes it", marks=pytest.mark.long
        ),
        ("artifacts:%", '"{}"', "artifact_id: Field required"),
    ],
)
def test_a_damaged_list_of_files_is_said_by_who_needs_it_and_no_other(
    key: str, value: str, said: str, three: Path
) -> None:
    for study in ("small", "another"):
        (three / f"{study}.toml").write_text(tomli_w.dumps(SMALL | {"name": study}))
        dynstudy(three, "run", f"{study}.toml")  # which writes its page
    where = f"WHERE {OF.format('small')} AND key LIKE '{key}'"
    edit(three, f"UPDATE study_system_attributes SET value_json = ? {where}", value)
    commands = ["delete small --yes"] if key == "dynstudy:artifacts" else []
    shutil.rmtree(three / "storage" / "dynstudy.artifacts")  # so that pages are written again
    for command in (*commands, "run small.toml"):
        _, err = dynstudy(three, *command.split(), expected=2)
        line = err.splitlines()[-1]
        assert line.startswith("error: ")
        assert "table study_system_attributes, " in line
        assert said in line
    dynstudy(three, "run", "another.toml")
    dynstudy(three, "delete", "another", "--yes")


def test_the_others_are_listed_where_one_study_is_damaged(three: Path) -> None:
    edit(three, f"UPDATE study_user_attributes SET value_json = '{{' {SPEC}")
    out, err = dynstudy(three, "list", "--format", "json", expected=2)
    assert [row["study"] for row in json.loads(out)] == ["other", "search"]
    assert err.startswith("error: table study_user_attributes, study 'small', key 'dynstudy:spec'")
    assert err.count("\n") == 1
    for command in ("show other", "map other", "note search"):
        dynstudy(three, *command.split())


@pytest.mark.parametrize(
    "edited",
    [
        f"trial_params SET distribution_json = '' {TRIAL}",
        f"study_user_attributes SET value_json = '\"x\"' {SPEC}",
        "studies SET study_name = x'00' WHERE study_name = 'small'",
    ],
)
def test_other_studies_can_be_used_beside_a_damaged_one(edited: str, three: Path) -> None:
    edit(three, f"UPDATE {edited}")
    for command in ("show other", "map other", "tag other paper", "export other --format csv"):
        dynstudy(three, *command.split())
    dynstudy(three, "delete", "other", "--yes")


COMMANDS = [
    *("list", "show small", "show search", "map small", "map small --boundaries", "note small"),
    *("export small --confirm 0", "export small --format csv", "export search --format csv"),
    *("compare small other", "scaling small other", "train search#1 --points 5", "tag small t"),
    *("figure fig3 small --amplitude 30 --period 30", "rename small new", "delete small --yes"),
    *("trace small --cell amplitude=30,period=30 --replicates 1", "delete small --purge --yes"),
    *("run small.toml", "run small.toml --dry-run"),
    *("run search.toml --set search.trials=9 --extend", "map search"),
]  # fmt: skip
VALUES = [None, "x", "", -1, 1e300, "nan", '{"a":', "[]", "5", "null", b"\x00\xff", 10**18, 0.5]


def columns(here: Path) -> list[tuple[str, list[str], str]]:
    """The tables that have rows, the columns of their keys, and a column of each."""
    with closing(sqlite3.connect(database(here))) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall()
        rows = []
        for (table,) in tables:
            if connection.execute(f"SELECT 1 FROM {table}").fetchone():
                facts = connection.execute(f"PRAGMA table_info({table})").fetchall()
                keys = [name for _, name, *_, key in facts if key]
                rows += [(table, keys, name) for _, name, *_ in facts]
    return rows


PARTS = 5
"""Of the columns, each a test, so that they are tried side by side."""

EACH = 4
"""Values of each column, others for the next one: all of them would take ten minutes."""


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_no_damage_of_any_column_ends_in_a_traceback(part: int, three: Path) -> None:
    (three / "small.toml").write_text(tomli_w.dumps(SMALL))
    (three / "search.toml").write_text(tomli_w.dumps(SEARCH))
    whole, values = database(three).read_bytes(), itertools.cycle(VALUES)
    commands = itertools.cycle(COMMANDS[part:] + COMMANDS[:part])
    for (table, keys, column), _ in itertools.product(columns(three)[part::PARTS], range(EACH)):
        database(three).write_bytes(whole)
        value = next(values)
        first = f"({', '.join(keys)}) = (SELECT {', '.join(keys)} FROM {table} LIMIT 1)"
        try:
            edit(three, f'UPDATE {table} SET "{column}" = ? WHERE {first}', value)
        except sqlite3.IntegrityError:
            continue  # SQLite does not let anybody
        command = next(commands)
        status, _, err = called(three, io.StringIO(), *command.split())
        story = f"{table}.{column} = {value!r}: {command}: {err}"
        assert "Traceback" not in err, story
        assert status in {0, 2}, story
        assert status == 0 or err.splitlines()[-1].startswith("error: "), story


def test_a_search_of_which_a_trial_is_missing_is_not_gone_on_with(three: Path) -> None:
    (three / "search.toml").write_text(tomli_w.dumps(SEARCH))
    edit(three, f"DELETE FROM trials {TRIAL}")
    said = fails(three, "run", "search.toml")
    assert "table trials, study 'search': the trial of number 1 is missing" in said
