"""``dynstudy run``."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from dynstudy.cli.common import (
    BackendOption,
    StorageOption,
    Verbosity,
    log,
    opened,
    progress_display,
    tune_optuna,
)


def run(
    file: Annotated[Path, typer.Argument(help="Study file (TOML); see `studies/`.")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override, as in space.width=[20,50]."),
    ] = None,
    backend: BackendOption = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count and estimate; train and write nothing.")
    ] = False,
    extend: Annotated[
        bool, typer.Option("--extend", help="Let an existing study grow to more cells.")
    ] = False,
    storage: StorageOption = None,
) -> None:
    """Launch a study, or resume it: only what is missing is trained."""
    from dynstudy.search.study_file import load_spec

    spec = load_spec(file, set_ or [])
    if dry_run:
        from dynstudy.bridge.estimate import estimate

        for line in estimate(spec, backend=backend, storage=storage, extend=extend).lines():
            typer.echo(line)
        return

    from dynstudy.bridge import runner

    tune_optuna()
    with progress_display(spec.name) as display:
        done = runner.run(
            spec,
            storage=storage,
            backend=backend,
            extend=extend,
            overrides=set_ or [],
            report=display.update,
            log=display.log,
        )
    log(
        f"{done.study}: {done.trained} networks trained, {done.reused} taken from the ledger, "
        f"{done.diverged} diverged, {done.cells} cells, {done.seconds:.1f} s"
    )
    if not done.abandoned:
        _publish(spec.name, storage, changed=bool(done.trained))
    if done.interrupted:
        log("interrupted; the same command resumes it")
        if done.abandoned:
            os._exit(130)  # Python would wait for the thread
        raise typer.Exit(130)


def _publish(study: str, storage: str | None, *, changed: bool) -> None:
    """Put what was found on the study's page of the dashboard; failing at it loses nothing."""
    from dynstudy.report.dashboard import publish, published

    try:
        with opened(storage) as found:
            if changed or not published(found, study):
                began = time.monotonic()
                publish(found, study)
                log(f"page written in {time.monotonic() - began:.1f} s", Verbosity.verbose)
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        log(f"warning: the page of {study} in the dashboard was not written: {reason}")
