"""``dynstudy storage copy``."""

from typing import Annotated

import typer

from dynstudy.cli.session import log, reported, tune_optuna
from dynstudy.errors import DynstudyError

EXAMPLES = (
    "dynstudy storage copy storage/dynstudy.db postgresql+psycopg://me@host/studies",
    "dynstudy storage copy storage/dynstudy.db paper.db --study fig1 --study fig2",
)


def command(
    source: Annotated[str, typer.Argument(metavar="FROM", help="Database, a path or a URL.")],
    target: Annotated[
        str, typer.Argument(metavar="TO", help="Another one, which is made if it is not there.")
    ],
    study: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Copy this study alone, with its networks. [default: all there is]"
        ),
    ] = None,
) -> None:
    """Copy studies with their networks and launches into another database, of SQLite or PostgreSQL.

    Ledgers are merged: a network that both have stays as it is in TO, with what only FROM read of
    it. A study that TO has is completed if it is the same one, or refused. Studies may be run
    meanwhile in FROM, of which what is there at one moment is copied, and others in TO. Killed at
    any time, the same command comes to the same end; all that was copied is read back and compared.
    """
    from dynstudy.dashboard.artifacts import artifacts_folder
    from dynstudy.store.database import storage_url
    from dynstudy.upkeep.copying import copy_studies
    from dynstudy.upkeep.opening import open_source, open_target

    tune_optuna()
    for metavar, given in (("FROM", source), ("TO", target)):
        if not given.strip():  # of a variable that is not set; the default one was not meant
            raise DynstudyError(f"{metavar} is empty: name a database, a path or a URL")
    urls = storage_url(source), storage_url(target)
    opened = open_source(urls[0])
    for name in study or ():
        opened.study(name)  # or it says which there are
    opened_target = open_target(opened, *urls)
    with reported("copy") as report:
        copied = copy_studies(opened, opened_target, study or (), say=log, report=report)
    parts = [f"{copied.studies} studies", f"{copied.networks} networks"]
    if copied.there:
        parts.append(f"{copied.there} were there")
    if copied.joined:
        parts.append(f"{copied.joined} were there, read at other steps in one of the two")
    if copied.different:
        parts.append(f"{copied.different} are other ones there, which stay")
    log(f"copied to {opened_target.url}: {', '.join(parts)}")
    folder = artifacts_folder(opened.url)
    if folder.is_dir():
        log(
            f"note: files of the studies' pages stay in {folder}; a launch writes them anew, or: "
            f"cp -r {folder}/. {artifacts_folder(opened_target.url)}"
        )
