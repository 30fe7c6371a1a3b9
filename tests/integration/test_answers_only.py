"""The output layer sees the tokens that predict answers only; loss and gradients stay those of whole sequences."""

from __future__ import annotations

import pytest
import torch
from generators import ARCHITECTURES, write_generator_model
from transformers import AutoModelForCausalLM

from bootembed.adapters import answers_only as module
from bootembed.adapters.answers_only import answers_only, pad_batch

ROWS = [
    {"input_ids": [5, 41, 42, 43, 60, 61], "completion_mask": [0, 0, 0, 0, 1, 1]},
    {"input_ids": [5, 44, 70, 71, 72, 73, 74], "completion_mask": [0, 0, 1, 1, 1, 1, 1]},
    {"input_ids": [5, 80, 81], "completion_mask": [0, 1, 1]},  # running text, learnt from its second token on
]


IN_PIECES = [architecture for architecture in ARCHITECTURES if not architecture.startswith("cohere")]


def _loss_of_answers(folder):
    """(Model after a backward pass, its loss, shapes of its output layer's values)."""
    model = AutoModelForCausalLM.from_pretrained(folder)
    model.get_output_embeddings().requires_grad_(False)
    answers_only(model)
    shapes = []
    model.get_output_embeddings().register_forward_hook(lambda _, __, logits: shapes.append(tuple(logits.shape[:2])))
    batch = pad_batch(ROWS, padding=0)
    assert batch["shift_labels"].tolist() == [[60, 61, 70, 71, 72, 73, 74, 80, 81]]
    loss = model(**batch).loss
    loss.backward()
    return model, loss.item(), shapes


def _loss_of_all(folder):
    """(Model after a backward pass, its loss) as transformers computes it for whole sequences."""
    model = AutoModelForCausalLM.from_pretrained(folder)
    model.get_output_embeddings().requires_grad_(False)
    longest = max(len(row["input_ids"]) for row in ROWS)
    labels = [
        [-100] * (longest - len(row["input_ids"]))
        + [token if learnt else -100 for token, learnt in zip(row["input_ids"], row["completion_mask"], strict=True)]
        for row in ROWS
    ]
    batch = pad_batch(ROWS, padding=0)
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask", "position_ids")}
    loss = model(**inputs, labels=torch.tensor(labels)).loss
    loss.backward()
    return model, loss.item()


@pytest.mark.parametrize("tokens", [9, 4, 1])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_loss_and_gradients_are_those_of_whole_sequences(tmp_path, architecture, tokens, monkeypatch):
    folder = write_generator_model(tmp_path / "model", architecture)
    vocabulary = AutoModelForCausalLM.from_pretrained(folder).get_output_embeddings().weight.shape[0]
    monkeypatch.setattr(module, "LARGEST_LOGITS", tokens * vocabulary)
    model, loss, shapes = _loss_of_answers(folder)
    assert shapes == [(1, 0 if architecture in IN_PIECES and tokens < 9 else 9)]
    plain, expected = _loss_of_all(folder)
    assert loss == pytest.approx(expected, abs=1e-5)
    found = 0
    for (name, weight), other in zip(model.named_parameters(), plain.parameters(), strict=True):
        if other.grad is not None:
            found += 1
            assert torch.allclose(weight.grad, other.grad, atol=1e-5), name
    assert found


def test_in_pieces_fewer_logits_are_kept(tmp_path, monkeypatch):
    """Of what a step keeps for its backward pass."""
    folder = write_generator_model(tmp_path / "model", "llama")

    def kept(largest):
        monkeypatch.setattr(module, "LARGEST_LOGITS", largest)
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t: sizes.append(t.numel()) or t, lambda t: t):
            vocabulary = _loss_of_answers(folder)[0].config.vocab_size
        return sizes.count(9 * vocabulary)

    assert kept(1) == 0 < kept(1 << 26)
