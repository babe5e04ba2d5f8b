import json
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from dynstudy.errors import SpecError
from dynstudy.study.spec import StudySpec
from dynstudy.study.study_file import load_spec
from dynstudy.task.losses import LOSSES
from tests.conftest import ROOT
from tests.planted import SEARCH, SMALL, small_map, small_search

VALID: dict[str, Any] = {
    "name": "valid",
    "kind": "map",
    "loss": "dce",
    "replicates": 10,
    "protocol": {"steps": 1000, "tail": 100},
    "space": {"learning_rate": 1.0, "amplitude": [3, 30], "period": 50, "width": 20},
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "study.toml"
    path.write_text(tomli_w.dumps(VALID))
    return path


@pytest.mark.parametrize("path", sorted((ROOT / "studies").glob("*.toml")), ids=lambda p: p.stem)
def test_every_study_that_is_shipped_is_valid_named_after_its_file_and_says_what_it_costs(
    path: Path,
) -> None:
    assert load_spec(path).name == path.stem
    comment = path.read_text(encoding="utf-8").split("name =")[0]
    assert "# Shows:" in comment
    assert "# Costs:" in comment


def test_defaults_are_those_of_the_contract(file: Path) -> None:
    spec = StudySpec.of({**VALID, "protocol": {}})
    assert spec.baseline_replicates == 40
    assert spec.protocol.model_dump() == {
        "steps": 60_000,
        "tail": 10_000,
        "dtype": "float32",
        "data": {
            "points_per_class": 100,
            "classes": 3,
            "turns": 2.0,
            "noise": 0.2,
            "train_seed": 0,
            "validation_seed": 1,
            "validation_points_per_class": 1000,
        },
        "initial": None,
        "until": None,
        "curvature": None,
    }


def test_ranges_have_both_ends_and_integers_are_rounded_half_up() -> None:
    space = {
        "learning_rate": {"low": 0.1, "high": 10, "num": 3, "log": True},
        "amplitude": {"low": 1, "high": 4, "num": 4},
        "period": {"low": 2, "high": 5, "num": 3},  # 2, 3.5, 5
        "width": [20, 5, 20],
    }
    resolved = StudySpec.of({**VALID, "space": space}).space
    assert resolved.learning_rate == (0.1, 1.0, 10.0)
    assert resolved.amplitude == (1.0, 2.0, 3.0, 4.0)
    assert resolved.period == (2, 4, 5)
    assert resolved.width == (5, 20)


def test_overrides_replace_what_the_file_says(file: Path) -> None:
    spec = load_spec(file, ["space.width=[20,50]", 'protocol.tail="period"', "name=other"])
    assert (spec.space.width, spec.protocol.tail, spec.name) == ((20, 50), "period", "other")


def test_a_resolved_spec_read_again_is_the_same(file: Path) -> None:
    spec = load_spec(file)
    assert StudySpec.of(spec.resolved()) == spec


def test_a_static_loss_that_is_compared_with_nothing_needs_no_more_than_its_replicates() -> None:
    static = SMALL | {"loss": ["ce", "mse"], "replicates": 7}
    assert StudySpec.of(static | {"baseline_replicates": 7}).baseline_replicates == 7
    assert StudySpec.of(static).baseline_replicates == 28  # what files say that name none
    with pytest.raises(SpecError, match=r"= 6: must be at least replicates = 7$"):
        StudySpec.of(static | {"baseline_replicates": 6})
    with pytest.raises(SpecError, match="must be at least 4 x replicates = 28, since all cells"):
        StudySpec.of(static | {"loss": ["ce", "dmse1"], "baseline_replicates": 27})


BAD = [
    ("replicate=3", "unknown key 'replicate'; did you mean 'replicates'"),
    ("protocol.data.nois=1", "unknown key 'protocol.data.nois'; did you mean 'noise'?"),
    ("space.zzz=3", "unknown key 'space.zzz'; known: learning_rate, width"),
    ('loss="dcee"', f"'dcee' is not one of {', '.join(LOSSES)}; did you mean 'dce'"),
    ("loss=[]", "loss = []: must be one of ce"),
    ('kind="border"', "kind = 'border': must be 'map' or 'search' or 'boundary'"),
    ("replicates=0", "replicates = 0: must be at least 1"),
    ('replicates="ten"', "replicates = 'ten': must be a whole number"),
    ("replicates=true", "replicates = true: must be a whole number"),
    ("baseline_replicates=39", "must be at least 4 x replicates = 40, since all cells share it"),
    ("name=''", "name = '': must not be empty"),
    ('name="a\\nb"', "must be printable"),
    ("protocol=3", "protocol = 3: must be a table"),
    ("protocol.steps=0", "protocol.steps = 0: must be a whole number from 1 to"),
    ("protocol.steps=1e-5", "protocol.steps = 1e-05: must be a whole number"),
    ("protocol.tail=-1", 'must be a whole number from 0 to 1000000000, or "period" or "none"'),
    ('protocol.dtype="float16"', "must be 'float32' or 'float64'"),
    ("protocol.data.noise=inf", "protocol.data.noise = inf: must be finite"),
    ("protocol.data.classes=1", "must be at least 2"),
    ('protocol.data.train_seed="own"', 'or "replicate"'),
    (
        "space.amplitude=0.9",
        "space.amplitude = 0.9: 0.9 is not allowed; allowed are numbers from 1",
    ),
    ("space.amplitude=nan", "nan is not finite"),
    ("space.amplitude=[3, inf]", "inf is not finite"),
    ('space.amplitude="ten"', "'ten' is not a number"),
    ("space.amplitude=[]", "is empty"),
    ("space.amplitude={low=9,high=3,num=2}", "low = 9 is above high = 3"),
    ("space.amplitude={low=0,high=3,num=2,log=true}", "low = 0 must be positive where log = true"),
    ("space.amplitude={low=3,high=9}", "num is missing"),
    ("space.amplitude={low=3,high=9,num=0}", "num = 0 is not a whole number from 1"),
    ("space.amplitude={low=3,high=9,num=2,lg=true}", "unknown key 'lg'; did you mean 'log'"),
    ("space.period=1", "1 is not allowed; allowed are whole numbers from 2"),
    ("space.period=50.5", "50.5 is not allowed; allowed are whole numbers"),
    ("space.period=901", "no whole oscillation of 901 steps fits before the tail"),
    ("space.width=0", "allowed are whole numbers from 1"),
    ("space.width=20000", "20000 is not allowed"),
    ("space.width=true", "true is not a number"),
    ("space.learning_rate=0", "allowed are numbers from 1e-09"),
    ("space.learning_rate=1e-10", "1e-10 is not allowed"),
    ("space.width=1" + "0" * 400, "is not allowed"),
    ("replicates=1" + "0" * 5000, "replicates"),
    ("space.amplitude={low=-1.7e308,high=1.7e308,num=3}", "low = -1.7e+308 is not allowed"),
    ("protocol.tail=1000", "protocol.tail = 1000: must be below protocol.steps = 1000"),
    (
        "protocol.data={name='digits'}",
        "protocol.data = { name = 'digits' }: without kind it is 'spiral', which has no name; "
        "kind = 'sklearn' has one",
    ),
    (
        "protocol.data={validation=0.5}",
        "has no validation; kind = 'sklearn', 'file' or 'python' has",
    ),
    ("protocol.data={kind='file',file='a.csv'}", "key 'protocol.data.target' is missing"),
    (
        "protocol.optimiser='adam'",
        "protocol.optimiser = 'adam': must be a table: { name = 'adam' }",
    ),
    (
        "protocol.optimiser={name='adam',betas=[0.9]}",
        "protocol.optimiser.betas = [0.9]: must be two numbers from 0 to below 1, as [0.9, 0.999]",
    ),
    ("protocol.optimiser={name='adam',betas=0.9}", "betas = 0.9: must be two numbers from 0"),
    ("nothing", "must be KEY=VALUE"),
    ("name.deeper=1", "'name' is a value, not a table"),
]


@pytest.mark.parametrize(("override", "said"), BAD, ids=[override[:40] for override, _ in BAD])
def test_what_is_wrong_is_said_in_one_line(override: str, said: str, file: Path) -> None:
    with pytest.raises(SpecError) as caught:
        load_spec(file, [override])
    message = str(caught.value)
    assert said in message
    assert "\n" not in message
    assert "pydantic" not in message


@pytest.mark.parametrize("key", ["name", "kind", "loss", "replicates", "space"])
def test_a_missing_key_is_named(key: str) -> None:
    with pytest.raises(SpecError, match=f"key '{key}' is missing.*dynstudy init") as raised:
        StudySpec.of({name: value for name, value in VALID.items() if name != key})
    assert key == "kind" or str(raised.value).endswith("; dynstudy init map writes a file with all")


def test_templates_are_not_named_for_what_they_leave_out(file: Path) -> None:
    with pytest.raises(SpecError) as raised:
        load_spec(file, ["protocol.data={kind='file',file='a.csv'}"])
    assert "dynstudy init" not in str(raised.value)


@pytest.mark.parametrize("kind", ["search", "boundary"])
def test_a_map_that_is_called_another_kind_is_told_where_that_is_written(kind: str) -> None:
    """README names the kinds at a map's file: `kind = "boundary"` there lacked a key, no more."""
    values = {
        **VALID,
        "kind": kind,
        "space": {**VALID["space"], "amplitude": {"low": 3, "high": 9}},
    }
    if kind == "boundary":
        values["space"]["amplitude"] |= {"num": 5}
    with pytest.raises(SpecError, match=f"'{kind}' is missing; dynstudy init {kind} writes a file"):
        StudySpec.of(values)


def test_what_a_file_says_is_quoted_as_it_was_typed() -> None:
    space = {**VALID["space"], "amplitude": {"low": 3, "high": 9, "nums": 4, "log": True}}
    with pytest.raises(SpecError) as raised:
        StudySpec.of({**VALID, "space": space})
    assert "amplitude = { low = 3, high = 9, nums = 4, log = true }: " in str(raised.value)
    assert "unknown key 'nums'; did you mean 'num'?; known: low, high, num, log" in str(
        raised.value
    )


def test_a_misspelt_key_is_named_rather_than_the_one_it_leaves_missing() -> None:
    misspelt = {("replicats" if name == "replicates" else name): v for name, v in VALID.items()}
    with pytest.raises(SpecError, match="unknown key 'replicats'; did you mean 'replicates'"):
        StudySpec.of(misspelt)


@pytest.mark.parametrize("axis", ["learning_rate", "width", "amplitude", "period"])
def test_a_missing_axis_is_named(axis: str) -> None:
    space = {name: value for name, value in VALID["space"].items() if name != axis}
    with pytest.raises(SpecError, match=f"space.{axis}.*is missing"):
        StudySpec.of({**VALID, "space": space})


def test_static_losses_need_neither_amplitude_nor_period() -> None:
    spec = StudySpec.of({**VALID, "loss": ["ce", "mse"], "space": {"learning_rate": 1, "width": 5}})
    assert [cell.configuration.loss for cell in spec.grid_cells()] == ["ce", "mse"]


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (b"\x00\xff\xfe", "it is not text"),
        (b"name = ", "not a TOML file"),
        (b"", "key 'kind' is missing"),
        (b"a = " + b"[" * 5000, "nested too deeply"),
    ],
)
def test_what_is_no_study_file_is_said_so(contents: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(contents)
    with pytest.raises(SpecError, match=said):
        load_spec(path)
    with pytest.raises(SpecError, match="no such study file"):
        load_spec(tmp_path / "absent.toml")
    with pytest.raises(SpecError, match="is a folder"):
        load_spec(tmp_path)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    st.text(max_size=8),
    st.just("dce"),
)
KEYS = st.sampled_from(
    "name kind loss replicates protocol space steps tail data dtype width amplitude period low "
    "high num log learning_rate classes x".split()
)
TABLES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6)
)


