"""The output layer sees the tokens that predict answers only; loss and gradients stay those of whole sequences."""

from __future__ import annotations

import pytest
import torch
from generators import ARCHITECTURES, write_generator_model
from transformers import AutoModelForCausalLM

from bootembed.adapters.train import answers_only, pad_batch

ROWS = [
    {"input_ids": [5, 41, 42, 43, 60, 61], "completion_mask": [0, 0, 0, 0, 1, 1]},
    {"input_ids": [5, 44, 70, 71, 72, 73, 74], "completion_mask": [0, 0, 1, 1, 1, 1, 1]},
    {"input_ids": [5, 80, 81], "completion_mask": [0, 1, 1]},  # running text, learnt from its second token on
]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_loss_and_gradients_are_those_of_whole_sequences(tmp_path, architecture):
    folder = write_generator_model(tmp_path / "model", architecture)
    model, plain = (AutoModelForCausalLM.from_pretrained(folder) for _ in range(2))
    shapes = []
    model.get_output_embeddings().register_forward_hook(lambda _, __, logits: shapes.append(tuple(logits.shape[:2])))
    answers_only(model)
    batch = pad_batch(ROWS, padding=0)
    assert batch["shift_labels"].tolist() == [[60, 61, 70, 71, 72, 73, 74, 80, 81]]
    loss = model(**batch).loss
    loss.backward()
    assert shapes == [(1, 9)]
    longest = max(len(row["input_ids"]) for row in ROWS)
    labels = [
        [-100] * (longest - len(row["input_ids"]))
        + [token if learnt else -100 for token, learnt in zip(row["input_ids"], row["completion_mask"], strict=True)]
        for row in ROWS
    ]
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask", "position_ids")}
    expected = plain(**inputs, labels=torch.tensor(labels)).loss
    expected.backward()
    assert loss.item() == pytest.approx(expected.item(), abs=1e-5)
    for (name, weight), other in zip(model.named_parameters(), plain.parameters(), strict=True):
        if other.grad is not None:
            assert torch.allclose(weight.grad, other.grad, atol=1e-5), name
