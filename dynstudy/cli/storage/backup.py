"""``dynstudy storage backup``."""

from pathlib import Path
from typing import Annotated

import typer

from dynstudy.cli.options import StorageOption
from dynstudy.cli.session import log, opened, reported

EXAMPLES = ("dynstudy storage backup before.db",)


def command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")],
    storage: StorageOption = None,
) -> None:
    """Copy an SQLite database into one new file, whoever writes to it meanwhile, and check it.

    For PostgreSQL it says what does that.
    """
    from dynstudy.store.database import storage_url
    from dynstudy.upkeep.backup import back_up

    with opened(storage) as database, reported("backup") as report:
        size = back_up(database, storage_url(storage), file, report)
    log(f"wrote {file} ({size / 1e6:.1f} MB)")
