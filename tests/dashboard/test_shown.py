"""What was published is shown, and made anew when the study changed."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import update

import dynstudy
from dynstudy.analysis.regime_map import regime_map
from dynstudy.dashboard import shown
from dynstudy.dashboard.page import publish
from dynstudy.store.studies import Storage
from dynstudy.store.tables import RunRow
from tests.dashboard.visitor import Visitor
from tests.planted import SpecMaker

pytestmark = pytest.mark.usefixtures("undrawn_pages")


def test_what_was_published_is_shown_without_reading_the_ledger_until_it_changes(
    storage: Storage,
    make_spec: SpecMaker,
    visit: Callable[..., Visitor],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visitor = visit()
    dynstudy.run(make_spec(), storage=storage)
    made = []

    def counted(*given: Any, **more: Any) -> Any:
        made.append(given)
        return regime_map(*given, **more)

    monkeypatch.setattr(shown, "regime_map", counted)
    anew = visitor.page("/studies/1")
    assert visitor.page("/studies/1") == anew
    assert len(made) == 1  # kept in memory
    publish(storage, "small")
    files = re.compile(r'<section class="files">.*?</section>\s*', re.DOTALL)
    published = files.sub("", visitor.page("/studies/1"))
    assert "".join(published.split()) == "".join(anew.split())
    assert files.sub("", visit().page("/studies/1")) == published  # by a server begun just now
    assert len(made) == 1
    space = {"learning_rate": 1.0, "amplitude": [3, 30, 9], "period": [10, 30], "width": 5}
    dynstudy.run(make_spec(space=space), storage=storage, extend=True)
    assert "7 of 7 cells" in visitor.words("/studies/1")
    assert "9" in visitor.words("/studies/1")
    assert len(made) == 2


def test_networks_that_are_recorded_meanwhile_are_seen(
    storage: Storage, make_spec: SpecMaker, visitor: Visitor
) -> None:
    dynstudy.run(make_spec(), storage=storage)
    before = visitor.page("/studies/1")
    with storage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE dynstudy_replicate SET val_accuracy = 0.987")
    assert visitor.page("/studies/1") == before
    with storage.engine.begin() as connection:  # as a launch does that records some
        connection.execute(update(RunRow).values(heartbeat_at=datetime(2100, 1, 1)))
    assert "0.987 ±" in visitor.words("/studies/1")
