"""How well a generator knows a language, before anything trains: what its text costs the model, against English.

A generator that hardly knows a language cannot write for it, and no adapter of a few thousand rows teaches it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bootembed.base_models.load import load_generator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def bits_per_byte(base_model_dir: Path, *groups: Sequence[str], bf16: bool, load_in_4bit: bool) -> list[float | None]:
    """Cross-entropy of texts under a generator, in bits for each byte of UTF-8, so that tokenizers do not count.

    Languages compare roughly: a script of two or three bytes a letter looks easier than it is.

    Args:
        base_model_dir: Generator in Hugging Face format.
        groups: Texts, each group measured as a whole.
        bf16: As `load_generator`.
        load_in_4bit: As `load_generator`.

    Returns:
        A figure for each group; None for one without texts.

    Raises:
        DataError: As `load_generator`.
        ParamsError: As `load_generator`.
    """
    import torch

    model, tokenizer = load_generator(base_model_dir, bf16=bf16, load_in_4bit=load_in_4bit, adapted=False)
    model.eval()
    found: list[float | None] = []
    for texts in groups:
        bits = 0.0
        for text in texts:
            ids = tokenizer(text, return_tensors="pt")["input_ids"].to(model.device)
            with torch.inference_mode():
                logits = model(ids).logits[0, :-1].float()
            bits += float(torch.nn.functional.cross_entropy(logits, ids[0, 1:], reduction="sum")) / math.log(2)
        size = sum(len(text.encode()) for text in texts)  # a first token that no BOS precedes is free: it weighs little
        found.append(bits / size if size else None)
    return found
