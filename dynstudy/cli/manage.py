"""Housekeeping: ``rename``, ``delete``, ``note`` and ``tag``; nothing is trained."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from dynstudy.cli.common import FormatOption, StorageOption, StudyArgument, log, opened, row_format
from dynstudy.cli.pages import refresh_page

if TYPE_CHECKING:
    from dynstudy.store.deletion import Deletion


def rename(
    study: StudyArgument,
    new: Annotated[str, typer.Argument(help="Its name from now on.")],
    storage: StorageOption = None,
) -> None:
    """Rename a study: its trials, launches and networks stay."""
    from dynstudy.store import rename_note_tag as manage

    with opened(storage) as found:
        manage.rename(found, study, new)
        refresh_page(found, new)
    log(f"{study} is now {new}; change the name in its study file as well to resume it")


def delete(
    study: StudyArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    purge: Annotated[
        bool,
        typer.Option("--purge", help="Delete its networks, too, where no other study needs them."),
    ] = False,
    storage: StorageOption = None,
) -> None:
    """Delete a study; its networks stay in the ledger, unless purged."""
    from dynstudy.dashboard.artifacts import own_artifacts
    from dynstudy.errors import DynstudyError
    from dynstudy.store.deletion import delete_study, plan_deletion

    with opened(storage) as found:
        planned = plan_deletion(found, study, purge=purge)
        told = _told(planned)
        if not yes:
            if not sys.stdin.isatty():
                raise DynstudyError(f"{told}; there is nobody to ask: say --yes to do it")
            # asked even when quiet, and not by `typer.confirm`, which writes to stdout as well
            typer.echo(f"{told}. Delete? [y/N] ", nl=False, err=True)
            if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
                log("nothing is deleted")
                return
        files = own_artifacts(found, found.study(study))
        delete_study(found, planned)
        for file in files:
            file.unlink(missing_ok=True)
    log(f"deleted: {told}")


def _told(planned: "Deletion") -> str:
    trials = f"study {planned.study!r} with its {planned.trials} trials"
    if not planned.purge:
        return f"{trials}, while its networks stay in the ledger"
    stay = f", while {planned.shared} that other studies need stay" if planned.shared else ""
    return f"{trials} and {len(planned.networks)} of its networks{stay}"


def note(
    study: StudyArgument,
    text: Annotated[str | None, typer.Argument(help="Your words, of any length.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Remove the note.")] = False,
    storage: StorageOption = None,
) -> None:
    """Print or set your own note on a study."""
    from dynstudy.store.rename_note_tag import note_of, set_note

    if clear and text is not None:
        raise typer.BadParameter("a text and --clear exclude each other")
    if text is not None and not text.strip():
        raise typer.BadParameter("the text is empty; --clear removes the note")
    with opened(storage) as found:
        if clear or text is not None:
            set_note(found, study, text or "")
            refresh_page(found, study)
        elif kept := note_of(found.study(study)):
            typer.echo(kept)
        else:
            log(f"{study} has no note")


def tag(
    study: StudyArgument,
    add: Annotated[list[str] | None, typer.Argument(metavar="TAG", help="Words to add.")] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="TAG", help="Remove a tag.")
    ] = None,
    storage: StorageOption = None,
    form: FormatOption = "table",
) -> None:
    """Print the tags of a study, after adding or removing some."""
    from dynstudy.report.rows import print_rows
    from dynstudy.store.rename_note_tag import change_tags

    shape = row_format(form)
    with opened(storage) as found:
        tags = change_tags(found, study, add or (), remove or ())
    if not tags:
        log(f"{study} has no tags")
    print_rows([{"tag": tag} for tag in tags], shape, sys.stdout)
