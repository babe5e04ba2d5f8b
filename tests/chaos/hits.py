"""What hits a study that runs: who is the victim, what is done to it, and how it may end then."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

import psutil

from tests.chaos.cluster import Cluster
from tests.chaos.launched import LOST_SECONDS, SILENT_SECONDS, Launched
from tests.postgres import Server

LIMIT_SECONDS = 120.0
"""What nothing takes that is waited for."""

TAKEN, BUSY = "another launch took this study over", "is being run by"
"""What a launch says that has lost the study, or does not get it."""

TRIES = 3
"""So many killed workers may convict a network that happened to be trained on each."""


class Failed(Exception):  # noqa: N818 - of an episode
    """Something is not as it is to be; a line for each such thing."""


@dataclass
class Launch:
    """A launch of the study, what hit it, and the exit statuses that it may have."""

    process: Launched
    hits: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=lambda: {0})
    impatient: bool = False  # with 2, too, if it had not begun: who begins waits for no database

    def judged(self) -> int:
        """Its exit status, now that it ended, which is to be one of those expected."""
        status, lines = self.process.status, self.process.lines
        if status is None:
            raise Failed(f"{self.process}, hit by {self.hits}, does not end:\n{lines}")
        begun = lines.count("\n") > 1 or not lines.startswith("error: storage")
        if self.impatient and status == 2 and not begun:
            return status
        if status not in self.expected:
            raise Failed(f"{self.process}, hit by {self.hits}, ended with {status}:\n{lines}")
        if "Traceback" in lines:
            raise Failed(f"{self.process}, hit by {self.hits}, left a traceback:\n{lines}")
        return status


class Field(Protocol):
    """What is hit."""

    rng: random.Random
    server: Server | None  # a PostgreSQL of our own
    executor: str
    cluster: Cluster | None  # what trains, if the harness started it
    seconds: float  # that the study takes when it is left alone

    def launch(self) -> Launch:
        """Start the study, or resume it."""


Hit = Callable[[Field, Launch], Launch]
"""Does it to a launch; returns the one that has the study then, which may have ended."""


def moment(field: Field, seconds: float) -> None:
    """Let a random time pass, at most so long."""
    time.sleep(field.rng.uniform(0, seconds))


def _kill_driver(_: Field, launch: Launch) -> Launch:
    launch.expected |= {-signal.SIGKILL}
    launch.process.send(signal.SIGKILL)
    launch.process.ends(LIMIT_SECONDS)
    return launch


def _terminate_driver(_: Field, launch: Launch) -> Launch:
    launch.expected |= {130, -signal.SIGTERM}  # the latter where it only begins
    launch.process.send(signal.SIGTERM)
    launch.process.ends(LIMIT_SECONDS)
    return launch


def _terminate_driver_twice(field: Field, launch: Launch) -> Launch:
    launch.process.send(signal.SIGTERM)
    moment(field, 0.05)
    return _terminate_driver(field, launch)


def _suspend_driver(field: Field, launch: Launch) -> Launch:
    launch.process.send(signal.SIGSTOP)
    moment(field, 0.4)
    launch.process.send(signal.SIGCONT)
    return launch


def _take_over(field: Field, launch: Launch) -> Launch:
    """It comes back when another launch, which goes on, has the study."""
    launch.process.send(signal.SIGSTOP)
    time.sleep(LOST_SECONDS + 0.5)
    second = field.launch()
    second.process.ends(field.rng.uniform(0, field.seconds))
    launch.process.send(signal.SIGCONT)
    launch.process.ends(LIMIT_SECONDS)
    launch.expected |= {2}
    status, lines = launch.judged(), launch.process.lines
    if status == 2 and TAKEN not in lines and BUSY not in lines:
        raise Failed(f"{launch.process}, when it came back:\n{lines}")
    second.hits.append(f"{launch.process} came back")
    if status == 0 and second.process.status == 2 and BUSY in second.process.lines:
        second.expected = {2}  # the first one came back before the second one looked
    return second


def _take_down(number: signal.Signals) -> Hit:
    """The server ends, and is there again soon."""

    def hit(field: Field, launch: Launch) -> Launch:
        launch.impatient = True
        field.server.stop(number)
        moment(field, 1.0)
        field.server.start()
        return launch

    return hit


def _suspend_postmaster(field: Field, launch: Launch) -> Launch:
    """Nobody gets a connection; those that there are go on."""
    os.kill(field.server.pid, signal.SIGSTOP)
    moment(field, 0.5)
    os.kill(field.server.pid, signal.SIGCONT)
    return launch


def _hit_backend(number: signal.Signals) -> Hit:
    """One of the server's processes that has a connection; killed, it takes all others with it."""

    def hit(field: Field, launch: Launch) -> Launch:
        launch.impatient = True
        processes = psutil.Process(field.server.pid).children()
        if clients := [each for each in processes if "127.0.0.1" in _title(each)]:
            victim = field.rng.choice(clients).pid
            _send(victim, number)
            if number == signal.SIGSTOP:
                moment(field, 0.5)
                _send(victim, signal.SIGCONT)
        return launch

    return hit


