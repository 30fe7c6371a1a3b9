"""How probable a negative is as translation, by a tiny real generator."""

from __future__ import annotations

import pytest
import torch

from bootembed.base_models.load import load_generator
from bootembed.prompts import encode_example, translation_prompt, turns
from bootembed.settings.generation import TransformersSettings
from bootembed.triplets import translation
from bootembed.triplets.translation import TranslationProbability

SETTINGS = TransformersSettings(batch_size=8, bf16=False, load_in_4bit=False)
TRIPLETS = [
    ("The farmer buys an apple.", "Unread.", "The market is empty today."),
    ("The child opens a door at the market.", "Unread.", "No."),
    ("No.", "Unread.", "The teacher pushes a box and the doctor opens a book at the market."),
]


def _by_hand(folder, anchor, negative):
    model, tokenizer = load_generator(folder, bf16=False, load_in_4bit=False, adapted=False)
    messages = turns(translation_prompt(anchor, language="English"), negative)[:1]
    ids, mask = encode_example(tokenizer, messages, negative)
    with torch.inference_mode():
        found = model(input_ids=torch.tensor([ids])).logits[0].double().softmax(1)
    return min(float(found[place - 1, ids[place]]) for place, asked in enumerate(mask) if asked)


def test_it_is_the_least_probability_of_a_token_of_the_negative(tiny_generator, monkeypatch):
    together = TranslationProbability(tiny_generator, SETTINGS, language="English")(TRIPLETS)
    expected = [_by_hand(tiny_generator, anchor, negative) for anchor, _, negative in TRIPLETS]
    assert together == pytest.approx(expected, abs=2e-5)
    monkeypatch.setattr(translation, "_ROWS", 2)
    portions = TranslationProbability(tiny_generator, SETTINGS, language="English")
    assert portions(TRIPLETS[::-1])[::-1] == pytest.approx(together, abs=2e-5)
    assert portions([]) == []
