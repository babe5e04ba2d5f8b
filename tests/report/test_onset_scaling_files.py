"""Laws and curves as a person takes them away."""

from pathlib import Path

import pandas as pd

from dynstudy.report.onset_scaling_files import write_scaling
from tests.analysis.planted_onsets import PERIODS, three_panels


def test_files(tmp_path: Path) -> None:
    written = write_scaling([three_panels()], 0.4, tmp_path / "new")
    assert [path.name for path in written] == [
        "scaling-onsets.png", "scaling-collapse.png", "scaling.csv", "scaling-onsets.csv"
    ]  # fmt: skip
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written[:2])
    table = pd.read_csv(written[3])
    assert len(table) == 3 * len(PERIODS)
    below = table[table.amplitude_low.isna()]
    assert set(below.width) == {50}
    assert (below.amplitude_high == 10).all()
    assert len(pd.read_csv(written[2])) == 8
