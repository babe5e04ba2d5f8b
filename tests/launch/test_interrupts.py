"""Ctrl-C while a launch trains."""

import io
import signal
import threading
from typing import Any

from dynstudy.launch.interrupts import Interrupts


class Interrupted(io.RawIOBase):
    """A terminal at which somebody presses Ctrl-C twice while the first line is written."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def writable(self) -> bool:
        return True

    def write(self, text: Any) -> int:
        if not self.lines:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        self.lines.append(bytes(text).decode())
        return len(text)


def test_ctrl_c_amid_a_line_is_answered_after_it() -> None:
    terminal = Interrupted()
    out = io.TextIOWrapper(io.BufferedWriter(terminal), write_through=True)
    interrupts = Interrupts(lambda line: print(line, file=out, flush=True))
    with interrupts.answered():
        interrupts.log("1/16 networks")
    assert interrupts.stopped
    assert interrupts.drop_chunk.is_set()
    first, *answers = "".join(terminal.lines).splitlines()
    assert first == "1/16 networks"
    assert [line.split()[0] for line in answers] == ["finishing", "dropping"]


def test_signals_are_what_they_were_afterwards_and_other_threads_leave_them_alone() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    interrupts = Interrupts(lambda _: None)
    with interrupts.answered():
        assert signal.getsignal(signal.SIGINT) not in before
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before

    def elsewhere() -> None:
        with interrupts.answered():
            seen.append(signal.getsignal(signal.SIGINT))

    seen: list[Any] = []
    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [before[0]]
    assert not interrupts.stopped
