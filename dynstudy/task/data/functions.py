"""Points that a Python function returns."""

from functools import lru_cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field

from dynstudy.task.data.array_data import ArrayData
from dynstudy.task.data.labelled import labelled, labelled_alike
from dynstudy.task.data.points_read import Sets
from dynstudy.task.imported import file_in, importable, imported, said


class PythonData(ArrayData):
    """What a function returns: x and y, or x, y, validation x and validation y."""

    kind: Literal["python"] = Field(
        description="arrays that a Python function returns, which is called without arguments: "
        "`x` (P, F) and `y` (P,), text or whole numbers, and if it likes the same of points to "
        "validate on"
    )
    function: str = Field(
        min_length=1,
        description='`"package.module:function"`; it must return the same whenever it is called',
    )
    folder: str = Field(
        "",
        description="where the module is looked for first, relative to the study file's folder, "
        "which it is by default",
    )

    def _anchor(self, folder: Path) -> None:
        vars(self)["folder"] = str(folder / self.folder)

    @property
    def source(self) -> str:
        """The function."""
        return self.function

    def sets(self) -> Sets:
        """Call it, unless it was called before and its module is the same."""
        file = file_in(self.function, Path(self.folder))
        facts = None if file is None else file.stat()
        stamp = None if facts is None else (facts.st_mtime_ns, facts.st_size)
        return _returned(self.function, self.folder, stamp)

    def beside(self, folder: Path) -> Self:
        """The same, its module in a folder where that is there alone."""
        here = file_in(self.function, Path(self.folder)) is not None
        if here or file_in(self.function, folder) is None:
            return self
        return self.model_copy(update={"folder": str(folder.absolute())})


@lru_cache(maxsize=4)
def _returned(function: str, folder: str, stamp: object) -> Sets:
    """What a function returns; the stamp is of its module."""
    call = imported(function, Path(folder))
    if not callable(call):
        raise ValueError(f"{function!r}: is no function")
    with importable(Path(folder)):
        try:
            returned = call()
        except (Exception, SystemExit) as error:
            raise ValueError(f"{function!r}: raised {said(error)}") from None
    if not isinstance(returned, tuple | list) or len(returned) not in {2, 4}:
        many = f" of {len(returned)}" if isinstance(returned, tuple | list) else ""
        raise ValueError(
            f"{function!r}: returned a {type(returned).__name__}{many}; it must return (x, y) or "
            "(x, y, validation_x, validation_y)"
        )
    x, y, *others = returned
    try:
        first = labelled(x, y)
        return first, labelled_alike(first, *others) if others else None
    except ValueError as error:
        raise ValueError(f"{function!r}: what it returned {error}") from None
