"""What the viewer of an atlas asks the server for."""

import io
import json
import re
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from dynstudy.analysis import pyramid
from dynstudy.analysis.atlas import read_atlas
from dynstudy.analysis.regime_map import regime_map
from dynstudy.dashboard import atlases
from dynstudy.dashboard.page import publish
from dynstudy.pictures.atlas_layers import Layer, png_of
from dynstudy.report.rows import frame_rows, with_interval
from dynstudy.store.studies import Storage
from tests.dashboard.visitor import Visitor
from tests.planted import SearchMaker, SpecMaker, plant
from tests.planted_atlas import ATLAS, accuracy_of, plant_atlas, small_atlas


def read(visitor: Visitor, path: str) -> dict[str, Any]:
    status, headers, body = visitor.ask(path)
    assert (status, headers["Content-Type"]) == ("200 OK", "application/json; charset=utf-8")
    content: dict[str, Any] = json.loads(body)
    return content


@pytest.fixture
def described(storage: Storage, visitor: Visitor) -> dict[str, Any]:
    plant_atlas(storage, small_atlas())
    return read(visitor, "/studies/1/atlas.json")


@pytest.fixture
def at(described: dict[str, Any]) -> str:
    return f"/studies/1/atlas/{described['version']}"


def test_a_page_knows_what_to_draw(described: dict[str, Any], storage: Storage) -> None:
    atlas = read_atlas(storage, "atlas")
    assert described["recorded"] == 24
    assert (described["piece"], described["levels"]) == (256, 1)
    right, upwards = described["right"], described["upwards"]
    assert right["title"] == "amplitude A"
    assert upwards["title"] == "period T (steps)"
    assert (right["pixels"], right["low"], right["high"], right["log"]) == (6, 2, 200, True)
    assert (right["tiles"], upwards["tiles"]) == ([3, 6], [3, 4])
    first, second = described["layers"][:2]
    assert (first["name"], first["title"]) == ("gain", "gain")
    assert second["title"] == "validation accuracy"
    layer = Layer.of(atlas, "gain")
    assert (first["low"], first["high"]) == (layer.low, layer.high)
    assert first["colours"][0] == "rgb(103,0,31)"


def test_a_piece_is_a_png_that_may_be_kept_as_long_as_its_version_stands(
    at: str, storage: Storage, visitor: Visitor
) -> None:
    status, headers, body = visitor.ask_bytes(f"{at}/val_accuracy/0/0/0.png")
    assert (status, headers["Content-Type"]) == ("200 OK", "image/png")
    assert "immutable" in headers["Cache-Control"]
    layer = Layer.of(read_atlas(storage, "atlas"), "val_accuracy")
    assert body == png_of(layer.values[::-1].astype(np.float32), layer)  # the lowest row last
    assert visitor.ask_bytes(f"{at}/val_accuracy/0/0/0.png", "HEAD")[2] == b""
    older = visitor.ask_bytes("/studies/1/atlas/0123456789abcdef/val_accuracy/0/0/0.png")
    assert (older[1]["Cache-Control"], older[2]) == ("no-cache", body)


def test_levels_are_made_of_pieces(
    storage: Storage, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyramid, "PIECE", 2)
    plant_atlas(storage, small_atlas())
    described = read(visitor, "/studies/1/atlas.json")
    assert described["levels"] == 3
    sizes = {}
    for level in range(4):
        for column in range(4):
            for row in range(3):
                address = f"/studies/1/atlas/{described['version']}/gain/{level}/{column}/{row}.png"
                status, _, body = visitor.ask_bytes(address)
                if status == "200 OK":
                    sizes[level, column, row] = imread(io.BytesIO(body)).shape[:2]
    level_0 = {(0, column, row): (2, 2) for column in range(3) for row in range(2)}
    assert sizes == level_0 | {(1, 0, 0): (2, 2), (1, 1, 0): (2, 1), (2, 0, 0): (1, 2)}


