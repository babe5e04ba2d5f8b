"""What one study is."""

import csv
import io
import json

import pytest

from dynstudy.config import Configuration, Replicate
from dynstudy.report.overview import Overview, overview, print_overview
from dynstudy.report.words import Format
from dynstudy.store.launches import claim
from dynstudy.store.ledger import Ledger, Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.studies import Storage
from tests.planted import SearchMaker, SpecMaker, plant, plant_search

OTHER = Configuration("ce", 7, 1.0)
"""Of no cell of the study."""


@pytest.fixture
def small(storage: Storage, make_spec: SpecMaker) -> Overview:
    plant(storage, make_spec(replicates=6))
    spec = make_spec(replicates=6)
    number = storage.study_id(storage.study("small"))
    with claim(storage.engine, number, spec, "cpu", ["replicates=6"]) as launch:
        accuracies = {"train_accuracy": 0.5, "val_accuracy": 0.5}
        networks = [Record(Replicate(OTHER, seed), None, accuracies, {}) for seed in range(3)]
        trainer = Trainer("cpu", "two cores", "a processor", {})
        Ledger(storage.engine, spec.protocol).add(networks, trainer, run_id=launch.id)
    return overview(storage, "small", top=2)


def printed(study: Overview, form: Format) -> str:
    out = io.StringIO()
    print_overview(study, form, out)
    return out.getvalue()


def test_it_counts_and_names_the_best_cells(small: Overview) -> None:
    assert (small.status, small.cells_done, small.cells) == ("complete", 5, 5)
    assert small.networks == small.networks_needed == 24 + 4 * 6
    assert [row["amplitude"] for row in small.best] == [30, 30]  # where the planted gain is
    assert len(small.ledger) == 64
    assert [row["period"] for row in small.boundaries] == [10, 30]
    assert small.pareto_front == []
    (launch,) = small.launches
    assert (launch["status"], launch["networks"], launch["device"]) == ("complete", 3, "two cores")


def test_the_best_cells_have_their_trials_numbers(small: Overview, storage: Storage) -> None:
    trials = storage.study("small").trials
    assert len(small.best_trials) == len(small.best) == 2
    for number, row in zip(small.best_trials, small.best, strict=True):
        assert number is not None
        assert {key: row[key] for key in ("amplitude", "period")} == {
            key: trials[number].params[key] for key in ("amplitude", "period")
        }
    text = printed(small, Format.table)
    headings = text.split("fresh seeds)")[1].split("─")[0]
    assert "trial" in headings.split()


def test_text_has_everything_that_json_has(small: Overview) -> None:
    text = " ".join(printed(small, Format.table).split())
    for said in (
        "small: complete, 5 of 5 cells, 48 of 48 networks, 0 diverged",
        "best cells",
        "boundaries",
        'kind = "map"',
        f"SHA-256 {small.ledger}",
        "--set replicates=6",
        "cpu on two cores",
    ):
        assert said in text
    shown = json.loads(printed(small, Format.json))
    assert shown["spec"] == json.loads(json.dumps(small.spec.resolved()))
    assert shown["best"] == json.loads(json.dumps(small.best))
    assert list(shown)[-4:] == ["notes", "runs", "note", "tags"]
    assert shown["runs"][0]["overrides"] == ["replicates=6"]


def test_csv_has_the_best_cells(small: Overview) -> None:
    rows = list(csv.DictReader(io.StringIO(printed(small, Format.csv))))
    assert [row["amplitude"] for row in rows] == ["30.0", "30.0"]


def test_a_search_for_two_things_has_its_front(storage: Storage, make_search: SearchMaker) -> None:
    storage.open_study(make_search(minimize="width"))
    study = overview(storage, "search")
    assert (study.status, study.cells, study.best, study.boundaries) == ("incomplete", 8, [], [])
    assert study.pareto_front == []


def test_a_search_for_gain_shows_what_gains_most(
    storage: Storage, make_search: SearchMaker
) -> None:
    plant_search(storage, make_search(maximize="gain", minimize="width"))
    study = overview(storage, "search", top=3)
    gains = [row["gain"] for row in study.best]
    assert gains == sorted(gains, reverse=True)
    assert [row["width"] for row in study.best] == [3, 3, 3]
    assert [row["gain"] for row in study.pareto_front] == gains[:1]
    assert "no narrower network gains as much" in printed(study, Format.table)
