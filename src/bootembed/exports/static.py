"""A static model: one vector a token or word, and their mean; for machines that no transformer runs on."""

from __future__ import annotations

import tempfile
from collections import Counter
from typing import TYPE_CHECKING, Any

import regex

from bootembed.core.errors import DataError, ParamsError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sentence_transformers import SentenceTransformer

_WORD = regex.compile(r"[\p{L}\p{M}][\p{L}\p{M}\p{N}'\u2019-]*")


def export_static(
    embedder: SentenceTransformer, folder: Path, *, texts: Iterable[str], dimensions: int, words: int
) -> None:
    """Write what model2vec distils from the encoder: each token and word embedded alone, reduced by PCA.

    Words of the language matter where the encoder's tokens are pieces of English: a piece alone means nothing.

    Args:
        embedder: A Sentence Transformers model whose first module is a transformer.
        folder: Is made.
        texts: What words are counted in.
        dimensions: Principal components kept.
        words: How many of the most frequent words become tokens.

    Raises:
        DataError: The embedder is static already.
        ParamsError: There are not so many dimensions.
    """
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    if not isinstance(embedder[0], Transformer):
        raise DataError("the embedder is static already")
    size = int(embedder[0].get_embedding_dimension())
    if dimensions > size:
        raise ParamsError(f"dimensions: {dimensions}, but the encoder has {size}; choose a smaller number")
    with tempfile.TemporaryDirectory() as encoder:
        embedder[0].model.save_pretrained(encoder)
        embedder[0].processor.save_pretrained(encoder)
        static = StaticEmbedding.from_distillation(
            encoder,
            vocabulary=_new_words(embedder.tokenizer, texts, words) or None,
            device="cpu",
            pca_dims=dimensions,
        )
    SentenceTransformer(modules=[static], device="cpu").save(str(folder), create_model_card=False)


def _new_words(tokenizer: Any, texts: Iterable[str], most: int) -> list[str]:
    """The most frequent words that are no token yet, at the beginning of a text or inside."""
    counts = Counter(word for text in texts for word in _WORD.findall(text.lower()))
    frequent = [word for word, _ in counts.most_common(most)]
    return [word for word in frequent if all(len(tokenizer.tokenize(form)) > 1 for form in (word, f" {word}"))]
