"""``dynstudy note``."""

from typing import Annotated

import typer

from dynstudy.cli.options import StorageOption, StudyArgument
from dynstudy.cli.pages import refresh_page
from dynstudy.cli.session import log, opened
from dynstudy.errors import DynstudyError, printable

EXAMPLES = ("dynstudy note quickstart 'the band moves with the width'", "dynstudy note quickstart")


def command(
    study: StudyArgument,
    text: Annotated[str | None, typer.Argument(help="Your words, of any length.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Remove the note.")] = False,
    storage: StorageOption = None,
) -> None:
    """Print or set your own note on a study."""
    from dynstudy.store.rename_note_tag import note_of, set_note

    if clear and text is not None:
        raise DynstudyError("a text and --clear exclude each other")
    if text is not None and not text.strip():
        raise DynstudyError("the text is empty; --clear removes the note")
    with opened(storage) as database:
        if clear or text is not None:
            set_note(database, study, text or "")
            refresh_page(database, study)
        elif note := note_of(database.study(study)):
            typer.echo(printable(note, keep="\n\t"))
        else:
            log(f"{study} has no note")
