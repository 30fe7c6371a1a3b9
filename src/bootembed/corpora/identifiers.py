"""What tells that texts are in another language than they should be: heliport, and a fastText model of the user's.

heliport is installed and its limits were measured (`core.language_id`). GlotLID (Kargaran et al. 2023) and OpenLID
(Burchell et al. 2023) know languages that it does not, as fastText models of a gigabyte that the user downloads.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import cache
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Protocol

from bootembed.core import language_id
from bootembed.core.errors import DataError, ParamsError
from bootembed.core.language_id import FEWEST_LETTERS, FEWEST_TEXTS, limits_of, one_language, one_script

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bootembed.settings.corpora import FastTextIdentifier

_LABEL = "__label__"
_ERRORS = 3.0  # standard errors that another language's lead over all texts must stand out by
_NO_SCRIPT = ""


class LanguageCheck(Protocol):
    """Languages are ISO 639-3 keys, scripts ISO 15924; a language that cannot be checked contradicts no text."""

    def unchecked(self, language: str, script: str) -> str | None:
        """A sentence that says why single texts of a language are not checked; None where they are."""

    def other_language(self, text: str, language: str, script: str) -> str | None:
        """The other language that a text is surely in; None where it is in `language`, in a relative, or unclear."""

    def other_language_of_all(self, texts: Sequence[str], language: str, script: str) -> str | None:
        """The other language that texts as a whole are in; None where they are not, or too few."""


class Heliport:
    """The identifier that is installed, with limits measured for each language and script."""

    def unchecked(self, language: str, script: str) -> str | None:  # noqa: D102
        return language_id.unchecked(language, script)

    def other_language(self, text: str, language: str, script: str) -> str | None:  # noqa: D102
        return language_id.in_other_language(text, language, script)

    def other_language_of_all(self, texts: Sequence[str], language: str, script: str) -> str | None:  # noqa: D102
        return language_id.other_language_of_all(texts, language, script)


class HeliportElse:
    """heliport where its limits were measured, another check for languages that only that one can check.

    Args:
        other: The other check.
    """

    def __init__(self, other: LanguageCheck) -> None:
        self._heliport, self._other = Heliport(), other

    def unchecked(self, language: str, script: str) -> str | None:  # noqa: D102
        return self._check(language, script).unchecked(language, script)

    def other_language(self, text: str, language: str, script: str) -> str | None:  # noqa: D102
        return self._check(language, script).other_language(text, language, script)

    def other_language_of_all(self, texts: Sequence[str], language: str, script: str) -> str | None:  # noqa: D102
        return self._check(language, script).other_language_of_all(texts, language, script)

    def _check(self, language: str, script: str) -> LanguageCheck:
        only_other = self._heliport.unchecked(language, script) and not self._other.unchecked(language, script)
        return self._other if only_other else self._heliport


class FastText:
    """A fastText model whose labels are languages: `__label__kmr_Latn`, or `__label__ku` without a script.

    Nothing was measured of a user's model, so a text is contradicted only by a language that the model gives
    `least_probability`, that is no relative (`family`), and that heliport's measurements do not confuse with it.

    Args:
        path: The model.
        least_probability: Of the other language.

    Raises:
        DataError: The file is no such model, or cut off.
    """

    def __init__(self, path: Path, least_probability: float) -> None:
        import fasttext

        try:
            self._model = fasttext.load_model(str(path))
            labels = self._model.predict("a", k=-1, threshold=-1.0)[0]
        except (ValueError, RuntimeError, MemoryError) as error:
            raise DataError(
                f"{path}: not a whole fastText model ({error}); download it again, for instance GlotLID's `model.bin`"
            ) from error
        self._name = path.name
        self._least = least_probability
        self._scripts_of: dict[str, set[str]] = {}
        for label in labels:
            language, script = _parsed(label)
            self._scripts_of.setdefault(language, set()).add(script)
        self._relatives = cache(self._find_relatives)

    def unchecked(self, language: str, script: str) -> str | None:  # noqa: D102
        if self._relatives(language, script):
            return None
        return (
            f"The language of rows was not checked: the identifier {self._name} has no label for `{language}` in the "
            f"script `{script}`."
        )

    def other_language(self, text: str, language: str, script: str) -> str | None:  # noqa: D102
        relatives = self._relatives(language, script)
        if not relatives or not _is_long_enough(text):
            return None
        found, probability = next(iter(self._guesses(text, 1).items()))
        return found if found not in relatives and probability >= self._least else None

    def other_language_of_all(self, texts: Sequence[str], language: str, script: str) -> str | None:
        """The most frequent other language, if it is likelier than the language itself beyond chance (3 errors)."""
        relatives = self._relatives(language, script)
        guesses = [self._guesses(text, -1) for text in texts if _is_long_enough(text)] if relatives else []
        if len(guesses) < FEWEST_TEXTS:
            return None
        firsts = Counter(max(found, key=found.__getitem__) for found in guesses)
        others = [name for name, _ in firsts.most_common() if name not in relatives]
        if not others:
            return None
        leads = [found.get(others[0], 0.0) - sum(found.get(name, 0.0) for name in relatives) for found in guesses]
        return others[0] if fmean(leads) > _ERRORS * stdev(leads) / len(leads) ** 0.5 else None

    def _guesses(self, text: str, most: int) -> dict[str, float]:
        """Language -> its probability over all scripts, of the `most` likeliest labels (-1: of all)."""
        found: dict[str, float] = {}
        for label, probability in zip(*self._model.predict(" ".join(text.split()), k=most), strict=True):
            language, _ = _parsed(label)
            found[language] = found.get(language, 0.0) + probability
        return found

    def _find_relatives(self, language: str, script: str) -> frozenset[str]:
        """The model's languages that count as the asked one; none if it knows none of its family in the script."""
        known = {one for one in family(language) if self._has_script(one, script)}
        limits = limits_of(language, script)
        confused = limits.relatives if limits else frozenset()
        return frozenset((family(language) | confused) & self._scripts_of.keys()) if known else frozenset()

    def _has_script(self, language: str, script: str) -> bool:
        scripts = self._scripts_of.get(language, set())
        return bool(scripts) and (script == "Zyyy" or bool({_NO_SCRIPT, one_script(script)} & scripts))


