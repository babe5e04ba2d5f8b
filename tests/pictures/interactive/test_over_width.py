"""The figure of accuracy over width on a study's page."""

from dynstudy.analysis.regime_map import regime_map
from dynstudy.pictures.interactive.over_width import WIDTH_FIGURE
from dynstudy.pictures.interactive.over_width import width_figure as page_figure
from dynstudy.pictures.width_description import describe_widths
from dynstudy.store.studies import Storage
from tests.pictures.made_up import traces
from tests.planted import SpecMaker, plant


def test_what_is_not_trained_has_no_curve(storage: Storage, make_spec: SpecMaker) -> None:
    storage.open_study(make_spec())
    found = regime_map(storage, "small")
    assert describe_widths(found).curves == []
    assert traces(page_figure(found)) == {}
    assert WIDTH_FIGURE > "map"  # figures are sorted, and maps come first


def test_hovering_tells_which_cell_a_point_is(storage: Storage, make_spec: SpecMaker) -> None:
    plant(storage, make_spec())
    static, dynamical = page_figure(regime_map(storage, "small")).data
    assert static.text == ("n = 8",)
    assert dynamical.text[0] in {f"A = 30, T = {period}, n = 2" for period in (10, 30)}
