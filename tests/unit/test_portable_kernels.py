"""Kernels of NumPy instead of MKL: the same values and gradients, under portable arithmetic only."""

import subprocess
import sys

import pytest

_SCRIPT = """
import torch
from bootembed.core.arithmetic import prepare_arithmetic
from bootembed.core.portable_kernels import replace_kernels

def results():
    torch.manual_seed(1)
    a, b = torch.randn(5, 7, requires_grad=True), torch.randn(7, 3, requires_grad=True)
    x, y = torch.randn(2, 5, 7, requires_grad=True), torch.randn(2, 7, 4, requires_grad=True)
    bias, wide = torch.randn(3, requires_grad=True), torch.randn(2, 5, 4)
    found = [
        a @ b, b.t() @ a.t(), torch.addmm(bias, a, b), torch.addmm(bias, a, b, beta=0.5, alpha=2.0), x @ y,
        torch.baddbmm(wide, x, y, beta=0.0), torch.baddbmm(wide, x, y, alpha=0.5),
        torch.nn.functional.linear(x, b.t(), bias), torch.einsum("bij,bjk->bik", x, y), a[::2, 1::2] @ b[1::2],
        torch.ones(0, 2) @ torch.ones(2, 3), torch.ones(2, 0) @ torch.ones(0, 3),
        (a.double() @ b.double()).float(), (a.bfloat16() @ b.bfloat16()).float(),
        torch.eye(2).long() @ torch.eye(2).long(),
    ]
    for name in ("acos", "asin", "atan", "cos", "erf", "erfc", "erfinv", "exp", "log", "log10", "log2", "sin", "sqrt",
                 "tan", "tanh"):
        function = getattr(torch, name)
        between = (a.detach().abs() / 4).requires_grad_()
        found += [function(between), function(between[::2, 1::2]), function(between.double()).float()]
        found += [function(between.bfloat16()).float(), function(torch.ones(2, dtype=torch.long) * 0 + 1)]
        found += [function(torch.ones(2, 2)[0, 0] / 2), getattr(between.detach().clone(), name + "_")()]
        found += [function(torch.full((1,), -2.0)), *torch._foreach_sqrt([between.detach(), torch.ones(3)])]
        found += [function(torch.empty(0, 2)), function(between.t())]
    sum(value[value.isfinite()].float().square().sum() for value in found).backward()
    return [*found, a.grad, b.grad, x.grad, y.grad, bias.grad]

before = results()
prepare_arithmetic(threads=1, portable=PORTABLE)
replace_kernels()
replace_kernels()
for old, new in zip(before, results(), strict=True):
    assert old.shape == new.shape and old.dtype == new.dtype
    assert old.stride() == new.stride()
    torch.testing.assert_close(old, new, atol=1e-4, rtol=1e-5, equal_nan=True)
print("replaced" if torch._C._dispatch_dump("aten::mm").count("portable_kernels.py") else "kept")
"""


@pytest.mark.parametrize(("portable", "outcome"), [("True", "replaced"), ("False", "kept")])
def test_values_are_those_of_torch(portable, outcome):
    script = _SCRIPT.replace("PORTABLE", portable)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == outcome
