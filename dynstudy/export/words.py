"""The words of an export's options: light, so that the command line knows them at once."""

from enum import StrEnum
from pathlib import Path
from typing import Literal

from dynstudy.errors import ExportError

By = Literal["val_accuracy", "gain"]
"""What the best configurations are best by."""

Per = Literal["width", "loss", "pareto"]
"""The best of each width or loss, or the front of accuracy and width."""


class FileFormat(StrEnum):
    """How an export is written: the best configurations, or the whole study."""

    toml = "toml"
    json = "json"
    csv = "csv"
    parquet = "parquet"
    netcdf = "netcdf"

    @property
    def whole_study(self) -> bool:
        """Whether it has a row for each network of a study."""
        return self not in {FileFormat.toml, FileFormat.json}

    @classmethod
    def of(cls, path: Path | None) -> "FileFormat":
        """The format that a file's suffix tells.

        Returns:
            The format; TOML where there is no file.

        Raises:
            ExportError: its suffix is of none.

        >>> [FileFormat.of(path) for path in (None, Path("a.json"), Path("a.nc"))]
        [<FileFormat.toml: 'toml'>, <FileFormat.json: 'json'>, <FileFormat.netcdf: 'netcdf'>]
        """
        suffixes = {f".{form}": form for form in cls} | {".nc": cls.netcdf}
        form = cls.toml if path is None else suffixes.get(path.suffix)
        if form is None:
            raise ExportError(
                f"--out {path}: its suffix tells no format; end it in one of .toml .json .csv "
                ".parquet .nc, or give --format"
            )
        return form
