"""``dynstudy tag``."""

import pytest

from tests.cli.three_studies import Refusal, words


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
