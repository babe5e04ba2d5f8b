"""The leading eigenvalues of the Hessian of anyone's loss in anyone's ``torch.nn.Module``."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

from dynstudy.train.curvature import MOST_PRODUCTS

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module


@dataclass(frozen=True)
class ModuleCurvature:
    """Eigenpairs of a Hessian, the largest eigenvalue first."""

    values: "Tensor"  # (n,) float64
    residuals: "Tensor"  # (n,) |Hv - λv|: some eigenvalue is no further from λ
    vectors: "list[dict[str, Tensor]]"  # n of length 1, by the names of the parameters
    products: int  # of the Hessian with a vector


def curvature(
    model: "Module",
    loss: "Callable[[Tensor, Tensor], Tensor]",
    data: "tuple[Tensor, Tensor]",
    *,
    largest: int = 2,
    smallest: int = 0,
    tolerance: float = 1e-3,
    products: int = MOST_PRODUCTS,
    seed: int = 0,
) -> ModuleCurvature:
    """Find the leading eigenvalues of the Hessian of ``loss(model(x), y)`` in all parameters.

    Lanczos with full reorthogonalisation, in float64, on exact products by ``torch.func`` in the
    model's own precision. Four traps:

    - *Largest* means algebraically. A solver that looks for the largest magnitude (power iteration,
      ``scipy.sparse.linalg.eigsh`` by default) takes a smallest eigenvalue for it where that is as
      large, as just after a switch of class in a dynamical loss of large amplitude.
    - Beyond the edge of stability, λ > 2/η, training bounces and λ has period 2: read it at two
      consecutive steps and take their mean, or one branch is seen by chance.
    - A ReLU has no second derivative here, so that what curves on its kinks is missed:
      instabilities begin a little below 2/η.
    - `loss` must be what the step descends: with class weights of that step, and without dropout or
      anything else that is drawn anew. A loss of ours takes its step: ``lambda f, y: loss(f, y,
      step=k)``.

    Args:
        model: its parameters that require a gradient are what the Hessian is in; it is not changed.
        loss: from output and target to a number.
        data: x and y, in one batch.
        largest: how many of the largest eigenvalues.
        smallest: how many of the smallest.
        tolerance: of residuals, in units of the eigenvalue that is largest in magnitude.
        products: of the Hessian with a vector, at most; residuals tell what they were enough for.
        seed: of the vector to start from.

    Returns:
        Eigenvalues, residuals and vectors; nan where a Hessian has fewer or is not finite.

    Raises:
        ValueError: no parameter requires a gradient, nothing is asked for, the loss is not one
            finite number, or calling it or the model changes either.
        RuntimeError: PyTorch cannot differentiate it twice.

    >>> import torch
    >>> line = torch.nn.Linear(1, 1, bias=False)
    >>> x = torch.tensor([[1.0], [2.0]])
    >>> curvature(line, torch.nn.functional.mse_loss, (x, x), largest=1).values
    tensor([5.], dtype=torch.float64)
    """
    import torch
    from torch.func import functional_call, grad_and_value, vjp

    from dynstudy.train.backends._lanczos import leading_eigenpairs

    parameters = {
        name: tensor.detach() for name, tensor in model.named_parameters() if tensor.requires_grad
    }
    if not parameters:
        raise ValueError("no parameter of the model requires a gradient")
    if not all(isinstance(count, Integral) for count in (largest, smallest, products)):
        raise ValueError("largest, smallest and products must be whole numbers")
    if largest < 0 or smallest < 0 or not largest + smallest:
        raise ValueError("at least one eigenvalue must be asked for")
    if not 0 < tolerance < 1 or products < 1:
        raise ValueError("tolerance must be between 0 and 1, products at least 1")
    x, y = data
    others = {name: buffer.clone() for name, buffer in model.named_buffers()}
    others |= {
        name: each.detach() for name, each in model.named_parameters() if name not in parameters
    }

    def of(values: "dict[str, Tensor]") -> "Tensor":
        value = loss(functional_call(model, {**others, **values}, (x,)), y)
        if not isinstance(value, torch.Tensor) or value.numel() != 1:
            raise ValueError(f"the loss must be one finite number, as a tensor, not {value}")
        return value.reshape(())

    try:  # by the Hessian itself, which is symmetric
        derivatives: Any = vjp(grad_and_value(of), parameters, has_aux=True)
    except RuntimeError as error:
        if "mutate" not in str(error):
            raise
        raise ValueError(
            "the model or the loss changes something as it is called; give a model in eval(), and "
            "a loss of ours its step: lambda f, y: loss(f, y, step=k)"
        ) from error
    _, pulled_back, value = derivatives
    if not torch.isfinite(value):
        raise ValueError(f"the loss must be one finite number, not {value.item()}")
    sizes = [tensor.numel() for tensor in parameters.values()]

    def named(vector: "Tensor") -> "dict[str, Tensor]":
        parts = torch.split(vector, sizes)
        return {
            name: part.reshape(tensor.shape).to(tensor)
            for part, (name, tensor) in zip(parts, parameters.items(), strict=True)
        }

    def product(vectors: "Tensor") -> "Tensor":
        (along,) = pulled_back(named(vectors[0]))
        return torch.cat([part.flatten() for part in along.values()])[None].detach()

    device = next(iter(parameters.values())).device
    generator = torch.Generator().manual_seed(seed)
    start = torch.randn(1, sum(sizes), generator=generator, dtype=torch.float64).to(device)
    values, residuals, vectors, taken = leading_eigenpairs(
        product, start, largest, smallest, tolerance, products
    )
    return ModuleCurvature(
        values[0], residuals[0], [named(vector) for vector in vectors[0]], int(taken[0])
    )
