"""``dynstudy storage sizes``."""

from dynstudy.cli.options import FormatOption, StorageOption
from dynstudy.cli.session import opened, reported, show_rows
from dynstudy.report.words import Format

EXAMPLES = ("dynstudy storage sizes", "dynstudy storage sizes --format csv")


def command(storage: StorageOption = None, form: FormatOption = Format.table) -> None:
    """Show how many rows and bytes each table has, and the networks of each study.

    Bytes of a table are as the database tells them, its indexes included; those of a study are of
    its networks, pixels of an atlas included, and their series, about. Networks that
    `purged_networks` counts are those that `dynstudy delete --purge` of this study alone would
    delete, since no other study needs them.
    """
    from dynstudy.upkeep.sizes import sizes

    with opened(storage) as database, reported("sizes") as report:
        rows = sizes(database, report)
    show_rows(rows, form)
