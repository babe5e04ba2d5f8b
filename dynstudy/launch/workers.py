"""Where a chunk of networks is trained: in this process, or in one of its own for each card."""

import multiprocessing
import signal
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from dynstudy.errors import BackendError
from dynstudy.launch.replicates import Task, draw_data, train_replicates
from dynstudy.protocol import Protocol
from dynstudy.section import Section
from dynstudy.store.ledger import Record
from dynstudy.store.provenance import Trainer
from dynstudy.study.spec import StudySpec
from dynstudy.task.losses import LOSSES
from dynstudy.train.backends import able, load, per_device
from dynstudy.train.ensemble import Demand

TrainedChunk = tuple[list[Record], Trainer]
Worker = Callable[[Sequence[Task], Protocol, Callable[[int], None]], TrainedChunk]
"""Trains a chunk; tells the steps taken to a function, and stops if that raises."""


def check_backend(backend: str, spec: StudySpec) -> None:
    """Load a backend for the losses of a study and their static ones.

    What else the study needs to be installed is found out, too.

    Raises:
        BackendError: the backend is not on this machine, or cannot train such networks.
        SpecError: the study needs what is not installed, or a file that is not there any more.
        TypeError: it is no study, but the path of a study file, which is to be read first.
    """
    if not isinstance(spec, Section):  # as all that is read from a file is
        raise TypeError(f"{str(spec)!r} is no study: dynstudy.load_spec reads one from its file")
    spec.check_installed()
    protocol = spec.protocol
    if protocol.initial is not None:
        protocol.initial.arrays(protocol.data.classes, protocol.dtype)
    data = draw_data(protocol.data, seeds=[0])
    asked = protocol.curvature
    shape = data.features, data.classes, spec.widest, spec.most_steps, protocol.dtype
    watched = (asked.onsets, asked.uphill, asked.loss) if asked is not None else ()
    for loss in (*spec.loss, *(LOSSES[loss].static for loss in spec.loss)):
        load(able(backend, Demand(loss, *shape, *watched)))


def workers(backend: str) -> list[Worker]:
    """Return what trains networks side by side: this process, or one for each of several cards.

    One Python can hardly keep two cards busy. Processes start when they get their first chunk.
    """
    backends = per_device(backend)
    if len(backends) == 1:
        return [partial(train_here, backend)]
    return [Apart(of_card) for of_card in backends]


def train_here(
    backend: str, chunk: Sequence[Task], protocol: Protocol, on_slice: Callable[[int], None]
) -> TrainedChunk:
    """Train a chunk in this process, and say what did."""
    records, outcome = train_replicates(chunk, protocol, backend, on_slice)
    return records, Trainer.here(outcome.backend, outcome.device)


class Apart:
    """A process of its own, which ends with this one, or when a chunk is dropped."""

    def __init__(self, backend: str) -> None:
        self.backend = backend
        self.process: BaseProcess | None = None
        self.connection: Connection | None = None

    def __call__(
        self, chunk: Sequence[Task], protocol: Protocol, on_slice: Callable[[int], None]
    ) -> TrainedChunk:
        """Train a chunk there; what `on_slice` raises ends it, and its end is a `BackendError`."""
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


def _serve(connection: Connection, backend: str) -> None:
    """Train what is sent, until nobody is there any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    try:
        while True:
            chunk, protocol = connection.recv()
            try:
                answer: object = train_here(backend, chunk, protocol, connection.send)
            except ConnectionError:
                raise
            except Exception as error:  # a full disk, too, is an error of this side to be told
                answer = error
            connection.send(answer)
    except (EOFError, ConnectionError):
        pass
