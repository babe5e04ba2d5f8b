"""Pictures as they are read back from their files."""

from pathlib import Path

from PIL import Image


def title_of(path: Path) -> str | None:
    """The title that is kept in a PNG, which has to be whole and not of one colour."""
    with Image.open(path, formats=["PNG"]) as picture:
        picture.load()  # what is cut off does not load
        darkest, lightest = picture.convert("L").getextrema()
        assert darkest < lightest, f"nothing is drawn on {path}"
        title: str | None = picture.info.get("Title")
        return title
