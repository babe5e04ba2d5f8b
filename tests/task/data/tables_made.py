"""A small data set, written in every form that one can be read from."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

POINTS, COUNTS, NAMES = 24, (5, 8, 11), ("ant", "bee", "cow")


def table() -> pd.DataFrame:
    """Points of three classes of different sizes, classes mixed, with digits that tell."""
    rng = np.random.default_rng(5)
    kinds = rng.permutation(np.repeat(np.arange(3), COUNTS))
    x = rng.normal(size=(POINTS, 3)) / 3 + np.eye(3)[kinds] * [1, 20, 0.05]
    return pd.DataFrame(x, columns=["u", "v", "w"]).assign(kind=np.array(NAMES)[kinds])


PROGRAM = """
import pandas as pd
from pathlib import Path

def both():
    table = pd.read_csv(Path(__file__).with_name("points.csv"), float_precision=None)
    return table.drop(columns="kind").to_numpy(), table["kind"].tolist()
"""


def written(folder: Path, frame: pd.DataFrame | None = None) -> dict[str, dict[str, Any]]:
    """Write it as CSV, Parquet, NPZ and a Python function; return ``[protocol.data]`` of each."""
    frame = table() if frame is None else frame
    frame.to_csv(folder / "points.csv", index=False)
    frame.to_parquet(folder / "points.parquet")
    x = frame.drop(columns="kind").to_numpy()
    np.savez(folder / "points.npz", x=x, kind=frame["kind"].to_numpy().astype(str))
    (folder / "points_of_mine.py").write_text(PROGRAM, encoding="utf-8")
    files = {
        form: {"kind": "file", "file": f"points.{form}", "target": "kind"}
        for form in ("csv", "parquet", "npz")
    }
    return files | {"python": {"kind": "python", "function": "points_of_mine:both"}}