def said_of(values: dict[str, Any]) -> str:
    """The error message, if any; any other exception is passed on."""
    try:
        StudySpec.of(values)
    except SpecError as error:
        return str(error)
    return ""


@given(st.dictionaries(KEYS, TABLES))
def test_no_contents_crash_it(values: dict[str, Any]) -> None:
    assert "\n" not in said_of(values)


@given(st.sampled_from(["protocol", "space", "replicates", "loss", "name", "kind"]), TABLES)
def test_no_change_of_a_valid_study_crashes_it(key: str, value: Any) -> None:
    assert "\n" not in said_of({**VALID, key: value})


@given(contents=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_file_crashes_it(contents: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.toml"
    path.write_bytes(contents)
    with pytest.raises(SpecError):
        load_spec(path)


def test_an_absurd_number_of_cells_is_refused() -> None:
    many = {"low": 1, "high": 900, "num": 2000}
    with pytest.raises(SpecError, match="cells; at most 1000000 are allowed"):
        StudySpec.of({
            **VALID,
            "space": {**VALID["space"], "amplitude": many, "learning_rate": many},
        })


WHOLE = [
    ({"replicates": 1e1}, {"replicates": 10}),
    ({"replicates": {"min": 6.0, "max": 1e1}}, {"replicates": {"min": 6, "max": 10}}),
    ({"baseline_replicates": 1e2}, {"baseline_replicates": 100}),
    ({"protocol": {"steps": 1e4, "tail": 1e3}}, {"protocol": {"steps": 10_000, "tail": 1000}}),
    (
        {"protocol": {"data": {"train_seed": 1e1, "points_per_class": 1.5e1}}},
        {"protocol": {"data": {"train_seed": 10, "points_per_class": 15}}},
    ),
    (
        {"space": SMALL["space"] | {"period": [1e1, 20], "width": 2e1}},
        {"space": SMALL["space"] | {"period": [10, 20], "width": 20}},
    ),
    (
        {"space": SMALL["space"] | {"width": {"low": 1e1, "high": 2e1, "num": 3.0}}},
        {"space": SMALL["space"] | {"width": [10, 15, 20]}},
    ),
]


@pytest.mark.parametrize(("written", "meant"), WHOLE, ids=str)
def test_a_whole_number_may_be_written_as_one_of_another_kind(
    written: dict[str, Any], meant: dict[str, Any]
) -> None:
    study = small_map(**written)
    assert study == small_map(**meant)
    assert repr(study) == repr(small_map(**meant))  # 10, not 10.0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"replicates": 1.5}, "replicates = 1.5: must be a whole number"),
        ({"protocol": {"steps": 1.5}}, "protocol.steps = 1.5: must be a whole number"),
        ({"protocol": {"steps": float("inf")}}, "protocol.steps = inf: must be a whole number"),
        ({"protocol": {"tail": 0.5}}, "protocol.tail = 0.5: must be a whole number"),
        ({"space": SMALL["space"] | {"period": 9.5}}, "9.5 is not allowed; allowed are whole"),
    ],
)
def test_half_a_step_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        small_map(**changes)


