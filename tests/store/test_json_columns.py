"""What columns that hold JSON hold."""

from typing import Annotated

import pytest
from pydantic import AfterValidator, TypeAdapter, ValidationError

from dynstudy.store.json_columns import Facts, PlaneContent, Step, ascending
from dynstudy.store.keys import plane_content
from tests.planted_atlas import small_atlas


def test_steps_ascend() -> None:
    steps = TypeAdapter(Annotated[list[Step], AfterValidator(ascending)])
    assert steps.validate_json("[0, 5, 9]") == [0, 5, 9]
    for damaged in ("[5, 5]", "[9, 0]", "[-1]", "[1e12]"):
        with pytest.raises(ValidationError):
            steps.validate_json(damaged)


def test_what_a_launch_and_a_plane_say_is_read() -> None:
    facts = Facts.model_validate({"processor": "p", "system": "s", "versions": {"python": "3"}})
    assert (facts.overrides, facts.process) == ([], None)
    content = plane_content(small_atlas().protocol, "dce")
    assert PlaneContent.model_validate(content).tail == 50
    with pytest.raises(ValidationError):
        PlaneContent.model_validate({name: content[name] for name in content if name != "data"})
