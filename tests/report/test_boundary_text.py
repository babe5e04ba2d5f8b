"""Boundaries as a person reads them."""

import io

import pandas as pd
import pytest

from dynstudy.analysis.boundary_words import ABOVE, BELOW, LOWER, NOWHERE, ONSET, UPPER
from dynstudy.report.boundary_text import boundary_lines, print_boundaries

PANEL = {"loss": "dce", "width": 5, "learning_rate": 1.0}
CELLS = pd.DataFrame([PANEL | {"amplitude": amplitude} for amplitude in (3.0, 30.0, 300.0)])
NAN = float("nan")


def edge(
    period: int,
    boundary: str,
    amplitude: float = NAN,
    low: float = NAN,
    high: float = NAN,
    says: str = "",
    piece: int = 0,
) -> dict[str, object]:
    ends = {"amplitude": amplitude, "amplitude_low": low, "amplitude_high": high}
    return PANEL | {
        "period": period, "boundary": boundary, "says": says, "piece": piece, "support": 0.97
    } | ends  # fmt: skip


def said(*edges: dict[str, object]) -> tuple[str, str]:
    (row,) = boundary_lines(CELLS, pd.DataFrame(edges))
    return row["useful_amplitudes"], row["forgets_from"]


def test_an_edge_has_its_band_and_the_ends_of_the_map_are_signs() -> None:
    useful, forgets = said(
        edge(10, LOWER, 5.123, 4, NAN),
        edge(10, UPPER, says=ABOVE),
        edge(10, ONSET, 50, 30, 300),
    )
    assert useful == "5.12 [4, >300] to >300"
    assert forgets == "between 30 and 300"


def two_pieces(low: float, *, second_support: float = 0.97) -> tuple[str, str]:
    return said(
        edge(10, LOWER, says=BELOW),
        edge(10, UPPER, 5, 4, 6),
        edge(10, LOWER, 50, low, 60, piece=1) | {"support": second_support},
        edge(10, UPPER, 70, 65, 80, piece=1),
    )


def test_of_several_pieces_the_one_with_most_support_is_said() -> None:
    assert two_pieces(40, second_support=0.98) == (
        "<3 to 5 [4, 6]; 1 more in the CSV",
        "not tested",
    )
    first = edge(10, LOWER, says=BELOW) | {"support": 0.2}
    useful, _ = said(
        first,
        edge(10, UPPER, 5, 4, 6),
        edge(10, LOWER, 50, 40, 60, piece=1),
        edge(10, UPPER, 70, 65, 80, piece=1),
    )
    assert useful == "50 [40, 60] to 70 [65, 80]; 1 more in the CSV"


@pytest.mark.parametrize("low", [5.5, 3, NAN])
def test_pieces_whose_bands_overlap_are_one(low: float) -> None:
    assert two_pieces(low)[0] == "<3 to 70 [65, 80], one piece as bands overlap"


def test_what_is_not_there_is_said() -> None:
    nowhere = edge(10, LOWER, says=NOWHERE), edge(10, UPPER, says=NOWHERE)
    assert said(*nowhere, edge(10, ONSET, low=300, says=ABOVE)) == (
        "none (in 97% of resamples)", "not up to 300"
    )  # fmt: skip
    assert said(edge(10, ONSET, high=3, says=BELOW)) == ("too few cells", "<3")


def test_a_row_for_each_period_in_their_order_and_what_the_words_mean() -> None:
    frame = pd.DataFrame([edge(period, ONSET, 50, 30, 300) for period in (30, 10)])
    assert [row["period"] for row in boundary_lines(CELLS, frame)] == [10, 30]
    out = io.StringIO()
    print_boundaries(boundary_lines(CELLS, frame), out)
    text = " ".join(out.getvalue().split())
    assert "between 30 and 300" in text
    assert "< and > are the ends of the map" in text