def _hit_worker(number: signal.Signals, silent: float = 0.0) -> Hit:
    """One of those that train; what has ended is started again."""

    def hit(field: Field, launch: Launch) -> Launch:
        if field.cluster is None:
            children = psutil.Process(launch.process.pid).children(recursive=True)
            pids = [each.pid for each in children if "_local_worker" in _title(each)]
        else:
            pids = [each.pid for each in field.cluster.workers if each.status is None]
        if pids:
            victim = field.rng.choice(pids)
            _send(victim, number)
            moment(field, 0.5)
            if number == signal.SIGSTOP:
                time.sleep(silent)
                _send(victim, signal.SIGCONT)
            elif sum(each.startswith("worker") for each in launch.hits) >= TRIES:
                launch.expected |= {2}
        if field.cluster is not None:
            field.cluster.mend()
        return launch

    return hit


def _end_scheduler(number: signal.Signals) -> Hit:
    """It comes back, but what it knew is lost, and the launch ends."""

    def hit(field: Field, launch: Launch) -> Launch:
        assert field.cluster is not None
        launch.expected |= {2}
        field.cluster.scheduler.send(number)
        field.cluster.scheduler.ends(LIMIT_SECONDS)
        moment(field, 0.5)
        field.cluster.mend()
        launch.process.ends(LIMIT_SECONDS)
        if launch.process.status == 2 and "scheduler" not in launch.process.lines:
            raise Failed(f"{launch.process}, without a scheduler:\n{launch.process.lines}")
        return launch

    return hit


def _suspend_scheduler(field: Field, launch: Launch) -> Launch:
    assert field.cluster is not None
    field.cluster.scheduler.send(signal.SIGSTOP)
    moment(field, 0.5)
    field.cluster.scheduler.send(signal.SIGCONT)
    return launch


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it ended by itself
        os.kill(pid, number)


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


DRIVER: dict[str, Hit] = {
    "SIGKILL": _kill_driver,
    "SIGTERM": _terminate_driver,
    "SIGTERM twice": _terminate_driver_twice,
    "SIGSTOP": _suspend_driver,
    "SIGSTOP, taken over": _take_over,
}
POSTMASTER: dict[str, Hit] = {
    "SIGKILL": _take_down(signal.SIGKILL),
    "SIGINT": _take_down(signal.SIGINT),
    "SIGQUIT": _take_down(signal.SIGQUIT),
    "SIGSTOP": _suspend_postmaster,
}
BACKEND: dict[str, Hit] = {
    name: _hit_backend(signal.Signals[name]) for name in ("SIGKILL", "SIGTERM", "SIGSTOP")
}

WORKER: dict[str, Hit] = {
    "SIGKILL": _hit_worker(signal.SIGKILL),
    "SIGTERM": _hit_worker(signal.SIGTERM),
    "SIGSTOP": _hit_worker(signal.SIGSTOP),
    "SIGSTOP, given up": _hit_worker(signal.SIGSTOP, SILENT_SECONDS + 1.0),
}
SCHEDULER: dict[str, Hit] = {
    "SIGKILL": _end_scheduler(signal.SIGKILL),
    "SIGTERM": _end_scheduler(signal.SIGTERM),
    "SIGSTOP": _suspend_scheduler,
}


def victims(field: Field) -> dict[str, dict[str, Hit]]:
    """Those that there are, and what may be done to each."""
    there = {"driver": DRIVER}
    if field.server is not None:
        there |= {"postmaster": POSTMASTER, "backend": BACKEND}
    if field.executor != "here":
        there |= {"worker": WORKER}
    if field.cluster is not None:
        there |= {"scheduler": SCHEDULER}
    return there
