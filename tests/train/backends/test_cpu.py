"""The fused kernel for processors."""

import ast
import importlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numba.core.errors import TypingError

from dynstudy.errors import BackendError
from dynstudy.task.schedule import class_weights
from dynstudy.train import Data, Ensemble, train
from dynstudy.train.backends import _cached
from dynstudy.train.backends._cached import Cached
from dynstudy.train.backends._cpu_kernel import _set_class_weights, advance_network
from dynstudy.train.backends.cpu import start
from dynstudy.train.readings import Readings
from tests.conftest import ROOT
from tests.forked import in_child
from tests.train.oracle import random_state


def test_the_kernel_has_the_schedule_of_the_definition() -> None:
    gamma = np.empty(4)
    for amplitude, period, tail_start in ((1.0, 2, 50), (70.0, 7, 40), (1e6, 12, 50), (3.5, 5, 0)):
        for step in range(50):
            _set_class_weights(gamma, step, amplitude, period, tail_start)
            expected = class_weights(step, 4, amplitude, period, tail_start)
            np.testing.assert_allclose(gamma, expected, rtol=1e-14)


def test_compiled_code_is_kept_on_disk(data: Data) -> None:
    train(Ensemble.of("ce", 2, width=4, learning_rate=0.1), data, backend="cpu", checkpoints=[2])
    stats = advance_network.compiled.stats
    assert stats.cache_path
    assert sum(stats.cache_hits.values()) + sum(stats.cache_misses.values()) > 0
    assert advance_network.compiled.targetoptions["nogil"] is True


@pytest.mark.parametrize("features", [1, 2])
def test_arrays_have_one_layout(features: int) -> None:
    """For another one the kernel would be compiled anew, for seconds."""
    ensemble = Ensemble.of("mse", 2, width=[1, 5], learning_rate=0.1)
    steps = np.array(np.broadcast_to([0, 2], (2, 2)))  # Fortran's, as `train` makes of a list
    x, y = np.zeros((1, 6, features)), np.array([0, 1, 2] * 2)
    initial = random_state(np.random.default_rng(0), ensemble, 3, features)
    readings = Readings.empty(ensemble, steps, 3, trace=False)
    state = start(ensemble, Data(x, y, x[0], y), initial, readings)
    assert all(each.flags.c_contiguous for each in [*state.units, *state.checkpoints])


@pytest.mark.parametrize("asked", ["zero", "0", "-1"])
def test_a_wrong_number_of_threads_is_named(
    asked: str, data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNSTUDY_THREADS", asked)
    ensemble = Ensemble.of("ce", 2, width=4, learning_rate=0.1)
    with pytest.raises(BackendError, match=f"DYNSTUDY_THREADS = '{asked}': must be a whole"):
        train(ensemble, data, backend="cpu", checkpoints=[2])


@pytest.fixture
def doubled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Cached]:
    """Makes a compiled function as a new process would, whose cache is in a folder of its own."""
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "planted.py").write_text("def double(x):\n    return 2 * x\n")
    spec = importlib.util.spec_from_file_location("planted", tmp_path / "planted.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return lambda: Cached(module.double)


def cache_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("cache/*/planted.double-*.nb?"))


def damage_within(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 50] = bytes(50)
    path.write_bytes(content)


def replace(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"garbage" * 100),
        lambda path: path.write_bytes(path.read_bytes()[:-20]),
        lambda path: path.write_bytes(b"\0" * 1000),
        lambda path: path.write_bytes(path.read_bytes()[:1000] + bytes(50)),
        damage_within,
        replace,
    ],
    ids=["empty", "garbage", "cut", "zeros", "cut-and-zeros", "within", "folder"],
)
def test_a_broken_cache_is_compiled_anew(
    damage: Callable[[Path], None], suffix: str, doubled: Callable[[], Cached], tmp_path: Path
) -> None:
    assert doubled()(2) == 4
    (broken,) = (path for path in cache_files(tmp_path) if path.suffix == suffix)
    damage(broken)
    assert doubled()(2) == 4
    if broken.is_file():  # and the next process has a cache again
        again = doubled()
        assert again(2) == 4
        assert sum(again.compiled.stats.cache_hits.values()) == 1


def test_a_changed_source_is_compiled_anew(
    doubled: Callable[[], Cached], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert doubled()(2) == 4
    monkeypatch.setattr(_cached, "_sources", lambda: b"another")
    again = doubled()
    assert again(2) == 4
    assert sum(again.compiled.stats.cache_hits.values()) == 0


def test_the_sources_are_all_that_constants_are_compiled_from() -> None:
    sources, folder = _cached._sources(), Path(_cached.__file__).parent
    compiled = [*folder.glob("_cpu_*.py"), folder / "_registers.py"]
    for file in compiled:
        assert file.read_bytes() in sources
        if not any(word in file.read_text() for word in ("njit", "@overload", "partial(Cached")):
            continue  # nothing of it is compiled
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("dyn"):
                continue
            constants = {alias.name for alias in node.names if alias.name.isupper()}
            if constants - {"MOST_PRODUCTS", "AT_ONSET", "DIFFERENCE"}:  # which only Python reads
                path = importlib.import_module(str(node.module)).__file__
                assert path is not None
                assert Path(path).read_bytes() in sources, node.module


def test_where_nothing_may_be_written_it_is_compiled_without_a_cache(
    doubled: Callable[[], Cached], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_: object, **__: object) -> None:  # root may write everywhere
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("os.makedirs", read_only)
        assert doubled()(2) == 4
    assert cache_files(tmp_path) == []
    full = doubled()
    monkeypatch.setattr("numba.core.caching.IndexDataCacheFile._save_data", read_only)
    assert full(2) == 4


def test_what_the_function_raises_is_raised(doubled: Callable[[], Cached]) -> None:
    with pytest.raises(TypingError):
        doubled()(None)


def test_a_forked_child_trains_as_its_parent_did(data: Data) -> None:
    """The threads of the parent's pool are not there."""
    ensemble = Ensemble.of("dce", 4, width=[4, 5], learning_rate=0.1, amplitude=3, period=2)

    def trained() -> list[int]:
        outcome = train(ensemble, data, backend="cpu", checkpoints=[4])
        return outcome.validation_correct.ravel().tolist()

    assert trained() == in_child(trained) == in_child(lambda: in_child(trained))


TRAINED_IN_A_PROCESS = """
import hashlib

import numpy as np

from dynstudy.train import Curvature, Ensemble, train
from tests.conftest import make_data

for loss, rate in (("dce", 12.0), ("dmse1", 1.0)):
    networks = Ensemble.of(loss, 60, width=[9, 20], learning_rate=rate, amplitude=25, period=30)
    asked = Curvature((0, 1, 60), 2, 1, onsets=True, climbs=True)
    done = train(networks, make_data(), backend="cpu", checkpoints=[60], curvature=asked)
    assert loss == "dce" or (done.onsets.first >= 0).all()
    read = [done.parameters.arrays, vars(done.onsets), vars(done.climbs), vars(done.spectra)]
    whole = b"".join(np.asarray(each).tobytes() for of in read for each in of.values())
    print(hashlib.sha256(whole).hexdigest())
"""


@pytest.mark.long
def test_what_is_compiled_and_what_is_kept_of_it_give_the_same_bits(tmp_path: Path) -> None:
    """A function that is compiled apart was linked in one process, and another copy in the next."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-c", TRAINED_IN_A_PROCESS]
    first, second = (
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    )
    assert len(first.split()) == 2
    assert first == second
