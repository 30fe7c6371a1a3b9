"""Products by NumPy's OpenBLAS instead of MKL: the same values and gradients, under portable arithmetic only."""

import subprocess
import sys

import pytest

_SCRIPT = """
import torch
from bootembed.core.arithmetic import prepare_arithmetic
from bootembed.core.matrix_products import replace_products

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
    sum(value.float().square().sum() for value in found).backward()
    return [*found, a.grad, b.grad, x.grad, y.grad, bias.grad]

before = results()
prepare_arithmetic(threads=1, portable=PORTABLE)
replace_products()
replace_products()
for old, new in zip(before, results(), strict=True):
    assert old.shape == new.shape and old.dtype == new.dtype
    torch.testing.assert_close(old, new, atol=1e-4, rtol=1e-5)
print("replaced" if torch._C._dispatch_dump("aten::mm").count("matrix_products.py") else "kept")
"""


@pytest.mark.parametrize(("portable", "outcome"), [("True", "replaced"), ("False", "kept")])
def test_products_are_those_of_torch(portable, outcome):
    script = _SCRIPT.replace("PORTABLE", portable)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == outcome
