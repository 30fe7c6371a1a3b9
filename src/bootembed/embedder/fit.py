"""How well a model's tokenizer fits the text of a language, before anything trains on it."""

from __future__ import annotations

import json
import logging
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence
    from pathlib import Path

    from bootembed.settings.embedder import MeasureFit

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fit:
    """What a tokenizer makes of a language.

    Attributes:
        shares: The measures of `measure_fit` that there are.
        warnings: Measures above their bound, each with a remedy.
    """

    shares: dict[str, float]
    warnings: list[str]


def measure_fits(
    folder: Path,
    max_lengths: Mapping[str, int],
    *,
    texts: Sequence[str],
    english: Sequence[str],
    language: str,
    bounds: MeasureFit,
    gets_words: Container[str] = (),
) -> dict[str, Fit]:
    """The fit of several models to a language.

    Args:
        folder: Holds a folder for each model.
        max_lengths: Model -> tokens at which its texts are cut.
        texts: Sentences of the language.
        english: Sentences for comparison.
        language: Its key.
        bounds: Of warnings and of the error.
        gets_words: Models whose every recipe adds words of the language to the vocabulary.

    Raises:
        DataError: A tokenizer cannot be loaded, or most of the text is unknown to it.
    """
    fits: dict[str, Fit] = {}
    if not texts:
        logger.warning("%s: neither anchors nor parallel text to measure tokenizers on", language)
        return fits
    for model, max_length in max_lengths.items():
        tokenizer = load_fit_tokenizer(folder / model)
        measured = measure_fit(tokenizer, texts, english, max_length=max_length)
        warnings = fit_warnings(model, language, measured, bounds, gets_words=model in gets_words)
        for warning in warnings:
            logger.warning("%s", warning)
        fits[model] = Fit(measured, warnings)
    for model, fit in fits.items():
        require_known(model, language, fit.shares, bounds)
    return fits


def knowledge_fit(fit: Fit, own: float | None, english: float | None, *, language: str, bounds: MeasureFit) -> Fit:
    """The fit of the generator's tokenizer, with how well the generator itself knows the language.

    Args:
        fit: Of its tokenizer.
        own: Bits for a byte of the language's text.
        english: The same of English.
        language: Its key.
        bounds: Of the warning.
    """
    if own is None:
        return fit
    shares = fit.shares | {"bits_per_byte": own}
    if not english:
        return Fit(shares, fit.warnings)
    times = own / english
    shares["times_english_bits"] = times
    if times <= bounds.warn_times_english_bits:
        return Fit(shares, fit.warnings)
    warning = (
        f"the generator hardly knows `{language}`: a byte of it takes {own:.2f} bits, {times:.1f} times English; "
        "choose another generator, or train on translations (`multilingual_distillation`, `translation_pairs`)"
    )
    logger.warning("%s", warning)
    return Fit(shares, [*fit.warnings, warning])


def write_fits(fits: Mapping[str, Fit], path: Path) -> None:
    """Write the fits of a language as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {
        model: {name: round(value, 6) for name, value in fit.shares.items()} | {"warnings": fit.warnings}
        for model, fit in fits.items()
    }
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def load_fit_tokenizer(folder: Path) -> Any:
    """The tokenizer of a model's folder.

    Raises:
        DataError: It has none.
    """
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{folder}: its tokenizer cannot be loaded: {error}; put the whole model there") from error


def measure_fit(tokenizer: Any, texts: Sequence[str], english: Sequence[str], *, max_length: int) -> dict[str, float]:
    """What a tokenizer makes of texts.

    Args:
        tokenizer: Of an encoder or generator.
        texts: Sentences of the language; at least one.
        english: English sentences for comparison; there may be none.
        max_length: Tokens at which a text is cut.

    Returns:
        `unknown_share` of the tokens; `tokens_per_word` (of what stands between spaces), and `times_english`, how many
        times that of English; `lost_share` of the characters that do not come back from tokens, case and spaces
        aside; `lost_marks_share` of the combining marks (tones, vowel signs); `cut_share` of the sentences. What
        cannot be measured, as English without sentences, is not there.
    """
    ids = [tokenizer(text, add_special_tokens=True)["input_ids"] for text in texts]
    plain = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    tokens = sum(map(len, plain))
    unknown = sum(row.count(tokenizer.unk_token_id) for row in plain)
    back = [tokenizer.decode(row, skip_special_tokens=True) for row in plain]
    per_word = tokens / sum(len(text.split()) for text in texts)
    of_english = _tokens_per_word(tokenizer, english) if english else None
    measures = {
        "unknown_share": unknown / max(1, tokens),
        "tokens_per_word": per_word,
        "times_english": None if of_english is None else per_word / of_english,
        "lost_share": _lost(texts, back, marks_only=False),
        "lost_marks_share": _lost(texts, back, marks_only=True),
        "cut_share": sum(len(row) > max_length for row in ids) / len(ids),
    }
    return {name: value for name, value in measures.items() if value is not None}


def fit_warnings(
    model: str, language: str, fit: Mapping[str, float], bounds: MeasureFit, *, gets_words: bool
) -> list[str]:
    """A sentence with a remedy for each measure above its bound."""
    found = {
        "unknown_share": ("of the tokens are unknown", bounds.warn_unknown_share),
        "lost_share": ("of the characters do not come back from tokens", bounds.warn_lost_share),
        "lost_marks_share": ("of the marks (tones, vowel signs) are lost", bounds.warn_lost_share),
        "cut_share": ("of the sentences are cut by the length limit", bounds.warn_cut_share),
    }
    words = (
        "`train_embedder.new_word_min_count` is set, and adds the frequent words of the language before training"
        if gets_words
        else "choose another encoder, or set `train_embedder.new_word_min_count`"
    )
    return [
        f"{model} and `{language}`: {value:.0%} {what}; {words}; where sentences are cut, raise `max_seq_length`"
        for name, (what, bound) in found.items()
        if (value := fit.get(name, 0.0)) > bound
    ]


def require_known(model: str, language: str, fit: Mapping[str, float], bounds: MeasureFit) -> None:
    """Refuse a model that knows next to nothing of a language.

    Raises:
        DataError: More tokens are unknown than `max_unknown_share`.
    """
    share = fit["unknown_share"]
    if share > bounds.max_unknown_share:
        raise DataError(
            f"measure_fit.max_unknown_share: {bounds.max_unknown_share}: {share:.0%} of the tokens of `{language}` are "
            f"unknown to {model}, so that different sentences look the same to it; choose another model, or, if "
            "`train_embedder.new_word_min_count` gives it the words, set max_unknown_share to 1"
        )


def _tokens_per_word(tokenizer: Any, texts: Sequence[str]) -> float:
    tokens = sum(len(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts)
    return tokens / sum(len(text.split()) for text in texts)


def _lost(texts: Sequence[str], back: Sequence[str], *, marks_only: bool) -> float | None:
    """The share of characters that are missing, by how often each occurs; None of texts without any."""
    had, missing = 0, 0
    for text, found in zip(texts, back, strict=True):
        before, after = (Counter(_characters(side, marks_only=marks_only)) for side in (text, found))
        had += before.total()
        missing += (before - after).total()
    return missing / had if had else None


def _characters(text: str, *, marks_only: bool) -> list[str]:
    apart = unicodedata.normalize("NFKD", text).casefold()
    kept = "M" if marks_only else "LMNPS"
    return [character for character in apart if unicodedata.category(character)[0] in kept]
