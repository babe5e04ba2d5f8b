"""What a database complains of while results are read."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from dynstudy.store.database import database_errors
from dynstudy.store.studies import Storage

Arguments = ParamSpec("Arguments")
Read = TypeVar("Read")


class Stored(Protocol):
    """What reads a database."""

    _storage: Storage


S = TypeVar("S", bound=Stored)


def reads(
    method: Callable[Concatenate[S, Arguments], Read],
) -> Callable[Concatenate[S, Arguments], Read]:
    """Let a method raise that as a `StorageError` of one line, as the commands print it."""

    @wraps(method)
    def read(self: S, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Read:
        with database_errors(self._storage.url, self._storage.engine):
            return method(self, *args, **kwargs)

    return read
