"""What a database complains of while results are read."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from dynstudy.store.database import database_errors
from dynstudy.store.studies import Storage

_Arguments = ParamSpec("_Arguments")
Read = TypeVar("Read")


class Stored(Protocol):
    """What reads a database."""

    _storage: Storage


S = TypeVar("S", bound=Stored)


def reading(
    method: Callable[Concatenate[S, _Arguments], Read],
) -> Callable[Concatenate[S, _Arguments], Read]:
    """Let a method raise that as a `StorageError` of one line, as the commands print it."""

    @wraps(method)
    def read(self: S, /, *args: _Arguments.args, **kwargs: _Arguments.kwargs) -> Read:
        with database_errors(self._storage.url, self._storage.engine):
            return method(self, *args, **kwargs)

    return read
