"""Which studies a zoom is: free names, those begun before, and names that are another's."""

from collections.abc import Iterable, Mapping
from functools import partial

import optuna
import pytest

from dynstudy.errors import SpecError, StudyMismatchError
from dynstudy.launch.zooming import zoom_sequence
from dynstudy.store.studies import Storage
from dynstudy.study.kinds.atlas import AtlasSpec
from dynstudy.study.zooms import Ends, nearer, part
from tests.planted import small_map
from tests.planted_atlas import small_atlas


def to(low: float, high: float) -> partial[Ends]:
    """The bounds of a zoom along the amplitude."""
    return partial(lambda _, bounds: bounds, bounds={"amplitude": (low, high)})


into = partial(nearer, point={"amplitude": 8.0}, factor=2)


def names(studies: Iterable[AtlasSpec]) -> list[str]:
    return [study.name for study in studies]


def test_the_first_free_name_is_taken_whosever_the_others_are(storage: Storage) -> None:
    atlas = small_atlas()
    storage.open_study(small_map(name="atlas-zoom-1"))
    optuna.create_study(study_name="atlas-zoom-2", storage=storage.optuna)
    assert names(zoom_sequence(storage, atlas, to(8, 20))) == ["atlas-zoom-3"]


def test_what_was_begun_is_resumed_and_another_part_is_another_study(storage: Storage) -> None:
    atlas = small_atlas()
    for low in (8, 9):
        (zoom,) = zoom_sequence(storage, atlas, to(low, 20))
        storage.open_study(zoom)
    assert storage.names() == ["atlas-zoom-1", "atlas-zoom-2"]
    for low, number in ((8, 1), (9, 2), (10, 3)):
        (zoom,) = zoom_sequence(storage, atlas, to(low, 20))
        assert zoom == part(atlas, {"amplitude": (low, 20)}, f"atlas-zoom-{number}")
    (other,) = zoom_sequence(storage, atlas, to(8, 20), pixels=(2, 2))
    assert other.name == "atlas-zoom-3"


def test_a_sequence_goes_into_a_point_each_a_part_of_the_one_before(storage: Storage) -> None:
    atlas = small_atlas()
    studies = list(zoom_sequence(storage, atlas, into, times=3))
    assert names(studies) == ["atlas-zoom-1", "atlas-zoom-2", "atlas-zoom-3"]
    assert [study.zoom_of for study in studies] == ["atlas", "atlas-zoom-1", "atlas-zoom-2"]
    assert studies[1] == part(studies[0], into(studies[0]), "atlas-zoom-2")
    for study in studies[:2]:  # interrupted
        storage.open_study(study)
    assert list(zoom_sequence(storage, atlas, into, times=4))[:3] == studies
    (deeper,) = zoom_sequence(storage, studies[1], into)
    assert deeper == studies[2]  # also from where it stopped


def test_where_a_zoom_goes_is_asked_when_the_one_before_was_yielded(storage: Storage) -> None:
    asked = []

    def halved(atlas: AtlasSpec) -> Mapping[str, tuple[float, float]]:
        asked.append(atlas.name)
        return into(atlas)

    sequence = zoom_sequence(storage, small_atlas(), halved, times=3)
    for number in (1, 2, 3):
        assert next(sequence).name == f"atlas-zoom-{number}"
        assert asked == ["atlas", "atlas-zoom-1", "atlas-zoom-2"][:number]


def test_a_name_that_is_given_is_taken_or_refused(storage: Storage) -> None:
    atlas = small_atlas()
    storage.open_study(atlas)
    assert names(zoom_sequence(storage, atlas, into, times=2, name="in")) == ["in-1", "in-2"]
    (zoom,) = zoom_sequence(storage, atlas, into, name="in")
    storage.open_study(zoom)
    assert list(zoom_sequence(storage, atlas, into, name="in")) == [zoom]
    optuna.create_study(study_name="foreign", storage=storage.optuna)
    for name in ("atlas", "foreign"):
        with pytest.raises(StudyMismatchError, match=f"study '{name}' is in .* choose another"):
            list(zoom_sequence(storage, atlas, into, name=name))
    with pytest.raises(StudyMismatchError, match="study 'in' is in"):
        list(zoom_sequence(storage, atlas, to(8, 20), name="in"))
    with pytest.raises(SpecError, match="no space at either end"):
        list(zoom_sequence(storage, atlas, into, name=" in"))


def test_a_sequence_says_where_it_ends(storage: Storage) -> None:
    ending = partial(nearer, point={"period": 20}, factor=4)
    with pytest.raises(SpecError, match=r"zoom 2 of 5: period 19.*: holds no two whole numbers"):
        list(zoom_sequence(storage, small_atlas(), ending, times=5))
    assert storage.names() == []
