"""The image of an atlas in a real browser: it pans, zooms and says what is under the pointer."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from dynstudy.analysis import pyramid
from dynstudy.analysis.atlas import read_atlas
from dynstudy.dashboard.page import publish
from dynstudy.store.studies import Storage
from tests.dashboard.page.test_in_browser import page, picture, serving  # noqa: F401
from tests.planted_atlas import accuracy_of, plant_atlas, small_atlas

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
COLUMNS, ROWS = 8, 6


@pytest.fixture
def address(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(pyramid, "PIECE", 4)  # an image of several pieces and levels
    monkeypatch.setattr("dynstudy.dashboard.atlas_answers.PIECE", 4)
    plant_atlas(storage, small_atlas(pixels=[COLUMNS, ROWS]))
    publish(storage, "atlas")
    with serving(storage) as address:
        yield f"{address}/studies/1"


class Image:
    """The image on a page that shows all of it."""

    def __init__(self, page: "Page", address: str) -> None:  # noqa: F811
        self.page = page
        self.asked: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(address)
        page.locator("#atlas .layers button").first.wait_for()
        self.canvas = page.locator("#atlas canvas")
        self.settle()

    def settle(self) -> None:
        self.page.wait_for_load_state("networkidle")
        self.page.wait_for_timeout(150)  # it is drawn

    def at(self, column: float, row: float) -> tuple[float, float]:
        """Where a place of the image is on the page at first, in networks from the low ends."""
        box = self.canvas.bounding_box()
        assert box is not None
        left, right, top, bottom = 64, 14, 8, 46
        wide, tall = box["width"] - left - right, box["height"] - top - bottom
        scale = min(wide / COLUMNS, tall / ROWS)
        x = box["x"] + left + wide / 2 + (column - COLUMNS / 2) * scale
        y = box["y"] + top + tall / 2 - (row - ROWS / 2) * scale
        return x, y

    def point(self, column: int, row: int) -> None:
        self.page.mouse.move(*self.at(column + 0.5, row + 0.5))
        self.settle()

    def seed(self) -> int:
        text = self.page.locator("#pixel").inner_text()
        (seed,) = re.findall(r"seed\s+(\d+)", text)
        return int(seed)

    def has_seed(self, seed: int | str) -> None:
        """Wait until the network of a seed, or of those of a pattern, is told of."""
        said = re.compile(rf"seed\s*{seed}(?!\d)")
        self.page.locator("#pixel", has_text=said).wait_for()

    def changes(self, at: tuple[float, float], colour: tuple[int, ...]) -> None:
        """Wait until a place of the page has another colour."""
        for _ in range(200):
            if self.colour(*at) != colour:
                return
            self.page.wait_for_timeout(100)
        pytest.fail(f"{at} of the image stays {colour}")

    def colour(self, column: float, row: float) -> tuple[int, ...]:
        """What is drawn at a place of the page."""
        x, y = self.at(column, row)
        colour: list[int] = self.canvas.evaluate(
            """(canvas, [x, y]) => {
                const box = canvas.getBoundingClientRect(), ratio = canvas.width / box.width;
                const at = [(x - box.x) * ratio, (y - box.y) * ratio];
                return [...canvas.getContext("2d").getImageData(...at, 1, 1).data];
            }""",
            [x, y],
        )
        return tuple(colour)


def complaints_of(page: "Page") -> list[str]:  # noqa: F811
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
    return complaints


def test_a_person_sees_each_network_and_its_numbers_in_light_and_dark(
    page: "Page",  # noqa: F811
    address: str,
    storage: Storage,
) -> None:
    complaints = complaints_of(page)
    gain = read_atlas(storage, "atlas").of("gain")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        image = Image(page, address)
        box = image.canvas.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 1000  # all of it is on the first screen
        seen = {
            (column, row): image.colour(column + 0.3, row + 0.3)
            for column in range(COLUMNS)
            for row in range(ROWS)
        }
        assert len(set(seen.values())) > 20  # sharp: each network has its colour
        for (column, row), (red, _, blue, alpha) in seen.items():
            assert alpha == 255
            assert (blue > red) == (gain[row, column] > 0) or abs(gain[row, column]) < 0.01
        for column, row in ((0, 0), (7, 5), (3, 1)):
            image.point(column, row)
            image.has_seed(row * COLUMNS + column)
            words = page.locator("#pixel").inner_text()
            assert f"{accuracy_of(column, row):.3f}" in words
            assert f"{gain[row, column]:+.3f}" in words
        tile = page.locator("#tile")
        assert re.search(r"gain \[95 %\]\s+[+-]0\.\d{3} \[", tile.inner_text())
        picture(page, f"atlas-{scheme}")
    assert complaints == []
    page.locator("#tile a").click()
    page.get_by_text(re.compile(r"^Trial \d+")).first.wait_for()


def test_it_pans_and_zooms_with_the_mouse(page: "Page", address: str) -> None:  # noqa: F811
    image = Image(page, address)
    image.point(2, 3)
    for _ in range(4):
        page.mouse.wheel(0, -200)
    image.settle()
    page.mouse.move(*(part + 1 for part in image.at(2.5, 3.5)))
    image.settle()
    image.has_seed(3 * COLUMNS + 2)  # what is under the pointer stays there
    grown = image.colour(2.5 + 0.9, 3.5 - 0.9)
    assert grown == image.colour(2.5 + 0.3, 3.5 - 0.3)  # of one network, which is larger now

    page.mouse.move(*image.at(6.5, 3.5))
    page.mouse.down()
    page.mouse.move(*image.at(2.5, 3.5), steps=5)
    page.mouse.up()
    image.settle()
    page.mouse.move(*image.at(2.4, 3.5))
    image.settle()
    image.has_seed(r"(27|28|29|30|31)")  # what lay on its right
    image.point(0, 0)
    image.has_seed(r"[1-9]\d*")
    for _ in range(6):
        page.mouse.wheel(0, 150)
    image.settle()
    image.has_seed(0)  # what came under the pointer
    for _ in range(4):
        page.mouse.wheel(0, -200)
    page.get_by_role("button", name="all", exact=True).click()
    image.point(2, 3)
    image.has_seed(3 * COLUMNS + 2)
    page.mouse.down()
    page.mouse.move(*image.at(6.5, 3.5), steps=4)  # all of it is there: nothing moves
    page.mouse.up()
    image.settle()
    image.has_seed(3 * COLUMNS + 6)
    for _ in range(3):  # what is all there scrolls the page
        page.mouse.wheel(0, 300)
    page.wait_for_function("scrollY > 0")


def test_it_is_used_with_the_keyboard_alone(page: "Page", address: str) -> None:  # noqa: F811
    image = Image(page, address)
    image.canvas.focus()
    page.keyboard.press("Shift+ArrowRight")
    image.settle()
    first = image.seed()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    image.settle()
    image.has_seed(first + 1 + COLUMNS)
    before = image.colour(1, 1)
    for _ in range(4):
        page.keyboard.press("+")
    image.settle()
    after = image.seed()
    image.changes((1, 1), before)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    image.settle()
    image.has_seed(f"(?!{after}(?!\\d))\\d+")
    page.keyboard.press("0")
    page.keyboard.press("Enter")
    held = image.seed()
    image.point(0, 0)
    image.has_seed(held)  # the pointer may go to the link
    page.keyboard.press("Escape")
    image.point(1, 0)
    image.has_seed(1)
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.dataset.name") == "lasting"


def test_a_measure_is_chosen_by_its_button(page: "Page", address: str) -> None:  # noqa: F811
    image = Image(page, address)
    before = image.colour(0.5, 0.5)
    button = page.get_by_role("button", name="forgetting", exact=True)
    button.click()
    image.settle()
    assert button.get_attribute("aria-pressed") == "true"
    assert page.locator("#atlas [aria-pressed=true]").count() == 1
    assert page.locator(".colours b").inner_text() == "forgetting"
    assert any("/forgetting/0/" in url for url in image.asked)
    image.changes((0.5, 0.5), before)


def test_small_it_is_drawn_from_a_level_that_is_as_coarse(
    page: "Page",  # noqa: F811
    address: str,
) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    image = Image(page, address)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert {url.split("/")[-3] for url in image.asked if url.endswith(".png")} == {"0", "1"}
    box = image.canvas.bounding_box()
    assert box is not None
    assert box["width"] > 300
    page.mouse.click(*image.at(0.5, 0.5))
    image.settle()
    image.has_seed(0)
    picture(page, "atlas-narrow")


def test_two_fingers_zoom_and_one_points(page: "Page", address: str) -> None:  # noqa: F811
    image = Image(page, address)
    before = image.colour(1, 1)
    x, y = image.at(COLUMNS / 2, ROWS / 2)
    touch = page.context.new_cdp_session(page)
    touch.send("Emulation.setTouchEmulationEnabled", {"enabled": True})

    def fingers(kind: str, apart: float) -> None:
        points = [{"x": x + side * apart, "y": y, "id": side + 2} for side in (-1, 1)]
        touch.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": points if apart else []},
        )

    fingers("touchStart", 30)
    for apart in (60, 90, 120):
        fingers("touchMove", apart)
    fingers("touchEnd", 0)
    image.settle()
    image.changes((1, 1), before)
    page.get_by_role("button", name="all", exact=True).click()
    for column, row in ((5, 2), (1, 4)):  # a finger points at each that it taps
        x, y = image.at(column + 0.5, row + 0.5)
        touch.send(
            "Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]}
        )
        fingers("touchEnd", 0)
        image.settle()
        image.has_seed(row * COLUMNS + column)


def test_while_it_is_trained_coarse_pixels_stand_for_all(
    page: "Page",  # noqa: F811
    storage: Storage,
) -> None:
    plant_atlas(storage, small_atlas(pixels=[COLUMNS, ROWS]), pixels=4)
    with serving(storage) as address:
        image = Image(page, f"{address}/studies/1")
        assert (
            "4 of 48 pixels are trained. Coarse pixels stand" in page.locator("#state").inner_text()
        )
        assert image.colour(1.5, 2.5) == image.colour(0.4, 0.4)
        assert image.colour(5.5, 2.5) == image.colour(4.5, 0.5) != image.colour(0.4, 0.4)
        image.point(1, 2)
        assert "not trained yet" in page.locator("#pixel").inner_text()
        page.locator(".findings h2").first.wait_for()
        plant_atlas(storage, small_atlas(pixels=[COLUMNS, ROWS]))
        image = Image(page, f"{address}/studies/1")
        assert "48 of 48 pixels are trained. Drag" in page.locator("#state").inner_text()
        assert image.colour(1.3, 2.3) != image.colour(0.4, 0.4)


def test_what_cannot_be_read_says_why(
    page: "Page",  # noqa: F811
    address: str,
    storage: Storage,
) -> None:
    with storage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE dynstudy_pixel SET val_accuracy = 7 WHERE seed = 3")
    page.goto(address)
    problem = re.compile(r"^This atlas cannot be read: .*table dynstudy_pixel, .*seed 3")
    page.get_by_text(problem).wait_for()
