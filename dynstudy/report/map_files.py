"""Files that a person takes away: written whole or not at all, under names that are safe."""

from pathlib import Path

import pandas as pd

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.pictures.regime_map import save_map
from dynstudy.report.safe_files import file_stem, write_rows, write_whole


def write_map(study_map: RegimeMap, folder: Path) -> list[Path]:
    """Write a map as PNG and CSV, named after its study."""
    stem = file_stem(study_map.spec.name)
    picture = write_whole(folder / f"{stem}.png", lambda path: save_map(study_map, path))
    return [picture, write_rows(study_map.frame, folder / f"{stem}.csv")]


def write_boundaries(name: str, frame: pd.DataFrame, folder: Path) -> Path:
    """Write the boundaries of a map as CSV, named after its study."""
    return write_rows(frame, folder / f"{file_stem(name)}-boundaries.csv")
