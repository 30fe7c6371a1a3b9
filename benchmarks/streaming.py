"""Memory and speed of `prepare_corpora` on generated corpora of growing size: memory must not grow with the corpus."""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from benchmarks.machine import machine

_WORDS = 20_000
_NEAR = 0.02
_EQUAL = 0.01


@click.group(help=__doc__)
def main() -> None:
    """Commands."""


@main.command()
@click.option("--lines", "sizes", type=int, multiple=True, default=(50_000, 500_000, 5_000_000), show_default=True)
@click.option("--near-duplicates", type=float, default=0.9, show_default=True, help="0: exact duplicates only.")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="JSON file.")
def measure(sizes: tuple[int, ...], near_duplicates: float, output: Path) -> None:
    """Prepare a corpus of each size in a process of its own."""
    rows = []
    for lines in sizes:
        with tempfile.TemporaryDirectory() as folder:
            _write_corpus(Path(folder) / "mono.txt", lines)
            command = [
                sys.executable,
                "-m",
                "benchmarks.streaming",
                "once",
                folder,
                "--near-duplicates",
                str(near_duplicates),
            ]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            rows.append({"lines": lines, **json.loads(done.stdout)})
            click.echo(rows[-1])
    table = {"near_duplicates": near_duplicates, "machine": machine(), "runs": rows}
    output.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--near-duplicates", type=float, required=True)
def once(folder: Path, near_duplicates: float) -> None:
    """Prepare `mono.txt` of a folder and print seconds, memory and counts."""
    from bootembed.core.names import Role
    from bootembed.corpora.identifiers import Heliport
    from bootembed.corpora.prepare import prepare_corpora
    from bootembed.settings.corpora import CorpusSpec, Language, PrepareCorpora

    settings = PrepareCorpora(
        folder=str(folder),
        repair_mojibake=True,
        min_characters=2,
        max_characters=1000,
        max_length_ratio=4.0,
        min_distinct_share=0.3,
        min_script_share=0.5,
        check_language=False,  # these are no words of any language
        identifier=None,
        near_duplicates=near_duplicates or None,
        near_evaluation=0.8,
        max_rows=1_000_000,
        max_anchors=10_000,
        distinct_anchors=True,
    )
    rng, words = random.Random(2), _words()
    evaluation = [("hau/SomeTask", " ".join(_sentence(rng, words))) for _ in range(2000)]
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = prepare_corpora(
        CorpusSpec.model_validate({"monolingual": [{"format": "lines", "path": "mono.txt"}]}),
        settings,
        language="hau",
        configured=Language(name="Hausa", script="Latn", role=Role.SOURCE, folder=".", corpus="some"),
        evaluation=evaluation,
        check=Heliport(),
        input_dir=folder,
        output_dir=folder / "out",
        seed=1,
    )
    report = found.tables["monolingual"].as_dict()
    seconds, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    click.echo(json.dumps({"seconds": round(seconds, 1), "mib_before": before // 1024, "mib": after // 1024, **report}))


def _words() -> list[str]:
    rng = random.Random(0)
    return ["".join(rng.choices("abcdefghiklmnorstuwyzƙɗɓ", k=rng.randint(2, 9))) for _ in range(_WORDS)]


def _sentence(rng: random.Random, words: list[str]) -> list[str]:
    return rng.choices(words, k=rng.randint(5, 25))


def _write_corpus(path: Path, lines: int) -> None:
    """Random sentences; some equal an earlier one, some differ from one in a word."""
    rng, words = random.Random(1), _words()
    earlier: list[list[str]] = []
    with path.open("w", encoding="utf-8") as stream:
        for _ in range(lines):
            chance = rng.random()
            sentence = _sentence(rng, words) if chance > _NEAR + _EQUAL or not earlier else rng.choice(earlier)
            if chance < _NEAR and earlier:
                sentence = [*sentence[:-1], rng.choice(words)]
            if len(earlier) < 1000:
                earlier.append(sentence)
            stream.write(" ".join(sentence) + "\n")


if __name__ == "__main__":
    main()
