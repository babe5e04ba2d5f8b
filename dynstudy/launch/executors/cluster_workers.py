"""The workers of a cluster as a launch knows them: who came, can be used, is silent, is gone."""

import asyncio
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from distributed import Client

from dynstudy.launch.executors._dask_worker import Call, Greeting, Unwanted, greet
from dynstudy.launch.executors.executor import Chunk, Event, Lost, Said, Slot
from dynstudy.store.provenance import versions

SILENT_SECONDS = 60.0
"""Without a sign, after which a worker is given up; it gives one every half second to five."""

COMPARED = ("dynstudy", "numpy", "numba", "torch", "triton")
"""The packages of a worker that must be those of the launch."""


@dataclass(eq=False)
class Member:
    """A process of the cluster."""

    address: str
    slot: Slot | None = None  # None before it has greeted, while it is silent, if it is refused
    greeting: Greeting | None = None
    backend: str = ""  # with the card that is its
    refused: bool = False
    last_seen: float = 0.0  # by the scheduler's clock
    silent: float = 0.0  # seconds since that moved, as far as they were watched
    running: bool = True  # neither paused nor closing, as Dask has it
    leaving: bool = False  # on purpose
    chunk: Chunk | None = None
    task: asyncio.Task[None] | None = None  # greets it, or waits for its chunk

    @property
    def gone(self) -> str:
        """How it went, after its name."""
        return "was told to end" if self.leaving else "is gone"

    @property
    def card(self) -> tuple[str, str] | None:
        """The machine and the card that it takes."""
        return (self.greeting.host, self.backend) if self.greeting is not None else None


class ClusterWorkers:
    """Those of one scheduler; all methods are called in the thread that talks to it."""

    def __init__(
        self, client: Client, backend: str, other_versions: bool, say: Callable[[Event], None]
    ) -> None:
        self.client, self.backend, self.other_versions = client, backend, other_versions
        self.say = say
        self.refused = 0
        self.slots: tuple[Slot, ...] = ()  # of those that can be used
        self._workers = dict[str, Member]()  # by address
        self._names = set[str]()  # of slots, now or before

    def of(self, slot: Slot) -> Member | None:
        """The worker that has a slot; None if it is gone."""
        return next((each for each in self._workers.values() if each.slot == slot), None)

    def look(self, there: dict[str, dict[str, Any]], watched: float) -> None:
        """Compare who is there, as the scheduler tells by address, with who was.

        Args:
            there: what the scheduler says of each worker.
            watched: seconds since the last look.
        """
        for address, state in there.items():
            worker = self._workers.get(address) or self._came(address)
            moved = state["last_seen"] != worker.last_seen
            worker.silent = 0.0 if moved else worker.silent + watched
            worker.last_seen, worker.running = state["last_seen"], state["status"] == "running"
            if worker.silent >= SILENT_SECONDS:
                self._give_up(worker, f"gave no sign for {SILENT_SECONDS:.0f} s", killed=False)
            elif worker.slot is None and worker.task is None and not worker.refused:
                worker.task = asyncio.create_task(self._greet(worker))
        for address in set(self._workers) - set(there):
            self._gone(address)
        self._count()

    def _came(self, address: str) -> Member:
        worker = self._workers[address] = Member(address)
        self.client.subscribe_topic(address, lambda event: self._hear(address, event[1]))
        return worker

    def _hear(self, address: str, message: Any) -> None:
        """Notice at once what the scheduler says of a worker."""
        action = message.get("action") if isinstance(message, dict) else None
        if action == "remove-worker":
            self._gone(address)
        elif address in self._workers and (
            action == "closing-worker" or message.get("status") == "closing_gracefully"
        ):
            self._workers[address].leaving = True

    def _gone(self, address: str) -> None:
        if (worker := self._workers.pop(address, None)) is not None:
            self.client.unsubscribe_topic(address)
            self._give_up(worker, worker.gone, killed=not worker.leaving)

    def _give_up(self, worker: Member, why: str, *, killed: bool) -> None:
        """Say that a worker's chunk is lost, and offer its slot no more."""
        if worker.task is not None:
            worker.task.cancel()
        chunk, slot = worker.chunk, worker.slot
        worker.task = worker.chunk = worker.slot = None
        self._count()
        if chunk is not None and slot is not None:
            self.say(Lost(chunk, slot, why, killed))

    async def _greet(self, worker: Member) -> None:
        """Find out whether a worker can be used, and for what."""
        try:
            content = await sent(self.client, worker, Call(greet, self.backend))
            greeting: Greeting = pickle.loads(content)
            why = self._refusal(greeting)  # of another dynstudy, it may lack something
        except Exception as error:
            if self.client.status != "running":
                return  # it is the launch that ends, or the scheduler
            self._refuse(
                worker,
                worker.address,
                f"it cannot run this dynstudy ({type(error).__name__}: {error}); install there "
                "what is installed here",
            )
            return
        worker.greeting, worker.task = greeting, None
        if why is not None:
            self._refuse(worker, f"{greeting.host}:{greeting.pid}", why)
            return
        taken = [each.card for each in self._workers.values() if each is not worker]
        worker.backend = min(greeting.devices, key=lambda card: taken.count((greeting.host, card)))
        self._take(worker)

    def _refusal(self, greeting: Greeting) -> str | None:
        """Why a worker is not to train, if so."""
        ours = versions()
        for package in COMPARED if not self.other_versions else ():
            there, here = (of.get(package, "not installed") for of in (greeting.versions, ours))
            if there != here:
                return (
                    f"its {package} is {there}, and {here} here; install the same versions, or let "
                    "it train with --other-versions"
                )
        return str(greeting.error) if greeting.error is not None else None

    def _refuse(self, worker: Member, name: str, why: str) -> None:
        worker.refused, worker.task = True, None
        self.refused += 1
        self.say(Said(f"worker {name} is refused: {' '.join(why.split())}"))

    def _take(self, worker: Member) -> None:
        """Offer a worker, under a name that none had before."""
        assert worker.greeting is not None
        name = base = f"{worker.greeting.host}:{worker.greeting.pid}"
        number = 1
        while name in self._names:
            number += 1
            name = f"{base} ({number})"
        self._names.add(name)
        worker.slot = Slot(name, worker.greeting.at_once)
        self._count()

    def _count(self) -> None:
        self.slots = tuple(
            worker.slot
            for worker in self._workers.values()
            if worker.slot is not None and (worker.running or worker.chunk is not None)
        )


async def sent(client: Client, worker: Member, call: Call) -> bytes:
    """Make a call on a worker, which leaves it if this is cancelled.

    Returns:
        What it returned, pickled.

    Raises:
        Unwanted: the worker is gone.
    """
    future = client.submit(
        pickle.loads,
        pickle.dumps(call),
        workers=[worker.address],
        allow_other_workers=False,
        pure=False,
        retries=0,
    )
    try:
        await future.exception()
        if future.status != "finished":
            return await future  # which raises what happened
        # by itself: Dask fetches several together, of which one that is given up ends all
        fetched = await client.scheduler.gather(keys=[future.key])
    finally:
        future.release()
    if fetched["status"] != "OK":
        raise Unwanted  # it went with its worker
    return fetched["data"][future.key]
