"""``dynstudy storage check``."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from dynstudy.cli.options import FormatOption, StorageOption
from dynstudy.cli.session import log, opened, reported, show_rows
from dynstudy.report.words import Format

if TYPE_CHECKING:
    from dynstudy.upkeep._finding import Finding

EXAMPLES = ("dynstudy storage check", "dynstudy storage check --mend")


def command(
    mend: Annotated[
        bool, typer.Option("--mend", help="Mend what can be, and say what was done.")
    ] = False,
    storage: StorageOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Look for what is broken in a database: its file, its ledger, its trials, its launches.

    A line for each thing that is: which table and row, what is wrong with it, and the way out.
    Nothing is printed where nothing is. It may be done while studies are run; mending may not.

    Looked at are an SQLite file as a whole; tables and indexes; whether every value can be what was
    written there; rows that refer to others which are not there; networks, whose keys are the
    SHA-256 of their columns, whose series reach their ends, and whose measures are those of their
    series; trials, which are numbered, one for each cell of a grid, and the means of their
    networks; launches, whose processes are there where they say so.
    """
    from dynstudy.errors import StorageError
    from dynstudy.store.database import storage_url
    from dynstudy.store.studies import Storage
    from dynstudy.upkeep import check as checking

    with opened(storage) as database:
        with reported("check") as report:
            checked = checking.check_database(database, report)
        if mend and any(finding.mending for finding in checked.findings):
            checking.refuse_while_running(database)
            database.engine.dispose()
            database = Storage(storage_url(storage), create=True)
            with reported("check") as report:
                checking.mend_all(database, _said, report)
                checked = checking.check_database(database, report)
    broken = checked.broken
    if form is Format.table:
        for finding in broken:
            typer.echo(str(finding))
        sys.stdout.flush()
    else:
        show_rows([finding.facts for finding in broken], form)
    for finding in checked.findings:
        if not finding.broken:
            log(f"note: {finding}")
    log(f"{database.url}: {checked.looked}")
    if broken:
        things = "one thing is" if len(broken) == 1 else f"{len(broken)} things are"
        raise StorageError(f"storage {database.url}: {things} broken, a line each on stdout")


def _said(finding: "Finding") -> None:
    log(f"mended: {finding}")
