"""``dynstudy list``."""

from enum import StrEnum
from typing import Annotated

import typer

from dynstudy.cli.options import FormatOption, StorageOption
from dynstudy.cli.session import log, opened, show_rows
from dynstudy.report.words import Format, Status
from dynstudy.study.kinds import KINDS

EXAMPLES = (
    "dynstudy list --match 'regime-*' --status incomplete",
    "dynstudy list --tag paper --format json",
)

Kind = StrEnum("Kind", list(KINDS))  # type: ignore[misc]


def command(
    status: Annotated[Status | None, typer.Option(help="Only these.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only these.")] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(metavar="TAG", help="Only studies with this tag; with all, if several."),
    ] = None,
    match: Annotated[
        str, typer.Option(metavar="PATTERN", help="Only names like this, as in 'regime-*'.")
    ] = "*",
    storage: StorageOption = None,
    form: FormatOption = Format.table,
) -> None:
    """List the studies in the storage, with their sizes."""
    from dynstudy.errors import DamagedError
    from dynstudy.report.listing import list_rows

    wrong: list[DamagedError] = []
    with opened(storage) as database:
        rows = list_rows(
            database, status=status, kind=kind, tags=tag or (), match=match, skip=wrong.append
        )
        empty = not rows and not database.names()
    if not rows and not wrong:
        log("there are no studies yet" if empty else "no study is like that")
    show_rows(rows, form)
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise DamagedError(f"{wrong[0]}{more}")
