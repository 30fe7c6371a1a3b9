"""Identifies the language of a text offline, with CLD2 (165 languages, Hausa among them; `pycld2`)."""

from __future__ import annotations

from functools import cache

SHORTEST = 20
"""A text of fewer letters is not judged: short texts are often misidentified."""

_CODES_OF_CLD2 = {"he": "iw", "jv": "jw", "fil": "tl", "nb": "no"}  # where they are not today's


@cache
def identifier_code(language: str) -> str | None:
    """CLD2's code of a language by its ISO 639-3 key, by way of its macrolanguage (`swh` -> `sw`); None if unknown."""
    import langcodes
    import pycld2

    if not langcodes.tag_is_valid(language):
        return None
    code = langcodes.standardize_tag(language, macro=True).partition("-")[0]
    code = _CODES_OF_CLD2.get(code, code)
    known = {found for name, found in pycld2.LANGUAGES if name in pycld2.DETECTED_LANGUAGES}
    return code if code in known else None


def identify_language(text: str, *, expected: str) -> str | None:
    """CLD2's code of the language that most of a text is in, or None where it is unclear.

    Args:
        text: One sentence or more.
        expected: ISO 639-3 key of the language it should be in. Breaks ties between close relatives (Indonesian and
            Malay); a text clearly in another language is still found.
    """
    import pycld2

    if sum(map(str.isalpha, text)) < SHORTEST:
        return None
    try:
        _, _, guesses = pycld2.detect(text, bestEffort=True, hintLanguage=identifier_code(expected))
    except pycld2.error:  # control characters and the like
        return None
    code: str = guesses[0][1]
    return None if code == "un" else code


def in_other_language(text: str, language: str) -> str | None:
    """CLD2's code of the other language a text is in; None where it is in `language` or unclear.

    A language that CLD2 does not know is never contradicted: ask `identifier_code` first whether the check means
    anything.
    """
    wanted = identifier_code(language)
    if wanted is None:
        return None
    found = identify_language(text, expected=language)
    return None if found == wanted else found
