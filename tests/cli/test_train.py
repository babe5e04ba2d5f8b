"""``dynstudy train``."""

import csv
import io
from pathlib import Path

import pytest

from tests.cli.three_studies import Refusal, words
from tests.command import dynstudy


def test_a_trial_is_trained_by_its_number(three: Path) -> None:
    out, _ = dynstudy(
        three, "--quiet", "train", "small#3", "--points", "5", "--format", "csv", "--seed", "7"
    )
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 6 * 2 * 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["small#99"], "has trials 0 to 4"),
        (["none#1"], "'none' is not in"),
        (
            ["small"],
            "neither an export (FILE.toml) nor a trial of a study (STUDY#NUMBER, as dynstudy show ",
        ),
    ],
    ids=words,
)
def test_what_is_wrong_is_one_line_and_changes_nothing(
    arguments: list[str], said: str, refusal: Refusal
) -> None:
    assert said in refusal("train", *arguments)
