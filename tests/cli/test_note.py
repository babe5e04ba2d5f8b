"""``dynstudy note``."""

import json

import pytest

from tests.cli.three_studies import Command, Refusal, words


def test_renamed_noted_and_tagged_a_study_says_so(command: Command) -> None:
    assert command("rename", "small", "tiny")[0] == 0
    assert "there" not in command("note", "tiny", "[bold]look[/bold] here ☃")[1]
    assert command("note", "tiny")[1] == "[bold]look[/bold] here ☃\n"
    _, out, _ = command("tag", "tiny", "b", "a", "--format", "csv")
    assert out == "tag\na\nb\n"
    _, out, _ = command("show", "tiny")
    for fact in ("tiny: complete", "[bold]look[/bold] here ☃", "tags: a b", 'name = "tiny"'):
        assert fact in out
    _, out, _ = command("show", "tiny", "--format", "json")
    shown = json.loads(out)
    assert (shown["note"], shown["tags"]) == ("[bold]look[/bold] here ☃", ["a", "b"])
    assert command("note", "tiny", "--clear") == (0, "", "")
    assert command("note", "tiny") == (0, "", "tiny has no note\n")


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
