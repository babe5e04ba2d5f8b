"""Stdout and stderr that outlast whoever reads them: a pipe that `head` left, a full disk, nothing.

What a command has to do is done to its end, though nobody reads what it says of it.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO, cast


class Unbroken:
    """A stream whose words go nowhere once they cannot go where they should.

    `error` is why, where that is more than a reader who went away.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.error: OSError | None = None

    def write(self, text: str) -> int:
        """Write, if it can be."""
        self._try(lambda: self.stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Send what waits to be sent, if it can be."""
        self._try(self.stream.flush)

    def _try(self, action: Callable[[], object]) -> None:
        try:
            action()
        except OSError as error:
            if not isinstance(error, BrokenPipeError):
                self.error = error
            # what is left in its buffer is sent there, at the latest when Python ends
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())
            os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def unbroken_streams() -> Iterator[Unbroken]:
    """Put `Unbroken` in the place of both streams; yields that of stdout."""
    before = sys.stdout, sys.stderr
    with ExitStack() as stack:
        # None where it is closed (`>&-`): a database must not get its number
        out, err = (
            Unbroken(stack.enter_context(Path(os.devnull).open("w")) if each is None else each)
            for each in before
        )
        sys.stdout, sys.stderr = cast(TextIO, out), cast(TextIO, err)
        try:
            yield out
        finally:
            out.flush()
            err.flush()
            sys.stdout, sys.stderr = before
