"""``dynstudy storage upgrade``."""

from dynstudy.cli.options import StorageOption
from dynstudy.cli.session import log, opened

EXAMPLES = ("dynstudy storage upgrade", "dynstudy storage upgrade --storage old.db")


def command(storage: StorageOption = None) -> None:
    """Bring the tables of a database that an older dynstudy made up to date.

    Whatever writes to such a database does that by itself; what only reads it, reads it as it is.
    """
    from dynstudy.store.database import storage_url
    from dynstudy.store.studies import Storage
    from dynstudy.upkeep.check import outdated, schema_version

    with opened(storage) as database:
        before, why = schema_version(database), outdated(database)
        if not why:
            log(f"{database.url}: is up to date: its schema is {before}")
            return
        database.engine.dispose()
    upgraded = Storage(storage_url(storage), create=True)
    after = schema_version(upgraded)
    what = f"from schema {before} to {after}" if after != before else "its columns"
    log(f"{upgraded.url}: is upgraded: {what}; its networks are what they were")
