"""What share of good rows does each default filter lose, in languages of every kind?

Good parallel rows are the translations of Tatoeba (LASER's test sets, files `<lang>-eng.<lang>`) and of SIB-200
(folders `<lang>_<Script>`). Good triplets are made of those of SIB-200 that are one sentence in English: an anchor, as
its positive what stands before its first comma or the like, and as its negative that of another one; and across
languages the English translations of both. A filter that rejects them for their form misfires. The check of language is
measured elsewhere.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import click
import yaml

from benchmarks.machine import machine
from bootembed.core.names import Role
from bootembed.corpora.identifiers import Heliport
from bootembed.corpora.prepare import prepare_corpora
from bootembed.generation.answer_cache import Answer
from bootembed.settings.corpora import CorpusSpec, Language, PrepareCorpora
from bootembed.settings.triplets import Filters
from bootembed.triplets.filters import Candidate, filter_candidates
from bootembed.triplets.text import split_sentences

_CLAUSE_END = re.compile(r"[,;:،؛，、；：፣፤]|\s[–—-]\s")  # noqa: RUF001 - of all scripts
_ROOT = Path(__file__).parents[1]


@click.command(help=__doc__)
@click.option("--sib", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--tatoeba", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--languages", required=True, help="As `deu_Latn` or, with Tatoeba's code, `zho_Hans:cmn`, with commas.")
@click.option("--output", type=click.Path(path_type=Path), help="JSON file of figures.")
def main(sib: Path, tatoeba: Path, languages: str, output: Path | None) -> None:
    """Measure each language, and print the losses."""
    found = {}
    for name in languages.split(","):
        folder, _, code = name.partition(":")
        key, script = folder.split("_")
        code = code or key
        pairs = list(zip(_sentences(sib / folder), _sentences(sib / "eng_Latn"), strict=True))
        if (tatoeba / f"{code}-eng.{code}").exists():
            halves = ((tatoeba / f"{code}-eng.{half}").read_text("utf-8").splitlines() for half in (code, "eng"))
            pairs += zip(*halves, strict=True)
        found[folder] = {"pairs": len(pairs), "corpora": corpora_losses(pairs, key, script)}
        found[folder] |= triplet_losses(pairs[:1004], key)
        click.echo(f"{folder}: {found[folder]}")
    if output is not None:
        output.write_text(json.dumps({"found": found, "machine": machine()}, indent=2) + "\n", encoding="utf-8")


def _sentences(folder: Path) -> list[str]:
    """The sentences of SIB-200 in the order of their numbers."""
    rows = [line.split("\t") for split in ("train", "dev", "test") for line in _lines(folder / f"{split}.tsv")]
    return [text.strip('"').replace('""', '"') for _, _, text in sorted(rows, key=lambda row: int(row[0]))]


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").rstrip("\n").split("\n")[1:]


def _defaults() -> Any:
    return yaml.safe_load((_ROOT / "conf" / "config.yaml").read_text(encoding="utf-8"))


def corpora_losses(pairs: list[tuple[str, str]], key: str, script: str) -> dict[str, float]:
    """Reason of `prepare_corpora` -> share of the pairs that it rejects."""
    settings = PrepareCorpora.model_validate(_defaults()["prepare_corpora"] | {"check_language": False})
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        for name, half in (("own", 0), ("eng", 1)):
            (folder / name).write_text("".join(f"{pair[half]}\n" for pair in pairs), encoding="utf-8")
        corpus = {"parallel": [{"format": "moses", "path": "own", "english_path": "eng"}]}
        prepared = prepare_corpora(
            CorpusSpec.model_validate(corpus),
            settings,
            language=key,
            configured=Language(name=key, script=script, role=Role.SOURCE, folder=".", corpus="some"),
            evaluation=[],
            check=Heliport(),
            input_dir=folder,
            output_dir=folder / "out",
            seed=1,
        )
    rejected = prepared.tables["parallel"].rejected
    return {reason: round(count / len(pairs), 4) for reason, count in sorted(rejected.items())}


def triplet_losses(pairs: list[tuple[str, str]], key: str) -> dict[str, dict[str, float]]:
    """Reason of the filters -> share of the triplets that it rejects, within the language and across."""
    filters = _defaults()["generate_triplets"]["filters"] | {"wrong_language": False}
    filters["semantic"] |= {"encoder": "none"}
    settings = Filters.model_validate(filters)
    losses = {}
    pairs = [(own, english) for own, english in pairs if len(split_sentences(english)) == 1]
    for kind, half, language in (("within", 0, key), ("across", 1, "eng")):
        candidates = [
            Candidate(i, own[0], _answer(_clause(own[half])), _answer(_clause(pairs[i - 1][half])))
            for i, own in enumerate(pairs)
        ]
        verdicts = filter_candidates(candidates, settings, anchor_language=key, answer_language=language)
        counts = Counter(str(verdict.reason) for verdict in verdicts if verdict.reason)
        counts.pop("copy_of_anchor", None)  # a sentence without a comma
        losses[kind] = {reason: round(count / len(pairs), 4) for reason, count in sorted(counts.items())}
    return losses


def _clause(text: str) -> str:
    return _CLAUSE_END.split(text, maxsplit=1)[0].strip() or text


def _answer(text: str) -> Answer:
    return Answer(text, finished=True)


if __name__ == "__main__":
    main()
