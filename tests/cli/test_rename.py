"""``dynstudy rename``, and what follows a study's name."""

from pathlib import Path

import optuna_dashboard
import pytest

from dynstudy.dashboard.page import publish
from dynstudy.store.studies import Storage
from tests.cli.three_studies import Command, Refusal, words


def test_the_page_and_its_files_follow_the_study(command: Command, three: Path) -> None:
    storage = Storage(f"sqlite:///{three}/storage/dynstudy.db")
    publish(storage, "small")
    publish(storage, "other")
    folder = three / "storage" / "dynstudy.artifacts"
    assert len(list(folder.iterdir())) == 8
    command("rename", "small", "tiny")
    command("note", "tiny", "Mine.")
    note = optuna_dashboard.get_note(storage.study("tiny"))
    assert 'name = "tiny"' in note
    assert note.startswith("Mine.")
    assert len(list(folder.iterdir())) == 8
    command("delete", "tiny", "--yes")
    assert len(list(folder.iterdir())) == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["smal", "x"], "did you mean 'small'"),
        (["small", "other"], "study 'other' exists in"),
        (["small", " x"], "no space at either end"),
    ],
    ids=words,
)
def test_what_is_wrong_is_one_line_and_changes_nothing(
    arguments: list[str], said: str, refusal: Refusal
) -> None:
    assert said in refusal("rename", *arguments)
