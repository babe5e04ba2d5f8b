"""``dynstudy note``."""

import json

import pytest

from tests.cli.three_studies import Command, Refusal, words

NOTE = "[bold]look[/bold] here ☃"


def test_a_note_is_kept_replaced_shown_and_removed(command: Command) -> None:
    assert command("note", "small", "look there") == (0, "", "")
    assert command("note", "small", NOTE) == (0, "", "")
    assert command("note", "small") == (0, f"{NOTE}\n", "")
    _, out, _ = command("show", "small")
    assert NOTE in out
    assert "look there" not in out
    _, out, _ = command("show", "small", "--format", "json")
    assert json.loads(out)["note"] == NOTE
    assert command("note", "small", "--clear") == (0, "", "")
    assert command("note", "small") == (0, "", "small has no note\n")


def test_a_note_stays_with_a_study_of_another_name(command: Command) -> None:
    assert command("note", "small", NOTE)[0] == 0
    assert command("rename", "small", "tiny")[0] == 0
    assert command("note", "tiny") == (0, f"{NOTE}\n", "")
    _, out, _ = command("show", "tiny")
    for fact in ("tiny: complete", NOTE, 'name = "tiny"'):
        assert fact in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["small", " "], "--clear removes the note"),
        (["small", "x", "--clear"], "exclude each other"),
        (["smal"], "did you mean 'small'"),
    ],
    ids=words,
)
def test_what_is_wrong_is_one_line_and_changes_nothing(
    arguments: list[str], said: str, refusal: Refusal
) -> None:
    assert said in refusal("note", *arguments)
