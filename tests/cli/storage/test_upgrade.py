"""``dynstudy storage upgrade``."""

import shutil
from pathlib import Path

from dynstudy.store.tables import SCHEMA_VERSION
from tests.cli.three_studies import Command, Refusal
from tests.conftest import DATA


def test_it_says_from_which_version_to_which(command: Command, three: Path) -> None:
    shutil.copy(DATA / "schema2.db", three / "older.db")
    before = command("show", "small", "--storage", "older.db", "--format", "json")
    status, out, err = command("storage", "upgrade", "--storage", "older.db")
    assert (status, out) == (0, "")
    assert f"is upgraded: from schema 2 to {SCHEMA_VERSION}; its networks are what they were" in err
    assert command("storage", "check", "--storage", "older.db", "-q") == (0, "", "")
    after = command("show", "small", "--storage", "older.db", "--format", "json")
    assert '"ledger"' in after[1]
    assert [line for line in before[1].splitlines() if '"ledger"' in line] == [
        line for line in after[1].splitlines() if '"ledger"' in line
    ]
    _, _, err = command("storage", "upgrade", "--storage", "older.db")
    assert f"is up to date: its schema is {SCHEMA_VERSION}\n" in err
    assert command("storage", "upgrade", "-q") == (0, "", "")


def test_what_is_not_there_is_not_made(refusal: Refusal) -> None:
    assert "there is no such database" in refusal("storage", "upgrade", "--storage", "absent.db")
