"""``dynstudy film``."""

from pathlib import Path

import pytest
from PIL import Image

from dynstudy.store.studies import Storage
from dynstudy.study.zooms import part
from tests.cli.three_studies import words
from tests.command import dynstudy, fails
from tests.planted_atlas import plant_atlas, small_atlas


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose storage has an atlas and a zoom of it; films are added to it."""
    folder = tmp_path_factory.mktemp("zoomed")
    (folder / "storage").mkdir()
    storage = Storage(f"sqlite:///{folder}/storage/dynstudy.db", create=True)
    atlas = small_atlas()
    plant_atlas(storage, atlas)
    plant_atlas(storage, part(atlas, {"amplitude": (20, 200)}, "near"))
    storage.engine.dispose()
    return folder


def test_a_film_is_written_and_said(here: Path) -> None:
    out, err = dynstudy(
        here, "film", "atlas", "--show", "gain", "--seconds", "0.2", "--out", "film.webp"
    )
    assert out == ""
    assert "6 frames of 6 x 4: atlas > near" in err
    assert err.endswith("wrote film.webp\n")
    with Image.open(here / "film.webp") as film:
        assert film.n_frames == 6


def test_a_folder_gets_a_gif_where_there_is_no_ffmpeg(here: Path) -> None:
    options = ["--fps", "10", "--seconds", "0.2", "--enlarge", "3", "--smooth"]
    _, err = dynstudy(here, "film", "near", *options, PATH=str(here))
    assert err.endswith("wrote results/near-film.gif\n")
    with Image.open(here / "results" / "near-film.gif") as film:
        assert (film.n_frames, film.size) == (3, (18, 12))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["absent"], "'absent' is not in"),
        (["near", "atlas"], "atlas: is no zoom of near"),
        (["near", "--show", "foo"], "has no foo"),
        (["near", "--out", "film.avi"], "must be a folder, or a file that ends in"),
        (["near", "--out", "film.gif", "--fps", "30"], "whole hundredths of a second"),
        (["near", "--fps", "0"], "--fps"),
        (["near", "--seconds", "nan"], "--seconds"),
        (["near", "--enlarge", "0"], "--enlarge"),
        (["near", "--out", "storage/dynstudy.db/film.gif"], "is a file, not a folder"),
    ],
    ids=words,
)
def test_what_is_wrong_is_one_line(arguments: list[str], said: str, here: Path) -> None:
    assert said in fails(here, "film", *arguments)
