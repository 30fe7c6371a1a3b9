"""Spellings of the same letter, by the one that is compared.

They are made one to find a text again, in whatever language it is: texts themselves keep theirs. Letters that make
words of a language differ stay apart, such as k with and without a hook, or two of the three hehs of Urdu; Ethiopic
series that sound alike in Amharic, but not in Tigrinya, become one.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from importlib import resources

_ETHIOPIC_SERIES = {  # the first syllable of each: Amharic has one sound for both
    0x1210: 0x1200,  # h
    0x1280: 0x1200,
    0x1220: 0x1230,  # s
    0x12D0: 0x12A0,  # the glottal stop
    0x1340: 0x1338,  # ts'
}
_VOWELS_OF_SERIES = 7
_ALPHABETIC = {
    "\u0329": "\u0323",  # Yoruba: the line below a letter is its dot
    "\u015f": "\u0219",  # Romanian: cedilla, comma
    "\u0163": "\u021b",
    "\u01dd": "\u0259",  # turned e, schwa
    **dict.fromkeys("\u0256\u00f0", "\u0111"),  # African d, eth and d with a stroke, whose capitals look alike
    "\u0153": "oe",
    "\u00e6": "ae",
    "\u0451": "\u0435",  # Cyrillic io, which most texts write as ie
    "\u04cf": "\u0456",  # palochka, for which many type the Ukrainian i
    "\u04d5": "ae",  # Ossetian, which is often typed with the Latin ligature
    "\u04a7": "\u0525",  # Abkhaz p, which has two codes
    "\u01b4": "y",  # Hausa of Niger: y with an apostrophe in Nigeria
}
_GREEK = {  # capitals have no accents
    letter: base
    for letter in map(chr, (*range(0x370, 0x400), *range(0x1F00, 0x2000)))
    if letter.islower() and (base := unicodedata.normalize("NFD", letter)[0]) != letter
}
_HEBREW = {  # ligatures of Yiddish
    "\u05f0": "\u05d5\u05d5",
    "\u05f1": "\u05d5\u05d9",
    "\u05f2": "\u05d9\u05d9",
}
_TAMIL = {
    "\u0b94": "\u0b92\u0bb3",  # au, which looks like two letters
    "\u0bcc": "\u0bc6\u0bb3",
    "\u0bb6": "\u0bb8",  # sri has two spellings that look alike
}
_ARABIC: dict[str, str | None] = {
    **dict.fromkeys("\u0622\u0623\u0625\u0671", "\u0627"),  # alef with madda, hamza or wasla
    **dict.fromkeys("\u0653\u0654\u0655"),  # the same as marks
    **dict.fromkeys("\u06c1\u06d5", "\u0647"),  # heh of Urdu, and the Kurdish vowel that is typed as a heh
    **dict.fromkeys("\u06c0\u06c2", "\u0647"),  # with the hamza of an ezafe
    "\u06c3": "\u0629",
}
_ETHIOPIC = {
    **{
        chr(first + vowel): chr(same + vowel)
        for first, same in _ETHIOPIC_SERIES.items()
        for vowel in range(_VOWELS_OF_SERIES)
    },
    **dict.fromkeys("\u1203\u1213\u1283", "\u1200"),  # behind these the first and the fourth vowel sound the same
    **dict.fromkeys("\u12a3\u12d3", "\u12a0"),
}


def _simplified() -> dict[str, str]:
    """Traditional Chinese characters -> simplified ones; of several the usual one."""
    text = resources.files("bootembed.core").joinpath("data/chinese.json").read_text(encoding="utf-8")
    known = json.loads(text)
    return dict(zip(known["traditional"], known["simplified"], strict=True))


SPELLINGS: dict[str, str | None] = {
    **_ALPHABETIC,
    **_GREEK,
    **_HEBREW,
    **_ARABIC,
    **_ETHIOPIC,
    **_TAMIL,
    **_simplified(),
    "\u0901": "\u0902",  # Hindi: a chandrabindu may be written as an anusvara
    "\u1009": "\u1025",  # Burmese nya and u, which look alike
}
"""Characters in lower case that stand for another one; None: for none."""

_ENTITY = re.compile(r"&(?:amp;)*(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")


def unescape(text: str) -> str:
    """The text with entities of HTML as their characters, also those that were escaped several times."""
    return _ENTITY.sub(lambda found: html.unescape(f"&{found[1]};"), text)


_JOINER = "\N{ZERO WIDTH JOINER}"
_BEFORE_JOINER = {  # a consonant and its virama, which a joiner makes another letter
    "\u09a4\u09cd": "\u09ce",  # Bengali khanda ta
    "\u0d23\u0d4d": "\u0d7a",  # the chillus of Malayalam
    "\u0d28\u0d4d": "\u0d7b",
    "\u0d30\u0d4d": "\u0d7c",
    "\u0d32\u0d4d": "\u0d7d",
    "\u0d33\u0d4d": "\u0d7e",
    "\u0d15\u0d4d": "\u0d7f",
}
_JOINED = re.compile(rf"({'|'.join(_BEFORE_JOINER)}){_JOINER}")


def join_letters(text: str) -> str:
    """The text with letters that are also written as others with a joiner as one character."""
    return _JOINED.sub(lambda found: _BEFORE_JOINER[found[1]], text) if _JOINER in text else text


# The blocks of these scripts have one layout: five rows of four stops and their nasal.
_INDIC_BLOCKS = (0x900, 0x980, 0xA80, 0xB00, 0xC00, 0xC80, 0xD00)
_FIRST_STOPS = (0x15, 0x1A, 0x1F, 0x24, 0x2A)
_VIRAMA, _ANUSVARA = 0x4D, 0x02


def _nasal_and_stop(block: int, stop: int) -> str:
    first, last, nasal = (chr(block + stop + place) for place in (0, 3, 4))
    return f"{nasal}{chr(block + _VIRAMA)}(?=[{first}-{last}])"


_NASALS = [  # by the virama, which is quickly found to be missing
    (
        chr(block + _VIRAMA),
        re.compile("|".join(_nasal_and_stop(block, stop) for stop in _FIRST_STOPS)),
        chr(block + _ANUSVARA),
    )
    for block in _INDIC_BLOCKS
]
_NTA = re.compile("\u0d7b\u0d4d?\u0d31")  # two of the three ways to write nta in Malayalam
_CYRILLIC = "[\u0430-\u052f]"
_HAS_CYRILLIC = re.compile(_CYRILLIC)
# Typed for a palochka. Of several in a row, none is: "II" is a number.
_PALOCHKA = re.compile(f"(?<={_CYRILLIC})[1il](?![1il\\d])|(?<![1il\\d])[1il](?={_CYRILLIC})")


_STRESS = re.compile(f"(?<={_CYRILLIC})[\u0300\u0301\u030f\u0311]+")  # marks that no letter is composed with
_THAI_OR_LAO = re.compile("[\u0e00-\u0eff]")
_TONES_AND_NIKHAHIT = re.compile("[\u0e48-\u0e4b\u0e4d]+|[\u0ec8-\u0ecb\u0ecd]+")  # typed in either order
_TWICE = re.compile("\u0e40\u0e40|\u0ec0\u0ec0")  # a vowel typed as twice another
_IS_VIETNAMESE = re.compile("[ơờởỡớợưừửữứự]")
_TONES_OF_VIETNAMESE = {
    first + second: (unicodedata.normalize("NFC", first + tone) + unicodedata.normalize("NFD", second)[0])
    for first, seconds in (("o", "àáảãạ"), ("o", "èéẻẽẹ"), ("u", "ỳýỷỹỵ"))
    for second, tone in zip(seconds, "\u0300\u0301\u0309\u0303\u0323", strict=True)
}
_ON_SECOND_VOWEL = re.compile("|".join(_TONES_OF_VIETNAMESE))


def respell(text: str) -> str:
    """Text of letters and digits in lower case with spellings that depend on the letters beside them as one."""
    for virama, nasal, anusvara in _NASALS:
        if virama in text:
            text = nasal.sub(anusvara, text)
    text = _NTA.sub("\u0d28\u0d4d\u0d31", text)
    if _HAS_CYRILLIC.search(text):
        text = _PALOCHKA.sub("\u0456", _STRESS.sub("", text))
    if _THAI_OR_LAO.search(text):
        text = _TWICE.sub(lambda found: chr(ord(found[0][0]) + 1), text)
        text = _TONES_AND_NIKHAHIT.sub(lambda found: "".join(sorted(found[0])), text)
    if _IS_VIETNAMESE.search(text):  # hoà or hòa
        text = _ON_SECOND_VOWEL.sub(lambda found: _TONES_OF_VIETNAMESE[found[0]], text)
    return text
