"""What children do that were forked from this process."""

import multiprocessing
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from tests.command import LIMIT_SECONDS


def in_child(does: Callable[[], Any]) -> Any:
    """What a function returns there; a child that raises, or does not come to an end, fails."""
    return in_children(does)[0]


def in_children(*each: Callable[[], Any]) -> list[Any]:
    """As `in_child`, of functions in as many children at once."""
    context = multiprocessing.get_context("fork")
    with ExitStack() as stack:
        receivers = []
        for does in each:
            receiver, sender = context.Pipe(duplex=False)
            child = context.Process(target=_tell, args=(sender, does))
            with warnings.catch_warnings():
                # of a fork beside threads: Python's, and JAX's where a test before loaded it; it
                # is meant
                warnings.simplefilter("ignore", DeprecationWarning)
                warnings.simplefilter("ignore", RuntimeWarning)
                child.start()
            stack.callback(receiver.close)
            stack.callback(child.join)
            stack.callback(child.kill)
            sender.close()
            receivers.append(receiver)
        assert all(one.poll(LIMIT_SECONDS / 10) for one in receivers), "a child waits for ever"
        return [receiver.recv() for receiver in receivers]


def _tell(sender: Any, does: Callable[[], Any]) -> None:
    sender.send(does())
