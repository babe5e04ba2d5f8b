"""Ratios within rounds, and what is left out."""

import pytest

from dynstudy.bench import engine
from dynstudy.bench.competitors import MATRIX, MATRIX_PRODUCT
from dynstudy.bench.engine import compare
from dynstudy.bench.measure import Settings
from dynstudy.bench.words import Device
from dynstudy.train.backends.cpu import threads


def test_ratios_are_taken_within_a_round() -> None:
    # the machine is ten times slower in the second round: no ratio notices
    speeds = {
        "cpu": [600.0, 60.0, 800.0],
        "autograd": [30.0, 3.0, 30.0],
        "loop": [10.0, 1.0, 10.0],
        MATRIX_PRODUCT: [26e6, 2.6e6, 26e6],
    }
    rows = {row.quantity: row for row in compare(100, ["cpu", "autograd"], speeds)}
    assert list(rows)[:3] == ["cpu / loop", "cpu / autograd", "autograd / loop"]
    assert (rows["cpu / loop"].min, rows["cpu / loop"].median) == (60, 60)
    assert rows["cpu / loop"].max == 80
    assert rows["cpu / autograd"].median == 20
    # 600 steps of 26 x 300 x 100 FLOP
    assert rows[f"cpu, FLOP/s of {MATRIX_PRODUCT}"].median == pytest.approx(600 * 780_000 / 26e6)
    assert rows["cpu"].max == 800
    assert all(row.width == 100 for row in rows.values())


def test_a_share_is_of_the_matrix_product_of_the_same_device() -> None:
    names = ("gpu", "autograd:cuda", "cpu", "loop", MATRIX_PRODUCT)
    speeds = {name: [1.0] for name in names}
    backends = ["gpu", "cpu", "autograd:cuda"]
    shares = {
        device: [
            row.quantity for row in compare(5, backends, speeds, device) if row.unit == "share"
        ]
        for device in ("cpu", "cuda")
    }
    of = f", FLOP/s of {MATRIX_PRODUCT}"
    assert shares == {"cpu": [f"cpu{of}"], "cuda": [f"gpu{of}", f"autograd:cuda{of}"]}


def test_what_does_not_fit_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(backend: str, problem: object, long: bool) -> None:
        raise RuntimeError("CUDA out of memory. Tried to allocate 9 GiB")

    monkeypatch.setattr("dynstudy.bench.competitors.own_backend", full)
    monkeypatch.setitem(MATRIX, "cpu", 64)
    settings = Settings(widths=(5,), rounds=1, seconds=0.001, backends=("cpu",), peers=("loop",))
    measurement = engine.measure(settings, lambda _: None)
    assert {row.quantity for row in measurement.rows} == {"loop", MATRIX_PRODUCT}
    assert [note for note in measurement.notes if note.startswith("cpu: ")] == [
        f"cpu: {4 * threads()} at once left out, out of memory at width 5"
    ]


@pytest.mark.gpu
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
@pytest.mark.filterwarnings("ignore::UserWarning:torch")  # as are Inductor's choices
@pytest.mark.filterwarnings("ignore:TensorFloat32")  # that it is off is meant
def test_a_card_is_measured_beside_its_peers() -> None:
    """Needs an NVIDIA card, so it is deselected; `make test-gpu` or `pytest -m gpu`."""
    settings = Settings(widths=(5,), rounds=1, seconds=0.001, device=Device.cuda)
    measurement = engine.measure(settings, lambda _: None)
    quantities = {row.quantity for row in measurement.rows}
    for peer in ("loop", "bmm", "graph", "compile"):
        assert f"autograd:cuda / {peer}" in quantities
    assert f"autograd:cuda, FLOP/s of {MATRIX_PRODUCT}" in quantities
