"""A task given in Python: model, data and optimiser in the place of a study file's."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from dynstudy.errors import SpecError
from dynstudy.protocol import Protocol
from dynstudy.study.spec import StudySpec
from dynstudy.study.validation_messages import explain
from dynstudy.task.data.labelled import labelled, labelled_alike
from dynstudy.task.data.recorded import RecordedData
from dynstudy.task.own_network import OwnNetwork


class Task:
    """What the networks of a study are, what they are trained on, and how, said in Python.

    What is None is as the study file has it. Hand it to `dynstudy.run` or `dynstudy.Objective`:
    ``dynstudy.run(spec, task=Task(model=net, data=(x, y), version="1"))``.

    Networks are kept in the ledger by what they are: by the digest of the arrays, and by the name
    and the version of the function, whose code is not looked into. So the version must be another
    one whenever the model is, or networks of before are taken for those of now.

    Args:
        model: a function of width and seed that returns a ``torch.nn.Module``, from (P, F) floats
            to (P, C) outputs; or its name, ``"package.module:function"``. PyTorch's generator is
            seeded before it is called. Buffers are kept, but not trained.
        data: arrays (x, y), or (x, y, validation_x, validation_y), of points (P, F) and their
            classes (P,), which are numbers or text; or a mapping, as ``[protocol.data]`` has it.
        optimiser: a mapping, as ``[protocol.optimiser]`` has it.
        version: of the model, a word or a number.

    Raises:
        SpecError: a value is not allowed; names it and what is.
    """

    def __init__(
        self,
        *,
        model: Callable[[int, int], Any] | str | None = None,
        data: Sequence[Any] | Mapping[str, Any] | None = None,
        optimiser: Mapping[str, Any] | None = None,
        version: str | int | None = None,
    ) -> None:
        if model is None and version is not None:
            raise SpecError(f"version = {version!r}: is of a model, and none is given")
        self.changes: dict[str, Any] = {}
        if model is not None:
            self.changes["network"] = _said("network", lambda: OwnNetwork.of(model, version))
        if isinstance(data, Mapping):
            self.changes["data"] = dict(data)
        elif data is not None:
            self.changes["data"] = _said("data", lambda: _given(data))
        if optimiser is not None:
            self.changes["optimiser"] = dict(optimiser)

    def of(self, spec: StudySpec) -> StudySpec:
        """Return the study of a file with this task in its protocol.

        Raises:
            SpecError: the two do not go together.
        """
        kept = {name: getattr(spec.protocol, name) for name in Protocol.model_fields}
        values = spec.resolved() | {"protocol": kept | self.changes}
        try:
            return type(spec).model_validate(values)
        except ValidationError as error:
            raise SpecError(
                f"study {spec.name!r} with this task: {explain(error, type(spec))}"
            ) from None


def _given(data: Sequence[Any]) -> RecordedData:
    if isinstance(data, str) or len(data) not in {2, 4}:
        raise ValueError("must be (x, y), (x, y, validation_x, validation_y) or a mapping")
    x, y, *others = data
    first = labelled(x, y)
    return RecordedData.of((first, labelled_alike(first, *others) if others else None))


def _said(key: str, make: Callable[[], Any]) -> Any:
    """What is made, or what is wrong with it in one line."""
    try:
        return make()
    except ValidationError as error:
        raise SpecError(f"task: protocol.{key}.{explain(error, OwnNetwork)}") from None
    except ValueError as error:
        raise SpecError(f"task: {key} {error}") from None
