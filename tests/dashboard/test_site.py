"""Our pages as a browser asks for them: the studies, and each study, its map first."""

import json
import re
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import optuna
import optuna_dashboard
import pytest
from sqlalchemy import update

import dynstudy
from dynstudy.analysis.regime_map import regime_map
from dynstudy.config import place_name
from dynstudy.dashboard.page import publish
from dynstudy.dashboard.site import PLOTLY
from dynstudy.report.rows import frame_rows, with_interval
from dynstudy.store.rename_note_tag import change_tags, set_note
from dynstudy.store.studies import Storage
from dynstudy.store.tables import RunRow
from dynstudy.study.spec import StudySpec
from tests.conftest import DATA
from tests.dashboard.visitor import Visitor
from tests.planted import SMALL, SearchMaker, SpecMaker, plant, plant_search

pytestmark = pytest.mark.usefixtures("undrawn_pages")


BOUNDARY = SMALL | {
    "kind": "boundary", "replicates": 6, "boundary": {"cells": 3, "batch": 2}
}  # fmt: skip
NAME = "<script>alert('1')</script> \"q' 🌀 [x]* ../x"


def test_an_empty_database_says_how_to_begin(visitor: Visitor) -> None:
    words = visitor.words("/")
    assert "No study yet" in words
    assert "dynstudy init quickstart" in words


@pytest.mark.parametrize("published", [True, False])
def test_the_studies_are_listed_with_what_they_gain(
    published: bool, storage: Storage, make_spec: SpecMaker, visitor: Visitor
) -> None:
    plant(storage, make_spec(replicates=6))
    change_tags(storage, "small", ["paper"])
    if published:
        publish(storage, "small")
    words = visitor.words("/")
    for said in ("1 study", "small", "map · DCE", "paper", "complete", "5 of 5 cells"):
        assert said in words
    card = visitor.page("/") if published else visitor.page("/studies/1/card")
    assert ("data-load" in visitor.page("/")) is not published  # made when it comes into view
    best = frame_rows(regime_map(storage, "small").dynamical_cells().nlargest(1, "gain"))[0]
    assert with_interval(best, "gain") in card
    for page in ("/", "/studies/1"):
        assert "the best of many is flattered" in visitor.words(page)
    assert "data:image/png;base64," in card


@pytest.mark.parametrize("published", [True, False])
def test_a_study_has_its_map_first_and_everything_else_below(
    published: bool, storage: Storage, make_spec: SpecMaker, visitor: Visitor
) -> None:
    plant(storage, make_spec(replicates=6))
    set_note(storage, "small", "Look <b>here</b>.\nAnd there.")
    if published:
        publish(storage, "small")
    page, words = visitor.page("/studies/1"), visitor.words("/studies/1")
    order = ["Largest gain", 'id="map-dce-width00005-rate1"', "What was found", "Best cells"]
    order += ['id="width-accuracy"', "Files"] if published else ['id="width-accuracy"']
    order += ["This study in Optuna’s dashboard", "Study file"]
    places = [page.index(part) for part in order]
    assert places == sorted(places)
    assert "Look &lt;b&gt;here&lt;/b&gt;.\nAnd there." in page
    assert 'href="/dashboard/studies/1"' in page
    assert "blue is better, red is worse" in words
    ranked = regime_map(storage, "small").ranked()
    for row in frame_rows(ranked):
        assert f"{row['val_accuracy']:.3f} ± {row['sem']:.3f}" in words
    table = words[words.index("Best cells") :]
    places = [table.index(f"{row['val_accuracy']:.3f} ±") for row in frame_rows(ranked)]
    assert places == sorted(places)
    links = re.findall(r'href="(/artifacts/[^"]*)" download="([^"]*)"', page)
    names = ["boundaries.csv", "cells.csv", "map.png", "study.toml"] if published else []
    assert [name for _, name in links] == names
    for link, _ in links:
        assert visitor.ask(link)[0] == "200 OK"
    for figure in re.findall(r'data-load="([^"]*)"', page):
        status, headers, body = visitor.ask(figure)
        assert (status, headers["Content-Type"]) == ("200 OK", "application/json; charset=utf-8")
        assert json.loads(body)["data"]


