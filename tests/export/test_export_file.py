"""What an export holds, and what is no export."""

import json
import os
from pathlib import Path

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from dynstudy.errors import ExportError
from dynstudy.export.export_file import Export, load_export, to_text
from dynstudy.export.words import FileFormat


def test_a_file_gives_back_every_bit(made: Export, tmp_path: Path) -> None:
    path = tmp_path / "best.toml"
    path.write_text(to_text(made, FileFormat.toml), encoding="utf-8")
    assert load_export(path) == made
    assert load_export(path).changed() == []
    assert json.loads(to_text(made, FileFormat.json)) == made.resolved()


def write(tmp_path: Path, contents: str | bytes, name: str = "bad.toml") -> Path:
    path = tmp_path / name
    path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
    return path


def test_what_is_no_export_is_refused_in_one_line(made: Export, tmp_path: Path) -> None:
    good = made.resolved()
    bad = [
        ("{", "is not a TOML file"),
        (b"\xff\xfa", "is not a TOML file"),
        ("a = " + "[" * 5000, "nested too deeply"),
        ('name = "x"', "is not an export of dynstudy"),
        (tomli_w.dumps(good | {"dynstudy_export": 2}), "is an export of version 2"),
        (tomli_w.dumps(good | {"extra": 2}), "unknown key 'extra'"),
        (tomli_w.dumps(good | {"configuration": []}), "is damaged"),
        (tomli_w.dumps(good | {"selection": good["selection"] | {"by": "luck"}}), "selection.by"),
        (tomli_w.dumps({k: v for k, v in good.items() if k != "study"}), "'study' is missing"),
    ]
    for contents, said in bad:
        with pytest.raises(ExportError) as caught:
            load_export(write(tmp_path, contents))
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)
    with (tmp_path / "large.toml").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(ExportError, match="1,099,511,627,776 bytes, which is too large"):
        load_export(tmp_path / "large.toml")
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(ExportError, match="is a device, a pipe or a socket, not an export"):
        load_export(tmp_path / "pipe.toml")
    with pytest.raises(ExportError, match="no such file"):
        load_export(tmp_path / "absent.toml")


@pytest.mark.parametrize("suffix", [".json", ".yaml", ".yml", ".txt", ""])
def test_what_is_no_toml_is_told_the_way_out(suffix: str, tmp_path: Path) -> None:
    path = write(tmp_path, "dynstudy_export: 1", f"best{suffix}")
    with pytest.raises(ExportError) as caught:
        load_export(path)
    assert str(caught.value) == (
        f"{path}: must end in .toml: exports are read as TOML alone; make one with dynstudy export "
        "STUDY --out FILE.toml"
    )


@given(contents=st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
def test_no_file_crashes_the_reader(
    contents: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.raises(ExportError):
        load_export(write(tmp_path_factory.getbasetemp(), contents, "fuzzed.toml"))