@pytest.mark.parametrize(
    ("curvature", "words"),
    [
        ({"records": {"every": 0}}, "every must be a whole number from 1 to"),
        ({"records": {"every": True}}, "every must be a whole number from 1 to"),
        ({"records": {"per_decade": 1001}}, "per_decade must be a whole number from 1 to 1000"),
        ({"records": {"every": 5, "per_decade": 5}}, "{ every = NUMBER } or a list of steps"),
        ({"records": {}}, "or a list of steps"),
        ({"records": {"evry": 5}}, "or a list of steps"),
        ({"records": 5}, "or a list of steps"),
        ({"records": [3, -1]}, "a step must be a whole number from 0"),
        ({"records": [3, 1.5]}, "a step must be a whole number from 0"),
        ({"records": {"every": 300}}, "records has step 300, and no step after it: training ends"),
        ({"records": [10, 300]}, "records has step 300, and no step after it: training ends"),
        ({"eigenvalues": 0}, "eigenvalues = 0: must be at least 1"),
        ({"onsets": 1}, "onsets = 1: must be true or false"),
        ({"every": 10}, "unknown key 'protocol.curvature.every'; known: records"),
        (3, "protocol.curvature = 3: must be a table"),
    ],
    ids=str,
)
def test_curvature_that_cannot_be_read_is_one_line(curvature: object, words: str) -> None:
    protocol = {"steps": 300, "tail": 10, "curvature": curvature}
    with pytest.raises(SpecError) as caught:
        StudySpec.of(VALID | {"protocol": protocol}, "a.toml")
    message = str(caught.value)
    assert words in message
    assert message.startswith("a.toml: ")
    assert "\n" not in message
    assert "and 1 more" not in message


