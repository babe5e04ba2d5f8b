"""Where a chunk of networks is trained: in this process, or in one of its own for each card."""

import multiprocessing
import signal
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from dynstudy.config import Protocol
from dynstudy.errors import BackendError
from dynstudy.launch.replicates import Task, train_replicates
from dynstudy.store.ledger import Record
from dynstudy.store.provenance import Trainer
from dynstudy.train.backends import side_by_side

Trained = tuple[list[Record], Trainer]
Place = Callable[[Sequence[Task], Protocol, Callable[[int], None]], Trained]
"""Trains a chunk; tells the steps taken to a function, and stops if that raises."""


def places(backend: str) -> list[Place]:
    """Find where networks are trained side by side.

    Args:
        backend: as in `dynstudy.train.train`.

    Returns:
        This process; or a process for each of several cards, since one Python can hardly keep two
        busy. They start when they get their first chunk.

    Raises:
        BackendError: there is no such backend.
    """
    backends = side_by_side(backend)
    return [(Here if len(backends) == 1 else Apart)(name) for name in backends]


class Here:
    """This process."""

    def __init__(self, backend: str) -> None:
        self.backend = backend

    def __call__(
        self, chunk: Sequence[Task], protocol: Protocol, on_slice: Callable[[int], None]
    ) -> Trained:
        """Train a chunk."""
        return _train(chunk, protocol, self.backend, on_slice)


class Apart:
    """A process of its own, which ends with this one, or when a chunk is dropped."""

    def __init__(self, backend: str) -> None:
        self.backend = backend
        self.process: BaseProcess | None = None
        self.connection: Connection | None = None

    def __call__(
        self, chunk: Sequence[Task], protocol: Protocol, on_slice: Callable[[int], None]
    ) -> Trained:
        """Train a chunk in that process; what `on_slice` raises ends the process."""
        connection = self._connected()
        try:
            connection.send((chunk, protocol))
            while isinstance(answer := connection.recv(), int):
                on_slice(answer)
        except (EOFError, OSError) as error:
            code = self._end()
            raise BackendError(
                f"the process that trained on {self.backend} ended with exit code {code}; what it "
                "was training is lost, all else is recorded: run the study again"
            ) from error
        except BaseException:
            self._end()
            raise
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _connected(self) -> Connection:
        if self.connection is None or self.process is None or not self.process.is_alive():
            # a fork would share what CUDA and the thread pools of this process are in the midst of
            context = multiprocessing.get_context("spawn")
            self.connection, other = context.Pipe()
            self.process = context.Process(
                target=_serve,
                args=(other, self.backend),
                name=f"dynstudy-{self.backend}",
                daemon=True,
            )
            self.process.start()
            other.close()  # the process has it: its end is noticed here, and ours there
        return self.connection

    def _end(self) -> int | None:
        assert self.process is not None
        assert self.connection is not None
        self.process.join(timeout=0.1)
        self.process.kill()
        self.process.join()
        self.connection.close()
        code, self.process, self.connection = self.process.exitcode, None, None
        return code


def _train(
    chunk: Sequence[Task], protocol: Protocol, backend: str, on_slice: Callable[[int], None]
) -> Trained:
    """Train a chunk in this process, and say what did."""
    records, outcome = train_replicates(chunk, protocol, backend, on_slice)
    return records, Trainer.here(outcome.backend, outcome.device)


def _serve(connection: Connection, backend: str) -> None:
    """Train what is sent, until nobody is there any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    try:
        while True:
            chunk, protocol = connection.recv()
            try:
                answer: object = _train(chunk, protocol, backend, connection.send)
            except ConnectionError:
                raise
            except Exception as error:  # a full disk, too, is an error of this side to be told
                answer = error
            connection.send(answer)
    except (EOFError, ConnectionError):
        pass
