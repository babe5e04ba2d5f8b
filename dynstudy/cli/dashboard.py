"""``dynstudy dashboard``."""

import os
import sys
import warnings
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from dynstudy.cli.options import StorageOption, complete_study
from dynstudy.cli.pages import write_page
from dynstudy.cli.session import Verbosity, log, opened, verbosity

EXAMPLES = ("dynstudy dashboard quickstart", "dynstudy dashboard --port 0 --no-open")


def command(
    study: Annotated[
        str | None, typer.Argument(help="Open this study's page.", autocompletion=complete_study)
    ] = None,
    port: Annotated[
        int, typer.Option(help="Port on 127.0.0.1; 0 for any that is free.", min=0, max=65535)
    ] = 8080,
    writable: Annotated[
        bool, typer.Option("--writable", help="Let the page change studies; else it only reads.")
    ] = False,
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")] = True,
    storage: StorageOption = None,
    artifacts: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of the studies' files. [default: $DYNSTUDY_ARTIFACTS or beside the "
            "database]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Serve the studies to a browser on this machine, until Ctrl-C."""
    from dynstudy.dashboard.page import published
    from dynstudy.dashboard.server import DashboardServer
    from dynstudy.store.database import storage_url
    from dynstudy.store.studies import Storage

    with opened(storage) as database:
        page = "/"
        if study is not None:
            page += f"studies/{database.study_id(database.study(study))}"
            if not published(database, study, artifacts):
                write_page(database, study, artifacts)
        if writable:
            Storage(storage_url(storage), create=True).engine.dispose()  # or says why not
        with DashboardServer(database, port=port, writable=writable, artifacts=artifacts) as server:
            if verbosity() < Verbosity.verbose:
                warnings.simplefilter("ignore")  # of Optuna's, about plots that a page asks for
            try:
                typer.echo(server.address + page)
                sys.stdout.flush()
                log("Ctrl-C ends it" + ("; the page may change studies" if writable else ""))
                if open_ and _has_display():
                    webbrowser.open(server.address + page)
                server.serve_forever()
            except KeyboardInterrupt:  # the usual way to end a server
                log("ended")


def _has_display() -> bool:
    """Whether a browser can open a window; a text browser would take over the terminal."""
    if sys.platform in {"darwin", "win32"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
