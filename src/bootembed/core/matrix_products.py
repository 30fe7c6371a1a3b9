"""Matrix products of float32 tensors on CPUs by NumPy's OpenBLAS, where arithmetic has to be portable.

MKL, which torch's wheels use, gives the same bits on processors of all vendors only in its slowest mode, COMPATIBLE: a
third of the speed of OpenBLAS, whose kernels one variable chooses (`OPENBLAS_CORETYPE`; see `core.arithmetic`).

What is not replaced, such as fused attention, stays with MKL, and so does a process that never calls
`replace_products`; both are portable, and slower.
"""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

PORTABLE_VARIABLE = "BOOTEMBED_PORTABLE"
_kept: list[Any] = []  # torch drops the kernels of a library that is garbage


def replace_products() -> None:
    """Compute products of CPU tensors by NumPy from now on, if this process is to compute portably."""
    if os.environ.get(PORTABLE_VARIABLE) != "1" or _kept:
        return
    import torch

    library = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a kernel is replaced, which is what is wanted
        for name, product in (("mm", _mm), ("bmm", _bmm), ("addmm", _addmm), ("baddbmm", _baddbmm)):
            library.impl(name, product, "CPU")  # type: ignore[no-untyped-call]
    _kept.append(library)


def _mm(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    import torch

    return _product(left, right, torch.mm)


def _bmm(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    import torch

    return _product(left, right, torch.bmm)


def _addmm(
    added: torch.Tensor, left: torch.Tensor, right: torch.Tensor, *, beta: float = 1, alpha: float = 1
) -> torch.Tensor:
    return _scaled_sum(added, _mm(left, right), beta=beta, alpha=alpha)


def _baddbmm(
    added: torch.Tensor, left: torch.Tensor, right: torch.Tensor, *, beta: float = 1, alpha: float = 1
) -> torch.Tensor:
    return _scaled_sum(added, _bmm(left, right), beta=beta, alpha=alpha)


def _scaled_sum(added: torch.Tensor, product: torch.Tensor, *, beta: float, alpha: float) -> torch.Tensor:
    if alpha != 1:
        product.mul_(alpha)
    return product if beta == 0 else product.add_(added, alpha=beta)


def _product(left: torch.Tensor, right: torch.Tensor, others: Any) -> torch.Tensor:
    """(..., m, k) x (..., k, n) -> (..., m, n)."""
    import numpy as np
    import torch

    out = torch.empty((*left.shape[:-1], right.shape[-1]), dtype=left.dtype)
    if left.dtype != torch.float32 or right.dtype != torch.float32:
        others(left, right, out=out)  # the kernel with `out` is not replaced
    else:
        np.matmul(_as_array(left), _as_array(right), out=_as_array(out))
    return out


def _as_array(tensor: torch.Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().numpy()
    return array
