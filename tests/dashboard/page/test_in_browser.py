"""The dashboard in a real browser: what a person sees, gets and is refused."""

import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dynstudy.dashboard.page import publish
from dynstudy.dashboard.server import DashboardServer
from dynstudy.store.rename_note_tag import NOTE
from dynstudy.store.studies import Storage
from dynstudy.study.kinds.map import MapSpec
from tests.planted import SMALL, plant

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


@pytest.fixture
def address(storage: Storage) -> Iterator[str]:
    plant(storage, MapSpec.model_validate({**SMALL, "name": NAME, "replicates": 6, "space": SPACE}))
    storage.study(NAME).set_user_attr(NOTE, "My own **words**.")
    publish(storage, NAME)
    with DashboardServer(storage, port=0) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server.address
        server.shutdown()


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
        page.set_default_timeout(60_000)
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


def test_a_change_is_refused_politely(page: "Page", address: str, storage: Storage) -> None:
    page.goto(f"{address}/dashboard")
    page.get_by_role("button", name="delete study").click()
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as refused:
        page.get_by_role("button", name="Yes").click()
    assert refused.value.status == 403
    page.get_by_text("Failed to delete").wait_for()
    picture(page, "refused")
    assert storage.names() == [NAME]
