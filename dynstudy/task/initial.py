"""Parameters that networks start from, out of a file instead of the draw of their seeds.

The file is NumPy's ``.npz`` with W1 (F, H), b1 (H,), W2 (H, C) and b2 (C,); what else is in it
does not matter. A network is what is in the file, not where that is: two files of the same numbers
are the same.
"""

import hashlib
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dynstudy.arrays import Array, real_numbers
from dynstudy.errors import SpecError

NAMES = ("W1", "b1", "W2", "b2")
MAX_BYTES = 2**26
"""Of an array: more than the widest network has."""


@dataclass(frozen=True)
class Initial:
    """A file of parameters, and what was in it."""

    file: str = field(compare=False)  # its path, whole
    sha256: str  # of the arrays, as float64
    width: int  # H

    @classmethod
    def read(cls, file: Path, classes: int, dtype: str, features: int = 2) -> "Initial":
        """Return what a file has for networks of so many inputs and classes, trained in a dtype.

        Raises:
            ValueError: there is none, or it has not what is needed; says what, without its path.
        """
        arrays = _arrays(file)
        _check(arrays, classes, dtype, features)
        return cls(str(file.absolute()), _digest(arrays), len(arrays["b1"]))

    @classmethod
    def written(cls, values: Any) -> "Initial":
        """Return one as databases and exports have it; nothing is read.

        Raises:
            ValueError: it is none.
        """
        kinds = {"file": str, "sha256": str, "width": int}
        if not isinstance(values, dict) or {k: type(v) for k, v in values.items()} != kinds:
            raise ValueError("must be the path of an .npz file, in quotes")
        return cls(**values)

    def arrays(
        self, classes: int, dtype: str, features: int = 2
    ) -> tuple[Array, Array, Array, Array]:
        """Return W1 (F, H), b1 (H,), W2 (H, C), b2 (C,) in float64, for training in a dtype.

        Raises:
            SpecError: the file is not there any more, what is in it has changed, or it is not for
                so many inputs and classes.
        """
        path = Path(self.file)
        way_out = "put it back as it was (an export looks beside itself, too), or rename the study"
        try:
            arrays = _arrays(path)
            _check(arrays, classes, dtype, features)
        except ValueError as error:
            raise SpecError(
                f"{path}: networks start from its parameters, and it {error}; {way_out}"
            ) from None
        if (_digest(arrays), arrays["b1"].size) != (self.sha256, self.width):
            raise SpecError(
                f"{path}: networks start from its parameters, which have changed since; {way_out}"
            )
        W1, b1, W2, b2 = (arrays[name] for name in NAMES)
        return W1, b1, W2, b2

    def beside(self, folder: Path) -> "Initial":
        """The same, in a folder where the file is there and not where it was."""
        moved = folder / Path(self.file).name
        gone = not Path(self.file).is_file() and moved.is_file()
        return Initial(str(moved.absolute()), self.sha256, self.width) if gone else self

    def taken_along(self, classes: int, dtype: str, features: int = 2) -> "Initial":
        """The same, for a machine that does not have the file; raises as `arrays` does."""
        arrays = self.arrays(classes, dtype, features)
        return _TakenAlong(self.file, self.sha256, self.width, arrays)


@dataclass(frozen=True)
class _TakenAlong(Initial):
    """One that has what is in its file."""

    content: tuple[Array, Array, Array, Array] = field(compare=False, repr=False)

    def arrays(
        self, classes: int, dtype: str, features: int = 2
    ) -> tuple[Array, Array, Array, Array]:
        """As they were read, for these classes and this dtype."""
        return self.content


def _arrays(file: Path) -> dict[str, Array]:
    """The arrays of a file, of whatever shapes; ValueError in the rest of a sentence."""
    try:
        if not file.exists():
            raise ValueError("is not there")
        if not file.is_file():
            raise ValueError("is no file")
        if not zipfile.is_zipfile(file):
            raise ValueError("is no .npz file of NumPy's")
        with np.load(file, allow_pickle=False) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.zip.infolist()}
            if missing := [name for name in NAMES if f"{name}.npy" not in sizes]:
                raise ValueError(f"has no array {missing[0]}; needed are {', '.join(NAMES)}")
            if max(sizes[f"{name}.npy"] for name in NAMES) > MAX_BYTES:
                raise ValueError("is larger than any network's")
            return {name: real_numbers(name, _array(archive, name)) for name in NAMES}
    except (OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _array(archive: Any, name: str) -> Any:
    try:
        return archive[name]
    except (ValueError, zlib.error, EOFError, MemoryError, NotImplementedError) as error:
        raise ValueError(f"has a damaged {name}: {' '.join(str(error).split())[:100]}") from None


def _check(arrays: dict[str, Array], classes: int, dtype: str, features: int) -> None:
    units = arrays["b1"].size
    shapes = (features, units), (units,), (units, classes), (classes,)
    for name, shape in zip(NAMES, shapes, strict=True):
        if arrays[name].shape != shape or not units:
            raise ValueError(
                f"has {name} {arrays[name].shape}; for {features} inputs, H units and {classes} "
                f"classes W1 is ({features}, H), b1 (H,), W2 (H, {classes}) and b2 ({classes},)"
            )
        if not np.isfinite(arrays[name]).all():
            raise ValueError(f"has nan or infinity in {name}")
        if np.abs(arrays[name]).max() > np.finfo(dtype).max:
            raise ValueError(f"has a number in {name} that is beyond what {dtype} can hold")


def _digest(arrays: dict[str, Array]) -> str:
    """SHA-256 of names, shapes and numbers, the same on any machine."""
    whole = hashlib.sha256()
    for name in NAMES:
        whole.update(f"{name} {arrays[name].shape}".encode())
        whole.update(np.ascontiguousarray(arrays[name], "<f8").tobytes())
    return whole.hexdigest()
