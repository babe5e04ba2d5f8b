"""The scheduler of a cluster: whether it is one, and that it is gone."""

import asyncio
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import distributed
from distributed import Client
from distributed.core import rpc
from distributed.security import Security
from distributed.versions import VersionMismatchWarning

from dynstudy.errors import ClusterError

CONNECT_SECONDS, ANSWER_SECONDS, CLOSE_SECONDS = 10.0, 60.0, 1.0

GOES_ON = "what has landed is recorded, and the same command goes on from there"
"""How an error that ends a launch ends."""


class Once(Client):  # type: ignore[misc] # Dask says no types
    """Dask's side of this process, which ends with its connection.

    Dask's would look for the scheduler again, which has forgotten what was to be trained by then.
    """

    async def _reconnect(self) -> None:
        await self._close()


@asynccontextmanager
async def talking(address: str, security: Security) -> AsyncIterator[Client]:
    """Talk to a scheduler; leaving does not wait for one that is gone.

    Yields:
        Dask's side of this process.

    Raises:
        ClusterError: what is there is no scheduler.
    """
    args = security.get_connection_args("client")
    async with rpc(address, connection_args=args, timeout=CONNECT_SECONDS) as scheduler:
        kind = (await asyncio.wait_for(scheduler.identity(), CONNECT_SECONDS))["type"]
    if kind != "Scheduler":
        raise ClusterError(f"{address} is a {kind.lower()} of Dask's, and no scheduler")
    client = Once(
        address, security=security, timeout=CONNECT_SECONDS, asynchronous=True, set_as_default=False
    )
    try:
        with warnings.catch_warnings():
            # versions of what matters are compared with each worker's
            warnings.simplefilter("ignore", VersionMismatchWarning)
            await client
        yield client
    finally:
        with suppress(Exception):
            await asyncio.wait_for(client.close(), CLOSE_SECONDS)
        client.status = "closed"  # or it would be closed again when it is collected, and waited for


async def who_is_there(client: Client, address: str) -> dict[str, dict[str, Any]]:
    """Ask a scheduler for its workers.

    Returns:
        What it says of each, by address.

    Raises:
        ClusterError: it does not answer any more.
    """
    why = "is gone"
    if client.status == "running":
        asked = client.scheduler.identity()
        try:
            return (await asyncio.wait_for(asked, ANSWER_SECONDS))["workers"]
        except TimeoutError:
            why = f"gave no answer for {ANSWER_SECONDS:.0f} s"
        except OSError:
            pass
    raise ClusterError(f"the scheduler at {address} {why}; {GOES_ON}, when it is back")


def in_a_line(error: Exception, address: str) -> ClusterError:
    """What went wrong with a cluster, in a line; one that is not started has no address yet."""
    if isinstance(error, ClusterError):
        return error
    cause: BaseException = error
    while isinstance(cause.__cause__, Exception):  # Dask says in the end that there was one
        cause = cause.__cause__
    silent = type(cause) is TimeoutError and not str(cause)
    text = "it says nothing" if silent else " ".join(str(cause).split()) or type(cause).__name__
    if isinstance(error, ImportError):
        return ClusterError(f"{text}; pip install 'dynstudy[cluster]'")
    if not address:
        return ClusterError(
            f"Dask's processes cannot be started here: {text}; look at its configuration, which is "
            "$DASK_CONFIG, ~/.config/dask and each $DASK_…, or do without --workers"
        )
    return ClusterError(
        f"what answers at {address} is no scheduler that can be talked to ({text}); is it `dask "
        f"scheduler`, of about the version here ({distributed.__version__}), and its TLS as here?"
    )
