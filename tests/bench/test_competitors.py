"""Who is measured at a width, how many networks at once, and what is left out."""

import sys
from contextlib import suppress
from types import SimpleNamespace

import pytest

from dynstudy.bench import competitors as competitors_module
from dynstudy.bench import peers
from dynstudy.bench.competitors import (
    CARD_SIZES,
    KERNEL_SIZES,
    MATRIX_PRODUCT,
    Competitor,
    PeerMissingError,
    Variant,
    competitors,
    own_variants,
    peer_variants,
    prepared,
)
from dynstudy.bench.measure import Settings, Speed
from dynstudy.bench.peers import Compiled
from dynstudy.bench.problem import Problem
from dynstudy.bench.words import PEERS

CARD = Settings(device="cuda")


class Still:
    """A peer that takes no step, on a card that is not there."""

    grain = 1

    def __init__(self, problem: Problem, device: str) -> None:
        self.problem, self.device = problem, device

    def advance(self, steps: int) -> None:
        assert self.device == "cuda"


@pytest.mark.parametrize("name", ["loop", "bmm", "graph", "compile"])
def test_on_a_card_sizes_vary_and_threads_do_not(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for maker in ("Loop", "Batched", "Graphed", "Compiled"):
        monkeypatch.setattr(peers, maker, Still)
    made = peer_variants(name, 5, CARD)
    sizes = [1] if name == "loop" else list(CARD_SIZES)
    assert [variant.warm().work for variant in made] == sizes
    words = ["one at a time" if size == 1 else f"{size} at once" for size in sizes]
    assert [variant.label for variant in made] == words


@pytest.mark.parametrize("name", PEERS)
def test_every_peer_has_a_maker(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", None)  # which may be large, or not there
    monkeypatch.delitem(sys.modules, "dynstudy.bench.jax_peer", raising=False)
    with suppress(PeerMissingError):
        assert peer_variants(name, 5, CARD)


def test_a_kernel_gets_networks_enough_to_fill_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(competitors_module, "own_backend", lambda *_, **__: None)
    monkeypatch.setattr(competitors_module, "threads", lambda: 2)
    sizes = {
        name: [variant.start().work for variant in own_variants(name, 5, CARD)]
        for name in ("gpu", "gpu:0", "autograd:cuda", "cpu", "autograd")
    }
    assert sizes == {
        "gpu": list(KERNEL_SIZES),
        "gpu:0": list(KERNEL_SIZES),
        "autograd:cuda": list(CARD_SIZES),
        "cpu": [8],
        "autograd": [8, 8, 32, 32, 128, 128],  # each on one thread and on both
    }


def test_a_variant_that_does_not_fit_is_dropped_with_a_note() -> None:
    def full(_: int) -> None:
        raise RuntimeError("CUDA out of memory. Tried to allocate 9 GiB")

    def variant(label: str, run: object) -> Variant:
        return Variant(label, 1, lambda: Speed(run, 1, 1))  # type: ignore[arg-type]

    notes: list[str] = []
    both = [variant("8 at once", lambda _: None), variant("9 at once", full)]
    assert [made.label for made in prepared("bmm", both, notes)] == ["8 at once"]
    assert notes == ["bmm: 9 at once left out, out of memory"]


def test_what_fails_for_another_reason_is_not_hidden() -> None:
    def broken() -> Speed:
        raise RuntimeError("an illegal memory access was encountered")

    with pytest.raises(RuntimeError, match="illegal memory"):
        prepared("bmm", [Variant("8 at once", 1, broken)], [])


def test_a_graph_is_only_on_a_card() -> None:
    with pytest.raises(PeerMissingError, match="only on a card"):
        peer_variants("graph", 5, Settings())


def test_jax_without_a_card_is_left_out_on_one(monkeypatch: pytest.MonkeyPatch) -> None:
    import dynstudy.bench

    for there in (False, True):
        fake = SimpleNamespace(has_a_card=lambda there=there: there, JaxScan=Still)
        monkeypatch.setitem(sys.modules, "dynstudy.bench.jax_peer", fake)  # type: ignore[arg-type]
        monkeypatch.setattr(dynstudy.bench, "jax_peer", fake, raising=False)
        if there:
            made = peer_variants("jax", 5, CARD)
            assert [variant.start().work for variant in made] == list(CARD_SIZES)
        else:
            with pytest.raises(PeerMissingError, match="this JAX finds no card"):
                peer_variants("jax", 5, CARD)


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
    notes: list[str] = []
    settings = Settings(peers=("compile",), seconds=0.001)
    assert list(competitors(settings, [], 5, notes, lambda _: None)) == [MATRIX_PRODUCT]
    (note,) = notes
    assert note.startswith("compile: left out")
    assert note.endswith("(no working C++ compiler)")
