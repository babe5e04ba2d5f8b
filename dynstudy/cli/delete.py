"""``dynstudy delete``."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from dynstudy.cli.options import StorageOption, StudyArgument
from dynstudy.cli.session import log, opened

if TYPE_CHECKING:
    from dynstudy.store.deletion import Deletion

EXAMPLES = ("dynstudy delete narrow", "dynstudy delete narrow --purge --yes")


def command(
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

    with opened(storage) as database:
        planned = plan_deletion(database, study, purge=purge)
        summary = _summary(planned)
        if not yes:
            if not sys.stdin.isatty():
                raise DynstudyError(
                    f"nothing is deleted: nobody is there to ask; --yes deletes {summary}"
                )
            # asked even when quiet, and not by `typer.confirm`, which writes to stdout as well
            typer.echo(f"{summary}. Delete? [y/N] ", nl=False, err=True)
            if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
                log("nothing is deleted")
                return
        files = own_artifacts(database, database.study(study))
        delete_study(database, planned)
        for file in files:
            file.unlink(missing_ok=True)
    log(f"deleted: {summary}")


def _summary(planned: "Deletion") -> str:
    trials = f"study {planned.study!r} with its {planned.trials} trials"
    if not planned.purge:
        return f"{trials}, while its networks stay in the ledger"
    stay = f", while {planned.shared} that other studies need stay" if planned.shared else ""
    return f"{trials} and {planned.count} of its networks{stay}"
