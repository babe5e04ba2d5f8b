"""A map on a terminal."""

import io

from dynstudy.analysis.regime_map import regime_map
from dynstudy.report.map_text import print_map
from dynstudy.store.studies import Storage
from tests.planted import Planted, SpecMaker


def test_a_grid_that_is_wider_than_a_terminal_is_left_to_the_picture(
    storage: Storage, make_spec: SpecMaker
) -> None:
    amplitudes = {"low": 3, "high": 30, "num": 41}
    space = {"learning_rate": 1.0, "amplitude": amplitudes, "period": [10, 15], "width": 5}
    Planted(storage, make_spec(replicates=10, space=space))
    text = io.StringIO()
    print_map(regime_map(storage, "small"), text)
    assert "T \\ A" not in text.getvalue()
    assert "see the picture and the CSV" in text.getvalue()
    assert "82 cells" in text.getvalue()
