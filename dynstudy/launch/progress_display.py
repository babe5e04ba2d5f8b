"""How far a launch is: a bar on a terminal and in a notebook, plain lines elsewhere."""

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bar

from dynstudy.notebook import NotebookBar, in_notebook

if TYPE_CHECKING:
    from dynstudy.launch.progress import Progress

OnProgress = Callable[["Progress"], None] | None
OnLine = Callable[[str], None] | None

LINE_SECONDS = 10.0
"""Between two plain lines."""


class Display:
    """Shows how far a launch is: nothing if quiet, if verbose a line for each recorded chunk."""

    def __init__(
        self, name: str, out: TextIO, *, quiet: bool = False, verbose: bool = False
    ) -> None:
        self.name, self.out, self.quiet, self.verbose = name, out, quiet, verbose
        self.recorded = 0
        self.last_line = -math.inf
        self.bar: Bar | None = None
        self.task: TaskID | None = None
        self.output = NotebookBar(name) if in_notebook() and not quiet else None
        if out.isatty() and not quiet:
            self.bar = Bar(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=20),
                TextColumn("{task.fields[state]}", markup=False),
                console=Console(file=out, force_jupyter=False),
            )

    def __enter__(self) -> Self:
        if self.bar is not None:
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()
        if self.output is not None:
            self.output.end()

    def update(self, progress: "Progress") -> None:
        """Show where the launch is."""
        share = progress.work_done / progress.work if progress.work else 1.0
        text = f"{progress.done}/{progress.networks} networks"
        if not math.isnan(progress.seconds_left):
            text += f", {progress.rate:,.0f} network-steps/s, {clock(progress.seconds_left)} left"
        if progress.workers_said:
            text += f", {progress.workers_said}"
        if progress.stage:
            text = f"{progress.stage}: {text}"
        if self.verbose and progress.done > self.recorded:
            self.log(f"{progress.done - self.recorded} networks recorded; {share:.0%}, {text}")
            self.recorded = progress.done
        if self.bar is not None:
            if self.task is None:
                self.task = self.bar.add_task(self.name, total=1.0, state=text)
            self.bar.update(self.task, completed=share, state=text)
        elif self.output is not None:
            self.output.show(share, text)
        elif time.monotonic() - self.last_line > LINE_SECONDS:
            self.last_line = time.monotonic()
            self.log(f"{share:.0%} of the work, {text}")

    def log(self, message: str) -> None:
        """Say something besides."""
        if self.quiet:
            return
        if self.bar is not None:
            self.bar.console.print(f"{self.name}: {message}", markup=False, highlight=False)
        else:
            with suppress(OSError):  # a reader that went away is no reason to stop training
                print(f"{self.name}: {message}", file=self.out, flush=True)


@contextmanager
def listeners(name: str, report: OnProgress, log: OnLine) -> Iterator[tuple[OnProgress, OnLine]]:
    """What a launch is to tell: those who asked; if nobody did, whoever sits at a notebook."""
    if report is not None or log is not None or not in_notebook():
        yield report, log
    else:
        with Display(name, sys.stdout) as display:
            yield display.update, display.log


def clock(seconds: float) -> str:
    """Return seconds as h:mm:ss.

    >>> clock(75), clock(3700)
    ('0:01:15', '1:01:40')
    """
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
