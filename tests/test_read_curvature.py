"""What a study may ask to be read of curvature."""

import pytest
from pydantic import ValidationError

from dynstudy.read_curvature import ReadCurvature, Records, check_records


def test_a_list_of_steps_ascends_without_duplicates() -> None:
    assert ReadCurvature(records=(7, 3, 7)).records == (3, 7)
    assert ReadCurvature.model_validate({"records": {"every": 5}}).records == Records(every=5)


@pytest.mark.parametrize("records", [{"every": 5, "per_decade": 2}, {"each": 5}, "all", 7])
def test_records_are_of_one_kind(records: object) -> None:
    with pytest.raises(ValidationError, match=r"must be \{ per_decade = NUMBER \}"):
        ReadCurvature.model_validate({"records": records})


@pytest.mark.parametrize(
    "asked", [ReadCurvature(records=(100,)), ReadCurvature(records=Records(every=100))]
)
def test_the_step_after_a_record_is_taken(asked: ReadCurvature) -> None:
    check_records(asked, 101)
    with pytest.raises(ValueError, match="records has step 100, and no step after it"):
        check_records(asked, 100)
