"""A study file in, one study out, or one line."""

from pathlib import Path

import pytest
import tomli_w

from dynstudy.errors import SpecError
from dynstudy.study.study_file import load_spec
from tests.planted import SMALL, small_map


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(tomli_w.dumps(SMALL))
    return path


def test_a_file_is_the_study_that_it_says(file: Path) -> None:
    assert load_spec(file) == load_spec(str(file)) == small_map()


@pytest.mark.parametrize(
    ("override", "changes"),
    [
        ("replicates=3", {"replicates": 3}),
        ("name=other", {"name": "other"}),
        ("replicates = 3", {"replicates": 3}),
        ("replicates=1e1", {"replicates": 10}),
        ("protocol.steps=1.5e3", {"protocol": SMALL["protocol"] | {"steps": 1500}}),
        ("name=2026-11-25", {"name": "2026-11-25"}),
        ("name= 12:30:00 ", {"name": "12:30:00"}),
        ("name=1e4", {"name": "1e4"}),
        ("name=007", {"name": "007"}),
        ("name=true", {"name": "true"}),
        ("name=inf # 1", {"name": "inf # 1"}),
        ("name=[1]", {"name": "[1]"}),
        ("name='true'", {"name": "true"}),
        ('name="a b"', {"name": "a b"}),
        ("space.width=[5, 9]", {"space": SMALL["space"] | {"width": [5, 9]}}),
        ("replicates={min=6, max=9}", {"replicates": {"min": 6, "max": 9}}),
    ],
)
def test_an_override_is_as_if_the_file_said_so(
    override: str, changes: dict[str, object], file: Path
) -> None:
    assert load_spec(file, [override]) == small_map(**changes)


def test_the_last_override_of_a_key_counts(file: Path) -> None:
    assert load_spec(file, ["replicates=3", "replicates=4"]) == small_map(replicates=4)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("replicates", "must be KEY=VALUE"),
        ("=3", "must be KEY=VALUE"),
        ("space..width=3", "must be KEY=VALUE"),
        ("space.width=[3", "the value is not TOML"),
        ("name.first=3", "'name' is a value, not a table"),
        ("replicate=3", "unknown key 'replicate'; did you mean 'replicates'"),
    ],
)
def test_an_override_that_means_nothing_is_told(override: str, said: str, file: Path) -> None:
    with pytest.raises(SpecError, match=said) as refused:
        load_spec(file, [override])
    assert "\n" not in str(refused.value)


def test_what_cannot_be_read_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfa")
    (tmp_path / "text.toml").write_text("no toml")
    for name, said in (
        ("absent.toml", "no such study file"),
        (".", "is a folder, not a study file"),
        ("binary.toml", "is not a TOML file: it is not text in UTF-8"),
        ("text.toml", "is not a TOML file: Expected"),
    ):
        path = tmp_path / name
        with pytest.raises(SpecError) as refused:
            load_spec(path)
        assert str(refused.value).startswith(f"{path}: {said}")


def test_a_single_override_may_stand_alone(file: Path) -> None:
    assert load_spec(file, "protocol.steps=321") == load_spec(file, ["protocol.steps=321"])
