"""Spellings of the same letter, by the one that is compared.

They are made one to find a text again, in whatever language it is: texts themselves keep theirs. Letters that make
words of a language differ stay apart, such as k with and without a hook, or two of the three hehs of Urdu; Ethiopic
series that sound alike in Amharic, but not in Tigrinya, become one.
"""

from __future__ import annotations

import html
import re

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
SPELLINGS: dict[str, str | None] = {
    **_ALPHABETIC,
    **_ARABIC,
    **_ETHIOPIC,
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


def respell(text: str) -> str:
    """Text of letters and digits in lower case with spellings that depend on the letters beside them as one."""
    for virama, nasal, anusvara in _NASALS:
        if virama in text:
            text = nasal.sub(anusvara, text)
    text = _NTA.sub("\u0d28\u0d4d\u0d31", text)
    return _PALOCHKA.sub("\u0456", text) if _HAS_CYRILLIC.search(text) else text
