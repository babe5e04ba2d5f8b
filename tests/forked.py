"""What a child does that was forked from this process."""

import multiprocessing
import warnings
from collections.abc import Callable
from typing import Any

from tests.command import LIMIT_SECONDS


def in_child(does: Callable[[], Any]) -> Any:
    """What a function returns there; a child that raises, or does not come to an end, fails."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sender.send(does()))
    with warnings.catch_warnings():
        # of a fork beside threads: Python's, and of JAX where a test before loaded it; it is meant
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        child.start()
    sender.close()
    try:
        assert receiver.poll(LIMIT_SECONDS / 10), "the child waits for ever"
        return receiver.recv()
    finally:
        child.kill()
        child.join()
        receiver.close()