def test_a_cell_has_the_name_that_it_has_everywhere(
    storage: Storage, make_spec: SpecMaker, visitor: Visitor
) -> None:
    space = {"learning_rate": 1.0, "amplitude": [3, 37.60603093], "period": 5000, "width": 5}
    plant(storage, make_spec(space=space, protocol=SMALL["protocol"] | {"steps": 20_000}))
    for path in ("/studies/1", "/studies/1/card"):
        assert place_name(37.60603093, 5000) in visitor.words(path)
    assert ">37.606<" in visitor.page("/studies/1").split("<tbody>")[1]


@pytest.mark.parametrize("maximize", ["gain", "val_accuracy"])
def test_a_search_shows_what_it_maximizes(
    maximize: str, storage: Storage, make_search: SearchMaker, visitor: Visitor
) -> None:
    plant_search(storage, make_search(maximize=maximize))
    page, words = visitor.page("/studies/1"), visitor.words("/studies/1")
    assert page.index('id="schedule-accuracy"') < page.index('id="width-accuracy"')
    named = {"gain": "gain", "val_accuracy": "validation accuracy"}[maximize]
    assert f"Best cells by {named};" in words
    best = regime_map(storage, "search").ranked().iloc[0]
    row = page.split("<tbody>")[1].split("</tr>")[0]
    assert f"{best.val_accuracy:.3f} ± " in row
    assert f">{best.width}<" in row


@pytest.mark.parametrize("kind", ["map", "search", "static", "sequential", "boundary"])
def test_a_study_of_any_kind_has_a_page_before_anything_is_trained(
    kind: str,
    storage: Storage,
    make_spec: SpecMaker,
    make_search: SearchMaker,
    visitor: Visitor,
) -> None:
    specs: dict[str, Callable[[], StudySpec]] = {
        "map": make_spec,
        "search": make_search,
        "static": lambda: make_spec(loss="ce"),
        "sequential": lambda: make_spec(replicates={"min": 6, "max": 12}),
        "boundary": lambda: StudySpec.of(BOUNDARY),
    }
    spec = specs[kind]()
    storage.open_study(spec)
    assert "incomplete" in visitor.words("/")
    assert "no gain known" in visitor.words("/studies/1/card")
    assert spec.name in visitor.words("/studies/1")


@pytest.mark.parametrize("schema", ["schema1", "schema2", "schema3"])
def test_a_database_of_an_earlier_dynstudy_is_shown_as_it_is(schema: str, tmp_path: Path) -> None:
    path = Path(shutil.copy(DATA / f"{schema}.db", tmp_path))
    before = path.read_bytes()
    older = Storage(f"sqlite:///{path}")
    visitor = Visitor(older, tmp_path / "none")
    for study in older.studies():
        assert study.study_name in visitor.words("/")
        assert "Best cells" in visitor.words(f"/studies/{study.number}")
        assert 'class="gain"' in visitor.page(f"/studies/{study.number}/card")
    older.engine.dispose()
    assert path.read_bytes() == before


def test_names_and_notes_come_from_people(
    storage: Storage, make_spec: SpecMaker, visitor: Visitor
) -> None:
    plant(storage, make_spec(name=NAME))
    set_note(storage, NAME, NAME)
    change_tags(storage, NAME, ["<i>"])
    publish(storage, NAME)
    for path in ("/", "/studies/1"):
        _, headers, page = visitor.ask(path)
        assert "alert(" in page
        assert "<script>alert" not in page
        assert "<i>" not in page.replace('<i class="', "")
        assert "script-src 'self';" in headers["Content-Security-Policy"]
        assert "'unsafe-eval'" not in headers["Content-Security-Policy"]
        assert not re.search(r"""(src|href)=["'](https?:)?//""", page)  # nothing from elsewhere
        assert not re.search(r"<script(?! defer src=)", page)  # nothing is run in place
        assert not re.search(r"\son\w+=", page)
        assert NAME in visitor.words(path)


def test_the_newest_study_is_first(
    storage: Storage, make_spec: SpecMaker, visitor: Visitor
) -> None:
    for name in ("a", "b", "c"):
        dynstudy.run(make_spec(name=name), storage=storage)
    with storage.engine.begin() as connection:
        for study, year in ((1, 2001), (2, 2003), (3, 2002)):
            row = update(RunRow).where(RunRow.study_id == study)
            connection.execute(row.values(heartbeat_at=datetime(year, 1, 1)))
    assert re.findall(r'class="name" href="/studies/(\d)"', visitor.page("/")) == ["2", "3", "1"]


