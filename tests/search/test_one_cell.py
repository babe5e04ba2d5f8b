import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynstudy.config import Cell
from dynstudy.errors import DynstudyError
from dynstudy.search.one_cell import KEYS, choose_cell
from dynstudy.study.kinds.map import MapSpec
from tests.planted import SMALL

SPACE = {"learning_rate": 1.0, "amplitude": [3, 100 / 3], "period": [10, 30], "width": [5, 9]}
SPEC = MapSpec.model_validate(SMALL | {"loss": ["dce", "dmse1"], "space": SPACE})
CELLS = list(SPEC.grid_cells())


@given(cell=st.sampled_from(CELLS), order=st.permutations(KEYS))
def test_all_its_values_name_a_cell_in_any_order(cell: Cell, order: list[str]) -> None:
    values = {key: getattr(cell.configuration, key) for key in order}
    text = ", ".join(f"{key} = {value}" for key, value in values.items() if value is not None)
    assert choose_cell(CELLS, text) is cell


def test_what_has_one_value_and_further_digits_may_be_left_out() -> None:
    cell = choose_cell(CELLS, "loss=dmse1,width=9,amplitude=33.3333,period=30")
    assert cell.configuration.amplitude == 100 / 3
    assert choose_cell(CELLS[:1], "") is CELLS[0]


@given(cell=st.sampled_from(CELLS))
def test_a_cell_s_name_names_it(cell: Cell) -> None:
    assert choose_cell(CELLS, str(cell.configuration)) is cell


@pytest.mark.parametrize("printed", ["33.3", "33.33", "33.333", "33.3333", "33.333333333333336"])
def test_a_number_is_taken_as_it_was_printed(printed: str) -> None:
    cell = choose_cell(CELLS, f"dce,width 9,A={printed},T=30")
    assert cell.configuration.amplitude == 100 / 3


def test_a_number_that_several_are_printed_as_is_asked_about() -> None:
    near = MapSpec.model_validate(
        SMALL | {"space": SPACE | {"amplitude": [37.601, 37.60603, 37.6], "period": 10, "width": 5}}
    )
    cells = list(near.grid_cells())
    assert choose_cell(cells, "amplitude=37.6").configuration.amplitude == 37.6
    assert choose_cell(cells, "amplitude=37.606").configuration.amplitude == 37.60603
    with pytest.raises(DynstudyError, match=r"2 cells have .*amplitude is 37.601, 37.606"):
        choose_cell([cell for cell in cells if cell.configuration.amplitude != 37.6], "A=37.6")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("width", "'width' is not key=value"),
        ("width=", "'width=' is not key=value"),
        ("amplitud=3", "'amplitud' is not one of loss, width, .*did you mean 'amplitude'"),
        ("width=5,width=9", "width is said twice"),
        ("width=wide", "width=wide is no number"),
        ("width=6", "no cell has width=6; width is 5, 9$"),
        ("loss=dce,amplitude=4", "no cell with loss=dce has amplitude=4; amplitude is 3, 33.3333$"),
        ("loss=ce,period=10", "no cell with loss=ce has period=10; period is of no static loss$"),
        (
            "loss=dce,width=5,period=10",
            "2 cells have loss=dce, width=5, period=10; say more: amplitude is 3, 33.3333$",
        ),
        ("", "20 cells to choose from; say more: loss is ce, dce, dmse1, mse; width is 5, 9; "),
    ],
)
def test_what_names_no_cell_or_several_is_told_what_there_is(text: str, said: str) -> None:
    with pytest.raises(DynstudyError, match=said) as caught:
        choose_cell(CELLS, text)
    assert "\n" not in str(caught.value)
