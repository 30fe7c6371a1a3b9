"""Which words of a language an encoder's tokenizer cuts into pieces, in scripts with and without spaces."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

UNSPACED = (
    r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Han}\p{Hiragana}\p{Katakana}"
    "\N{KATAKANA-HIRAGANA PROLONGED SOUND MARK}"
)
"""Scripts that put no spaces between words, as items of a class of characters."""
_UNSPACED = regex.compile(f"[{UNSPACED}]+")
_SPACE = "\N{LOWER ONE EIGHTH BLOCK}"  # what SentencePiece makes of a space, of Gemma while it normalises
_MARK = regex.compile(r"\p{M}")
_LARGEST_LEXICON = 16_000
_LONGEST_WORD = 12  # characters, of words found in text without spaces


class Splitter:
    """Splits texts into words: at spaces and punctuation, and where there are none by a model of the texts.

    The model is a unigram model (Kudo 2018, "Subword Regularization", ACL), trained on the runs of letters without
    spaces of `texts`. Marks (tones, vowel signs) stay.

    Args:
        backend: The encoder's tokenizer (of `tokenizers`), for its normaliser.
        texts: Of the new language.
    """

    def __init__(self, backend: Any, texts: Sequence[str]) -> None:
        self._normalizer = backend.normalizer
        self._texts = texts

    @property
    def unspaced(self) -> bool:
        """Whether any of the texts is in a script without spaces."""
        return any(_UNSPACED.search(text) for text in self._texts)

    def words(self, text: str) -> list[str]:
        """The words of a text as the encoder's normaliser leaves them."""
        from tokenizers.pre_tokenizers import BertPreTokenizer

        normal = text if self._normalizer is None else self._normalizer.normalize_str(text)
        found = []
        for word, _ in BertPreTokenizer().pre_tokenize_str(normal.replace(_SPACE, " ")):
            found += self._parts(word) if _UNSPACED.search(word) else [word]
        return found

    def frequent(self, *, min_count: int, is_known: Callable[[str], bool]) -> list[str]:
        """Words of at least two characters that occur so often, most frequent first; numbers are none.

        Args:
            min_count: How often.
            is_known: Whether a word has a token already.
        """
        return [
            word
            for word, count in self._counts.most_common()
            if count >= min_count and len(word) > 1 and not word.isdigit() and _is_word(word) and not is_known(word)
        ]

    @property
    def characters(self) -> list[str]:
        """The characters of all words of the texts."""
        return list(dict.fromkeys(character for word in self._counts for character in word))

    @cached_property
    def _counts(self) -> Counter[str]:
        return Counter(word for text in self._texts for word in self.words(text))

    def _parts(self, word: str) -> list[str]:
        parts = []
        end = 0
        for run in _UNSPACED.finditer(word):
            parts += [word[end : run.start()], *self._lexicon.encode(run.group()).tokens]
            end = run.end()
        return [part for part in (*parts, word[end:]) if part]

    @cached_property
    def _lexicon(self) -> Any:
        from tokenizers import Tokenizer, models, trainers

        normal = self._normalizer.normalize_str if self._normalizer is not None else str
        runs = [run for text in self._texts for run in _UNSPACED.findall(normal(text))]
        lexicon = Tokenizer(models.Unigram())
        trainer = trainers.UnigramTrainer(
            vocab_size=_LARGEST_LEXICON, max_piece_length=_LONGEST_WORD, unk_token="\0", show_progress=False
        )
        lexicon.train_from_iterator(runs, trainer)
        return lexicon


def loses_marks(backend: Any, texts: Sequence[str]) -> bool:
    """Whether a tokenizer's normaliser drops more than one in a hundred characters of texts as marks."""
    import unicodedata

    marks = kept = characters = 0
    for text in texts:
        apart = unicodedata.normalize("NFD", text)
        normal = text if backend.normalizer is None else backend.normalizer.normalize_str(text)
        marks += len(_MARK.findall(apart))
        kept += len(_MARK.findall(unicodedata.normalize("NFD", normal)))
        characters += len(apart)
    return marks - kept > characters / 100


def _is_word(text: str) -> bool:
    return any(character.isalpha() for character in text)