def language_check(settings: FastTextIdentifier | None, folder: Path) -> LanguageCheck:
    """The check that a profile asks for.

    Args:
        settings: A fastText model for what heliport cannot check; None: heliport alone.
        folder: The raw data, with the model.

    Raises:
        DataError: The file is missing, or no fastText model.
        ParamsError: It is another file than the profile says.
    """
    if settings is None:
        return Heliport()
    path = folder / settings.path
    if not path.is_file():
        raise DataError(f"{path}: no such file; download the model, or leave out `prepare_corpora.identifier`")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != settings.sha256:
        raise ParamsError(
            f"`prepare_corpora.identifier.sha256` is {settings.sha256}, but {path} has {found}; if this is the model "
            "that you want, set that"
        )
    return HeliportElse(FastText(path, settings.least_probability))


def family(language: str) -> set[str]:
    """The language by all its codes, its macrolanguage and the members of either, by ISO 639-3 (`iso639-lang`)."""
    from iso639 import Lang
    from iso639.exceptions import DeprecatedLanguageValue, InvalidLanguageValue

    try:
        found = Lang(language)
    except (DeprecatedLanguageValue, InvalidLanguageValue):
        return {language, one_language(language)}
    macro = found.macro()
    groups = [found, *([macro] if macro else [])]
    return {language, one_language(language)} | {one.pt3 for group in groups for one in (group, *group.individuals())}


def _is_long_enough(text: str) -> bool:
    return sum(map(str.isalpha, text)) >= FEWEST_LETTERS


@cache
def _parsed(label: str) -> tuple[str, str]:
    """The ISO 639-3 code and the script of a label; no script: an empty one."""
    import langcodes

    tag, _, script = label.removeprefix(_LABEL).replace("-", "_").partition("_")
    try:
        language = str(langcodes.Language.get(tag).to_alpha3())
    except LookupError:
        language = tag
    return language, one_script(script) if script else _NO_SCRIPT
