"""What an installation without the extra [torch] does, and what it says of the rest."""

import sys
from pathlib import Path

import pytest
import tomli_w

import dynstudy
from dynstudy.errors import BackendError, SpecError
from dynstudy.launch.backend_check import check_backend
from dynstudy.train.backends import load
from tests.command import fails, python
from tests.planted import SMALL, small_search

COMMANDS = [
    "run small.toml",
    "map small",
    "export small --out best.toml --weights",
    "reproduce best.toml",
]
BLOCKED = (
    "import sys\n"
    "class Without:\n"
    "    def find_spec(self, name, path=None, target=None):\n"
    "        if name == 'torch': raise ModuleNotFoundError(name=name)\n"
    "sys.meta_path.insert(0, Without())\n"
    "from dynstudy.cli import main\n"
    f"for line in {COMMANDS}:\n"
    "    sys.argv = ['dynstudy', *line.split()]\n"
    "    try: main()\n"
    "    except SystemExit as stop: assert not stop.code, line\n"
)


@pytest.fixture
def _without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in ("task.losses.modules", "train.backends.autograd", "train.backends.gpu"):
        monkeypatch.delitem(sys.modules, f"dynstudy.{name}", raising=False)


def test_all_that_a_study_needs_works(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(tomli_w.dumps(SMALL))
    out = python(tmp_path, "-c", BLOCKED)
    assert "passed (tested: bit-equal" in out
    assert len([*tmp_path.glob("*.safetensors")]) == 1


@pytest.mark.usefixtures("_without_torch")
@pytest.mark.parametrize("backend", ["autograd", "gpu"])
def test_a_backend_that_needs_it_says_how_to_get_it(backend: str) -> None:
    said = rf"^backend '{backend}' needs PyTorch: pip install 'dynstudy\[torch\]', or use cpu$"
    with pytest.raises(BackendError, match=said):
        load(backend)


@pytest.mark.usefixtures("_without_torch")
@pytest.mark.parametrize("name", ["DynamicalCrossEntropy", "DynamicalMSE1", "DynamicalMSE2"])
def test_a_module_does_too(name: str) -> None:
    said = rf"^dynstudy.{name} needs PyTorch: pip install 'dynstudy\[torch\]'$"
    with pytest.raises(ImportError, match=said):
        getattr(dynstudy, name)


@pytest.mark.usefixtures("_without_torch")
def test_so_do_a_sampler_before_anything_is_trained_and_the_benchmark(tmp_path: Path) -> None:
    gp = small_search(search={"sampler": "gp", "trials": 3})
    with pytest.raises(SpecError, match=r"^search.sampler = 'gp' needs PyTorch: pip .*use 'tpe'$"):
        check_backend("cpu", gp)
    assert "a benchmark needs PyTorch: pip install" in fails(tmp_path, "bench", "--widths", "5")
