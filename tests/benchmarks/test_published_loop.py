"""The published loop trains what an atlas trains, and is compared with it within a round."""

import sys
from typing import Any

import numpy as np
import pytest

from benchmarks import published_loop
from benchmarks.published_loop import MISSING, grid_arrays, grid_spec, jax_loop
from dynstudy.bench.measure import Settings
from dynstudy.train import Parameters, train


def test_the_grid_is_the_pixels_of_the_atlas() -> None:
    spec = grid_spec(3, 120)
    ensemble, _ = grid_arrays(spec)
    right, upwards = spec.axes
    assert [axis.name for axis in (right, upwards)] == ["amplitude", "learning_rate"]
    np.testing.assert_array_equal(ensemble.amplitude.reshape(3, 3), [right.values] * 3)
    np.testing.assert_array_equal(ensemble.learning_rate.reshape(3, 3).T, [upwards.values] * 3)
    assert (ensemble.steps, ensemble.tail_start.tolist()) == (120, [100] * 9)  # whole oscillations
    assert set(ensemble.seed.tolist()) == {0}


@pytest.mark.jax
@pytest.mark.parametrize("as_scan", [False, True])
def test_the_published_loop_follows_the_oracle(as_scan: bool) -> None:
    """Into the tail, where A = 1; needs the extra [bench]: `make test-jax`."""
    ensemble, data = grid_arrays(grid_spec(2, 60))
    initial = Parameters.drawn(ensemble, data.classes, data.features)
    theta, losses = jax_loop(ensemble, data, initial, as_scan=as_scan)()
    expected = train(ensemble, data, backend="autograd", checkpoints=[60], trace=True)
    gentle = ensemble.learning_rate < 1  # of the others rounding grows within these steps
    assert gentle.any()
    for name, of_all in zip(("W1", "b1", "W2", "b2"), theta, strict=True):
        of_oracle = np.asarray(getattr(expected.parameters, name))
        np.testing.assert_allclose(of_all[gentle], of_oracle[gentle], rtol=2e-3, atol=2e-4)
    np.testing.assert_allclose(losses[:3].T, expected.losses[:, :3], rtol=1e-4)
    np.testing.assert_allclose(losses.T[gentle], expected.losses[gentle], rtol=2e-3)


def test_ratios_are_within_a_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", object())
    monkeypatch.setattr(published_loop, "SIDE", 2)
    monkeypatch.setattr(published_loop, "STEPS", 100)
    now, calls = [0.0], []

    def way(name: str, *seconds: float) -> Any:
        left = [1.0, *seconds]  # the first compiles

        def call(*_: Any, **__: Any) -> None:
            now[0] += left.pop(0)
            calls.append(name)

        return call

    loops = {False: way("loop", 20, 40), True: way("scan", 8, 10)}
    monkeypatch.setattr(published_loop, "_launched", way("atlas", 4, 5))
    monkeypatch.setattr(published_loop, "train", way("engine", 2, 4))
    monkeypatch.setattr(published_loop, "jax_loop", lambda *_, as_scan=False: loops[as_scan])
    monkeypatch.setattr(published_loop.time, "perf_counter", lambda: now[0])
    measured = published_loop.measure(Settings(rounds=2), lambda _: None)
    assert calls == ["atlas", "engine", "loop", "scan"] * 3
    rows = {row.quantity: (row.unit, row.min, row.max) for row in measured.rows}
    assert rows["atlas / published loop"] == ("ratio", 5.0, 8.0)
    assert rows["atlas / published loop as a scan"] == ("ratio", 2.0, 2.0)
    assert rows["engine / published loop"] == ("ratio", 10.0, 10.0)
    assert rows["atlas / engine"] == ("ratio", 0.5, 0.8)
    assert rows["atlas"] == ("network-steps/s", 80.0, 100.0)  # 4 networks of 100 steps
    assert "2 x 2 networks of 100 steps" in measured.notes[0]


def test_without_jax_it_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", None)
    measured = published_loop.measure(Settings(rounds=1), lambda _: None)
    assert (measured.rows, measured.notes) == ([], [MISSING])
