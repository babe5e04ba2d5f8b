"""Ctrl-C and SIGTERM: the first ends a launch after the chunks under way, the second drops them."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import FrameType


class Interrupts:
    """What a person has asked for; each thing that was is answered through `log`."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self.log = log
        self.stop_after_chunk, self.drop_chunk = threading.Event(), threading.Event()

    @property
    def stopped(self) -> bool:
        """Whether to begin nothing more."""
        return self.stop_after_chunk.is_set()

    @contextmanager
    def answered(self) -> Iterator[None]:
        """Answer signals meanwhile, if this is the main thread, which alone may.

        The answer is given by a thread: a signal may come amid a line, where no other can begin.
        """
        answers = SimpleQueue[str | None]()

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            if self.stopped:
                self.drop_chunk.set()
                answers.put("dropping the chunk in flight; everything before it is recorded")
            else:
                self.stop_after_chunk.set()
                answers.put("finishing the chunk in flight; once more to drop it")

        def answer() -> None:
            while (line := answers.get()) is not None:
                self.log(line)

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        thread = threading.Thread(target=answer, name="dynstudy-answers", daemon=True)
        thread.start()
        before = {s: signal.signal(s, on_signal) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            answers.put(None)
            thread.join()
