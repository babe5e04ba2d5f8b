"""Which studies there are."""

import pytest

from dynstudy.report.listing import list_rows, study_status
from dynstudy.report.words import Status
from dynstudy.store.launches import claim
from dynstudy.store.rename_note_tag import change_tags
from dynstudy.store.studies import Storage
from tests.planted import SearchMaker, SpecMaker, plant


@pytest.fixture
def three(storage: Storage, make_spec: SpecMaker, make_search: SearchMaker) -> Storage:
    plant(storage, make_spec())
    storage.open_study(make_spec(name="other", loss="dmse1"))
    storage.open_study(make_search())
    return storage


def names(storage: Storage, **filters: object) -> list[str]:
    return [row["study"] for row in list_rows(storage, **filters)]


def test_a_row_says_how_much_of_a_study_there_is(three: Storage) -> None:
    other, search, small = list_rows(three)
    assert (small["status"], small["cells_done"], small["cells"]) == (Status.complete, 5, 5)
    assert small["networks"] == small["networks_trained"] == 16
    assert small["network_steps"] == 16 * 200
    assert (other["status"], other["cells_done"], other["networks_trained"]) == (
        Status.incomplete, 0, 0
    )  # fmt: skip
    assert (search["kind"], search["cells"], search["networks"]) == ("search", 8, 0)


def test_filters_are_taken_together(three: Storage) -> None:
    assert names(three) == ["other", "search", "small"]
    assert names(three, status=Status.incomplete) == ["other", "search"]
    assert names(three, status=Status.incomplete, kind="map") == ["other"]
    assert names(three, match="s*") == ["search", "small"]
    assert names(three, match="S*") == []
    change_tags(three, "small", ["paper", "checked"])
    change_tags(three, "other", ["paper"])
    assert names(three, tags=["paper"]) == ["other", "small"]
    assert names(three, tags=["paper", "checked"]) == ["small"]


def test_a_study_that_is_run_is_running_whatever_it_has(
    three: Storage, make_spec: SpecMaker
) -> None:
    spec = make_spec()
    with claim(three.engine, three.study_id(three.study("small")), spec, "cpu"):
        assert names(three, status=Status.running) == ["small"]
    assert names(three, status=Status.running) == []
    assert study_status(False, 6, 5) is Status.complete  # more than was planned
