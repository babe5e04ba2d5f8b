"""The tables of instability.md, made from the CSV that `dynstudy map --show instability` wrote."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from dynstudy.analysis.association import KINDS, THIRDS
from dynstudy.measure.measures import MEASURES
from dynstudy.report.rows import with_interval

FOLDER = Path(__file__).resolve().parent / "instability"


def _table(frame: pd.DataFrame, columns: Callable[[Any], dict[str, str]]) -> pd.DataFrame:
    """A row for each row of associations."""
    return pd.DataFrame([
        {
            "study": row["study"],
            "width": "all" if pd.isna(row["width"]) else f"{row['width']:g}",
            "measure": MEASURES[row["measure"]].title,
            **columns(row),
        }
        for row in frame.to_dict("records")
    ])


def _read(names: list[str]) -> pd.DataFrame:
    return pd.concat([pd.read_csv(FOLDER / f"{name}-association.csv") for name in names])


def associations(names: list[str]) -> pd.DataFrame:
    """Rank correlations, with their intervals and p-values corrected by Holm."""
    headings = dict(zip(KINDS, ("over cells", "at equal A and T", "among networks"), strict=True))

    def columns(row: Any) -> dict[str, str]:
        return {
            heading: f"{with_interval(row, f'rho_{kind}', '+.2f')}, {_p(row[f'holm_{kind}'])}"
            for kind, heading in headings.items()
        }

    return _table(_read(names), columns)


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"


def gain_of_thirds(names: list[str]) -> pd.DataFrame:
    """Mean gains of thirds of cells, and the hump."""

    def columns(row: Any) -> dict[str, str]:
        return {
            **{third: f"{row[f'gain_{third}']:+.3f}" for third in THIRDS},
            "hump": with_interval(row, "hump"),
        }

    return _table(_read(names), columns)


def networks_of_thirds(names: list[str]) -> pd.DataFrame:
    """Rank correlations among networks in thirds of the cells of all widths."""

    def columns(row: Any) -> dict[str, str]:
        return {third: with_interval(row, f"rho_networks_{third}", "+.2f") for third in THIRDS}

    frame = _read(names)
    return _table(frame[frame.width.isna()], columns).drop(columns="width")


def static_and_cells(names: list[str]) -> pd.DataFrame:
    """How unstable the static loss is, and how often useful and other cells are."""
    return pd.DataFrame([row for name in names for row in _static_and_cells(name)])


def _static_and_cells(name: str) -> Iterator[dict[str, str]]:
    frame = pd.read_csv(FOLDER / f"{name}-instability.csv")
    for width, panel in frame.groupby("width"):
        (static,) = panel[panel.amplitude.isna()].itertuples()
        cells = panel[panel.amplitude.notna()]
        useful = cells.regime == "useful"
        yield {
            "study": name,
            "width": str(width),
            "static loss: uphill": f"{static.share_uphill:.3f} ± {static.share_uphill_sem:.3f}",
            "past 2/η": f"{static.share_past_edge:.3f} ± {static.share_past_edge_sem:.3f}",
            "largest, in 2/η": f"{static.largest_curvature:.2f}",
            "useful cells: uphill": _spread(cells.share_uphill[useful]),
            "other cells: uphill": _spread(cells.share_uphill[~useful]),
        }


def _spread(values: pd.Series) -> str:
    """Median and range of cells."""
    return f"{values.median():.3f} ({values.min():.3f} to {values.max():.3f}), n = {len(values)}"
