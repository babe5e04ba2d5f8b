"""An executor that is not dynstudy's: it trains at once, while a chunk is handed to it."""

from collections.abc import Sequence

from dynstudy.launch.executors.executor import Chunk, Executor, Failed, Slot, Trained
from dynstudy.launch.replicates import train_replicates
from dynstudy.store.provenance import Trainer


class AtOnce(Executor):
    def __init__(self, backend: str) -> None:
        super().__init__()
        self.backend = backend

    def slots(self) -> Sequence[Slot]:
        return [Slot("at once", 2)]

    def submit(self, slot: Slot, chunk: Chunk) -> None:
        try:
            if chunk.steps > 10**6:
                return  # nobody waits for it
            records, outcome = train_replicates(chunk.tasks, chunk.protocol, self.backend)
            trainer = Trainer.here(outcome.backend, outcome.device)
            self.events.put(Trained(chunk, slot, records, trainer, 0.1))
        except Exception as error:
            self.events.put(Failed(chunk, slot, error))

    def stop(self, *, drop: bool) -> bool:
        return True


def at_once(backend: str, workers: int) -> AtOnce:
    return AtOnce(backend)