def test_a_note_that_was_typed_into_optunas_page_is_shown(
    storage: Storage, make_spec: SpecMaker, visitor: Visitor
) -> None:
    plant(storage, make_spec())
    set_note(storage, "small", "by the command")
    publish(storage, "small")
    assert '<p class="note">by the command</p>' in visitor.page("/studies/1")
    optuna_dashboard.save_note(storage.study("small"), "in the browser")
    assert '<p class="note">in the browser</p>' in visitor.page("/studies/1")


def test_only_files_of_the_studies_folder_are_offered(
    storage: Storage, make_spec: SpecMaker, visitor: Visitor, tmp_path: Path
) -> None:
    storage.open_study(make_spec())
    folder = tmp_path / "studies.artifacts"
    folder.mkdir()
    for path in (tmp_path / "secret", folder / "mine"):
        path.touch()
    for number, identifier in enumerate(("../secret", "mine", "absent")):
        meta = {"artifact_id": identifier, "filename": f"name of {identifier}"}
        storage.optuna.set_study_system_attr(1, f"artifacts:{number}", json.dumps(meta))
    page = visitor.page("/studies/1")
    assert "name of mine" in page
    assert "secret" not in page
    assert "absent" not in page


def test_who_asks_for_the_head_alone_gets_it(visitor: Visitor) -> None:
    status, headers, body = visitor.ask("/", "HEAD")
    assert (status, body) == ("200 OK", "")
    assert headers["Content-Length"] == visitor.ask("/")[1]["Content-Length"] != "0"


def test_what_is_not_there_is_said_to_be(
    storage: Storage, make_spec: SpecMaker, visitor: Visitor
) -> None:
    storage.open_study(make_spec())
    optuna.create_study(study_name="foreign", storage=storage.optuna)
    for path in ("/studies/2", "/studies/99", "/studies/99/card", "/studies/1/figures/x.json"):
        assert visitor.ask(path)[0] == "404 Not Found"
    assert visitor.ask("/site/absent.js")[0] == "404 Not Found"
    assert "foreign" not in visitor.page("/")


def test_plotly_is_served_from_here_for_good_and_all_else_each_time(visitor: Visitor) -> None:
    for path in (
        "/site/style.css",
        "/site/front.js",
        "/site/study.js",
        "/site/seen.js",
        "/site/beside.js",
    ):
        status, headers, _ = visitor.ask(path)
        assert (status, headers["Cache-Control"]) == ("200 OK", "no-cache")
    status, headers, body = visitor.ask(f"/site/{PLOTLY}")
    assert status == "200 OK"
    assert "immutable" in headers["Cache-Control"]
    assert "plotly.js v" in body[:200]


def test_optunas_pages_stay_where_they_were_with_the_way_to_ours(
    visit: Callable[..., Visitor],
) -> None:
    for writable in (False, True):
        for path in ("/dashboard", "/dashboard/studies/1/note"):
            page = visit(writable=writable).ask(path)[2]
            assert '<div id="dashboard">' in page
            assert '<script defer src="/site/beside.js">' in page
            assert ("read_only.css" in page) is not writable


def test_a_problem_with_the_database_is_one_line(
    storage: Storage, make_spec: SpecMaker, visitor: Visitor
) -> None:
    storage.open_study(make_spec())
    storage.study("small").set_user_attr("dynstudy:spec", '{"kind": "map"}')
    status, _, body = visitor.ask("/studies/1")
    assert status == "500 Internal Server Error"
    assert "Something is wrong" in body
    assert "Traceback" not in body


def test_a_damaged_value_is_named_with_its_row(
    storage: Storage, make_spec: SpecMaker, visitor: Visitor
) -> None:
    plant(storage, make_spec())
    with storage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE dynstudy_replicate SET val_accuracy = 'x' WHERE id = 3")
    status, _, body = visitor.ask("/studies/1")
    assert status == "500 Internal Server Error"
    assert "table dynstudy_replicate, id 3, val_accuracy" in body


def test_what_is_damaged_of_one_study_hides_no_other(
    storage: Storage, make_spec: SpecMaker, visitor: Visitor
) -> None:
    for name in ("first", "second"):
        plant(storage, make_spec(name=name))
        publish(storage, name)
    assert "/card" not in visitor.page("/")  # both are published
    with storage.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE study_system_attributes SET value_json = '{' "
            "WHERE study_id = 1 AND key = 'dynstudy:contents'"
        )
    page = visitor.page("/")
    assert 'data-load="/studies/1/card"' in page
    assert "second" in page