def test_the_numbers_of_a_network_are_those_of_the_ledger(
    at: str, storage: Storage, visitor: Visitor
) -> None:
    atlas = read_atlas(storage, "atlas")
    pixel = read(visitor, f"{at}/pixels/4/2.json")
    amplitude, period = atlas.right.values[4], atlas.upwards.values[2]
    assert pixel["at"] == {"amplitude A": f"{amplitude:.6g}", "period T (steps)": f"{period:g}"}
    assert (pixel["seed"], pixel["trained"], pixel["diverged"]) == (2 * 6 + 4, True, None)
    measures = pixel["measures"]
    assert measures["validation accuracy"] == f"{accuracy_of(4, 2):.3f}"
    assert measures["gain"] == f"{accuracy_of(4, 2) - 39 / 90:+.3f}"
    assert measures["training accuracy"] == "0.500"


def test_what_is_not_trained_has_no_numbers_and_what_diverged_says_when(
    storage: Storage, visitor: Visitor
) -> None:
    plant_atlas(storage, small_atlas(), pixels=3)
    with storage.engine.begin() as connection:
        query = "UPDATE dynstudy_pixel SET diverged_at = 7, forgetting = NULL WHERE seed = 0"
        connection.exec_driver_sql(query)
    described = read(visitor, "/studies/1/atlas.json")
    assert described["recorded"] == 3
    at = f"/studies/1/atlas/{described['version']}/pixels"
    absent, lost = read(visitor, f"{at}/5/3.json"), read(visitor, f"{at}/0/0.json")
    assert absent["trained"] is False
    assert set(absent["measures"].values()) == {""}
    assert (lost["trained"], lost["diverged"]) == (True, 7)
    assert lost["measures"]["forgetting"] == ""


def test_a_tile_has_its_label_its_gain_and_its_trial(
    at: str, storage: Storage, visitor: Visitor
) -> None:
    cells = regime_map(storage, "atlas").dynamical_cells()
    for row in range(2):
        for column in range(2):
            tile = read(visitor, f"{at}/tiles/{column}/{row}.json")
            (cell,) = frame_rows(cells.iloc[[2 * row + column]])
            assert tile["label"].split(",")[0] == cell["regime"]
            assert tile["gain"] == with_interval(cell, "gain")
            assert tile["networks"] == cell["replicates"] == (9, 3)[row]
            trial = storage.study("atlas").trials[tile["trial"]]
            assert trial.params["amplitude"] == cell["amplitude"]
            assert trial.params["period"] == cell["period"]


def test_of_more_networks_than_can_be_judged_the_pixels_are_shown_all_the_same(
    at: str, storage: Storage, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atlases, "MOST_JUDGED", 23)
    assert read(visitor, f"{at}/pixels/0/0.json")["trained"]
    assert visitor.ask(f"{at}/gain/0/0/0.png")[0] == "200 OK"
    status, _, body = visitor.ask(f"{at}/tiles/0/0.json")
    assert status == "500 Internal Server Error"
    assert "tiles of 24 networks are not labelled on this page" in json.loads(body)["problem"]
    assert "dynstudy show atlas labels them" in visitor.ask("/studies/1/findings")[2]


def test_a_tile_of_which_nothing_is_trained_says_so(storage: Storage, visitor: Visitor) -> None:
    storage.open_study(small_atlas())
    version = read(visitor, "/studies/1/atlas.json")["version"]
    tile = read(visitor, f"/studies/1/atlas/{version}/tiles/1/1.json")
    nothing = {"trial": None, "label": "missing", "gain": "", "accuracy": "", "networks": 0}
    assert tile == nothing


