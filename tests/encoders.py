"""Tiny encoders with random weights, of the real architectures."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

WORDS = [first + second for first in ("ba", "ke", "li", "mo", "nu", "pa", "ri", "so") for second in ("da", "fe", "gi")]


def sentences(count: int, *, seed: int = 0) -> list[str]:
    """Distinct sentences of 3 to 8 distinct words."""
    rng = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found[" ".join(rng.sample(WORDS, rng.randint(3, 8)))] = None
    return list(found)


def write_embedder(
    folder: Path, architecture: str, *, pooling: Any, max_seq_length: int, other_texts: Sequence[str] = ()
) -> Path:
    """Write the encoder of `write_encoder` with pooling, as a Sentence Transformers folder."""
    from bootembed.embedder.pooled_encoder import build_embedder

    encoder = write_encoder(folder.with_name(folder.name + ".base"), architecture, other_texts=other_texts)
    build_embedder(encoder, pooling=pooling, max_seq_length=max_seq_length).save_pretrained(str(folder))
    return folder


def write_encoder(folder: Path, architecture: str, *, other_texts: Sequence[str] = ()) -> Path:
    """Write an encoder of `architecture` (xlm-roberta, modernbert or bert) and its tokenizer.

    Args:
        folder: Is made.
        architecture: Of transformers.
        other_texts: That the tokenizer is to know beside `sentences`.
    """
    import torch
    from transformers import BertConfig, BertModel, ModernBertConfig, ModernBertModel, XLMRobertaConfig, XLMRobertaModel

    from bootembed.base_models.tokenizer import train_tokenizer

    tokenizer = train_tokenizer([*sentences(200), *other_texts], 450 if other_texts else 300, max_length=62, chat=False)
    common = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "intermediate_size": 48,
        "max_position_embeddings": 64,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    special = {"cls_token_id": tokenizer.bos_token_id, "sep_token_id": tokenizer.eos_token_id}
    torch.manual_seed(0)
    model = {
        "xlm-roberta": lambda: XLMRobertaModel(XLMRobertaConfig(**common, type_vocab_size=1)),
        "modernbert": lambda: ModernBertModel(ModernBertConfig(**common, **special, initializer_range=0.2)),
        "bert": lambda: BertModel(BertConfig(**common)),
    }[architecture]()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
