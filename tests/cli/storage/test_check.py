"""``dynstudy storage check``."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.three_studies import Command, Refusal, words


def edit(here: Path, statement: str) -> None:
    with closing(sqlite3.connect(here / "storage" / "dynstudy.db")) as connection:
        assert connection.execute(statement).rowcount > 0
        connection.commit()


def test_nothing_is_printed_where_nothing_is_broken(command: Command) -> None:
    status, out, err = command("storage", "check")
    assert (status, out) == (0, "")
    assert err.count("\n") == 1
    assert "looked at " in err
    assert command("storage", "check", "--quiet") == (0, "", "")
    assert command("storage", "check", "--mend")[:2] == (0, "")
    assert command("storage", "check", "--format", "json")[1] == "[]\n"


def test_what_is_broken_is_a_line_each_and_can_be_mended(command: Command, three: Path) -> None:
    edit(three, "UPDATE dynstudy_replicate SET val_accuracy = 0.01 WHERE id = 1")
    edit(three, "UPDATE dynstudy_run SET study_id = 77 WHERE id = 1")
    status, out, err = command("storage", "check")
    assert status == 2
    assert "table dynstudy_replicate, id 1: val_accuracy is 0.01, its series give 0." in out
    assert "; --mend writes what the series give\n" in out
    assert f": {out.count(chr(10))} things are broken, a line each on stdout\n" in err
    rows = json.loads(command("storage", "check", "--format", "json")[1])
    assert {"table": "dynstudy_run", "row": "id 1"}.items() <= rows[-1].items()
    status, out, err = command("storage", "check", "--mend")
    assert (status, out) == (0, "")
    assert "mended: table dynstudy_run, id 1: study_id is 77, and there is no such study" in err
    assert command("storage", "check", "-q") == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--storage", "absent.db"], "there is no such database"),
        (["--mend", "--storage", "absent.db"], "there is no such database"),
        (["--format", "yaml"], "dynstudy storage check --help says what there is"),
    ],
    ids=words,
)
def test_what_is_wrong_is_one_line_and_changes_nothing(
    arguments: list[str], said: str, refusal: Refusal
) -> None:
    assert said in refusal("storage", "check", *arguments)
