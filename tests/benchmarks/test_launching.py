"""Launches that end, or raise."""

import pytest

from benchmarks.launching import run_to_end
from dynstudy.launch.training import Training
from dynstudy.store.studies import Storage
from tests.planted_atlas import small_atlas


def test_an_interrupted_launch_is_no_result(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Training, "stopped", property(lambda self: True))
        with pytest.raises(KeyboardInterrupt):
            run_to_end(small_atlas(seed=1), storage=storage)
    assert run_to_end(small_atlas(seed=1), storage=storage).trained > 0
