"""Points out of CSV, Parquet and NPZ files.

A CSV file is read exactly: each number is the float64 that is nearest to what is written. Of an NPZ
file nothing is unpickled.
"""

import csv
import warnings
import zipfile
import zlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from dynstudy.errors import either, nearest
from dynstudy.task.data.labelled import MAX_BYTES, Labelled, labelled, labelled_alike

ARRAY = "x"
"""The array of an NPZ file that has the points, if it is not said."""


def read_points(
    file: str, target: str, array: str | None = None, like: Labelled | None = None
) -> Labelled:
    """Return what is in a file; what was read before is kept until the file changes.

    Args:
        file: its path; it ends in .csv, .parquet or .npz.
        target: the column, or array, of the classes.
        array: of an NPZ file, that of the points; `ARRAY` by default.
        like: points of another file, whose columns and classes it is to have.

    Raises:
        ValueError: it is not there, or has not what is needed; begins with the file.
    """
    path = Path(file)
    try:
        stamp = _checked(path, array)
        if like is None:
            return _cached(file, target, array or ARRAY, stamp)
        return _of(file, target, array or ARRAY, like)
    except FileNotFoundError:
        raise ValueError(f"{path}: is not there") from None
    except MemoryError:
        raise ValueError(f"{path}: is larger than this machine's memory") from None
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _checked(path: Path, array: str | None) -> object:
    """See that a file may be read; return what changes with it."""
    if path.suffix.lower() not in READERS:
        raise ValueError(f"must end in {either(READERS)}")
    if array is not None and path.suffix.lower() != ".npz":
        raise ValueError(f"has columns, not arrays: leave out array = {array!r}")
    facts = path.stat()
    if not path.is_file():
        raise ValueError("is no file")
    if facts.st_size > MAX_BYTES:
        raise ValueError(f"has {facts.st_size:,} bytes, which is too large: more than 2 GB")
    if not facts.st_size:
        raise ValueError("is empty")
    return facts.st_mtime_ns, facts.st_size, facts.st_ino


@lru_cache(maxsize=2)
def _cached(file: str, target: str, array: str, stamp: object) -> Labelled:
    return _of(file, target, array, None)


def _of(file: str, target: str, array: str, like: Labelled | None) -> Labelled:
    path = Path(file)
    x, labels, columns = READERS[path.suffix.lower()](path, target, array)
    if like is None:
        return labelled(x, labels, columns)
    return labelled_alike(like, x, labels, columns)


def _csv(path: Path, target: str, _array: str) -> tuple[Any, Any, tuple[str, ...]]:
    import pandas as pd  # slow to load

    version = tuple(map(int, pd.__version__.split(".")[:2]))
    exact: Any = {} if version >= (3, 1) else {"float_precision": "round_trip"}  # the default since
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, skipinitialspace=True)
            header = next((row for row in rows if any(row) or len(row) > 1), [])
        _check_header(header, target)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of rows that are longer than the first
            table = pd.read_csv(
                path,
                encoding="utf-8-sig",
                index_col=False,
                skipinitialspace=True,
                keep_default_na=False,  # a class may be called None or NA
                na_values=[""],
                low_memory=False,
                **exact,
            )
        if pd.api.types.is_string_dtype(table[target]):
            table[target] = table[target].str.rstrip()  # before it, they are skipped
    except UnicodeDecodeError:
        raise ValueError("is not text in UTF-8") from None
    except (pd.errors.ParserError, pd.errors.ParserWarning, csv.Error) as error:
        said = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        raise ValueError(f"is no table: {said[:150]}") from None
    return _parts(table, target)


def _parquet(path: Path, target: str, _array: str) -> tuple[Any, Any, tuple[str, ...]]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ValueError(
            "needs pyarrow to be read: pip install 'dynstudy[parquet]'; or save it as CSV"
        ) from None
    try:
        file = parquet.ParquetFile(path)
        with file:
            _check_columns(file.schema_arrow.names, target)
            size = file.metadata.num_rows * file.metadata.num_columns * 8
            if size > MAX_BYTES:
                raise ValueError(f"has {size:,} bytes of numbers, which is too large")
            table = file.read().to_pandas()  # without what was the index
        if target not in table:
            table = table.reset_index()
    except (pyarrow.ArrowException, pyarrow.ArrowInvalid) as error:
        said = " ".join(str(error).split())[:150]
        raise ValueError(f"is no Parquet file: {said}") from None
    return _parts(table, target)


def _check_header(names: list[str], target: str) -> None:
    """See that the first row of a CSV file that is not empty names its columns."""
    if not names:
        raise ValueError("has no head, a first row with the names of its columns")
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        raise ValueError(
            f"has one column alone, {names[0]!r}; columns are to be separated by commas, and "
            "numbers to have a decimal point"
        )
    if "" in names:
        raise ValueError(
            "has a column without a name, as where pandas writes the number of each row, from "
            "which the class can be told: name it or leave it out (to_csv(..., index=False))"
        )
    _check_columns(names, target)


def _check_columns(names: list[str], target: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"has two columns {twice[0]!r}; rename or leave out one")
    if target not in names:
        hint = nearest(target, names)
        listed = ", ".join(map(repr, names[:8])) + ", …" * (len(names) > 8)
        raise ValueError(f"has no column {target!r}{hint or f'; there are {listed}'}")


def _parts(table: Any, target: str) -> tuple[Any, Any, tuple[str, ...]]:
    """The features of a table, its classes as objects or numbers, and the features' names."""
    if not len(table):
        raise ValueError("has a head and no rows")
    labels = table.pop(target)
    kind = getattr(labels.dtype, "kind", "O")
    features = table.apply(_numbers_among)
    return features, labels.to_numpy(object if kind not in "biuf" else None), tuple(table.columns)


def _numbers_among(column: Any) -> Any:
    """A column, its numbers as numbers though one row has text, which can be pointed at then."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column) or not pd.api.types.is_string_dtype(column):
        return column
    numbers = pd.to_numeric(column, errors="coerce").astype(object)
    return numbers.where(numbers.notna() | column.isna(), column.astype(object))


def _npz(path: Path, target: str, array: str) -> tuple[Any, Any, tuple[str, ...]]:
    if not zipfile.is_zipfile(path):
        raise ValueError("is no .npz file of NumPy's")
    try:
        with np.load(path, allow_pickle=False) as archive:
            for name in (array, target):
                if name not in archive.files:
                    hint = nearest(name, archive.files)
                    listed = ", ".join(map(repr, archive.files[:8])) or "none"
                    raise ValueError(f"has no array {name!r}{hint or f'; there are {listed}'}")
            return _loaded(archive, array), _loaded(archive, target), ()
    except zipfile.BadZipFile as error:
        raise ValueError(f"is damaged: {error}") from None


def _loaded(archive: Any, name: str) -> Any:
    size = archive.zip.getinfo(f"{name}.npy").file_size
    if size > MAX_BYTES:
        raise ValueError(f"has {size:,} bytes in {name}, which is too large: more than 2 GB")
    try:
        return archive[name]
    except (ValueError, zlib.error, EOFError, NotImplementedError) as error:
        if "allow_pickle" in str(error):
            raise ValueError(
                f"has Python objects in {name}, which are not unpickled, since that may run "
                "anything; save it as an array of numbers or of text"
            ) from None
        raise ValueError(f"has a damaged {name}: {' '.join(str(error).split())[:100]}") from None


READERS: dict[str, Callable[[Path, str, str], tuple[Any, Any, tuple[str, ...]]]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".npz": _npz,
}
