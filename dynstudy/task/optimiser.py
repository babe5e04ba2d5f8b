"""The optimisers, by PyTorch's names and with its defaults; the learning rate is an axis."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from dynstudy.section import Section, integer_or, told_apart

MAX_BATCH = 10**9


class Optimiser(Section):
    """How parameters follow the gradient (``[protocol.optimiser]``)."""

    name: str
    batch: Annotated[int | Literal["full"], integer_or("full", low=1, high=MAX_BATCH)] = Field(
        "full",
        description='points of each step: all of them, `"full"`, or so many, in an order that is '
        "drawn anew in each epoch from the network's seed; the last step of an epoch has what is "
        "left",
    )

    @property
    def plain(self) -> bool:
        """Whether it is gradient descent, by all points and by nothing but the gradient."""
        return self == GRADIENT_DESCENT

    def __str__(self) -> str:
        changed = {
            name: value
            for name, value in self.model_dump().items()
            if name != "name" and value != type(self).model_fields[name].default
        }
        options = ", ".join(f"{name} {value}" for name, value in changed.items())
        return f"{self.name} with {options}" if options else self.name

    def content(self) -> dict[str, Any]:
        """What a network's key has of it; nothing of gradient descent on all points."""
        return {} if self.plain else {"optimiser": self.model_dump(mode="json")}

    def batch_size(self, points: int) -> int:
        """How many points a step has, but for the last of an epoch."""
        return points if isinstance(self.batch, str) else min(self.batch, points)

    def epoch_steps(self, points: int) -> int:
        """How many steps an epoch of so many points has."""
        return -(-points // self.batch_size(points))


class SGD(Optimiser):
    """`torch.optim.SGD`: gradient descent, with momentum."""

    name: Literal["sgd"] = Field(
        "sgd", description="gradient descent, with or without momentum: `torch.optim.SGD`"
    )
    momentum: float = Field(0.0, ge=0, lt=1, description="share of the last step that goes on")
    dampening: float = Field(0.0, ge=0, le=1, description="share of the gradient that is left out")
    weight_decay: float = Field(0.0, ge=0, le=1e6, description="of an L2 penalty")
    nesterov: bool = Field(False, description="Nesterov's momentum")

    @model_validator(mode="after")
    def _with_momentum(self) -> "SGD":
        if self.nesterov and (self.momentum <= 0 or self.dampening):
            raise ValueError("nesterov = true: needs a momentum, and no dampening")
        return self


GRADIENT_DESCENT = SGD()
"""On all points."""


class Adam(Optimiser):
    """`torch.optim.Adam` (Kingma & Ba 2015, arXiv:1412.6980)."""

    name: Literal["adam"] = Field(description="`torch.optim.Adam`")
    betas: tuple[float, float] = Field(
        (0.9, 0.999), description="decay of the averages of the gradient and of its square"
    )
    eps: float = Field(1e-8, gt=0, le=1, description="added to the root of the second")
    weight_decay: float = Field(0.0, ge=0, le=1e6, description="of an L2 penalty")
    amsgrad: bool = Field(False, description="the maximum of past second averages instead")

    @field_validator("betas", mode="before")
    @classmethod
    def _two(cls, betas: Any) -> Any:
        if not isinstance(betas, list | tuple) or len(betas) != 2:
            raise ValueError("must be two numbers from 0 to below 1, as [0.9, 0.999]")
        return tuple(betas)

    @model_validator(mode="after")
    def _decaying(self) -> "Adam":
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"betas = {list(self.betas)}: must be from 0 to below 1")
        return self


class AdamW(Adam):
    """`torch.optim.AdamW`: decoupled weight decay (Loshchilov & Hutter 2019, arXiv:1711.05101)."""

    name: Literal["adamw"] = Field(  # type: ignore[assignment] # narrower in another way
        description="`torch.optim.AdamW`: Adam with decoupled weight decay"
    )
    weight_decay: float = Field(0.01, ge=0, le=1e6, description="decoupled weight decay")


AnyOptimiser = Annotated[SGD | Adam | AdamW, Field(discriminator="name")]


def with_name(values: Any) -> Any:
    """Return a table of an optimiser that says its name; before there were several, all were SGD.

    Raises:
        ValueError: it is a name alone, or has an option of another one.
    """
    if isinstance(values, str):
        raise ValueError(f"must be a table: {{ name = {values!r} }}")
    return told_apart(values, "name", SGD, Adam, AdamW)
