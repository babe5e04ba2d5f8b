"""Streams that outlast whoever is at their other end: a pipe that `head` left, a full disk, nobody.

What a command has to do is done to its end, though nobody reads what it says of it.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import TextIOWrapper
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
    """Put `Unbroken` in the place of stdout and stderr; yields that of stdout."""
    before = sys.stdin, sys.stdout, sys.stderr
    with ExitStack() as stack:
        # None where it is closed (`<&-`): a database must not get its number
        given, *written = (
            cast(TextIO, stack.enter_context(Path(os.devnull).open(mode))) if each is None else each
            for each, mode in zip(before, "rww", strict=True)
        )
        for stream in written:
            if isinstance(stream, TextIOWrapper):  # it may know no ± and no Γ
                stream.reconfigure(errors="backslashreplace")
        out, err = (Unbroken(stream) for stream in written)
        sys.stdin, sys.stdout, sys.stderr = given, cast(TextIO, out), cast(TextIO, err)
        try:
            yield out
        finally:
            out.flush()
            err.flush()
            sys.stdin, sys.stdout, sys.stderr = before