def test_an_atlas_over_noise_has_its_tiles_too(storage: Storage, visitor: Visitor) -> None:
    space = ATLAS["space"] | {"period": 20, "noise": {"low": 0, "high": 0.4}}
    plant_atlas(storage, small_atlas(space=space))
    described = read(visitor, "/studies/1/atlas.json")
    at = f"/studies/1/atlas/{described['version']}"
    assert described["upwards"]["title"] == "noise (rad)"
    assert read(visitor, f"{at}/pixels/0/0.json")["at"]["noise (rad)"] == "0.05"
    tiles = [read(visitor, f"{at}/tiles/{x}/{y}.json") for x in range(2) for y in range(2)]
    assert len({tile["trial"] for tile in tiles} - {None}) == 4
    assert 'id="tiles"' in visitor.page("/studies/1/findings")


@pytest.mark.parametrize(
    "part",
    [
        "gain/1/0/0.png",
        "gain/0/1/0.png",
        "gain/0/0/1.png",
        "beauty/0/0/0.png",
        "largest_curvature/0/0/0.png",
        "pixels/6/0.json",
        "pixels/0/4.json",
        "tiles/2/0.json",
        "tiles/0/2.json",
        "tiles/999999/0.json",
    ],
)
def test_what_is_no_part_of_it_is_said_to_be_in_one_line(
    part: str, at: str, visitor: Visitor
) -> None:
    status, headers, body = visitor.ask(f"{at}/{part}")
    assert (status, headers["Cache-Control"]) == ("404 Not Found", "no-cache")
    assert json.loads(body) == {"problem": "there is no such part of the atlas"}


@pytest.mark.parametrize("part", ["gain/0/0/-1.png", "gain/0/0/0.jpg", "../../../x", "pixels/0"])
def test_an_address_of_another_form_is_none_of_ours(part: str, at: str, visitor: Visitor) -> None:
    assert visitor.ask(f"{at}/{part}")[0] == "404 Not Found"


def test_studies_of_other_kinds_have_no_pixels(
    storage: Storage, make_spec: SpecMaker, make_search: SearchMaker, visitor: Visitor
) -> None:
    plant(storage, make_spec())
    storage.open_study(make_search())
    for number in (1, 2, 99):
        for part in ("atlas.json", "atlas/0123456789abcdef/gain/0/0/0.png"):
            status, _, body = visitor.ask(f"/studies/{number}/{part}")
            assert (status, json.loads(body)["problem"]) == (
                "404 Not Found",
                "there is no such atlas",
            )
        if number != 99:
            assert 'id="atlas"' not in visitor.page(f"/studies/{number}")


def test_a_damaged_row_is_named_in_one_line(storage: Storage, visitor: Visitor) -> None:
    plant_atlas(storage, small_atlas())
    publish(storage, "atlas")
    with storage.engine.begin() as connection:
        query = "UPDATE dynstudy_pixel SET val_accuracy = 'x' WHERE seed = 3"
        connection.exec_driver_sql(query)
    status, _, body = visitor.ask("/studies/1/atlas.json")
    assert status == "500 Internal Server Error"
    (problem,) = json.loads(body).values()
    assert "table dynstudy_pixel" in problem
    assert "seed 3, val_accuracy = 'x'" in problem
    assert "\n" not in problem
    assert 'id="atlas"' in visitor.page("/studies/1")  # which asks for it, and shows why not


def test_the_page_of_an_atlas_begins_with_its_image_and_waits_for_nothing(
    storage: Storage, visitor: Visitor
) -> None:
    plant_atlas(storage, small_atlas())
    page = visitor.page("/studies/1")
    assert '<script defer src="/site/atlas.js" type="module">' in page
    assert 'data-address="/studies/1/atlas"' in page
    assert "Best cells" not in page
    (address,) = re.findall(r'class="findings" data-load="([^"]*)"', page)
    findings = visitor.page(address)
    for said in ("What was found", "Best cells", 'id="tiles"'):
        assert said in findings
    publish(storage, "atlas")
    page = visitor.page("/studies/1")
    assert 'class="findings"' not in page
    places = [page.index(said) for said in ('id="atlas"', 'id="tiles"', "What was found")]
    assert places == sorted(places)
    assert visitor.ask("/studies/9/findings")[0] == "404 Not Found"
    assert visitor.ask("/site/atlas_image.js")[0] == "200 OK"
