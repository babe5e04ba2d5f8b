"""The oscillations over which a network is read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynstudy.config import Configuration
from dynstudy.measure.window import CYCLES_READ, forgetting_window, tail_start
from dynstudy.protocol import Protocol
from dynstudy.task.data.spirals import SpiralData
from dynstudy.task.schedule import class_weights


@given(
    period=st.integers(2, 40),
    whole=st.integers(1, 40),
    rest=st.integers(0, 39),
    classes=st.integers(2, 5),
)
def test_it_is_the_last_whole_oscillations_before_the_tail(
    period: int, whole: int, rest: int, classes: int
) -> None:
    steps = whole * period + min(rest, period - 1)
    protocol = Protocol(steps=steps, tail="none", data=SpiralData(classes=classes))
    window = forgetting_window(protocol, period)
    assert window.count == min(whole, CYCLES_READ * classes)
    assert window.first + window.count == whole
    assert window.ends[-1] == tail_start(protocol, Configuration("dce", 5, 1.0, 3, period))
    assert (np.diff(window.starts) == period).all()
    np.testing.assert_array_equal(window.ends, window.starts + period)
    # the emphasised class's weight peaks in the middle, and is one at the start
    for number, (middle, start) in enumerate(zip(window.middles, window.starts, strict=True)):
        turn = (window.first + number) % classes
        weights = class_weights(int(middle), classes, 9, period)
        assert weights.argmax() == turn
        assert weights[turn] >= class_weights(int(middle) - 1, classes, 9, period)[turn]
        assert class_weights(int(start), classes, 9, period) == pytest.approx(1)


def test_a_tail_begins_where_no_whole_oscillation_fits_any_more() -> None:
    cell = Configuration("dce", 5, 1.0, 3, 30)
    for tail, start in ((0, 180), (20, 180), (21, 150), ("period", 150), ("none", 180)):
        assert tail_start(Protocol(steps=200, tail=tail), cell) == start
    assert tail_start(Protocol(steps=200, tail=50), cell.baseline()) == 0
