"""Frames as a file: MP4, by the program ffmpeg, or a picture that moves, by Pillow."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

from PIL import Image, features

from dynstudy.errors import DynstudyError, either
from dynstudy.report.safe_files import check_folder, file_stem, write_whole

MP4, GIF, WEBP = ".mp4", ".gif", ".webp"
FORMATS = MP4, GIF, WEBP
"""What a film may end in."""

OF_GIF = 1, 2, 4, 5, 10, 20, 25, 50
"""Frames a second of a GIF: each is shown for whole hundredths of a second, and for two or more."""


def film_file(name: str, out: Path, fps: int) -> Path:
    """Return the file that a film of a study is written to, which is there to be written.

    Args:
        name: of the study.
        out: the file, or a folder: of an MP4 where ffmpeg is there, else of a GIF.
        fps: frames a second that it is to have.

    Raises:
        DynstudyError: no film can be written as such a file, or not on this machine.
    """
    path = out
    if out.is_dir() or not out.suffix:
        path = out / f"{file_stem(name)}-film{MP4 if shutil.which('ffmpeg') else GIF}"
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise DynstudyError(
            f"--out {out}: must be a folder, or a file that ends in {either(FORMATS)}"
        )
    if suffix == MP4 and shutil.which("ffmpeg") is None:
        raise DynstudyError(
            f"{path}: an MP4 needs the program ffmpeg, which is not on this machine; install it, "
            f"or take a file that ends in {GIF} or {WEBP}"
        )
    if suffix == GIF and fps not in OF_GIF:
        raise DynstudyError(
            f"--fps {fps}: a frame of {path} is shown for whole hundredths of a second; "
            f"--fps may be {either(map(str, OF_GIF))}"
        )
    if suffix == WEBP and not features.check("webp"):
        raise DynstudyError(
            f"{path}: this machine's Pillow cannot write WebP; take a file that ends in {GIF}"
        )
    check_folder(path)
    return path


def write_film(path: Path, images: Iterable[Image.Image], fps: int) -> Path:
    """Write a film, whole or not at all.

    Args:
        path: from `film_file`.
        images: of which it is made, all of one size, and of one palette.
        fps: frames a second.

    Returns:
        Its path.

    Raises:
        DynstudyError: it cannot be written.
    """
    write = _by_ffmpeg if path.suffix.lower() == MP4 else _by_pillow
    return write_whole(path, lambda whole: write(whole, iter(images), fps))


def _by_pillow(path: Path, images: Iterator[Image.Image], fps: int) -> None:
    with path.open("wb") as file:
        next(images).save(
            file,
            path.suffix[1:].upper(),
            save_all=True,
            append_images=images,
            duration=1000 / fps,
            loop=0,
            lossless=True,  # which WebP need not be
        )


def _by_ffmpeg(path: Path, images: Iterator[Image.Image], fps: int) -> None:
    first = next(images)
    command = ["ffmpeg", "-v", "error", "-y"]
    command += [
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-s",
        f"{first.width}x{first.height}",
        "-r",
        f"{fps}",
    ]
    # players want even sides, and colours that are coarser than brightness
    command += ["-i", "-", "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p"]
    command += ["-movflags", "+faststart", str(path)]
    with tempfile.TemporaryFile() as said:
        # one that ends early has said why
        with (
            suppress(BrokenPipeError),
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
            ) as process,
        ):
            assert process.stdin is not None
            for image in chain([first], images):
                process.stdin.write(image.convert("RGB").tobytes())
        if process.returncode:
            said.seek(0)
            lines = said.read().decode(errors="replace").split("\n")
            reason = next((line for line in reversed(lines) if line), f"{process.returncode}")
            raise DynstudyError(f"ffmpeg could not write the film: {reason}")
