"""The studies of a database, opened to be read."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from dynstudy.errors import DamagedError
from dynstudy.report.rows import Rows
from dynstudy.results.look import Look
from dynstudy.results.reading import reading
from dynstudy.results.study import SHOWN, Study, study_rows
from dynstudy.store.database import anchored, parse, storage_url
from dynstudy.store.studies import Storage


def open(storage: str | Path | Storage | None = None) -> "Studies":  # noqa: A001 - dynstudy.open
    """Open the studies of a database to read them; nothing is made, changed or upgraded.

    Args:
        storage: the path of an SQLite file, a database URL or an open storage; if None,
            ``$DYNSTUDY_STORAGE``, ``$OPTUNA_STORAGE`` or ``storage/dynstudy.db``, as the commands
            take it. A path is relative to the working directory, which is a notebook's folder.

    Returns:
        The studies, by name.

    Raises:
        StorageError: the database is not there, or cannot be read.
    """
    if isinstance(storage, Storage):
        return Studies(storage)
    url = storage_url(storage)
    if url.startswith("sqlite:///"):  # whole, since a notebook does not show in which folder it is
        url = anchored(parse(url)).render_as_string(hide_password=False)
    return Studies(Storage(url))


class Studies(Look):
    """The studies of a database, in order of their names: ``studies["quickstart"]``.

    Each look is a new one: it sees what a launch has recorded meanwhile.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    @property
    @reading
    def names(self) -> list[str]:
        """What they are called."""
        return self._storage.names()

    @reading
    def __getitem__(self, name: str) -> Study:
        if not isinstance(name, str):
            raise TypeError(f"studies are taken by name, as in studies['quickstart'], not {name!r}")
        self._storage.study(name)  # or an error that names the nearest
        return Study(self._storage, name)

    def __iter__(self) -> Iterator[Study]:
        return (Study(self._storage, name) for name in self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def _ipython_key_completions_(self) -> list[str]:
        return self.names

    @reading
    def table(self) -> pd.DataFrame:
        """Return a row per study: name, kind, losses, state, cells, networks, date (UTC).

        A study that is damaged is left out with a warning that says where.
        """
        return pd.DataFrame(study_rows(self._storage, skip=_warn), columns=list(SHOWN))

    @reading
    def _look(self) -> tuple[str, Rows]:
        damaged: list[DamagedError] = []
        rows = study_rows(self._storage, skip=damaged.append)
        studies = "1 study" if len(rows) == 1 else f"{len(rows)} studies"
        line = f"{studies} in {self._storage.url}"
        return "; not shown: ".join([line, *map(str, damaged)]), rows


def _warn(error: DamagedError) -> None:
    warnings.warn(str(error), stacklevel=2)