@pytest.mark.parametrize(
    ("protocol", "words"),
    [
        ({"until": "onset"}, "set tail = 0"),
        ({"until": "onset", "tail": "period"}, "set tail = 0"),
        ({"until": "onset", "tail": 0}, "a table [protocol.curvature]"),
        ({"until": "onset", "tail": 0, "curvature": {"onsets": False}}, "onsets is not false"),
        ({"until": "onsett", "tail": 0}, "protocol.until = 'onsett': must be 'onset'"),
        ({"steps": {"per_rate": 3}}, "or { per_learning_rate = NUMBER }"),
        ({"steps": {"per_learning_rate": 0}}, "per_learning_rate must be a whole number from 1"),
        ({"steps": {"per_learning_rate": 2.5}}, "per_learning_rate must be a whole number from 1"),
        ({"steps": {"per_learning_rate": 10**9}, "tail": 0}, "are the most"),
        ({"steps": {"per_learning_rate": 30}, "tail": 30}, "must be below protocol.steps = 30"),
        ({"steps": {"per_learning_rate": 30}, "tail": 29}, "no whole oscillation of 20 steps"),
        (
            {"steps": {"per_learning_rate": 300}, "tail": 0, "curvature": {"records": [300]}},
            "records has step 300, and no step after it: training ends after 300",
        ),
    ],
    ids=str,
)
def test_what_ends_networks_must_be_able_to(protocol: dict[str, Any], words: str) -> None:
    space = {"learning_rate": [0.1, 1], "amplitude": 3, "period": 20, "width": 5}
    whole = {"steps": 300, "tail": 10} | protocol
    with pytest.raises(SpecError) as caught:
        small_map(protocol=whole, space=space)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_only_a_map_may_end_networks_at_their_onset() -> None:
    protocol = {"steps": 300, "tail": 0, "until": "onset", "curvature": {}}
    for values in (SEARCH, SMALL | {"kind": "boundary", "replicates": 6, "boundary": {"cells": 5}}):
        with pytest.raises(SpecError, match="only a map's networks may end at their first onset"):
            StudySpec.of(values | {"protocol": protocol})


def test_steps_per_learning_rate_need_rates_that_are_listed() -> None:
    rates = {"learning_rate": {"low": 0.1, "high": 1.0, "log": True}}
    with pytest.raises(SpecError, match="needs learning rates that are listed"):
        small_search(
            protocol={"steps": {"per_learning_rate": 300}, "tail": 50},
            space=SEARCH["space"] | rates,
        )


def test_curvature_is_kept_with_a_study_as_it_was_asked() -> None:
    for records in ({"every": 7}, {"per_decade": 3}, [3, 9]):
        protocol = {"steps": 300, "tail": 10, "curvature": {"records": records}}
        spec = StudySpec.of(VALID | {"protocol": protocol})
        resolved = spec.resolved()
        assert resolved["protocol"]["curvature"]["records"] == records
        assert StudySpec.of(json.loads(json.dumps(resolved))) == spec
    assert "curvature" not in StudySpec.of(VALID).resolved()["protocol"]
