"""Leading eigenpairs of symmetric matrices that are known by their products, batched in PyTorch.

Lanczos from one start for all, with full reorthogonalisation, in float64 whatever the products are
made in. A matrix is done when its residuals are small; the others go on.
"""

from collections.abc import Callable

import torch
from torch import Tensor

FIRST_LOOK = 5
"""Products before it is asked whether they are enough."""
NOTHING_LEFT = 1e-14
"""Of the largest eigenvalue: what the vectors so far span is invariant."""


def leading_eigenpairs(
    product: Callable[[Tensor], Tensor],
    start: Tensor,
    largest: int,
    smallest: int,
    tolerance: float,
    most: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Find the largest and the smallest eigenvalues, algebraically, and their vectors.

    Args:
        product: H v of each matrix, (B, N) to (B, N).
        start: (B, N) float64, not zero; where it is zero an eigenvector is, too.
        largest: how many of the largest eigenvalues.
        smallest: and of the smallest.
        tolerance: of residuals, in units of the eigenvalue that is largest in magnitude.
        most: products at most.

    Returns:
        Eigenvalues (B, n), the largest and then the smallest, both descending, residuals |Hv - λv|
        (B, n), eigenvectors of length 1 (B, n, N), and how many products it took (B,). n is
        `largest` + `smallest`; nan where a matrix has no more, or where a product is not finite.
    """
    batch, size = start.shape
    wanted, most = largest + smallest, min(most, size)
    values, residuals = start.new_full((2, batch, wanted), torch.nan)
    vectors = start.new_zeros(batch, wanted, size)
    products = torch.zeros(batch, dtype=torch.int64, device=start.device)
    basis = start.new_zeros(batch, most + 1, size)
    tridiagonal = start.new_zeros(batch, most, most)
    basis[:, 0] = start / start.norm(dim=1, keepdim=True)
    room = (start != 0).sum(1).clamp(max=most)  # in which each matrix works
    since = products.clone()  # those of them after an invariant space was full
    for m in range(1, most + 1):
        vector = _orthogonal(product(basis[:, m - 1]).to(start.dtype), basis, m, tridiagonal)
        left = vector.norm(dim=1)
        since += 1
        broken = ~torch.isfinite(left) & (products == 0)
        products[broken], tridiagonal[~torch.isfinite(left)] = m, 0
        ritz, turned = torch.linalg.eigh(tridiagonal[:, :m, :m])
        scale = ritz.abs().amax(1)
        ranks = [m - 1 - i for i in range(largest)] + [smallest - 1 - i for i in range(smallest)]
        there = [i for i, rank in enumerate(ranks) if 0 <= rank < m]
        chosen = [ranks[i] for i in there]
        of_each = left[:, None] * turned[:, -1, chosen].abs()
        small = (of_each <= tolerance * scale[:, None]).all(1) & (since >= max(FIRST_LOOK, wanted))
        done = (small | (m == room)) & (products == 0)
        rows, columns = done.nonzero(), torch.tensor(there, device=start.device)
        values[rows, columns] = ritz[done][:, chosen]
        residuals[rows, columns] = of_each[done]
        vectors[rows, columns] = torch.einsum(
            "bkn,bki->bin", basis[done, :m], turned[done][:, :, chosen]
        )
        products[done] = m
        if (products > 0).all():
            break
        # an eigenvalue may be there more than once: where nothing is left, begin anew
        over = left <= NOTHING_LEFT * scale
        anew = torch.sin(torch.arange(1, size + 1, device=start.device) * (m + 1.0)) * (start != 0)
        anew = _orthogonal(anew.to(start.dtype), basis, m)
        tridiagonal[:, m - 1, m] = tridiagonal[:, m, m - 1] = left.where(~over, 0)
        since[over] = 0
        vector = torch.where(over[:, None], anew, vector)
        basis[:, m] = vector / vector.norm(dim=1, keepdim=True)
    return values, residuals, vectors, products


def _orthogonal(
    vector: Tensor, basis: Tensor, count: int, tridiagonal: Tensor | None = None
) -> Tensor:
    """A vector less what lies along the first of a basis, which is put down for the last one."""
    for number in range(2):  # twice is enough (Parlett, The Symmetric Eigenvalue Problem, 6.9)
        along = torch.einsum("bjn,bn->bj", basis[:, :count], vector)
        if number == 0 and tridiagonal is not None:
            tridiagonal[:, count - 1, count - 1] = along[:, -1]
        vector = vector - torch.einsum("bjn,bj->bn", basis[:, :count], along)
    return vector
