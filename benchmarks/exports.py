"""Exports of one embedder side by side: size, sentences a second, and what they score less.

`measure MODEL` makes every export of `params.yaml` from a Sentence Transformers folder, scores all on the evaluation
sets of a language, and embeds the same sentences by each, in turns, every time in a process of its own.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from benchmarks.machine import machine

ORIGINAL = "original"


@click.group(help=__doc__)
def main() -> None:
    """Measure all, or the speed of one."""


@main.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.argument("texts", type=click.Path(exists=True, path_type=Path))
@click.option("--threads", type=int, required=True)
def speed(folder: Path, texts: Path, threads: int) -> None:
    """Print the sentences a second of one folder, after a first batch."""
    from bootembed.core.arithmetic import prepare_arithmetic

    prepare_arithmetic(threads=threads, portable=False)
    from bootembed.exports.build import load_embedder

    sentences = json.loads(texts.read_text(encoding="utf-8"))
    model = load_embedder(folder)
    model.encode(sentences[:64], batch_size=64, show_progress_bar=False)
    started = time.perf_counter()
    model.encode(sentences, batch_size=64, show_progress_bar=False)
    click.echo(len(sentences) / (time.perf_counter() - started))


@main.command()
@click.argument("model", type=click.Path(exists=True, path_type=Path))
@click.option("--language", required=True, help="Whose evaluation sets and corpora are used.")
@click.option("--only", multiple=True, help="Exports to make; by default all of params.yaml.")
@click.option("--sentences", default=1000, show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--threads", default=2, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), required=True)
def measure(
    model: Path, language: str, only: tuple[str, ...], sentences: int, rounds: int, threads: int, output: Path
) -> None:
    """Export, score and time."""
    from bootembed.evaluation.run import read_tasks
    from bootembed.exports.build import export_embedder, folder_size, load_embedder
    from bootembed.exports.champion import score_folder
    from bootembed.exports.texts import corpus_texts
    from bootembed.settings.load import load_params

    params = load_params(Path("params.yaml"))
    if unknown := sorted(set(only) - set(params.exports)):
        raise click.UsageError(f"params.yaml has no export {unknown[0]!r}; it has {', '.join(params.exports)}")
    texts = corpus_texts([Path("data/corpora/target") / language, Path("data/corpora/english/eng")])
    with tempfile.TemporaryDirectory() as work:
        folders = {ORIGINAL: model}
        for name in only or params.exports:
            folders[name] = Path(work) / name
            export_embedder(load_embedder(model), params.exports[name], folders[name], texts=texts)
        sample = Path(work) / "texts.json"
        sample.write_text(json.dumps(texts[:: max(1, len(texts) // sentences)][:sentences]), encoding="utf-8")
        tasks = read_tasks(
            Path("data/evaluation") / language,
            params.evaluate_embedder.tasks,
            language=language,
            script=params.languages[language].script,
        )
        scores = {}
        for name, folder in folders.items():
            found = score_folder(
                folder, load_embedder(folder), tasks, params.evaluate_embedder, name=f"export-{name}", seed=params.seed
            )
            scores[name] = {f"{task}.{split}": score for task, by in found.items() for split, score in by.items()}
        rates: dict[str, list[float]] = {name: [] for name in folders}
        for _ in range(rounds):
            for name, folder in folders.items():
                rates[name].append(_rate(folder, sample, threads))
        rows = {
            name: {
                "megabytes": round(folder_size(folder) / 1e6, 1),
                "sentences_a_second": round(statistics.median(rates[name]), 1),
                "times_the_original": round(statistics.median(rates[name]) / statistics.median(rates[ORIGINAL]), 2),
                "scores": scores[name],
                "loss": {task: round(scores[ORIGINAL][task] - score, 4) for task, score in scores[name].items()},
            }
            for name, folder in folders.items()
        }
    measured = {
        "model": f"{model.parent.name}/{model.name}", "language": language, "sentences": sentences, "threads": threads,
        "rounds": rounds, "exports": rows, "machine": machine() | {"threads": threads},
    }  # fmt: skip
    output.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    for name, row in rows.items():
        click.echo(f"{name:10} {row['megabytes']:8} MB {row['times_the_original']:6} x  loss {row['loss']}")


def _rate(folder: Path, sample: Path, threads: int) -> float:
    command = [sys.executable, "-m", "benchmarks.exports", "speed", str(folder), str(sample), "--threads", str(threads)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise click.ClickException(f"{folder.name}: {done.stderr}")
    return float(done.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    main()
