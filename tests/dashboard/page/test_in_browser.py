"""The dashboard in a real browser: what a person sees, gets and is refused."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import optuna_dashboard
import pytest

from dynstudy.analysis.regime_map import regime_map
from dynstudy.dashboard.page import publish
from dynstudy.dashboard.server import DashboardServer
from dynstudy.store.rename_note_tag import NOTE
from dynstudy.store.studies import Storage
from dynstudy.study.kinds.map import MapSpec
from tests.planted import SMALL, SpecMaker, plant

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

BROWSER = Path("/usr/bin/chromium")
OPTIONS = """
    --headless --no-sandbox --disable-gpu --disable-quic --no-first-run
    --disable-background-networking --disable-component-update --disable-sync
""".split()
NAME = "<script>document.title = 'run'</script> \"q' 🌀 ../x"
SPACE = {"learning_rate": 1.0, "amplitude": [3, 30], "period": [10, 30], "width": [5, 9]}


@contextmanager
def serving(storage: Storage, **options: Any) -> Iterator[str]:
    with DashboardServer(storage, port=0, **options) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.address
        finally:
            server.shutdown()


@pytest.fixture
def address(storage: Storage) -> Iterator[str]:
    plant(storage, MapSpec.model_validate({**SMALL, "name": NAME, "replicates": 6, "space": SPACE}))
    storage.study(NAME).set_user_attr(NOTE, "My own **words**.")
    publish(storage, NAME)
    with serving(storage) as address:
        yield address


@pytest.fixture
def page(tmp_path: Path) -> Iterator["Page"]:
    if not BROWSER.exists():
        pytest.fail(f"{BROWSER} is not there: apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.fail("playwright is not there: pip install 'dynstudy[browser-test]'")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=BROWSER,
            args=OPTIONS,
            viewport={"width": 1500, "height": 1000},
        )
        page = browser.new_page()
        page.set_default_timeout(20_000)
        yield page
        browser.close()


def picture(page: "Page", name: str) -> None:
    """Keep what was seen, where a folder for it is named."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_a_person_finds_the_map_the_note_and_the_files(
    page: "Page", address: str, tmp_path: Path
) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: "bad format" in said.text and complaints.append(said.text))

    page.goto(f"{address}/dashboard")
    page.get_by_text(NAME).click()  # the list shows the name as it is
    page.wait_for_url("**/dashboard/studies/1")
    assert "Optuna" in page.title()

    figure = page.locator("[id='user-defined-plot:map-dce-width00005-rate1']")
    figure.locator("g.hm image").wait_for()  # the cells are drawn
    assert "DCE, width 5" in figure.inner_text()
    assert "border of the useful regime" in figure.inner_text()
    figure.scroll_into_view_if_needed()
    box = figure.locator("g.hm image").bounding_box()
    assert box is not None
    assert box["width"] > 200
    assert box["height"] > 100
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 3 * box["height"] / 4)
    hover = figure.locator("g.hovertext").text_content() or ""
    assert "A = 3, T = 10" in hover
    for word in ("gain", "accuracy 0.", " ± 0.", "forgetting", "6 networks"):
        assert word in hover
    assert "NaN" not in hover
    assert "%{" not in hover
    page.locator("[id='user-defined-plot:width-accuracy'] .errorbar").first.wait_for()
    order = page.locator("[id^='user-defined-plot:']").evaluate_all("all => all.map(e => e.id)")
    assert order == sorted(order)
    picture(page, "study")

    with page.expect_download() as download:
        page.locator("a[download='cells.csv']").click()
    download.value.save_as(tmp_path / "cells.csv")
    assert (tmp_path / "cells.csv").read_text().startswith("loss,width,learning_rate,")

    page.goto(f"{address}/dashboard/studies/1/note")
    page.get_by_role("heading", name="What was found").wait_for()
    assert page.locator("strong", has_text="words").count() == 1
    assert page.get_by_text("is written anew").count() == 0
    picture(page, "note")

    page.goto(f"{address}/dashboard/studies/1/smartSelection")
    for column in ("sem", "gain", "forgetting", "replicates", "diverged"):
        page.get_by_role("columnheader", name=re.compile(rf"\bUserAttribute {column}\b")).wait_for()
    picture(page, "trials")
    assert complaints == []


def test_the_first_screen_is_the_studies_and_then_the_map(
    page: "Page", address: str, storage: Storage
) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
    page.on(
        "request",
        lambda asked: (
            asked.url.startswith((address, "data:", "blob:")) or complaints.append(asked.url)
        ),
    )
    for scheme, background in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(18, 18, 18)")):
        page.emulate_media(color_scheme=scheme)
        page.goto(address)
        row = page.locator("tbody tr")
        assert NAME in row.inner_text()
        row.locator("img.small-map").wait_for()
        assert row.locator("img").evaluate("image => image.naturalWidth") == 2
        best = regime_map(storage, NAME).dynamical_cells().gain.max()
        assert f"{best:+.3f} [" in row.inner_text()
        assert colour(page, "body", "background-color") == background
        picture(page, f"studies-{scheme}")

        page.get_by_role("link", name=NAME).click()
        figure = page.locator("[id='map-dce-width00005-rate1']")
        figure.locator("g.hm image").wait_for()
        box = figure.locator("g.hm image").bounding_box()
        assert box is not None
        assert box["width"] > 600
        assert box["y"] + box["height"] < 800  # all of it is on the first screen
        page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 3 * box["height"] / 4)
        figure.locator("g.hovertext").wait_for()
        hover = figure.locator("g.hovertext").text_content() or ""
        assert re.search(r"accuracy 0\.\d{3} ± 0\.\d{3}", hover)
        text = figure.locator(".gtitle").evaluate("title => getComputedStyle(title).fill")
        assert text == {"light": "rgb(0, 0, 0)", "dark": "rgb(255, 255, 255)"}[scheme]
        picture(page, f"map-{scheme}")
    assert complaints == []

    with page.expect_download() as download:
        page.get_by_role("link", name="cells.csv").click()
    assert download.value.suggested_filename == "cells.csv"
    page.get_by_role("link", name="This study in Optuna’s dashboard").click()
    page.get_by_text("Hyperparameter Importance").wait_for()
    page.get_by_role("link", name="Map of this study").click()
    page.wait_for_url("**/studies/1")


