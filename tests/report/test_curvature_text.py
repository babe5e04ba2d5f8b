"""What `show` says of curvature."""

import pandas as pd

from dynstudy.report.curvature_text import curvature_lines


def test_only_what_was_read_has_a_line() -> None:
    frame = pd.DataFrame({
        "loss": ["ce", "dce", "dce"],
        "largest_curvature": [0.5, 1.3456, None],
        "share_past_edge": [None] * 3,
        "onsets_per_oscillation": [None, 2.0, 0.0],
        "lasting": [0.1, 0.2, 0.3],
    })
    assert curvature_lines(frame) == [
        "largest curvature: 0.5 to 1.35 2/η over 2 cells",
        "onsets of instabilities per oscillation: 0 to 2 over 2 cells",
    ]
    assert curvature_lines(frame[["loss", "lasting"]]) == []
