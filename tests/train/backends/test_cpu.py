"""The fused kernel for processors."""

import numpy as np
import pytest

from dynstudy.errors import BackendError
from dynstudy.task.schedule import class_weights
from dynstudy.train import Data, Ensemble, train
from dynstudy.train.backends._cpu_kernel import _set_class_weights, advance_network


def test_the_kernel_has_the_schedule_of_the_definition() -> None:
    gamma = np.empty(4)
    for amplitude, period, tail_start in ((1.0, 2, 50), (70.0, 7, 40), (1e6, 12, 50), (3.5, 5, 0)):
        for step in range(50):
            _set_class_weights(gamma, step, amplitude, period, tail_start)
            expected = class_weights(step, 4, amplitude, period, tail_start)
            np.testing.assert_allclose(gamma, expected, rtol=1e-14)


def test_compiled_code_is_kept_on_disk(data: Data) -> None:
    train(Ensemble.of("ce", 2, width=4, learning_rate=0.1), data, backend="cpu", checkpoints=[2])
    stats = advance_network.stats
    assert stats.cache_path
    assert sum(stats.cache_hits.values()) + sum(stats.cache_misses.values()) > 0
    assert advance_network.targetoptions["nogil"] is True


@pytest.mark.parametrize("asked", ["zero", "0", "-1"])
def test_a_wrong_number_of_threads_is_named(
    asked: str, data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNSTUDY_THREADS", asked)
    ensemble = Ensemble.of("ce", 2, width=4, learning_rate=0.1)
    with pytest.raises(BackendError, match=f"DYNSTUDY_THREADS = '{asked}': must be a whole"):
        train(ensemble, data, backend="cpu", checkpoints=[2])
