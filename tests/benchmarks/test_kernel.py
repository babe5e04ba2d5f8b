"""What the GPU kernel compiles to is told without a card, and left out where it cannot be."""

import sys
from pathlib import Path

import pytest

from benchmarks import gpu_instructions, kernel
from benchmarks.gpu_instructions import missing
from dynstudy.bench.measure import Settings
from tests.benchmarks.made_up_kernel import compiled_kernel
from tests.command import python
from tests.conftest import ROOT

LEAST = {"dce": 12, "dmse1": 16, "dmse2": 16}
"""Instructions of a unit and point, by the equations; what comes later needs the fewest of them."""


def quiet(_: str) -> None:
    pass


def test_a_kernel_of_each_loss_is_compiled_and_none_spills(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRITON_INTERPRET", "1")  # as other tests have it: nothing is compiled then
    said: list[str] = []
    measurement = kernel.measure(Settings(widths=(5,)), said.append)
    values = {(row.quantity, row.unit): row.median for row in measurement.rows}
    assert len(values) == len(measurement.rows) == 7 * len(kernel.FUSED)
    assert all(
        (row.measurement, row.width, row.rounds) == ("kernel", 5, 1) for row in measurement.rows
    )
    assert not any(row.relative for row in measurement.rows)
    for loss in kernel.FUSED:
        least = LEAST.get(loss, min(LEAST.values()))
        assert 0 < values[loss, "registers a lane"] <= 255
        assert values[loss, "spilled instructions"] == 0
        assert 4 <= values[loss, "programs a multiprocessor"] <= 32
        assert least < values[loss, "instructions a unit and point"]
        assert loss not in LEAST or values[loss, "instructions a unit and point"] < 5 * least
        assert values[loss, "warp instructions a step"] > least * 5 * 300 / 32
    assert said == ["kernel: width 5"]
    (note,) = measurement.notes
    assert "132 multiprocessors x 4 schedulers x 1.98 GHz" in note
    assert "compiled, not run" in note


def test_the_bound_counts_all_warps_of_a_network() -> None:
    assert kernel.bound(compiled_kernel()) == pytest.approx(132 * 4 * 1.98e9 / 20_000)
    assert kernel.bound(compiled_kernel(warps=2)) == kernel.bound(compiled_kernel()) / 2


def test_without_triton_it_is_left_out_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gpu_instructions, "find_spec", lambda _: None)
    measurement = kernel.measure(Settings(), quiet)
    assert measurement.rows == []
    assert measurement.notes == [
        "kernel: left out, Triton is not installed (pip install 'dynstudy[gpu-test]')"
    ]


def test_without_the_disassembler_it_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tools = tmp_path / "triton" / "backends" / "nvidia" / "bin"
    tools.mkdir(parents=True)
    (tools.parents[2] / "__init__.py").touch()
    (tools / "cuobjdump").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "triton", raising=False)
    assert missing() == "this Triton comes without nvdisasm"
    measurement = kernel.measure(Settings(), quiet)
    assert (measurement.rows, measurement.notes) == (
        [],
        ["kernel: left out, this Triton comes without nvdisasm"],
    )


def test_what_does_not_compile_is_left_out_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import sys; sys.exit('a long story' + chr(10) + 'ptxas: no such card')"
    run = kernel.subprocess.run
    monkeypatch.setattr(
        kernel.subprocess, "run", lambda _, **how: run([sys.executable, "-c", code], **how)
    )
    measurement = kernel.measure(Settings(widths=(20, 50)), quiet)
    assert (measurement.rows, measurement.notes) == (
        [],
        [f"kernel: width {width} left out (ptxas: no such card)" for width in (20, 50)],
    )


def test_an_interrupted_compilation_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    run = kernel.subprocess.run
    monkeypatch.setattr(
        kernel.subprocess,
        "run",
        lambda _, **how: run([sys.executable, "-c", "raise SystemExit(130)"], **how),
    )
    with pytest.raises(KeyboardInterrupt):
        kernel.measure(Settings(), quiet)


def test_this_process_never_loads_triton() -> None:
    """Interpreted or compiled is decided when the kernel is imported, once for a process."""
    code = (
        "import sys; from benchmarks import kernel; kernel.missing(); "
        "sys.exit(any('triton' in name or '_gpu_kernel' in name for name in sys.modules))"
    )
    python(ROOT, "-c", code)
