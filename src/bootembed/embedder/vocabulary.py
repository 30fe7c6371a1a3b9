"""Words of a new language as tokens of their own, where an encoder's vocabulary cuts them into pieces of English."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import ParamsError
from bootembed.embedder.alignment import align_words

if TYPE_CHECKING:
    from collections.abc import Sequence

_TRANSLATIONS = 5  # of a word, at most
_ALIGNED = 50_000  # pairs, at most: alignment holds every pair of words of a row in memory, some 30 KB a row of news


def add_words(model: Any, texts: Sequence[str], *, min_count: int, translations: Sequence[str] | None = None) -> int:
    """Give frequent words of `texts` tokens of their own.

    Pieces of words have other meanings in English already and make texts long. Without translations a new token starts
    at the mean of the pieces that its word was cut into (Gee et al. 2022, "Fast Vocabulary Transfer", EMNLP industry
    track); with them, at the mean of the words that it is aligned with, weighted by probability (after Tran 2020, arXiv
    2002.07306).

    Args:
        model: A Sentence Transformers model whose first module is the encoder; tokenizer and embeddings are replaced.
        texts: Of the new language.
        min_count: Words that occur less often stay in pieces.
        translations: Of every text, into a language that the encoder knows.

    Returns:
        The number of new tokens.

    Raises:
        ParamsError: The tokenizer's model is not WordPiece.
    """
    import torch

    tokenizer, encoder = model.tokenizer, model[0].model
    words = _frequent_words(tokenizer, texts, min_count)
    old = encoder.get_input_embeddings().weight.detach().clone()
    if translations is None:
        starts = _means_of_pieces(tokenizer, old, words)
    else:
        starts = _means_of_translations(tokenizer, old, words, list(zip(texts, translations, strict=True)))
    model[0].processor = _with_words(tokenizer, words)
    table = encoder.resize_token_embeddings(len(model.tokenizer), mean_resizing=False).weight
    with torch.no_grad():
        table[len(tokenizer) : len(tokenizer) + len(words)] = starts
    return len(words)


def _means_of_pieces(tokenizer: Any, table: Any, words: Sequence[str]) -> Any:
    """Of the rows of a table of embeddings, for the tokens of each word; (words, size)."""
    import torch

    pieces = [tokenizer(word, add_special_tokens=False)["input_ids"] for word in words]
    return torch.stack([table[parts].mean(0) for parts in pieces])


def _means_of_translations(tokenizer: Any, table: Any, words: Sequence[str], pairs: Sequence[tuple[str, str]]) -> Any:
    """Of the embeddings of the words that each word is aligned with; (words, size)."""
    import torch

    sides = [(_words(tokenizer, left), _words(tokenizer, right)) for left, right in pairs[:_ALIGNED]]
    seen = {word for left, _ in sides for word in left}
    starts = _means_of_pieces(tokenizer, table, words)
    place = {word: number for number, word in enumerate(words)}
    for word, aligned in align_words(sides, [word for word in words if word in seen], most=_TRANSLATIONS).items():
        known = _means_of_pieces(tokenizer, table, [translation for translation, _ in aligned])
        weights = torch.tensor([[probability] for _, probability in aligned], dtype=table.dtype)
        starts[place[word]] = (weights * known).sum(0)
    return starts


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
        counts.update(_words(tokenizer, text))
    return [
        word
        for word, count in counts.most_common()
        if count >= min_count and word not in known and len(word) > 1 and not word.isdigit()
    ]


def _words(tokenizer: Any, text: str) -> list[str]:
    backend = tokenizer.backend_tokenizer
    return [word for word, _ in backend.pre_tokenizer.pre_tokenize_str(backend.normalizer.normalize_str(text))]


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
