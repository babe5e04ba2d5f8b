"""A file in, a table out, or one line."""

import os
import socket
from pathlib import Path

import pytest

from dynstudy.errors import SpecError
from dynstudy.study.toml_file import MAX_BYTES, read_toml


def test_a_table_is_read_with_a_mark_of_its_encoding_or_without(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path.write_text('name = "Ω"\n', encoding=encoding, newline="\r\n")
        assert read_toml(path, "a study file", SpecError) == {"name": "Ω"}


def test_what_is_no_table_is_refused_in_one_line(tmp_path: Path) -> None:
    folder, pipe, listening, large, utf16, deep, digits = (
        tmp_path / name for name in ("folder", "pipe", "socket", "large", "utf16", "deep", "digits")
    )
    folder.mkdir()
    os.mkfifo(pipe)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(listening))
    with large.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    utf16.write_text("a = 1", encoding="utf-16-le")
    deep.write_text("a = " + "[" * 100_000)
    digits.write_text("a = " + "9" * 10_000)
    for path, said in {
        folder: "is a folder, not a study file",
        pipe: "is a device, a pipe or a socket, not a study file",
        listening: "is a device, a pipe or a socket, not a study file",
        Path("/dev/zero"): "is a device, a pipe or a socket, not a study file",
        large: "has 67,108,865 bytes, which is too large for a study file",
        utf16: "is not a TOML file: ",
        deep: "is not a study file: nested too deeply",
        digits: "is not a TOML file: Exceeds the limit",
        tmp_path / "a\0b": "is not a TOML file: ",  # and what Python says of it
        tmp_path / ("x" * 1000): "cannot be read: File name too long",
        deep / "below": "cannot be read: Not a directory",
    }.items():
        with pytest.raises(SpecError) as refused:
            read_toml(path, "a study file", SpecError)
        assert str(refused.value).startswith(f"{path}: {said}")
        assert "\n" not in str(refused.value)
    with pytest.raises(FileNotFoundError):
        read_toml(tmp_path / "absent", "a study file", SpecError)
