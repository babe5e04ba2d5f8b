"""``dynstudy bench`` as a user meets it."""

import json
import math
from pathlib import Path

import pytest

from tests.command import dynstudy, fails, start

TINY = "--widths 5 --rounds 1 --seconds 0.01 --peers loop,bmm,jax --device cpu --no-digits".split()


def test_a_tiny_benchmark_keeps_the_promised_keys(tmp_path: Path) -> None:
    out, err = dynstudy(tmp_path, "bench", *TINY, "--format", "json", "--out", "found.json")
    parsed = json.loads(out)
    assert json.loads((tmp_path / "found.json").read_text()) == parsed
    assert list(parsed) == ["ratios", "absolutes", "notes", "machine"]
    rows = parsed["ratios"] + parsed["absolutes"]
    for row in rows:
        assert list(row) == "measurement quantity width unit median min max rounds".split()
        assert 0 <= row["min"] <= row["median"] <= row["max"]
        assert row["min"] > 0
        assert math.isfinite(row["max"])
        assert row["rounds"] == 1
    ratios = {row["quantity"] for row in parsed["ratios"]}
    assert {"cpu / loop", "cpu / bmm", "cpu / autograd", "cpu, FLOP/s of torch.mm"} <= ratios
    absolutes = {row["quantity"]: row for row in parsed["absolutes"]}
    assert absolutes["cpu"]["unit"] == "network-steps/s"
    assert parsed["machine"]["device"] == "cpu"
    assert {
        "processor",
        "threads",
        "python",
        "torch",
        "numba",
        "triton",
        "jax",
        "date",
        "rounds",
    } <= set(parsed["machine"])
    assert "engine: width 5, preparing cpu" in err
    assert "wrote found.json" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--widths a,b", "--widths 'a,b': must be whole numbers with commas between"),
        ("--rounds 0", "'--rounds'"),
        ("--device cpu --backends cpuu", "'cpuu' is not one of auto, autograd, cpu"),
        ("--device cudaa", "'cudaa' is not one of 'cpu', 'cuda'"),
        ("--device cpu --out .", ".: is a folder, not a file to write"),
    ],
)
def test_bad_input_is_told_in_one_line(tmp_path: Path, options: str, message: str) -> None:
    assert message in fails(tmp_path, "-q", "bench", *options.split())


@pytest.mark.long
def test_ctrl_c_leaves_cleanly(tmp_path: Path) -> None:
    asked = "--device cpu --backends cpu --peers loop --seconds 60".split()
    with start(tmp_path, "bench", *asked) as command:
        command.until(lambda: "round 1" in command.err)
        command.interrupt()
        status, out, err = command.ends()
    assert (status, out) == (130, "")
    assert err.splitlines()[-1] == "interrupted; nothing was kept"
    assert "Traceback" not in err
