"""Which backend `auto` is, and which cards a backend can use."""

from types import SimpleNamespace

import pytest

from dynstudy.errors import BackendError
from dynstudy.train import backends
from dynstudy.train.backends import at_once, fastest, gpu, load, side_by_side
from tests.command import python
from tests.conftest import ROOT

HERE = "libc.so.6"  # stands for a card's driver


@pytest.fixture(autouse=True)
def _afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    fastest.cache_clear()


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three cards, the second too old; and a Triton that reaches them."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda card: [(9, 0), (6, 1)][card % 2])
    monkeypatch.setattr(
        "torch.cuda.get_device_properties", lambda _: SimpleNamespace(multi_processor_count=132)
    )
    reached = SimpleNamespace(active=SimpleNamespace(get_current_device=lambda: 0))
    monkeypatch.setattr("triton.runtime.driver", reached)
    monkeypatch.setattr(backends, "DRIVER", HERE)


def test_without_a_driver_it_is_the_processor_and_pytorch_is_not_loaded() -> None:
    code = (
        "import sys\nfrom dynstudy.train import backends\nbackends.DRIVER = 'libnone.so.1'\n"
        "assert backends.fastest() == 'cpu'\nsys.exit('torch' in sys.modules)"
    )
    python(ROOT, "-c", code)


@pytest.mark.usefixtures("cards")
def test_with_a_card_it_is_the_card() -> None:
    assert fastest() == "gpu"
    start, _ = load("auto")
    assert start.func is gpu.start  # type: ignore[attr-defined]


def test_a_card_that_cannot_be_used_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "DRIVER", HERE)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.warns(
        UserWarning, match="sees no card on this machine; use --backend cpu: 'auto' is 'cpu'"
    ):
        assert fastest() == "cpu"


@pytest.mark.usefixtures("cards")
def test_all_cards_that_can_be_used_share_the_work() -> None:
    assert side_by_side("gpu") == ["gpu:0", "gpu:2"]
    assert side_by_side("auto") == ["auto:0", "auto:2"]  # each is free to take another backend
    assert load("auto:2")[0].keywords == {"device": "2"}  # type: ignore[attr-defined]
    assert side_by_side("gpu:2") == ["gpu:2"]
    assert side_by_side("cpu") == ["cpu"]
    assert at_once("gpu") == 8 * 132


@pytest.mark.usefixtures("cards")
@pytest.mark.parametrize(
    ("backend", "said"),
    [
        ("gpu:1", "Triton needs a card of compute capability 8.0 or more; use --backend cpu"),
        ("gpu:3", "sees cards 0 to 2 on this machine"),
        ("gpu:x", "sees cards 0 to 2 on this machine"),
    ],
)
def test_a_card_that_is_not_there_or_too_old_is_refused(backend: str, said: str) -> None:
    with pytest.raises(BackendError, match=said):
        load(backend)


@pytest.mark.usefixtures("cards")
def test_a_card_that_triton_cannot_reach_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triton.runtime.driver", None)
    with pytest.raises(BackendError, match=r"cannot reach the card: .*a C compiler"):
        load("gpu")


def test_a_network_per_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNSTUDY_THREADS", "3")
    assert at_once("cpu") == at_once("autograd") == 3
