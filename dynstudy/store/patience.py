"""What talks to the database, run again after an error that passes, for as long as one may wait.

A connection that broke, a server that starts anew, a full disk or a locked file pass; a table that
is not there or a wrong password do not. What is run again has to come to the same when its first
commit arrived and only the answer to it was lost.
"""

import random
import re
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import DBAPIError, PendingRollbackError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from dynstudy.errors import Interrupted, StorageError

Options = ParamSpec("Options")
Returned = TypeVar("Returned")

FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.1, 5.0, 1.6  # seconds
LOOK_SECONDS = 0.1  # how often a pause looks whether it is to end
AT_ONCE_SECONDS = 0.05
STOPPED_SECONDS = 10.0
"""How long the last results of a launch that is told to stop already are tried to be recorded."""

COLLISIONS = re.compile("40(?!002)...")
"""PostgreSQL's states of a transaction that met another one: run again, it mostly gets through."""

PASSING = re.compile("08...|40(?!002)...|53...|55P03|57014|57P0[1235]|58000|58030|25P0[34]")
"""Its states that pass. Broken connections, without a state, do, too."""

REFUSED = re.compile(
    "authentication failed|no password supplied|does not exist|no pg_hba.conf entry|"
    "permission denied|is not permitted|certificate|invalid .*option|unsupported"
)
"""In what a server says that refuses a connection, which has no state either."""

SQLITE_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,  # of the files beside the database, which need room, too
    sqlite3.SQLITE_PROTOCOL,
}


PATIENCE_SECONDS = 300.0
"""How long a database, or the workers of a launch, may be away, if nothing else is asked for."""


class Patience:
    """Runs a function that uses the database, again and again while the database is not there.

    Args:
        seconds: how long, from the first failure on.
        say: takes the line that says what is waited for, and the one that it is over.
        stopped: whether a person wants an end; asked ten times a second.
        storage: the database as it is shown, without a password.
    """

    def __init__(
        self,
        seconds: float,
        say: Callable[[str], None],
        stopped: Callable[[], bool],
        storage: str = "",
    ) -> None:
        self.seconds, self.say, self.stopped = seconds, say, stopped
        self.storage = f"storage {storage}" if storage else "storage"

    def __call__(
        self,
        function: Callable[Options, Returned],
        *arguments: Options.args,
        **options: Options.kwargs,
    ) -> Returned:
        """Return what a function returns, which may have been begun several times.

        Raises:
            StorageError: the database was not there for so long.
            SQLAlchemyError: an error that does not pass.
            StorageInternalError: such an error, by Optuna.
            Interrupted: it was told to stop meanwhile.
        """
        outage: _Outage | None = None
        while True:
            try:
                result = function(*arguments, **options)
            except (SQLAlchemyError, StorageInternalError, StorageError) as error:
                if (reason := passing(error)) is None:
                    raise
                outage = outage or _Outage(self.seconds, self.stopped())
                self._wait(outage, reason, error)
            else:
                if outage is not None and outage.said:
                    self.say(f"{self.storage}: is back after {_span(outage.seconds)}")
                return result

    def _wait(self, outage: "_Outage", reason: str, error: Exception) -> None:
        if collided(error) and outage.seconds < max(self.seconds, STOPPED_SECONDS):
            time.sleep(random.uniform(0.0, AT_ONCE_SECONDS))
            return
        if outage.seconds >= outage.limit:
            tried = f", tried again for {_span(self.seconds)}" if outage.said else ""
            raise StorageError(
                f"{self.storage}: {reason}{tried}; what is recorded is kept, and the same command "
                "goes on when the database is there; --patience waits longer"
            ) from error
        if not outage.said:
            self.say(f"{self.storage}: {reason}; trying again for {_span(outage.limit)}")
            outage.said = True
        end = time.monotonic() + outage.pause * random.uniform(0.8, 1.2)
        outage.pause = min(outage.pause * GROWTH, LONGEST_PAUSE)
        while (left := end - time.monotonic()) > 0:
            if self.stopped() and not outage.stopping:
                raise Interrupted from error
            time.sleep(min(left, LOOK_SECONDS))


IMPATIENT = Patience(0, lambda _: None, lambda: False)
"""Tries again what collided with another transaction, and waits for nothing."""


@dataclass
class _Outage:
    """From the first failure until the function returns."""

    patience: float
    stopping: bool  # since before
    began: float = field(default_factory=lambda: time.monotonic())
    pause: float = FIRST_PAUSE
    said: bool = False

    @property
    def seconds(self) -> float:
        """That it lasts by now."""
        return time.monotonic() - self.began

    @property
    def limit(self) -> float:
        """How long it may last."""
        return min(self.patience, STOPPED_SECONDS) if self.stopping else self.patience


def passing(error: BaseException) -> str | None:
    """Return why a database cannot be used just now, in one line; None where waiting is no use."""
    error = _of_database(error)
    if isinstance(error, PendingRollbackError | PoolTimeoutError):
        return _line(error)
    if not isinstance(error, DBAPIError) or error.orig is None:
        return None
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", None)  # its last byte is the kind of error
        return _line(cause) if code is not None and code & 0xFF in SQLITE_PASSING else None
    state = state_of(error)
    if state is not None:
        passes = bool(PASSING.fullmatch(state))
    else:
        kind = type(cause).__name__
        broken = error.connection_invalidated or kind in {"OperationalError", "InterfaceError"}
        broken = broken or "Timeout" in kind
        passes = broken and not REFUSED.search(str(cause))
    return _line(cause) if passes else None


def collided(error: BaseException) -> bool:
    """Whether a transaction of PostgreSQL was given up for another one."""
    return bool(COLLISIONS.fullmatch(state_of(_of_database(error)) or ""))


def state_of(error: BaseException) -> str | None:
    """PostgreSQL's five letters for an error, if there are any."""
    cause = getattr(error, "orig", None)
    return getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)


def _of_database(error: BaseException) -> BaseException:
    """Without what we and Optuna wrap around it; what a kind of `StorageError` says is final."""
    while type(error) is StorageError or isinstance(error, StorageInternalError):
        if not isinstance(error.__cause__, SQLAlchemyError | StorageInternalError):
            break
        error = error.__cause__
    return error


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__


def _span(seconds: float) -> str:
    """A length of time as one says it: 5 minutes, 1.3 seconds."""
    count, unit = (seconds / 60, "minute") if seconds >= 60 else (seconds, "second")
    text = f"{count:.2g}" if count < 100 else f"{count:.0f}"
    return f"{text} {unit}" if text == "1" else f"{text} {unit}s"
