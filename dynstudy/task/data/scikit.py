"""The small data sets of scikit-learn."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, Literal

from pydantic import Field, model_validator

from dynstudy.arrays import Array, Ints
from dynstudy.errors import either, nearest
from dynstudy.task.data.array_data import ArrayData
from dynstudy.task.data.labelled import labelled
from dynstudy.task.data.points_read import Sets

OPTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "digits": ("load_digits", ("n_class",)),
    "iris": ("load_iris", ()),
    "wine": ("load_wine", ()),
    "breast_cancer": ("load_breast_cancer", ()),
    "moons": ("make_moons", ("n_samples", "shuffle", "noise", "random_state")),
    "circles": ("make_circles", ("n_samples", "shuffle", "noise", "random_state", "factor")),
    "blobs": (
        "make_blobs",
        ("n_samples", "n_features", "centers", "cluster_std", "shuffle", "random_state"),
    ),
}
"""The function of `sklearn.datasets` for each name, and those of its options that are ours."""


class SklearnData(ArrayData):
    """A data set of `sklearn.datasets`."""

    kind: Literal["sklearn"] = Field(
        description="a data set of scikit-learn; options are `n_samples` and so on, by the names "
        "that they have there, those that the data set has"
    )
    name: Literal["digits", "iris", "wine", "breast_cancer", "moons", "circles", "blobs"] = Field(
        description="which; `digits`, `iris`, `wine` and `breast_cancer` are read, the others drawn"
    )
    n_samples: int | None = Field(None, ge=4, le=10**6, description="points of what is drawn")
    noise: float | None = Field(
        None, ge=0, le=100, description="standard deviation of points of `moons` and `circles`"
    )
    factor: float | None = Field(None, ge=0, lt=1, description="radius of the inner of `circles`")
    centers: int | None = Field(None, ge=2, le=1000, description="how many `blobs`, each a class")
    n_features: int | None = Field(
        None, ge=1, le=10_000, description="numbers of a point of `blobs`"
    )
    cluster_std: float | None = Field(
        None, ge=0, le=1e6, description="standard deviation of `blobs`"
    )
    n_class: int | None = Field(None, ge=2, le=10, description="classes of `digits`")
    shuffle: bool | None = Field(None, description="whether the points of what is drawn are mixed")
    random_state: int | None = Field(
        None,
        ge=0,
        le=2**32 - 1,
        description="seed of what is drawn",
        json_schema_extra={"default": "`0`"},
    )

    @model_validator(mode="before")
    @classmethod
    def _of_its_function(cls, values: Any) -> Any:
        """Refuse an option that the data set does not have; a seed that it needs is 0."""
        if not isinstance(values, dict) or values.get("name") not in OPTIONS:
            return values
        function, options = OPTIONS[values["name"]]
        others = {name for _, names in OPTIONS.values() for name in names} - {*options}
        if strange := sorted(others & values.keys()):
            has = f"it has {either(options)}" if options else "it has no options"
            hint = nearest(strange[0], options)
            raise ValueError(
                f"{strange[0]} is no option of {values['name']} (sklearn.datasets.{function}); "
                f"{has}{hint}"
            )
        return {"random_state": 0, **values} if "random_state" in options else values

    @property
    def source(self) -> str:
        """The data set."""
        return f"scikit-learn's {self.name}"

    @property
    def sketch(self) -> tuple[Array, Ints] | None:
        """All points, where they are in the plane."""
        points = self.sets()[0] if self.features == 2 else None
        return None if points is None else (points.x, points.y)

    def sets(self) -> Sets:
        """Read them, or draw them."""
        function, names = OPTIONS[self.name]
        options = ((name, getattr(self, name)) for name in names)
        given = tuple((name, value) for name, value in options if value is not None)
        try:
            return _loaded(function, given)
        except ValueError as error:
            raise ValueError(f"{self.source}: {' '.join(str(error).split())[:200]}") from None


@lru_cache(maxsize=4)
def _loaded(function: str, options: tuple[tuple[str, Any], ...]) -> Sets:
    import sklearn.datasets  # slow to load

    load: Callable[..., Any] = getattr(sklearn.datasets, function)
    if not function.startswith("load"):
        return labelled(*load(**dict(options))), None
    bunch = load(**dict(options))
    points = labelled(bunch.data, bunch.target, bunch.feature_names)
    called = tuple(str(bunch.target_names[int(name)]) for name in points.names)
    return replace(points, names=called), None
