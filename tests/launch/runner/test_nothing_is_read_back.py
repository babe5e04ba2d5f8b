"""What a launch has just trained is in memory: the ledger is asked once, not cell by cell."""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

import dynstudy
from dynstudy.cli.pages import page_after_launch
from dynstudy.dashboard.page import published
from dynstudy.launch import dispatch
from dynstudy.launch.chunks import Chunks
from dynstudy.launch.replicates import NetworkTask
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from tests.planted import SEARCH, SMALL

READ = "dynstudy_(replicate|series)"
MOST = 16
"""What is there and since when; per batch or round what is lacking, once when it is planned and
once when it is reserved; per chunk its keys, twice."""

SPACE: dict[str, Any] = SMALL["space"]


def amplitudes(count: int) -> list[float]:
    return [2.0 + number for number in range(count)]


def a_map(cells: int, **changes: Any) -> dict[str, Any]:
    return SMALL | {"space": SPACE | {"amplitude": amplitudes(cells), "period": 10}} | changes


def many_widths(cells: int) -> dict[str, Any]:
    """A static loss for each."""
    axes = {"amplitude": 3.0, "period": 10, "width": [2 + number for number in range(cells)]}
    return SMALL | {"space": SPACE | axes}


def with_rounds(cells: int) -> dict[str, Any]:
    return a_map(cells, replicates={"min": 6, "max": 7})


def a_boundary_study(cells: int) -> dict[str, Any]:
    chosen = {"cells": max(3, cells), "batch": max(2, cells // 2)}
    return a_map(max(4, cells), kind="boundary", replicates=6, boundary=chosen)


def a_search(cells: int) -> dict[str, Any]:
    return SEARCH | {
        "maximize": "gain",
        "search": SEARCH["search"] | {"trials": cells, "batch": 20},
    }


@contextmanager
def selects(storage: Storage) -> Iterator[list[str]]:
    """What is read of networks, and of their series."""
    statements: list[str] = []

    def on_execute(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT") and re.search(READ, statement):
            statements.append(statement)

    event.listen(storage.engine, "before_cursor_execute", on_execute)
    try:
        yield statements
    finally:
        event.remove(storage.engine, "before_cursor_execute", on_execute)


class Whole(Chunks):
    """All of one loss in a chunk: recording one asks what is there of it."""

    def cut(self, together: int, budget: float = 0.0) -> list[NetworkTask]:
        return super().cut(together, math.inf)


@pytest.mark.usefixtures("undrawn_pages")
@pytest.mark.parametrize("study", [a_map, many_widths, with_rounds, a_boundary_study, a_search])
def test_a_launch_reads_the_ledger_a_few_times_however_many_cells_it_has_and_its_page_not_at_all(
    study: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "Chunks", Whole)
    monkeypatch.setattr(dispatch, "AHEAD", 10**6)
    counts = []
    for cells in (2, 20):
        storage = Storage(f"sqlite:///{tmp_path}/{cells}.db", create=True)
        spec = StudySpec.of(study(cells))
        with selects(storage) as fresh:
            done = dynstudy.run(spec, storage=storage)
        with selects(storage) as of_page:
            page_after_launch(storage, spec.name, trained=True, ledger=done.ledger)
        assert published(storage, spec.name)
        with selects(storage) as again:
            dynstudy.run(spec, storage=storage)
        storage.engine.dispose()
        counts.append((len(fresh), len(of_page), len(again)))
    assert max(max(of_launch) for of_launch in counts) <= MOST, counts
    assert [of_page for _, of_page, _ in counts] == [0, 0]
