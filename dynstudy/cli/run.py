"""``dynstudy run``."""

import os
from pathlib import Path
from typing import Annotated

import typer

from dynstudy.cli.options import BackendOption, StorageOption
from dynstudy.cli.pages import page_after_launch
from dynstudy.cli.session import log, progress_display, tune_optuna

EXAMPLES = (
    "dynstudy run quickstart.toml --dry-run",
    "dynstudy run regime-dce.toml --set name=narrow --set 'space.width=[5, 10]'",
    "dynstudy run boundary-dce.toml --set boundary.cells=48 --extend",
)


def command(
    file: Annotated[Path, typer.Argument(help="Study file (TOML); `dynstudy init` writes one.")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override, as in space.width=[20,50]."),
    ] = None,
    backend: BackendOption = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count and estimate; train and write nothing.")
    ] = False,
    extend: Annotated[
        bool,
        typer.Option(
            "--extend", help="Let an existing study grow to more cells, or more curvature."
        ),
    ] = False,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over",
            help="Take the study from a launch that gives no sign; if it lives, it records "
            "nothing any more and ends.",
        ),
    ] = False,
    storage: StorageOption = None,
) -> None:
    """Launch a study, or resume it: only what is missing is trained."""
    from dynstudy.study.study_file import load_spec

    spec = load_spec(file, set_ or [])
    if dry_run:
        from dynstudy.launch.estimate import estimate

        for line in estimate(spec, backend=backend, storage=storage, extend=extend).lines():
            typer.echo(line)
        if spec.untested:
            log(f"note: {spec.untested}")
        return

    from dynstudy.launch import runner

    tune_optuna()
    with progress_display(spec.name) as display:
        done = runner.run(
            spec,
            storage=storage,
            backend=backend,
            extend=extend,
            take_over=take_over,
            overrides=set_ or [],
            report=display.update,
            log=display.log,
        )
    log(str(done))
    if not done.abandoned:
        page_after_launch(done.storage, spec.name, trained=bool(done.trained), ledger=done.ledger)
    if done.interrupted:
        log("interrupted; the same command resumes it")
        if done.abandoned:
            os._exit(130)  # Python would wait for the thread
        raise typer.Exit(130)
