"""Kernels for CPU tensors that do not choose their arithmetic by the processor, where it has to be portable.

- Matrix products of float32: MKL, which torch's wheels use, gives the same bits on processors of all vendors only in
  its slowest mode, COMPATIBLE: a third of the speed of NumPy's OpenBLAS, whose kernels one variable chooses
  (`OPENBLAS_CORETYPE`; see `core.arithmetic`).
- Elementary functions: torch gives them to MKL's vector mathematics, which heeds no mode: its `sqrt` and `atan` differ
  in the last bit between an AMD Zen 3 and QEMU's Intel Haswell. NumPy's and SciPy's do not.

What is not replaced, such as fused attention, stays with torch and MKL, and so does a process that never calls
`replace_kernels`: portable as far as `benchmarks/arithmetic.py` can see, and slower.
"""

from __future__ import annotations

import os
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import torch
    from numpy.typing import NDArray

PORTABLE_VARIABLE = "BOOTEMBED_PORTABLE"
_kept: list[Any] = []  # torch drops the kernels of a library that is garbage


def replace_kernels() -> None:
    """Compute products and elementary functions of CPU tensors by NumPy from now on, if this process is portable."""
    if os.environ.get(PORTABLE_VARIABLE) != "1" or _kept:
        return
    import torch

    library = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a kernel is replaced, which is what is wanted
        for name, product in (("mm", _mm), ("bmm", _bmm), ("addmm", _addmm), ("baddbmm", _baddbmm)):
            library.impl(name, product, "CPU")  # type: ignore[no-untyped-call]
        for name, function in _elementary_functions().items():
            library.impl(name, partial(_apply, name, function), "CPU")  # type: ignore[no-untyped-call]
            library.impl(f"{name}_", partial(_apply_in_place, name, function), "CPU")  # type: ignore[no-untyped-call]
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


def _elementary_functions() -> dict[str, Callable[..., Any]]:
    """Those of torch's `aten/src/ATen/cpu/vml.h` that MKL computes."""
    import numpy as np
    from scipy import special

    return {
        "acos": np.arccos, "asin": np.arcsin, "atan": np.arctan, "cos": np.cos, "erf": special.erf,
        "erfc": special.erfc, "erfinv": special.erfinv, "exp": np.exp, "log": np.log, "log10": np.log10,
        "log2": np.log2, "sin": np.sin, "sqrt": np.sqrt, "tan": np.tan, "tanh": np.tanh,
    }  # fmt: skip


def _apply(name: str, function: Callable[..., Any], values: torch.Tensor) -> torch.Tensor:
    import torch

    if values.is_floating_point():
        return _apply_to(name, function, values, torch.empty_like(values))
    kind = values.dtype if values.is_complex() else torch.get_default_dtype()
    return _apply_to(name, function, values, torch.empty_like(values, dtype=kind))


def _apply_in_place(name: str, function: Callable[..., Any], values: torch.Tensor) -> torch.Tensor:
    return _apply_to(name, function, values, values)


def _apply_to(name: str, function: Callable[..., Any], values: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    import numpy as np
    import torch

    if values.dtype not in (torch.float32, torch.float64):
        getattr(torch, name)(values, out=out)  # the kernel with `out` is not replaced
    else:
        with np.errstate(all="ignore"):  # torch warns of no invalid value either
            function(_as_array(values), out=_as_array(out))
    return out


def _as_array(tensor: torch.Tensor) -> NDArray[np.floating[Any]]:
    array: NDArray[np.floating[Any]] = tensor.detach().numpy()
    return array
