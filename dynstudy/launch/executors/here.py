"""The executor of one process: it trains in a thread, so that others are free to answer."""

import threading
import time
from collections.abc import Sequence

from dynstudy.launch.executors.executor import Advanced, Chunk, Executor, Failed, Slot, Trained
from dynstudy.launch.replicates import train_replicates
from dynstudy.store.provenance import Trainer
from dynstudy.train.backends import at_once

DROP_SECONDS = 1.0
"""How long a dropped chunk may take to notice it."""


class Dropped(Exception):  # noqa: N818 - it is no error
    """Leaves the training thread between two slices."""


class Here(Executor):
    """This process, which has one slot."""

    def __init__(self, backend: str) -> None:
        super().__init__()
        self.backend = backend
        self.slot = Slot("this process", at_once(backend))
        self._dropped = threading.Event()
        self._thread: threading.Thread | None = None

    def slots(self) -> Sequence[Slot]:
        """The one that there is."""
        return [self.slot]

    def submit(self, slot: Slot, chunk: Chunk) -> None:
        """Train a chunk in a thread."""

        def on_slice(step: int) -> None:
            if self._dropped.is_set():
                raise Dropped
            self.events.put(Advanced(chunk, slot, step))

        def train() -> None:
            began = time.monotonic()
            try:
                records, outcome = train_replicates(
                    chunk.tasks, chunk.protocol, self.backend, on_slice
                )
                trainer = Trainer.here(outcome.backend, outcome.device)
                seconds = time.monotonic() - began
                self.events.put(Trained(chunk, slot, records, trainer, seconds))
            except Dropped:
                pass
            except Exception as error:
                self.events.put(Failed(chunk, slot, error))

        self._thread = threading.Thread(target=train, name="dynstudy-train", daemon=True)
        self._thread.start()

    def stop(self, *, drop: bool) -> bool:
        """End all; a thread that compiles, or is in a very long step, does not notice it."""
        if drop:
            self._dropped.set()
        if self._thread is not None:
            self._thread.join(DROP_SECONDS if drop else None)
        return self._thread is None or not self._thread.is_alive()


def here(backend: str, workers: int = 1) -> Here:
    """Return this process, which is one, however many are asked for."""
    return Here(backend)
