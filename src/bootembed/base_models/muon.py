"""The optimizer Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon) in fp32.

`torch.optim.Muon` orthogonalises in bfloat16, which processors without instructions for it emulate: on an AMD EPYC of
the Zen 3 generation this took two thirds of a pretraining step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # Jordan's quintic, steepest at zero
_STEPS = 5
_EPSILON = 1e-7


class Muon(torch.optim.Optimizer):
    """Momentum whose update of a matrix is made nearly orthogonal; weight decay is decoupled.

    Args:
        params: Matrices.
        lr: Learning rate; the update of a matrix with more rows than columns is scaled by the root of their ratio.
        weight_decay: Decoupled.
        momentum: Of Nesterov's kind.
    """

    def __init__(
        self, params: Iterable[torch.nn.Parameter], *, lr: float, weight_decay: float, momentum: float = 0.95
    ) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Update every matrix that has a gradient; `closure` is not supported."""
        if closure is not None:
            raise ValueError("Muon: closures are not supported")
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is not None:
                    self._update(matrix, group)

    def _update(self, matrix: torch.Tensor, group: dict[str, Any]) -> None:
        state, gradient = self.state[matrix], matrix.grad
        assert gradient is not None
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        average = state["momentum_buffer"].lerp_(gradient, 1 - group["momentum"])
        update = orthogonalise(gradient.lerp(average, group["momentum"]))
        rows, columns = matrix.shape
        matrix.mul_(1 - group["lr"] * group["weight_decay"])
        matrix.add_(update, alpha=-group["lr"] * max(1.0, rows / columns) ** 0.5)


def orthogonalise(matrix: torch.Tensor) -> torch.Tensor:
    """A matrix with the singular vectors of `matrix` and singular values near 1, by Newton-Schulz iterations."""
    a, b, c = _COEFFICIENTS
    tall = matrix.size(0) > matrix.size(1)
    found = matrix.T if tall else matrix
    found = found / found.norm().clamp(min=_EPSILON)
    for _ in range(_STEPS):
        gram = found @ found.T
        found = torch.addmm(found, torch.addmm(gram, gram, gram, beta=b, alpha=c), found, beta=a)
    return found.T if tall else found
