"""``dynstudy storage backup``."""

from pathlib import Path

import pytest

from tests.cli.three_studies import Command, Refusal, words


def test_a_backup_shows_what_the_original_shows(command: Command, three: Path) -> None:
    status, out, err = command("storage", "backup", "copy.db")
    assert (status, out) == (0, "")
    assert err.startswith("wrote copy.db (0.")
    assert command("show", "small", "--storage", "copy.db") == command("show", "small")
    assert command("storage", "check", "--storage", "copy.db", "-q") == (0, "", "")
    (three / "copy.db").chmod(0o400)
    assert command("storage", "backup", "again.db", "--storage", "copy.db", "-q") == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["storage/dynstudy.db"], "is there already; name another file, or remove it first"),
        (["absent/copy.db"], "there is no folder absent; make it first"),
        (["copy.db", "--storage", "absent.db"], "there is no such database"),
        ([], "Missing argument 'FILE'; dynstudy storage backup --help says"),
    ],
    ids=words,
)
def test_what_is_wrong_is_one_line_and_changes_nothing(
    arguments: list[str], said: str, refusal: Refusal
) -> None:
    assert said in refusal("storage", "backup", *arguments)
