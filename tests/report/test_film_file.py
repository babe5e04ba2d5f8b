"""Frames as a file, as they are read back from it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dynstudy.errors import DynstudyError
from dynstudy.report import film_file as module
from dynstudy.report.film_file import film_file, write_film

COLOURS = np.random.default_rng(0).permutation(256 * 3).reshape(256, 3).astype(np.uint8)


def images(rows: int = 5, columns: int = 7) -> Iterator[Image.Image]:
    rng = np.random.default_rng(1)
    for _ in range(6):
        image = Image.fromarray(rng.integers(0, 256, (rows, columns)).astype(np.uint8))
        image.putpalette(COLOURS.tobytes())
        yield image


def drawn() -> list[np.ndarray]:
    """(rows, columns, 3) red, green and blue of each image."""
    return [COLOURS[np.asarray(image)] for image in images()]


@pytest.fixture
def no_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


def program(folder: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a shell script be ffmpeg."""
    folder.mkdir()
    path = folder / "ffmpeg"
    path.write_text(f"#!/bin/sh\n{code}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".GIF"])
def test_a_picture_that_moves_has_every_frame_as_it_was_drawn(suffix: str, tmp_path: Path) -> None:
    path = write_film(tmp_path / f"film{suffix}", images(), 20)
    with Image.open(path) as film:
        assert film.n_frames == 6
        assert film.info["loop"] == 0
        for number, colours in enumerate(drawn()):
            film.seek(number)
            np.testing.assert_array_equal(film.convert("RGB"), colours)
            assert film.info["duration"] == 50
    assert list(tmp_path.iterdir()) == [path]


def test_ffmpeg_gets_each_frame_and_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(
        tmp_path / "bin", 'for last; do :; done; echo "$@" > "$0.said"; cat > "$last"', monkeypatch
    )
    path = write_film(tmp_path / "film.mp4", images(), 30)
    written = np.frombuffer(path.read_bytes(), np.uint8).reshape(6, 5, 7, 3)
    np.testing.assert_array_equal(written, drawn())
    said = (tmp_path / "bin" / "ffmpeg.said").read_text()
    assert "-f rawvideo -pix_fmt rgb24 -s 7x5 -r 30 -i -" in said


@pytest.mark.parametrize("reads", ["", "cat > /dev/null; "], ids=["at once", "after all"])
def test_what_ffmpeg_says_is_one_line_and_nothing_is_left(
    reads: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin", f"{reads}echo why >&2; echo no encoder >&2; exit 3", monkeypatch)
    with pytest.raises(DynstudyError, match=r"^ffmpeg could not write the film: no encoder$"):
        write_film(tmp_path / "film.mp4", images(300, 400), 25)
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]


def test_a_film_that_is_broken_off_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[Image.Image]:
        yield from images()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_film(tmp_path / "film.gif", broken(), 25)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_programs")
def test_a_folder_gets_what_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert film_file("near", tmp_path, 25) == tmp_path / "near-film.gif"
    assert film_file("near", tmp_path / "new", 25) == tmp_path / "new" / "near-film.gif"
    program(tmp_path / "bin", "", monkeypatch)
    assert film_file("near", tmp_path, 30) == tmp_path / "near-film.mp4"


@pytest.mark.usefixtures("no_programs")
@pytest.mark.parametrize(
    ("name", "fps", "said"),
    [
        ("film.avi", 25, "must be a folder, or a file that ends in .mp4, .gif or .webp"),
        ("film.mp4", 25, "needs the program ffmpeg, which is not on this machine"),
        (
            "film.gif",
            30,
            "--fps 30: a frame of .* is shown for whole hundredths of a second; --fps",
        ),
        ("file/film.gif", 25, "file: is a file, not a folder to write to"),
    ],
)
def test_what_cannot_be_written_is_said_before(
    name: str, fps: int, said: str, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DynstudyError, match=said):
        film_file("near", tmp_path / name, fps)


def test_a_pillow_without_webp_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert film_file("near", tmp_path / "film.webp", 25) == tmp_path / "film.webp"
    monkeypatch.setattr(module.features, "check", lambda _: False)
    with pytest.raises(DynstudyError, match="Pillow cannot write WebP"):
        film_file("near", tmp_path / "film.webp", 25)
