"""Reading plain text of any script: sentences, numbers, names."""

# ruff: noqa: RUF001 - punctuation of other scripts is meant

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import regex

from bootembed.core.text import APOSTROPHES, comparable, words
from bootembed.triplets.phrases import abbreviations, scales

if TYPE_CHECKING:
    from collections.abc import Sequence

Number = tuple[str, str]
"""A number as its whole and its decimal digits, without insignificant zeros: `007.50` is ("7", "5").

A time is its hour and, behind a colon, its minute: `09:30` is ("9", ":30").
"""

NOUNS_IN_CAPITALS = frozenset(
    "deu ltz nds gsw bar swg pfl ksh sxu vmf sli cim mhn wae wep stq pdc pdt hrx gct geh".split()  # noqa: SIM905 - short
)
"""Languages that write all nouns with a capital: German, Luxembourgish, Low German and what is written like them.

In SIB-200, 31 % of the German and 27 % of the Luxembourgish words within a sentence have a capital, and at most 13 % of
those of the other languages in Latin script.
"""
_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "‘": "’", "«": "»", "‹": "›", "「": "」", "『": "』", "`": "`"}
_CLOSED_BY = dict(zip("「『（(［[《〈【〔", "」』）)］]》〉】〕", strict=True))
_EVEN_QUOTES = '"', "“”„"  # which of these open and which close depends on the language
_FACING_QUOTES = ("«", "»"), ("‹", "›")  # some languages turn them round
_CLOSING = "\"'”’»›」』)]）］》〉】〕"
_OPENING = "\"'“‘„«‹「『([¿¡（［《〈【〔"
# Ends of sentences that need no space behind them: CJK, Arabic, Ethiopic, Burmese, Khmer, Armenian.
_FULL_STOPS = "。！？｡؟።፧။។։"
# Those that also stand within abbreviations, at a short piece between two of them: danda, Urdu.
_INNER_STOPS = "।॥۔"
_LETTER = r"\p{L}\p{M}*"
_PIECE = rf"(?:{_LETTER}){{1,3}}"
_STOPS = rf"[{_FULL_STOPS}]++|(?<![{_INNER_STOPS}]{_PIECE})[{_INNER_STOPS}]++(?!{_PIECE}[{_INNER_STOPS}])|[.!?]+(?=\s)"
_NAME = r"[\p{Han}\p{Katakana}ー]"  # a sentence of Japanese ends in hiragana
_END = regex.compile(
    rf"(?<![{_FULL_STOPS}]{_LETTER})"  # Khmer ។ល។: etc.
    rf"(?:{_STOPS})"
    rf"(?!{_LETTER}[{_FULL_STOPS}]|(?<={_NAME}。)[のがはをにへとでもや]{_NAME})"  # a particle behind a name: 娘。の
)
_RUN = re.compile(r"\d+(?::[0-5]\d(?![:\d])|(?:[.,'’٫٬]\d+|[ \u00a0\u202f]\d{3}(?!\d))*)")
_TIME = re.compile(r"([01]?\d|2[0-4])[:.]([0-5]\d)")
_SCALED = re.compile(r"\d\s?([^\W\d_][\w\u0900-\u0dff]*)")
_SPACES = " \u00a0\u202f"
_DECIMAL = ".,٫"
MUTATING = frozenset("cym gle gla glv bre cor".split())  # noqa: SIM905 - short
"""Celtic languages, where a word before a name changes its first consonant: Caerdydd, yng Nghaerdydd."""
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ɏḀ-ỿ]+(?:['’ʻʼ‘-][A-Za-zÀ-ɏḀ-ỿ]+)*")
_AS_APOSTROPHE = str.maketrans(dict.fromkeys(APOSTROPHES, "'"))
_CONSONANTS = re.compile(r"[^aeiouwy]*")
_SHORTEST_END = 4
_LETTER_OF_WORD = regex.compile(r"(?V1)[\p{L}--\p{Lm}]")  # an okina is none
# An opening quote, bracket or mark, a dash or bullet; the end of a sentence within quotes.
_BEFORE_A_BEGINNING = re.compile(
    r"[\s:,(—–-][\"'“”‘’„‚»›]+$|[«‹„‚¿¡(\[{（［《〈【〔「『—―•●▪◦‣]\s?$|\s[–-]\s?$|[!?…]\s+$"
)
_FULL_STOP_BEFORE = re.compile(r"^[^.]*\.\s+$")


def strip_quotes(text: str) -> str:
    """The text without the quotes around it, if it is all one quotation."""
    stripped = text.strip()
    if len(stripped) < 3 or _QUOTES.get(stripped[0]) != stripped[-1]:
        return text
    inside = stripped[1:-1]
    return text if stripped[0] in inside or stripped[-1] in inside else inside.strip()


def split_sentences(text: str) -> list[str]:
    """The sentences of a text.

    No sentence ends inside a quotation (whose quotes are complete) or brackets, at an ellipsis, at the full stop of an
    abbreviation or of a number below 100 (an ordinal in many languages), or at a `.!?` followed by anything but a
    letter that may begin a sentence. When in doubt, a text is one sentence.
    """
    found = []
    start = 0
    quotes = [marks for marks in _EVEN_QUOTES if _count(text, marks) % 2 == 0]  # else one is missing, or means inches
    for match in _END.finditer(text):
        sentence = text[start : match.end()]
        if _ends_sentence(text, match) and _has_letters(sentence) and not _leaves_open(sentence, quotes):
            found.append(sentence.strip())
            start = match.end()
    rest = text[start:].strip()
    if _has_letters(rest) or not found:
        return [*found, rest]
    return [*found[:-1], found[-1] + text[start:].rstrip()]


def _has_letters(text: str) -> bool:
    return bool(comparable(text, symbols=False))


def _ends_sentence(text: str, end: regex.Match[str]) -> bool:
    behind = text[end.end() :].lstrip()
    if not behind:
        return False
    if end[0][0] in _FULL_STOPS + _INNER_STOPS:
        return behind[0] not in _CLOSING
    begins = behind.lstrip(_OPENING)[:1]
    if begins.islower() or not begins.isalpha() or end[0].startswith(".."):
        return False
    return end[0] != "." or not _is_abbreviation(text[: end.start()])


def _count(text: str, marks: str) -> int:
    return sum(map(text.count, marks))


def _leaves_open(part: str, quotes: Sequence[str]) -> bool:
    return (
        any(_count(part, marks) % 2 for marks in quotes)
        or any(part.count(one) != part.count(other) for one, other in _FACING_QUOTES)
        or any(part.count(begin) > part.count(end) for begin, end in _CLOSED_BY.items())
    )


def _is_abbreviation(before: str) -> bool:
    parts = before.rsplit(maxsplit=1)
    word = parts[-1].lstrip(_OPENING) if parts else ""
    if word.isdecimal() and len(word) <= 2:  # an ordinal number, in German, Turkish, Finnish and others
        return True
    return (len(word) == 1 and word.isalpha()) or "." in word.strip(".") or word.casefold() in abbreviations()


def number_readings(text: str, *, in_words: bool = True) -> list[list[frozenset[Number]]]:
    """The numbers of a text in the digits of any script, each with every way to read it.

    `1,000` is a thousand or one, `1 000` a thousand or two numbers, `12.05.2024` three numbers, `12:30` a time or two
    numbers, `12.30` that time or one number.

    Args:
        text: Any text.
        in_words: Take digits that follow a letter too, such as that of the name U2.

    Returns:
        For each run of digits and separators its readings, each the numbers it then stands for.
    """
    plain = _plain_digits(text)
    runs = _RUN.finditer(plain)
    return [_readings(run[0]) for run in runs if in_words or not plain[: run.start()][-1:].isalpha()]


def has_scaled_number(text: str) -> bool:
    """Whether a number in digits stands before a word or sign that multiplies it: `3 million`, `39만`."""
    return any(_is_scale(match[1].casefold()) for match in _SCALED.finditer(_plain_digits(text)))


def _is_scale(behind: str) -> bool:
    return behind in scales() or (behind[0] in scales() and not behind.isascii())


def is_mostly_latin(text: str) -> bool:
    """Whether at least half of the letters are Latin ones."""
    letters = sum(map(str.isalpha, text))
    return 2 * sum(map(len, _LATIN_WORD.findall(text))) >= letters > 0


def _plain_digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)


def _readings(run: str) -> list[frozenset[Number]]:
    time = _TIME.fullmatch(run)
    as_time = [frozenset({_time(*time.groups())})] if time else []
    return [*_readings_as_numbers(run), *as_time]


def _time(hour: str, minute: str) -> Number:
    """A time, unlike any number."""
    return hour.lstrip("0") or "0", f":{minute}"


def _readings_as_numbers(run: str) -> list[frozenset[Number]]:
    parts, separators = re.split(r"\D", run), re.findall(r"\D", run)
    apart = frozenset(_number(part) for part in parts)
    if not separators:
        return [apart]
    if _is_grouped(parts, separators):
        whole = frozenset({_number("".join(parts))})
        return [whole, apart] if separators[0] in _SPACES else [whole]
    if (
        separators[-1] in _DECIMAL
        and separators[-1] not in separators[:-1]
        and _is_grouped(parts[:-1], separators[:-1])
    ):
        return [frozenset({_number("".join(parts[:-1]), parts[-1])})]
    return [apart]


def _is_grouped(parts: list[str], separators: list[str]) -> bool:
    """Whether the parts are the groups of one number: of three digits, or as in India of two and finally three."""
    if not separators:
        return True
    if len(set(separators)) > 1 or parts[0].startswith("0") or not len(parts[0]) <= 3 == len(parts[-1]):
        return False
    return all(len(part) in {2, 3} for part in parts[1:])


def _number(whole: str, decimals: str = "") -> Number:
    return whole.lstrip("0") or "0", decimals.rstrip("0")


def names(text: str) -> list[str]:
    """Capitalised Latin words of two letters or more that do not begin a sentence, without a genitive's ending.

    Abbreviations in capitals are left out: the name may stand in full elsewhere (EU, European Union). None in a text
    that capitalises most of its words: there a capital says nothing. A name behind a dash, an opening quote or bracket
    is not told from the beginning of a sentence.
    """
    placed = [word for sentence in split_sentences(text) for word in _words_within(sentence)]
    capitalised = [word for word in placed if word[0].isupper()]
    if 2 * len(capitalised) > len(placed) + 2:
        return []
    stripped = (re.sub(r"^I['’ʼ].*|['’ʼ]s?$", "", word) for word in capitalised)
    return [word for word in stripped if len(word) > 1 and not word.isupper()]


def name_forms(text: str, language: str) -> list[str]:
    """The words of a text as names are compared: without apostrophes and marks, and what stands behind one (l'Italie).

    In languages that change the first consonants of a name they are taken off, unless fewer than four characters would
    be left: names that differ in nothing else (Paris, Maris) are then one.
    """
    found = words(text.translate(_AS_APOSTROPHE))
    parts = [part for word in found for part in (word.replace("'", ""), *word.split("'")[1:])]
    forms = [form for part in parts if (form := _without_marks(part))]
    return [_without_mutation(form) for form in forms] if language in MUTATING else forms


def _without_marks(word: str) -> str:
    """The word without accents, which endings may change (Łódź, Łodzi)."""
    return "".join(char for char in unicodedata.normalize("NFD", word) if not unicodedata.combining(char))


def _without_mutation(word: str) -> str:
    rest = _CONSONANTS.sub("", word, count=1)
    return rest if len(rest) >= _SHORTEST_END else word


def _words_within(sentence: str) -> list[str]:
    """The Latin words of a sentence that begin neither it nor another one in it."""
    found = []
    end = 0
    is_behind_article = False
    for match in _LATIN_WORD.finditer(sentence):
        word = match[0]
        begins = is_behind_article or _begins(sentence, end, match.start())
        is_behind_article = begins and len(word) == 1 and word.islower()  # Afrikaans: 'n Man
        end = match.end()
        if not begins:
            found.append(word)
    return found


def _begins(sentence: str, end: int, start: int) -> bool:
    """Whether a word begins a sentence.

    Args:
        sentence: Text with the word.
        end: Where the word before it ends; 0 if there is none.
        start: Where the word begins.
    """
    gap = sentence[end:start]
    if gap == " ":  # most
        return False
    if end == 0 and not _LETTER_OF_WORD.search(gap):
        return True
    if _FULL_STOP_BEFORE.match(gap):
        return not _is_abbreviation(sentence[: end + gap.index(".")])
    return _BEFORE_A_BEGINNING.search(gap) is not None
