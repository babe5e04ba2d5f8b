"""``dynstudy storage copy``."""

import os
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from dynstudy.store.studies import Storage
from tests.cli.three_studies import Command, Refusal, words
from tests.postgres import Databases

FROM = "storage/dynstudy.db"


def test_a_copy_shows_what_the_original_shows(command: Command) -> None:
    status, out, err = command("storage", "copy", FROM, "copy.db")
    assert (status, out) == (0, "")
    assert "copied to sqlite:///copy.db: 3 studies, " in err
    for study in ("small", "other", "search"):
        for words_of in (["show"], ["show", "--format", "json"], ["map"], ["list"]):
            words_of = [*words_of, study] if words_of[0] != "list" else words_of
            assert command(*words_of, "--storage", "copy.db") == command(*words_of)
    assert command("storage", "check", "--storage", "copy.db", "-q") == (0, "", "")
    assert command("storage", "copy", FROM, "copy.db", "-q") == (0, "", "")


def test_it_goes_to_postgresql_and_no_password_is_shown(
    command: Command, databases: Databases
) -> None:
    with databases.database() as url:
        password = url.partition("@")[0].rpartition(":")[2]
        arguments = ["storage", "copy", FROM, url, "--study", "other"]
        for _ in range(2):
            status, out, err = command(*arguments)
            assert (status, out) == (0, "")
            assert "1 studies" in err
            assert password not in err
        assert command("show", "other", "--storage", url) == command("show", "other")
        assert command("storage", "check", "--storage", url, "-q") == (0, "", "")
        storage = Storage(url)
        assert storage.names() == ["other"]
        storage.engine.dispose()
        status, _, err = command("storage", "copy", url, url)
        assert status == 2
        assert password not in err
        command("storage", "copy", url, "back.db")
        assert command("show", "other", "--storage", "back.db") == command("show", "other")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["absent.db", "to.db"], "there is no such database"),
        ([FROM, FROM], "is the same database under both names"),
        ([FROM, "storage/../storage/dynstudy.db"], "is the same database under both names"),
        ([FROM, "absent/to.db"], "there is no folder absent"),
        ([FROM, "storage"], "is a folder, not a database"),
        ([FROM, "to.db", "--study", "smal"], "did you mean 'small'?"),
        ([FROM, "mysql://host/db"], "must be sqlite:///PATH or postgresql"),
        ([FROM, "sqlite://"], "would be lost at the end"),
        ([FROM], "Missing argument 'TO'; dynstudy storage copy --help says"),
    ],
    ids=words,
)
def test_what_is_wrong_is_one_line_and_changes_nothing(
    arguments: list[str], said: str, refusal: Refusal
) -> None:
    assert said in refusal("storage", "copy", *arguments)


def test_what_may_not_be_written_to_is_refused(refusal: Refusal, three: Path) -> None:
    if os.geteuid() == 0:
        (three / "to.db").symlink_to("/proc/version")  # root may write to all else
        assert "is not an SQLite database" in refusal("storage", "copy", FROM, "to.db")
        return
    (three / "to.db").touch(0o400)
    assert "is read-only" in refusal("storage", "copy", FROM, "to.db")


def test_files_of_pages_are_spoken_of(command: Command, three: Path) -> None:
    (three / "storage" / "dynstudy.artifacts").mkdir()
    _, _, err = command("storage", "copy", FROM, "copy.db")
    assert "cp -r storage/dynstudy.artifacts/. copy.artifacts\n" in err


@pytest.mark.parametrize("empty", ["", " "])
def test_a_name_that_is_empty_is_not_the_default_database(command: Command, empty: str) -> None:
    for arguments, metavar in (([empty, "copy.db"], "FROM"), (["copy.db", empty], "TO")):
        status, out, err = command("storage", "copy", *arguments)
        assert (status, out) == (2, "")
        assert err == f"error: {metavar} is empty: name a database, a path or a URL\n"
    assert not Path("copy.db").exists()


def test_a_source_whose_tables_cannot_be_read_is_told_in_a_line(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: object) -> None:
        error = OperationalError("PRAGMA table_info", {}, Exception("Could not decode to UTF-8"))
        raise error

    monkeypatch.setattr("dynstudy.upkeep.check.missing_columns", damaged)
    status, out, err = command("storage", "copy", FROM, "copy.db")
    assert (status, out) == (2, "")
    assert err == f"error: storage sqlite:///{FROM}: Could not decode to UTF-8\n"
    assert not Path("copy.db").exists()
