"""What is kept of a study's page."""

import json
from dataclasses import asdict

import pytest

from dynstudy.analysis.regime_map import regime_map
from dynstudy.dashboard.contents import CONTENTS, contents_of, kept, version_of
from dynstudy.dashboard.page import PAGES, publish
from dynstudy.store.studies import Storage
from tests.dashboard.visitor import Visitor
from tests.planted import SearchMaker, SpecMaker, plant, plant_search

pytestmark = pytest.mark.usefixtures("undrawn_pages")


def test_what_is_kept_is_what_would_be_made(storage: Storage, make_spec: SpecMaker) -> None:
    plant(storage, make_spec())
    publish(storage, "small")
    study, study_map = storage.study("small"), regime_map(storage, "small")
    page = PAGES["map"](study_map, [])
    made = contents_of(study, 5, study_map, page.headline, page.figures)
    attributes = storage.system_attributes(study)
    again = kept(attributes, version_of(study, 5))
    assert again is not None
    assert asdict(again) == json.loads(json.dumps(asdict(made)))
    assert made.gain is not None
    assert made.gain["gain"] == study_map.dynamical_cells().gain.max()
    assert [row["trial"] for row in made.best] == study_map.ranked().index.tolist()
    few = kept(attributes, version_of(study, 5), figures=False)
    assert few is not None
    assert few.figures == {}


def test_it_holds_for_the_study_it_was_made_of(storage: Storage, make_spec: SpecMaker) -> None:
    plant(storage, make_spec())
    publish(storage, "small")
    study = storage.study("small")
    attributes = storage.system_attributes(study)
    assert kept(attributes, version_of(study, 6)) is None
    study.set_user_attr("dynstudy:spec", study.user_attrs["dynstudy:spec"] + " ")
    assert kept(attributes, version_of(study, 5)) is None


def test_a_figure_that_is_gone_is_drawn_anew(
    storage: Storage, make_spec: SpecMaker, visitor: Visitor
) -> None:
    plant(storage, make_spec())
    publish(storage, "small")
    with storage.engine.begin() as connection:
        connection.exec_driver_sql(
            "DELETE FROM study_system_attributes WHERE key LIKE 'dashboard:plot_data:width-%'"
        )
    study = storage.study("small")
    assert kept(storage.system_attributes(study), version_of(study, 5)) is None
    assert json.loads(visitor.ask("/studies/1/figures/width-accuracy.json")[2])["data"]


def test_another_version_makes_them_anew(
    storage: Storage, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(storage, make_spec())
    publish(storage, "small")
    study = storage.study("small")
    assert kept(storage.system_attributes(study), version_of(study, 5)) is not None
    monkeypatch.setattr("dynstudy.dashboard.contents.__version__", "0")
    assert kept(storage.system_attributes(study), version_of(study, 5)) is None


def test_a_search_for_gain_is_known_by_its_largest_gain(
    storage: Storage, make_search: SearchMaker
) -> None:
    plant_search(storage, make_search())
    publish(storage, "search")
    values = json.loads(storage.system_attributes(storage.study("search"))[CONTENTS])
    assert values["gain"] is None  # it did not train the static loss
    assert len(values["best"]) == 8


def test_contents_that_are_damaged_are_made_anew(
    storage: Storage, make_spec: SpecMaker, visitor: Visitor
) -> None:
    plant(storage, make_spec())
    publish(storage, "small")
    values = json.loads(storage.system_attributes(storage.study("small"))[CONTENTS])
    wrong = {"gain": 3, "best": 5, "headline": 1.5, "picture": None, "figures": [[]]}
    edited = [json.dumps(values | {name: value}) for name, value in wrong.items()]
    for damaged in ("", "[]", "{}", '{"figures": 3}', "nan", None, *edited):
        storage.optuna.set_study_system_attr(1, CONTENTS, damaged)
        assert "Best cells" in visitor.words("/studies/1")
        assert visitor.ask("/")[0] == "200 OK"
