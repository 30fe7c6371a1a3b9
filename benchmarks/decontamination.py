"""Copies of evaluation sentences, damaged on purpose, in many scripts: what share of them is found?

The sentences are those of SIB-200, the same in every language (`data/annotated` of its repository). Every copy has one
kind of damage: written otherwise (capitals, punctuation, apostrophes, dotless i, tatweel, full width, hidden spaces),
a letter changed, or a word dropped, replaced or added. In scripts without spaces a word is what carries as much as five
letters. `other` is the share of sentences for which another one is found: false alarms.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import click

from benchmarks.machine import machine
from bootembed.core.text import comparable, spelt_out
from bootembed.corpora.evaluation_sets import EvaluationTexts
from bootembed.corpora.near import may_be_near

_WORD = 5
_UNSPACED = {"Hans", "Hant", "Jpan", "Thai", "Khmr", "Laoo", "Mymr", "Tibt"}
_APOSTROPHES = "'\u2019\u02bc\u02bb\u2018`\u00b4"
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


@click.command(help=__doc__)
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True, help="Folders as hau_Latn.")
@click.option("--languages", required=True, help="Folders' names, with commas.")
@click.option("--threshold", type=float, default=0.8, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="JSON file of figures.")
def main(data: Path, languages: str, threshold: float, output: Path | None) -> None:
    """Measure each language and print the shares."""
    found = {}
    for language in languages.split(","):
        found[language] = measure(sentences(data / language), script=language.partition("_")[2], threshold=threshold)
        click.echo(f"{language}: " + ", ".join(f"{kind} {share:.3f}" for kind, share in found[language].items()))
    if output is not None:
        figures = {"threshold": threshold, "found": found, "machine": machine()}
        output.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def sentences(folder: Path) -> list[str]:
    """The sentences of a language of SIB-200 that are long enough to have near copies."""
    lines = [line for split in ("train", "dev", "test") for line in _lines(folder / f"{split}.tsv")]
    texts = [line.split("\t")[2].strip('"').replace('""', '"') for line in lines]
    return [text for text in dict.fromkeys(texts) if may_be_near(comparable(text))]


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").rstrip("\n").split("\n")[1:]


def measure(texts: list[str], *, script: str, threshold: float) -> dict[str, float]:
    """Kind of damage -> share of the damaged copies that are found; `other` -> share of false alarms."""
    rng = random.Random(1)
    held = EvaluationTexts([("set", text) for text in texts], near_threshold=threshold)
    words = [_words(text, script) for text in texts]
    joint = "" if script in _UNSPACED else " "
    copies: dict[str, list[str]] = {"otherwise": [], "letter": [], "dropped": [], "replaced": [], "added": []}
    for text, own in zip(texts, words, strict=True):
        at, other = rng.randrange(len(own)), rng.choice(rng.choice(words))
        copies["otherwise"].append(_otherwise(text, rng))
        copies["letter"].append(_with_another_letter(text, rng.choice(texts), rng))
        copies["dropped"].append(joint.join(own[:at] + own[at + 1 :]))
        copies["replaced"].append(joint.join([*own[:at], other, *own[at + 1 :]]))
        copies["added"].append(joint.join([*own[:at], other, *own[at:]]))
    shares = {kind: sum(match is not None for match in held.match(damaged)) for kind, damaged in copies.items()}
    halves = texts[::2], texts[1::2]
    shares["other"] = sum(
        match is not None
        for one, two in (halves, halves[::-1])
        for match in EvaluationTexts([("set", text) for text in one], near_threshold=threshold).match(two)
    )
    return {kind: round(count / len(texts), 3) for kind, count in shares.items()}


def _words(text: str, script: str) -> list[str]:
    if script not in _UNSPACED:
        return text.split()
    found = [""]
    for character in text:
        if len(spelt_out(comparable(found[-1]))) >= _WORD:
            found.append("")
        found[-1] += character
    return found


def _otherwise(text: str, rng: random.Random) -> str:
    """The same text as another source may write it."""
    for apostrophe in _APOSTROPHES:
        text = text.replace(apostrophe, rng.choice(_APOSTROPHES))
    ways = (
        str.upper,
        lambda text: text.replace("i", "\u0131").replace("I", "\u0130"),
        lambda text: text.replace("\u0644", "\u0644\u0640"),  # a tatweel behind every lam
        lambda text: text.translate(_FULL_WIDTH),
        lambda text: text.replace(" ", " \u200b"),
        lambda text: text.replace(",", " ;") + " !",
    )
    return rng.choice(ways)(text)


def _with_another_letter(text: str, other: str, rng: random.Random) -> str:
    places = [index for index, character in enumerate(text) if character.isalpha()]
    letters = [character for character in other if character.isalpha()]
    at = rng.choice(places)
    return text[:at] + rng.choice(letters) + text[at + 1 :]


if __name__ == "__main__":
    main()
