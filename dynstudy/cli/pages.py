"""Keeping a study's page of the dashboard true; failing at it loses nothing, so it only warns.

Where a value in the database is damaged, that is an error, as it is to all commands.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dynstudy.cli.session import Verbosity, log
from dynstudy.errors import DamagedError

if TYPE_CHECKING:
    from dynstudy.store.ledger import Ledger
    from dynstudy.store.studies import Storage


def write_page(
    storage: "Storage", study: str, artifacts: Path | None = None, ledger: "Ledger | None" = None
) -> None:
    """Write a study's page, over what was there."""
    began = time.monotonic()
    with _only_warning(storage, study):
        from dynstudy.dashboard.page import publish

        publish(storage, study, artifacts, ledger)
        log(f"page written in {time.monotonic() - began:.1f} s", Verbosity.verbose)


def page_after_launch(
    storage: "Storage", study: str, *, trained: bool, ledger: "Ledger | None" = None
) -> None:
    """Write a study's page where a launch changed something, or left it unwritten."""
    with _only_warning(storage, study):
        from dynstudy.dashboard.page import published

        if trained or not published(storage, study):
            write_page(storage, study, ledger=ledger)


def refresh_page(storage: "Storage", study: str) -> None:
    """Write a study's page again where it has one."""
    from dynstudy.dashboard.page import published

    if published(storage, study):
        write_page(storage, study)


@contextmanager
def _only_warning(storage: "Storage", study: str) -> Iterator[None]:
    from dynstudy.store.database import database_errors

    try:
        with database_errors(storage.url, storage.engine):  # in words of the database, not Optuna's
            yield
    except DamagedError:  # which every command says, and only a person can mend
        raise
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        log(f"warning: the page of {study} in the dashboard was not written: {reason}")
