"""``dynstudy rename``."""

from typing import Annotated

import typer

from dynstudy.cli.options import StorageOption, StudyArgument
from dynstudy.cli.pages import refresh_page
from dynstudy.cli.session import log, opened

EXAMPLES = ("dynstudy rename narrow regime-dce-narrow",)


def command(
    study: StudyArgument,
    new: Annotated[str, typer.Argument(help="Its name from now on.")],
    storage: StorageOption = None,
) -> None:
    """Rename a study: its trials, launches and networks stay."""
    from dynstudy.store.rename_note_tag import rename

    with opened(storage) as database:
        rename(database, study, new)
        refresh_page(database, new)
    log(f"{study} is now {new}; change the name in its study file as well to resume it")
