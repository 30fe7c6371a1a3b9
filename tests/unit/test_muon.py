"""Muon is torch's, but for the precision of the orthogonalisation."""

import pytest
import torch

from bootembed.base_models.muon import Muon, orthogonalise


@pytest.mark.parametrize("shape", [(12, 12), (8, 20), (20, 8)])
def test_singular_values_come_near_1(shape):
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalise(torch.randn(shape)))
    assert values.min() > 0.5
    assert values.max() < 1.3


@pytest.mark.parametrize("shape", [(12, 12), (8, 20), (20, 8)])
def test_steps_are_those_of_torch_within_the_precision_of_bfloat16(shape):
    torch.manual_seed(0)
    start, gradients = torch.randn(shape), torch.randn(4, *shape)
    matrices = [torch.nn.Parameter(start.clone()) for _ in range(2)]
    ours, theirs = (
        kind([m], lr=0.05, weight_decay=0.1) for kind, m in zip((Muon, torch.optim.Muon), matrices, strict=True)
    )
    for gradient in gradients:
        for matrix, optimizer in zip(matrices, (ours, theirs), strict=True):
            matrix.grad = gradient.clone()
            optimizer.step()
    moved = (matrices[1] - start).norm()
    assert (matrices[0] - matrices[1]).norm() < 0.02 * moved
    assert ours.state_dict()["state"][0].keys() == theirs.state_dict()["state"][0].keys()
