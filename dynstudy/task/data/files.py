"""Points of a CSV, Parquet or NPZ file."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field

from dynstudy.task.data.array_data import SHARE, ArrayData
from dynstudy.task.data.points_read import Sets
from dynstudy.task.data.tables import read_points


class FileData(ArrayData):
    """A file, and which of its columns is the class."""

    kind: Literal["file"] = Field(
        description="a table in a file: CSV with a head, Parquet, or arrays in NPZ; all columns "
        "but `target` are features"
    )
    file: str = Field(
        min_length=1,
        description="its path, relative to the study file's folder; it ends in "
        "`.csv`, `.parquet` or `.npz`",
    )
    target: str = Field(
        min_length=1,
        description="the column that has the class of each point, text or whole numbers; of an "
        "`.npz` file the array",
    )
    array: str | None = Field(
        None,
        description="of an `.npz` file the array that has the points (P, F)",
        json_schema_extra={"default": '`"x"`'},
    )
    validation: float | str | None = Field(  # type: ignore[assignment] # wider than of other kinds
        None,
        description="share of the points of each class that validates, at least one; or the path "
        "of a second file, which has the points that do",
        json_schema_extra={"default": f"`{SHARE}`"},
    )

    def _anchor(self, folder: Path) -> None:
        for key in ("file", "validation"):
            if isinstance(path := getattr(self, key), str):
                vars(self)[key] = str(folder / path)

    @property
    def source(self) -> str:
        """Its name, or the names of both."""
        names = [Path(self.file).name]
        if isinstance(self.validation, str):
            names.append(Path(self.validation).name)
        return " and ".join(names)

    def sets(self) -> Sets:
        """Read the file, or both."""
        first = read_points(self.file, self.target, self.array)
        if not isinstance(self.validation, str):
            return first, None
        return first, read_points(self.validation, self.target, self.array, first)

    def beside(self, folder: Path) -> Self:
        """The same, each file in a folder where it is there alone."""
        moved = {}
        for key in ("file", "validation"):
            if isinstance(path := getattr(self, key), str):
                here = folder / Path(path).name
                if not Path(path).is_file() and here.is_file():
                    moved[key] = str(here.absolute())
        return self.model_copy(update=moved)
