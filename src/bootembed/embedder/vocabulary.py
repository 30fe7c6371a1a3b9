"""Words of a new language as tokens of their own, where an encoder's vocabulary cuts them into pieces of English."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootembed.errors import ParamsError

if TYPE_CHECKING:
    from collections.abc import Sequence


def add_words(model: Any, texts: Sequence[str], *, min_count: int) -> int:
    """Give frequent words of `texts` tokens of their own; each starts at the mean of the pieces that it was cut into.

    Pieces of words have other meanings in English already and make texts long. The start is that of Gee et al. 2022
    ("Fast Vocabulary Transfer", EMNLP industry track); what it is worth on Hausa is measured in docs/results.md.

    Args:
        model: A Sentence Transformers model whose first module is the encoder; tokenizer and embeddings are replaced.
        texts: Of the new language.
        min_count: Words that occur less often stay in pieces.

    Returns:
        The number of new tokens.

    Raises:
        ParamsError: The tokenizer's model is not WordPiece.
    """
    import torch

    tokenizer, encoder = model.tokenizer, model[0].model
    words = _frequent_words(tokenizer, texts, min_count)
    pieces = [tokenizer(word, add_special_tokens=False)["input_ids"] for word in words]
    old = encoder.get_input_embeddings().weight.detach().clone()
    model[0].processor = _with_words(tokenizer, words)
    table = encoder.resize_token_embeddings(len(model.tokenizer), mean_resizing=False).weight
    with torch.no_grad():
        for place, parts in enumerate(pieces, start=len(tokenizer)):
            table[place] = old[parts].mean(0)
    return len(words)


def _frequent_words(tokenizer: Any, texts: Sequence[str], min_count: int) -> list[str]:
    """Words that are several tokens now, most frequent first; punctuation and numbers are none."""
    backend = tokenizer.backend_tokenizer
    kind = json.loads(backend.to_str())["model"]["type"]
    if kind != "WordPiece":
        raise ParamsError(
            f"train_embedder.new_word_min_count: {min_count}, but the encoder's tokenizer is {kind} and words can be "
            "added to WordPiece only; set it to null"
        )
    known = tokenizer.get_vocab()
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(
            word for word, _ in backend.pre_tokenizer.pre_tokenize_str(backend.normalizer.normalize_str(text))
        )
    return [
        word
        for word, count in counts.most_common()
        if count >= min_count and word not in known and len(word) > 1 and not word.isdigit()
    ]


def _with_words(tokenizer: Any, words: Sequence[str]) -> Any:
    """The tokenizer with the words at the end of its vocabulary: WordPiece takes the longest entry that fits."""
    from transformers import AutoTokenizer

    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder)
        path = Path(folder) / "tokenizer.json"
        content = json.loads(path.read_text(encoding="utf-8"))
        content["model"]["vocab"] |= {word: place for place, word in enumerate(words, start=len(tokenizer))}
        path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        return AutoTokenizer.from_pretrained(folder)
