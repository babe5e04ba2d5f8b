"""``dynstudy tag``."""

import json

import pytest

from tests.cli.three_studies import Command, Refusal, names, words


def test_tags_are_added_shown_listed_and_removed(command: Command) -> None:
    _, out, _ = command("tag", "small", "b", "a", "--format", "csv")
    assert out == "tag\na\nb\n"
    _, out, _ = command("tag", "small", "c", "--remove", "b", "--format", "csv")
    assert out == "tag\na\nc\n"
    assert command("rename", "small", "tiny")[0] == 0
    assert "tags: a c" in command("show", "tiny")[1]
    _, out, _ = command("show", "tiny", "--format", "json")
    assert json.loads(out)["tags"] == ["a", "c"]
    assert names(command, "--tag", "c") == ["tiny"]
    assert names(command, "--tag", "b") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["small", "a b"], "must be one printable word"),
        (["small", "--remove", "x"], "has no tag 'x'; it has no tags"),
        (["small", "x", "--storage", "sqlite:///absent.db"], "there is no such database"),
    ],
    ids=words,
)
def test_what_is_wrong_is_one_line_and_changes_nothing(
    arguments: list[str], said: str, refusal: Refusal
) -> None:
    assert said in refusal("tag", *arguments)
