"""Another program writes to the database: what reads does so, what writes says that it cannot."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli_w

from tests.command import dynstudy, fails
from tests.planted import SMALL

READS = [
    *("list", "show small", "map small", "export small --confirm 0", "export small --format csv"),
    *("compare small other", "note small", "tag small", "train small#1 --points 3"),
    "run small.toml --dry-run",
]
WRITES = [
    *("run small.toml", "note small words", "tag small paper", "rename small new"),
    *("delete small --yes", "delete small --purge --yes", "export small --confirm 3"),
]


@pytest.fixture
def written(three: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose database somebody has begun to write to."""
    monkeypatch.setattr("dynstudy.store.connections.BUSY_SECONDS", 0.01)
    monkeypatch.setattr("dynstudy.store.studies.ATTEMPTS", 1)
    (three / "small.toml").write_text(tomli_w.dumps(SMALL))
    writer = sqlite3.connect(three / "storage" / "dynstudy.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DELETE FROM trials")
    yield three
    writer.rollback()
    writer.close()


@pytest.mark.parametrize("command", READS)
def test_what_reads_sees_what_was_there_before(command: str, written: Path) -> None:
    dynstudy(written, *command.split())


@pytest.mark.parametrize("command", WRITES)
def test_what_writes_says_that_it_is_locked(command: str, written: Path) -> None:
    said = fails(written, *command.split())
    assert said == "error: storage sqlite:///storage/dynstudy.db: database is locked\n"
