"""What was published is shown, and made anew when the study changed."""

import re
from typing import Any

import pytest

import dynstudy
from dynstudy.analysis.regime_map import regime_map
from dynstudy.dashboard import shown
from dynstudy.dashboard.page import publish
from dynstudy.store.studies import Storage
from tests.dashboard.visitor import Visitor
from tests.planted import SpecMaker


def test_what_was_published_is_shown_without_reading_the_ledger_until_it_changes(
    storage: Storage, make_spec: SpecMaker, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    assert len(made) == 1
    space = {"learning_rate": 1.0, "amplitude": [3, 30, 9], "period": [10, 30], "width": 5}
    dynstudy.run(make_spec(space=space), storage=storage, extend=True)
    assert "7 of 7 cells" in visitor.words("/studies/1")
    assert "9" in visitor.words("/studies/1")
    assert len(made) == 2
