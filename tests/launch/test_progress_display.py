"""How far a launch is, as it is shown."""

import io
import math
from dataclasses import replace

import pytest

from dynstudy.launch.progress import Progress
from dynstudy.launch.progress_display import LINE_SECONDS, Display, clock

HALF = Progress(networks=8, work=100.0, done=4, work_done=50.0, steps_done=800.0)


class Terminal(io.StringIO):
    """What somebody looks at."""

    def isatty(self) -> bool:
        return True


class Gone(io.StringIO):
    """What nobody reads any more."""

    tried = 0

    def write(self, _: str) -> int:
        self.tried += 1
        raise BrokenPipeError


def test_where_nobody_looks_there_is_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    out = io.StringIO()
    with Display("small", out) as display:
        for second in range(25):
            now[0] = float(second)
            display.update(replace(HALF, began=-10.0))
    lines = out.getvalue().splitlines()
    assert len(lines) == 1 + 24 // (LINE_SECONDS + 1)
    assert lines[0] == "small: 50% of the work, 4/8 networks, 80 network-steps/s, 0:00:10 left"


@pytest.mark.parametrize("steps", [0.0, 1.0])
def test_before_there_is_a_speed_none_is_shown(steps: float) -> None:
    out = io.StringIO()
    with Display("small", out) as display:
        display.update(Progress(networks=8, work=30_000.0, work_done=steps, steps_done=steps))
    assert out.getvalue() == "small: 0% of the work, 0/8 networks\n"


def test_verbose_says_each_chunk_and_a_stage_is_named() -> None:
    out = io.StringIO()
    with Display("small", out, verbose=True) as display:
        display.update(replace(HALF, stage="round 1"))
        display.update(replace(HALF, stage="round 1"))
        display.update(replace(HALF, done=6, stage="round 1"))
    said = [line for line in out.getvalue().splitlines() if "recorded" in line]
    assert [line.partition(";")[0] for line in said] == [
        "small: 4 networks recorded", "small: 2 networks recorded"
    ]  # fmt: skip
    assert "round 1: 4/8 networks" in said[0]


def test_at_a_terminal_there_is_a_bar_and_messages_stand_above_it() -> None:
    out = Terminal()
    with Display("a[b]", out) as display:
        display.update(Progress(networks=8, work=100.0))
        display.update(HALF)
        display.log("[bold] is no markup")
    assert "a[b]" in out.getvalue()
    assert "4/8 networks" in out.getvalue()
    assert "a[b]: [bold] is no markup" in out.getvalue()


@pytest.mark.parametrize("out", [io.StringIO(), Terminal()])
def test_quiet_says_nothing(out: io.StringIO) -> None:
    with Display("small", out, quiet=True, verbose=True) as display:
        display.update(HALF)
        display.log("nothing")
    assert out.getvalue() == ""


def test_a_reader_that_went_away_stops_no_training() -> None:
    gone = Gone()
    with Display("small", gone) as display:
        display.update(HALF)
        tried = gone.tried
        display.log("nobody hears it")
    assert gone.tried > tried > 0


def test_nothing_to_do_is_done() -> None:
    out = io.StringIO()
    with Display("small", out) as display:
        display.update(Progress())
    assert out.getvalue().startswith("small: 100% of the work, 0/0 networks")
    assert math.isnan(Progress().seconds_left)


def test_times_are_hours_minutes_and_seconds() -> None:
    assert [clock(seconds) for seconds in (0, 59.6, 3599, 100_000)] == [
        "0:00:00", "0:01:00", "0:59:59", "27:46:40"
    ]  # fmt: skip
