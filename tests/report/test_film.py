"""A way through atlases as a film: what is in its frames, and what is said of it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dynstudy.analysis.zoom_path import read_zooms
from dynstudy.errors import DynstudyError
from dynstudy.pictures.atlas_layers import Layer, colours_of, image_of
from dynstudy.report.film import film
from dynstudy.store.studies import Storage
from dynstudy.study.zooms import part
from tests.planted_atlas import plant_atlas, small_atlas

ENDS = "#440154", "#fde725"
"""The colours of the least and of the most."""


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Storage:
    """With an atlas and a zoom of it."""
    storage = Storage(f"sqlite:///{tmp_path_factory.mktemp('zoomed')}/studies.db", create=True)
    atlas = small_atlas()
    plant_atlas(storage, atlas)
    plant_atlas(storage, part(atlas, {"amplitude": (20, 200), "period": (20, 40)}, "near"))
    return storage


@pytest.mark.parametrize("measure", ["val_accuracy", "gain", "forgetting"])
def test_it_begins_with_the_whole_and_ends_with_the_part(
    measure: str, planted: Storage, tmp_path: Path
) -> None:
    """As images of them with the same colours, a pixel a network, the highest row on top."""
    atlases = read_zooms(planted, ["near"])
    said: list[tuple[str, int, int]] = []
    notes = film(
        atlases,
        measure,
        tmp_path / "film.gif",
        fps=10,
        seconds=0.5,
        report=lambda *progress: said.append(progress),
    )
    layers = [Layer.of(atlas, measure) for atlas in atlases]
    low, high = colours_of(measure, [layer.values for layer in layers])
    assert said == [("frames", number, 6) for number in range(6)]
    assert f"{layers[0].title}: colours from {low:.3g} to {high:.3g}; 6 frames of 6 x 4" in notes[0]
    assert notes[0].endswith("atlas > near")
    assert len(notes) == 1
    with Image.open(tmp_path / "film.gif") as pictures:
        assert (pictures.n_frames, pictures.size) == (6, (6, 4))
        for number, layer in ((0, layers[0]), (5, layers[1])):
            pictures.seek(number)
            common = Layer(**{**vars(layer), "low": low, "high": high})
            expected = image_of(layer.values[::-1].astype(np.float32), common)
            np.testing.assert_array_equal(pictures.convert("RGB"), expected.convert("RGB"))


def test_what_is_not_trained_is_said_and_its_neighbours_stand_for_it(
    storage: Storage, tmp_path: Path
) -> None:
    atlas = small_atlas()
    near = part(atlas, {"amplitude": (20, 200)}, "near")
    plant_atlas(storage, atlas)
    plant_atlas(storage, near, pixels=2)
    notes = film(
        read_zooms(storage, ["near"]),
        "val_accuracy",
        tmp_path / "film.gif",
        fps=10,
        seconds=0.1,
        enlarge=2,
    )
    assert notes[1:] == ["near: 22 pixels are not trained yet"]
    with Image.open(tmp_path / "film.gif") as pictures:
        assert pictures.size == (12, 8)
        pictures.seek(1)
        colours = np.asarray(pictures.convert("RGB"))
    assert (colours[:, :8] == colours[0, 0]).all()  # 4 x 4 pixels, of which one is trained
    assert (colours[:, 8:] == colours[0, 8]).all()
    assert (colours[0, 8] != colours[0, 0]).any()


def test_an_atlas_of_one_value_has_colours_of_the_others(storage: Storage, tmp_path: Path) -> None:
    atlas = small_atlas()
    plant_atlas(storage, atlas)
    plant_atlas(storage, part(atlas, {"amplitude": (20, 200)}, "near"), pixels=1)
    atlases = read_zooms(storage, ["near"])
    film(atlases, "val_accuracy", tmp_path / "film.gif", fps=10, seconds=0.1)
    with Image.open(tmp_path / "film.gif") as pictures:
        shades = np.asarray(pictures.convert("L"), int)
    values = atlases[0].of("val_accuracy")
    least, most = values == values.min(), values == values.max()
    viridis = [np.asarray(Image.new("RGB", (1, 1), colour).convert("L")).item() for colour in ENDS]
    assert shades[::-1][least] == pytest.approx(viridis[0], abs=3)
    assert shades[::-1][most] == pytest.approx(viridis[1], abs=3)


def test_a_measure_that_is_not_there_is_said(planted: Storage, tmp_path: Path) -> None:
    atlases = read_zooms(planted, ["near"])
    with pytest.raises(DynstudyError, match="atlas: has no foo; it has gain"):
        film(atlases, "foo", tmp_path / "film.gif", fps=10, seconds=1)
    assert list(tmp_path.glob("*.gif")) == []
