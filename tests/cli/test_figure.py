"""``dynstudy figure``."""

import json
from pathlib import Path

import pytest

from dynstudy.launch.runner import run
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from tests.cli.three_studies import Command, Refusal, words
from tests.planted import SMALL


def test_figure_3_is_drawn_and_printed(command: Command, three: Path) -> None:
    wide = StudySpec.of({**SMALL, "name": "wide", "space": {**SMALL["space"], "width": [3, 5]}})
    storage = Storage(f"sqlite:///{three}/storage/dynstudy.db", create=True)
    run(wide, storage=storage)
    storage.engine.dispose()
    line = ["figure", "fig3", "wide", "--amplitude", "30", "--period", "10", "--format", "json"]
    status, out, err = command(*line, "--out", "drawn/figure.pdf")
    assert status == 0, err
    assert "wrote drawn/figure.pdf" in err
    assert (three / "drawn" / "figure.pdf").read_bytes().startswith(b"%PDF")
    assert [(row["loss"], row["width"], row["amplitude"]) for row in json.loads(out)] == [
        ("ce", 3, None), ("ce", 5, None), ("dce", 3, 30), ("dce", 5, 30),
    ]  # fmt: skip
    assert "wrote drawn/wide-fig3.png" in command(*line, "--out", "drawn")[2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fig3", "smal", "--out", "x.png"], "did you mean 'small'"),
        (["fig3", "small", "--amplitude", "3"], "has period 10, 30: choose one by"),
        (["fig3", "small", "--amplitude", "3", "--period", "10"], "has one trained width, 5"),
        (["fig2", "small"], "'fig2' is not one of 'fig3'"),
        (["fig3", "search"], "is a search"),
    ],
    ids=words,
)
def test_what_is_wrong_is_one_line_and_changes_nothing(
    arguments: list[str], said: str, refusal: Refusal
) -> None:
    assert said in refusal("figure", *arguments)
