"""Who is measured at a width, and who is left out."""

import sys

import pytest

from dynstudy.bench.competitors import MATRIX_PRODUCT, Competitor, competitors
from dynstudy.bench.measure import Speed
from dynstudy.bench.peers import Compiled
from dynstudy.bench.settings import Settings
from dynstudy.bench.variants import Variant


def test_a_competitor_is_as_fast_as_its_fastest_variant(monkeypatch: pytest.MonkeyPatch) -> None:
    speeds = {"one": [3.0, 5.0, 5.0], "two": [4.0, 4.0, 4.0]}
    monkeypatch.setattr(Variant, "measure", lambda self: speeds[self.label].pop(0))
    unused = Speed(lambda _: None, 1, 1)
    both = Competitor([Variant("one", 1, lambda: unused), Variant("two", 1, lambda: unused)])
    assert [both.measure() for _ in range(3)] == [4, 5, 5]
    assert both.fastest() == "one"


def test_without_jax_it_is_left_out_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "jax", None)
    monkeypatch.delitem(sys.modules, "dynstudy.bench.jax_peer", raising=False)
    notes: list[str] = []
    settings = Settings(peers=("jax",), seconds=0.001)
    assert list(competitors(settings, [], 5, notes, lambda _: None)) == [MATRIX_PRODUCT]
    assert notes == ["jax: not installed (pip install 'dynstudy[bench]')"]


def test_what_cannot_be_compiled_is_left_out_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Compiled, steps: int) -> None:
        raise RuntimeError("no working C++ compiler\nfound in a long list\n")

    monkeypatch.setattr(Compiled, "__init__", lambda self, problem, device: None)
    monkeypatch.setattr(Compiled, "advance", fail)
    monkeypatch.setattr("torch.compiler.reset", lambda: None)
    notes: list[str] = []
    settings = Settings(peers=("compile",), seconds=0.001)
    assert list(competitors(settings, [], 5, notes, lambda _: None)) == [MATRIX_PRODUCT]
    (note,) = notes
    assert note.startswith("compile: left out")
    assert note.endswith("(no working C++ compiler)")
