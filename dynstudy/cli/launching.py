"""What the commands that train a study do with it: say what it takes, or launch it."""

import os
from typing import TYPE_CHECKING, Any

import typer

from dynstudy.cli.pages import page_after_launch
from dynstudy.cli.session import log, progress_display, tune_optuna

if TYPE_CHECKING:
    from dynstudy.study.spec import StudySpec


def show_estimate(
    spec: "StudySpec", backend: str, storage: str | None, *, extend: bool = False
) -> None:
    """Print what a study will take, and try what is to be trained; nothing is written."""
    from dynstudy.launch.estimate import estimate
    from dynstudy.launch.own_model import try_model

    for line in estimate(spec, backend=backend, storage=storage, extend=extend).lines():
        typer.echo(line)
    for note in (try_model(spec), spec.untested):
        if note:
            log(f"note: {note}")


def launch(spec: "StudySpec", **options: Any) -> None:
    """Launch a study, or resume it, and write its page; exits with 130 when interrupted.

    Options are those of `dynstudy.run`.
    """
    from dynstudy.launch import runner

    tune_optuna()
    with progress_display(spec.name) as display:
        done = runner.run(spec, **options, report=display.update, log=display.log)
    log(str(done))
    if not done.abandoned:
        page_after_launch(done.storage, spec.name, trained=bool(done.trained), ledger=done.ledger)
    if done.interrupted:
        log("interrupted; the same command resumes it")
        if done.abandoned:
            os._exit(130)  # Python would wait for the thread
        raise typer.Exit(130)
