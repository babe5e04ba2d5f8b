"""``dynstudy figure``."""

import json
from pathlib import Path

import pandas as pd
import pytest

from dynstudy.launch.runner import run
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from tests.analysis.planted_instabilities import NEVER, instabilities_map, onset, plant_onsets
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


def test_figure_4_is_drawn_from_several_studies_with_what_is_censored(
    command: Command, three: Path
) -> None:
    storage = Storage(f"sqlite:///{three}/storage/dynstudy.db", create=True)
    for name, rate in (("slow", 0.5), ("fast", 2.0)):
        space = {"learning_rate": rate, "amplitude": 3, "period": 10, "width": 5}
        spec = instabilities_map(name=name, space=space)
        plant_onsets(storage, spec, {(rate, 3): [onset(9, 1.0, 1.5, 2.0), NEVER]})
    storage.engine.dispose()
    status, out, err = command("figure", "fig4", "slow", "fast", "--format", "json")
    assert status == 0, err
    read = [(row["study"], row["curvature_edge"], row["censored"]) for row in json.loads(out)]
    assert read == [("slow", 0.3125, 1), ("fast", 1.25, 1)]
    assert "note: of 4 networks 2 with onset, 2 censored" in err
    drawn = pd.read_csv(three / "results" / "slow-fig4.csv")
    assert drawn.finite_difference_edge.tolist() == [0.5, 2.0]
    assert (three / "results" / "slow-fig4.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fig3", "smal", "--out", "x.png"], "did you mean 'small'"),
        (["fig3", "small", "--amplitude", "3"], "has period 10, 30: choose one by"),
        (["fig3", "small", "--amplitude", "3", "--period", "10"], "has one trained width, 5"),
        (["fig9", "small"], "'fig9' is not one of 'fig1', "),
        (["fig2", "small"], "fig2 is of one network: a trial of a study, STUDY#NUMBER"),
        (["fig2", "small#99"], "has trials 0 to 4"),
        (["fig2", "small#0"], "is static: it has no oscillations to show"),
        (["fig2", "small#2", "--at", "3,9999"], "a slice at step 9999: there is none; these"),
        (["fig2", "small#2", "--at", "x"], "--at 'x': must be whole numbers with commas between"),
        (["fig2", "small#2", "--amplitude", "3"], "fig2 takes no --amplitude; leave it out"),
        (["fig2", "small#2", "--oscillations", "99"], "99 oscillations: dce, width 5, "),
        (["fig2", "none.toml"], "none.toml: no such study file"),
        (["fig3", "none.toml"], "study 'none.toml' is not in"),
        (["fig3", "small", "--at", "3"], "fig3 takes no --at; leave it out"),
        (["fig3", "search"], "is a search"),
        (["fig3", "small", "search"], "fig3 is drawn from one study, not from 2"),
        (["fig4", "small"], "'small' does not watch for onsets of instabilities"),
        (["fig1", "small"], "'small' reads no curvature along training; figure 1 needs loss ="),
        (["fig1", "search"], "is a search; figure 1 needs a map"),
        (["fig1", "small", "--period", "3"], "fig1 takes no --period; leave it out"),
    ],
    ids=words,
)
def test_what_is_wrong_is_one_line_and_changes_nothing(
    arguments: list[str], said: str, refusal: Refusal
) -> None:
    assert said in refusal("figure", *arguments)


def test_figure_2_is_trained_again_and_nothing_is_recorded(command: Command, three: Path) -> None:
    database = three / "storage" / "dynstudy.db"
    before = database.read_bytes()
    line = ["figure", "fig2", "small#2", "--at", "3,11", "--format", "json", "--seed", "1"]
    status, out, err = command(*line, "--backend", "cpu")
    assert status == 0, err
    assert [row["at"] for row in json.loads(out)] == ["slice a", "slice b"]
    assert "wrote results/small-2-fig2.png\nwrote results/small-2-fig2.csv" in err
    assert "note: eigenvalues were read at" in err
    assert database.read_bytes() == before
    assert command(*line, "--out", "x.pdf")[0] == 0
    assert (three / "x.pdf").read_bytes().startswith(b"%PDF")
