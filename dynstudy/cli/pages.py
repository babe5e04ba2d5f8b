"""Keeping a study's page of the dashboard true; failing at it loses nothing, so it only warns."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from dynstudy.cli.session import Verbosity, log, opened
from dynstudy.errors import DynstudyError

if TYPE_CHECKING:
    from dynstudy.store.studies import Storage


def write_page(storage: "Storage", study: str, artifacts: Path | None = None) -> None:
    """Write a study's page, over what was there."""
    began = time.monotonic()
    try:
        from dynstudy.dashboard.page import publish

        publish(storage, study, artifacts)
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        log(f"warning: the page of {study} in the dashboard was not written: {reason}")
    else:
        log(f"page written in {time.monotonic() - began:.1f} s", Verbosity.verbose)


def page_after_run(url: str | None, study: str, *, trained: bool) -> None:
    """Write a study's page where a run changed something, or left it unwritten."""
    from dynstudy.dashboard.page import published

    try:
        with opened(url) as storage:
            if trained or not published(storage, study):
                write_page(storage, study)
    except DynstudyError as error:
        log(f"warning: the page of {study} in the dashboard was not written: {error}")


def refresh_page(storage: "Storage", study: str) -> None:
    """Write a study's page again where it has one."""
    from dynstudy.dashboard.page import published

    if published(storage, study):
        write_page(storage, study)
