"""What the commands that train a study do with it."""

from collections.abc import Callable
from typing import Any

import pytest
import typer

from dynstudy.cli import launching
from dynstudy.cli.launching import launch, show_estimate
from dynstudy.launch import runner
from dynstudy.store.studies import Storage
from tests.conftest import SpecMaker


def test_an_estimate_is_printed_with_what_is_to_be_known(
    make_spec: SpecMaker, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show_estimate(make_spec(replicates=3), "cpu", url)
    out, err = capsys.readouterr()
    assert "networks       24 (0 of them already in the ledger)" in out
    assert err.startswith("note: 3 replicates a cell: below 6 nothing is tested")


def test_a_launch_trains_and_writes_the_page(
    make_spec: SpecMaker, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[Any] = []
    monkeypatch.setattr(
        launching, "page_after_launch", lambda _, study, **facts: pages.append((study, facts))
    )
    launch(make_spec(), storage=storage)
    assert storage.count_cells(storage.study("small")) == 5
    ((study, facts),) = pages
    assert (study, facts["trained"]) == ("small", True)


def test_an_interruption_is_an_exit_status_of_its_own(
    make_spec: SpecMaker, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(run: Callable[..., runner.Summary]) -> Callable[..., runner.Summary]:
        def stopped(*arguments: Any, **options: Any) -> runner.Summary:
            done = run(*arguments, **options)
            return runner.Summary(**{**vars(done), "interrupted": True})

        return stopped

    monkeypatch.setattr(runner, "run", interrupted(runner.run))
    monkeypatch.setattr(launching, "page_after_launch", lambda *_, **__: None)
    with pytest.raises(typer.Exit) as stop:
        launch(make_spec(), storage=storage)
    assert stop.value.exit_code == 130
