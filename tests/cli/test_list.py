"""``dynstudy list``."""

import json

import pytest

from tests.cli.three_studies import Command, Refusal, names, words


def test_the_list_has_sizes_and_can_be_filtered(command: Command) -> None:
    _, out, _ = command("list", "--format", "json")
    small = next(row for row in json.loads(out) if row["study"] == "small")
    assert small["networks"] == small["networks_trained"] == 16
    assert small["network_steps"] == 16 * 200
    assert small["tags"] == ""
    assert names(command) == ["other", "search", "small"]
    assert names(command, "--kind", "search") == ["search"]
    assert names(command, "--match", "s*") == ["search", "small"]
    assert names(command, "--match", "S*") == []
    assert names(command, "--status", "complete", "--match", "o*") == ["other"]
    assert names(command, "--status", "incomplete") == []
    command("tag", "small", "paper", "checked")
    command("tag", "other", "paper")
    assert names(command, "--tag", "paper") == ["other", "small"]
    assert names(command, "--tag", "paper", "--tag", "checked") == ["small"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--status", "complet"], "is not one of 'running', 'complete', 'incomplete'"),
        (["--kind", "maps"], "'maps' is not one of 'map', 'search'"),
        (["--storage", "sqlite:///absent.db"], "there is no such database"),
    ],
    ids=words,
)
def test_what_is_wrong_is_one_line_and_changes_nothing(
    arguments: list[str], said: str, refusal: Refusal
) -> None:
    assert said in refusal("list", *arguments)
