"""A vocabulary trimmed to a language and English: most weights of a multilingual encoder are tokens of others."""

from __future__ import annotations

import json
import logging
import unicodedata
from collections import Counter
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import regex

from bootembed.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from sentence_transformers import SentenceTransformer

logger = logging.getLogger(__name__)
_BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
_SHARED = regex.compile(r"[\p{Script=Common}\p{Script=Inherited}]")
_SPLIT = "UNNAMED"  # a part of a character's bytes, or a character without a name
_AT_ONCE = 10_000  # texts
_COMPARED = 64  # texts
_MOST_DIFFERENCE = 1e-4  # of numbers of an embedding


def export_trimmed(
    embedder: SentenceTransformer, folder: Path, *, texts: Sequence[str], share: float | None, half: bool
) -> int:
    """Write the embedder with fewer tokens, and with the same embeddings of all `texts`.

    Kept are special tokens and bytes, the tokens of the texts and, for BPE, what these are merged from. The next text
    has other words: without a share, all tokens in the texts' scripts stay, so that every text of these scripts is
    split as before. With one, the most common (those of the lowest ids, which is how vocabularies are ordered) that
    have no character beyond the texts'.

    Args:
        embedder: A Sentence Transformers model whose first module is a transformer.
        folder: Is made.
        texts: Of the language, and of English if the embedder is to know it still.
        share: Of the tokens to keep; those that the texts need are kept in any case. None: all in the texts' scripts.
        half: Whether weights are stored as float16: half the size, embeddings within rounding. They load as float32,
            since Gemma's activations are too large for float16.

    Returns:
        The number of tokens kept.

    Raises:
        DataError: The embedder is static, there are no texts, all tokens would stay, the result embeds otherwise, or
            a weight is too large for float16.
    """
    from sentence_transformers.base.modules import Transformer
    from skeletoken import TokenizerModel
    from skeletoken.external.sentence_transformers import reshape_embeddings

    if not isinstance(embedder[0], Transformer):
        raise DataError("only the vocabulary of an embedder with a transformer can be trimmed, and this one is static")
    if not texts:
        raise DataError("there are no texts to find the needed tokens in; name some")
    before = embedder.tokenizer
    vocabulary = before.get_vocab()
    kept = _kept(before, texts, share)
    if len(kept) == len(vocabulary):
        raise DataError(f"all {len(vocabulary)} tokens are to stay: nothing to trim; lower the share, or leave it out")
    model = TokenizerModel.from_transformers_tokenizer(before)
    model = model.remove_tokens_from_vocabulary([token for token in model.sorted_vocabulary if token not in kept])
    trimmed = reshape_embeddings(embedder, model)
    _trim_word_weights(trimmed, [vocabulary[token] for token in model.sorted_vocabulary])
    sample = texts[:: max(1, len(texts) // _COMPARED)][:_COMPARED]
    if (difference := _largest_difference(embedder, trimmed, sample)) > _MOST_DIFFERENCE:
        raise DataError(
            f"embeddings with the trimmed vocabulary differ by up to {difference:.1e}: this tokenizer "
            f"({type(before).__name__}) cannot be trimmed; leave the export out"
        )
    trimmed.save(str(folder), create_model_card=False)
    if half:
        _halve(folder)
    logger.info("%d of %d tokens kept", len(kept), len(vocabulary))
    return len(kept)


def _largest_difference(first: SentenceTransformer, second: SentenceTransformer, texts: Sequence[str]) -> float:
    """Between any two numbers of the embeddings of the same texts."""
    import numpy as np

    both = [model.encode(list(texts), show_progress_bar=False, convert_to_numpy=True) for model in (first, second)]
    return float(np.abs(both[0] - both[1]).max())


def _kept(tokenizer: Any, texts: Sequence[str], share: float | None) -> set[str]:
    from tokenizers.pre_tokenizers import ByteLevel

    vocabulary: dict[str, int] = tokenizer.get_vocab()
    base = {*tokenizer.all_special_tokens, *_BYTES, *ByteLevel.alphabet()} & vocabulary.keys()
    used = _used(tokenizer, texts)
    parts = json.loads(tokenizer.backend_tokenizer.to_str())
    surface = _surfaces(parts["decoder"])
    alphabet = {character for token in used for character in surface(token)}
    scripts = _scripts(texts) if share is None else set()
    tokens = len(vocabulary) if share is None else round(share * len(vocabulary))
    kept = base | used | (alphabet & vocabulary.keys())
    merges = _Merges.of(parts["model"])
    kept |= merges.parts(kept)
    for token in sorted(vocabulary, key=vocabulary.__getitem__):
        if len(kept) >= tokens:
            break
        if all(character in alphabet or _script(character) in scripts for character in surface(token)):
            kept |= {token} | merges.parts([token])
    return kept


def _surfaces(decoder: Any) -> Callable[[str], str]:
    """What a token stands for: in vocabularies of bytes, other characters stand in for these."""
    from tokenizers.decoders import ByteLevel

    bytes_of_text = '"type": "ByteLevel"' in json.dumps(decoder)
    return (lambda token: ByteLevel().decode([token])) if bytes_of_text else str


def _scripts(texts: Sequence[str]) -> set[str]:
    """Scripts with at least 1 % of the letters, and what belongs to none."""
    letters = Counter(character for text in texts for character in text if character.isalpha())
    scripts: Counter[str] = Counter()
    for character, count in letters.items():
        scripts[_script(character)] += count
    return {script for script, count in scripts.items() if count >= scripts.total() / 100} | {""}


@cache
def _script(character: str) -> str:
    """By the first word of its name (LATIN, CJK); empty for what all scripts share, as digits and punctuation."""
    if _SHARED.match(character):
        return _SPLIT if character == "\N{REPLACEMENT CHARACTER}" else ""
    plain = unicodedata.normalize("NFKC", character)[:1]
    return unicodedata.name(plain, _SPLIT).split()[0]


def _used(tokenizer: Any, texts: Sequence[str]) -> set[str]:
    ids: set[int] = set()
    for start in range(0, len(texts), _AT_ONCE):
        found = tokenizer(list(texts[start : start + _AT_ONCE]), truncation=False, verbose=False)["input_ids"]
        ids.update(number for row in found for number in row)
    return set(tokenizer.convert_ids_to_tokens(sorted(ids)))


def _halve(folder: Path) -> None:
    """Store the encoder's weights as float16; its `config.json` says float32 still, and that is what it loads as."""
    from safetensors.torch import load_file, save_file

    for file in sorted(folder.glob("*.safetensors")):
        halves = {
            name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in load_file(file).items()
        }
        if any(not tensor.isfinite().all() for tensor in halves.values()):
            raise DataError(f"{folder}: a weight is too large for float16; store float32")
        save_file(halves, file, metadata={"format": "pt"})


def _trim_word_weights(embedder: SentenceTransformer, ids: Sequence[int]) -> None:
    """Weights that Sentence Transformers keeps by token id; `ids` are the old ones of the tokens kept."""
    from sentence_transformers.sentence_transformer.modules import WordWeights

    for place, module in enumerate(embedder):
        if isinstance(module, WordWeights):
            weights = module.emb_layer.weight.detach()[list(ids), 0].tolist()
            words = [str(number) for number in range(len(ids))]
            embedder[place] = WordWeights(words, dict(zip(words, weights, strict=True)))
            embedder[place].requires_grad_(False)


class _Merges:
    """The merges of a BPE tokenizer; none of others."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._ranks = {pair: rank for rank, pair in enumerate(pairs)}

    @classmethod
    def of(cls, model: dict[str, Any]) -> _Merges:
        """Of the part `model` of a tokenizer's JSON."""
        merges = model.get("merges", ())
        pairs = (pair.split(" ", 1) if isinstance(pair, str) else pair for pair in merges)
        return cls((left, right) for left, right in pairs)

    def parts(self, tokens: Iterable[str]) -> set[str]:
        """What the tokens are merged from: a text that they stand in comes to them by these, and in this order."""
        found: set[str] = set()
        if self._ranks:
            for token in tokens:
                self._collect(list(token), found)
        return found

    def _collect(self, pieces: list[str], found: set[str]) -> None:
        while len(pieces) > 1:
            found.update(pieces)
            ranked = [(self._ranks.get(pair, len(self._ranks)), place) for place, pair in enumerate(pairwise(pieces))]
            rank, place = min(ranked)
            if rank == len(self._ranks):
                return
            pieces[place : place + 2] = ["".join(pieces[place : place + 2])]
