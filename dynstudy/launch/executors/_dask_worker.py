"""What a launch does on a worker of Dask's; the worker imports this, and never sees a database."""

import os
import pickle
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from distributed import Worker, get_worker
from distributed.core import Status

from dynstudy.launch.executors.executor import Chunk
from dynstudy.launch.replicates import train_replicates
from dynstudy.store.ledger import Record
from dynstudy.store.provenance import Trainer, versions
from dynstudy.train.backends import at_once, load, per_device

ADVANCED_SECONDS = 1.0
"""How often a worker says how far it is."""

LOCK_SECONDS = 0.2
"""How often a chunk that waits for another launch's asks whether it is still wanted."""

ENDING = Status.closing_gracefully, Status.closing, Status.closed, Status.failed

_training = threading.Lock()  # one chunk at a time, whatever the threads that Dask gives its tasks


class Unwanted(Exception):  # noqa: N818 - it is no error
    """Leaves a chunk whose launch let go of it, or has ended."""


@dataclass(frozen=True)
class Greeting:
    """What a worker says of itself."""

    host: str
    pid: int
    versions: dict[str, str]
    devices: tuple[str, ...]  # the backend, once for each card that it stands for
    at_once: int  # networks that it trains at the same time on one of them
    error: Exception | None = None  # why the backend cannot be used there


@dataclass(frozen=True)
class Work:
    """A chunk as it is sent."""

    number: int  # of the launch, for what is said of it on the way
    topic: str  # where that is said
    pid: int  # of the process that is to do it
    chunk: Chunk
    backend: str


@dataclass(frozen=True)
class Delivery:
    """What came of it."""

    records: list[Record]
    trainer: Trainer
    seconds: float


class Call:
    """A call that is made where it is unpickled.

    A worker that lacks the function fails by itself, and the scheduler, which looks into what is
    submitted, needs nothing of dynstudy.
    """

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.called = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.called


def greet(backend: str) -> bytes:
    """Load the backend, and return a pickled `Greeting`."""
    devices, together, error = [backend], 0, None
    try:
        load(backend)
        devices = per_device(backend)
        together = at_once(devices[0])
    except Exception as reason:
        error = _sendable(reason)
    who = socket.gethostname(), os.getpid(), versions()
    return pickle.dumps(Greeting(*who, tuple(devices), together, error))


def train_work(work: Work) -> bytes:
    """Train a chunk.

    Returns:
        A `Delivery`, or the error that was raised, pickled.

    Raises:
        Unwanted: its launch does not wait for it any more.
    """
    worker = get_worker()
    key = worker.get_current_task()
    said_at = time.monotonic()

    def on_slice(step: int) -> None:
        nonlocal said_at
        _leave_if_unwanted(worker, key)
        if time.monotonic() - said_at >= ADVANCED_SECONDS:
            said_at = time.monotonic()
            worker.log_event(work.topic, [work.number, step])

    if work.pid != os.getpid():
        raise Unwanted  # Dask sent it to the process that took the place of a dead one
    while not _training.acquire(timeout=LOCK_SECONDS):
        _leave_if_unwanted(worker, key)
    try:
        began = time.monotonic()
        tasks, protocol = work.chunk.tasks, work.chunk.protocol
        records, outcome = train_replicates(tasks, protocol, work.backend, on_slice)
        trainer = Trainer.here(outcome.backend, outcome.device)
        delivery: Delivery | Exception = Delivery(records, trainer, time.monotonic() - began)
    except Unwanted:
        raise
    except Exception as error:
        delivery = _sendable(error)
    finally:
        _training.release()
    return pickle.dumps(delivery)


def _leave_if_unwanted(worker: Worker, key: Any) -> None:
    """Leave a task that Dask has taken back, or a worker that ends.

    It does that when the launch lets go of it, and when the launch, or its machine, is gone.

    Raises:
        Unwanted: it has.
    """
    task = worker.state.tasks.get(key)
    if task is None or task.state != "executing" or worker.status in ENDING:
        raise Unwanted


def _sendable(error: Exception) -> Exception:
    """The error, or one of its text if it is of a kind that cannot be sent."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
