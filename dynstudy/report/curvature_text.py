"""What a study read of curvature, in a line for each measure."""

import pandas as pd

from dynstudy.measure.measures import MEASURES


def curvature_lines(frame: pd.DataFrame) -> list[str]:
    """Return the range of each measure of instability over the cells (a row each) that have it.

    >>> curvature_lines(pd.DataFrame({"loss": ["ce", "dce"], "share_uphill": [0.0, 0.25]}))
    ['share of uphill steps: 0 to 0.25 over 2 cells']
    """
    lines = []
    for name, measure in MEASURES.items():
        values = frame[name].dropna() if measure.series and name in frame else frame.loss[:0]
        if len(values):
            unit = f" {measure.unit}" if measure.unit == "2/η" else ""
            span = f"{values.min():.3g} to {values.max():.3g}{unit}"
            lines.append(f"{measure.title}: {span} over {len(values)} cells")
    return lines