@pytest.mark.parametrize("width", [400, 800, 1500])
def test_a_legend_lies_on_no_title_however_narrow_the_page(
    width: int, page: "Page", address: str
) -> None:
    page.set_viewport_size({"width": width, "height": 1000})
    page.goto(address)
    page.get_by_role("link", name=NAME).click()
    figure = page.locator("[id='map-dce-width00005-rate1']")
    figure.locator("g.legend").wait_for()
    page.wait_for_timeout(300)  # it is drawn again in the colours of the page
    tops = figure.evaluate(
        """figure => [figure.querySelector(".xtitle").getBoundingClientRect().bottom,
                      figure.querySelector(".legend").getBoundingClientRect().top]"""
    )
    assert tops[0] <= tops[1]


def colour(page: "Page", selector: str, name: str) -> str:
    return str(page.locator(selector).evaluate("(e, n) => getComputedStyle(e)[n]", name))


def test_a_picture_that_was_not_published_is_made_when_it_comes_into_view(
    page: "Page", storage: Storage, make_spec: SpecMaker
) -> None:
    for number in range(30):
        protocol = {**SMALL["protocol"], "steps": 200 + number}
        plant(storage, make_spec(name=f"s{number}", protocol=protocol))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with serving(storage) as address:
        page.goto(address)
        page.locator("img.small-map").first.wait_for()
        seen = [url for url in asked if url.endswith("/card")]
        assert 0 < len(seen) < 30
        page.get_by_placeholder("Search study").fill("s29")
        assert page.locator("tbody tr:visible").count() == 1
        page.locator("tbody tr:visible img.small-map").wait_for()


WRITING = ("AddBoxIcon", "DeleteIcon", "EditIcon", "DriveFileRenameOutlineIcon", "UploadFileIcon")


def test_what_read_only_forbids_is_not_offered(
    page: "Page", storage: Storage, address: str
) -> None:
    """Nor would it be noticed if the dashboard called its buttons otherwise: they are there."""
    pages = {
        "/dashboard": "Search study",
        "/dashboard/studies/1": "Study Artifacts",
        "/dashboard/studies/1/note": "What was found",
        "/dashboard/studies/1/trials": "Trial 0",
    }
    offered: set[str] = set()
    for path in pages:
        page.goto(address + path)
        wait_for_words(page, pages[path])
        for icon in WRITING:
            assert page.locator(f"svg[data-testid={icon}]:visible").count() == 0, (path, icon)
        picture(page, "read-only" + path.replace("/", "-"))
    with serving(storage, writable=True) as writable:
        for path in pages:
            page.goto(writable + path)
            wait_for_words(page, pages[path])
            for icon in WRITING:
                if page.locator(f"svg[data-testid={icon}]:visible").count():
                    offered.add(icon)
    assert offered == set(WRITING)


def wait_for_words(page: "Page", words: str) -> None:
    """Until the dashboard has drawn them, or a field that says them."""
    there = page.get_by_text(words).or_(page.get_by_placeholder(words))
    there.first.wait_for()
    page.wait_for_timeout(500)


def test_a_refusal_says_its_reason(page: "Page", address: str, storage: Storage) -> None:
    page.goto(f"{address}/dashboard")
    page.get_by_role("link", name="Maps of all studies").wait_for()
    # as a dashboard of another version would, whose button is not hidden
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as refused:
        page.evaluate("""() => {
            const request = new XMLHttpRequest();
            request.open("DELETE", "/api/studies/1");
            request.send();
        }""")
    assert refused.value.status == 403
    page.get_by_text("Refused: this dashboard is read-only; start it with --writable").wait_for()
    picture(page, "refused")
    assert storage.names() == [NAME]


def test_the_dashboard_of_optuna_alone_shows_what_a_study_is(
    page: "Page", storage: Storage, make_spec: SpecMaker
) -> None:
    space = {"learning_rate": 1.0, "amplitude": [3, 30], "period": [10, 30], "width": [5, 9]}
    plant(storage, make_spec(replicates=6, space=space))
    publish(storage, "small")
    app = optuna_dashboard.wsgi(storage.optuna)
    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page.goto(f"http://127.0.0.1:{server.server_port}/dashboard/studies/1")
        page.get_by_text("Hyperparameter Importance").wait_for()
        page.locator("[id='user-defined-plot:map-dce-width00005-rate1'] g.hm image").wait_for()
        card = page.locator(".MuiCard-root", has_text="Hyperparameter Importance").last
        card.locator(".ytick text").first.wait_for()
        names = card.locator(".ytick text").all_text_contents()
        assert set(names) == {"loss", "width", "learning_rate", "amplitude", "period"}
        assert names[-1] in {"amplitude", "period", "width"}  # on top
        assert page.get_by_text("accuracy").count() > 0
        assert page.get_by_text("Objective 0").count() == 0
        picture(page, "optuna-alone")
        server.shutdown()


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass
