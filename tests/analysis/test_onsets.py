"""Between which tested amplitudes forgetting sets in."""

import numpy as np
import pandas as pd
import pytest

from dynstudy.analysis.onsets import forgetting_panels, onsets
from dynstudy.analysis.regime_map import RegimeMap
from tests.analysis.planted_onsets import AMPLITUDES, PERIODS, planted
from tests.planted import SpecMaker


def test_onsets_lie_between_the_tested_amplitudes_on_both_sides_of_the_truth() -> None:
    ends = onsets(planted(0.5), 0.4)
    true = np.exp(1.5) * ends.period**0.5
    assert (ends.low < true).all()
    assert (true <= ends.high).all()
    assert ends.inside == len(PERIODS)
    # the largest amplitude that remembers counts, whatever happens below it
    panel = planted(0.5)
    panel.cells.samples[0][:] = 0.9
    assert (onsets(panel, 0.4).low == ends.low).all()
    assert (onsets(panel, 0.05).low == 0).all()
    assert np.isinf(onsets(panel, 0.95).high).all()


def test_a_panel_says_what_it_rests_on() -> None:
    panel = planted(0.5, rate=3.0, width=50)
    assert panel.key == ("dce", 50, 3.0)
    assert panel.networks == 10 * len(AMPLITUDES) * len(PERIODS)
    assert panel.ends == pytest.approx((10, 3000))
    samples = panel.cells.samples
    expected = [sample.var(ddof=1) / 10 + 1e-4 for sample in samples]
    np.testing.assert_allclose(panel.noise(), expected)


def test_panels_of_a_map_hold_the_net_forgetting(make_spec: SpecMaker) -> None:
    rng = np.random.default_rng(0)
    shared = {"loss": "dce", "width": 5, "learning_rate": 1.0, "replicates": 4}
    lost = [rng.normal(0.5, 0.1, 4), np.r_[rng.normal(0.3, 0.1, 3), np.nan], np.full(4, np.nan)]
    frame = pd.DataFrame([
        shared
        | {"amplitude": 3.0 + k, "period": 10.0, "noise": np.nan, "regime": "useful"}
        | {"forgetting": float(np.nanmean(losses)) - 0.1 if k < 2 else np.nan}
        | {"forgetting_sem": float(np.sqrt(np.nanvar(losses, ddof=1) / (4 - k) + 0.0004)) if k < 2
           else np.nan}
        for k, losses in enumerate(lost)
    ])  # fmt: skip
    (panel,) = forgetting_panels(RegimeMap(make_spec(), frame, [], [], lost))
    assert panel.cells.means() == pytest.approx([lost[0].mean() - 0.1, lost[1][:3].mean() - 0.1])
    assert panel.static == pytest.approx([0.0004, 0.0004])
    assert panel.networks == 7
    # a period's cells share the error of the static loss
    drawn = panel.resampled(4000, rng)
    assert np.cov(drawn.T)[0, 1] == pytest.approx(0.0004, rel=0.25)
