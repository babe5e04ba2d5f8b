"""``dynstudy tag``."""

from typing import Annotated

import typer

from dynstudy.cli.options import FormatOption, StorageOption, StudyArgument
from dynstudy.cli.session import log, opened, show_rows
from dynstudy.report.words import Format

EXAMPLES = ("dynstudy tag quickstart paper checked", "dynstudy tag quickstart --remove checked")


def command(
    study: StudyArgument,
    add: Annotated[list[str] | None, typer.Argument(metavar="TAG", help="Words to add.")] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="TAG", help="Remove a tag.")
    ] = None,
    storage: StorageOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Print the tags of a study, after adding or removing some."""
    from dynstudy.store.rename_note_tag import change_tags

    with opened(storage) as database:
        tags = change_tags(database, study, add or (), remove or ())
    if not tags:
        log(f"{study} has no tags")
    show_rows([{"tag": tag} for tag in tags], form)
