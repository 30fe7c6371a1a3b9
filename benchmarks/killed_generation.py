"""Generation killed again and again against an undisturbed run: the same triplets, and what is computed twice.

The stage `generate_triplets` runs in a process of its own, in the engine `transformers`. It is killed by SIGKILL and
started again, a given number of times, and then left to finish. The moments are drawn with a seed: one in each of equal
parts of the work, at a random place within the computing and keeping of a batch. Every process notes the answers of a
batch before it computes them, in a file that outlives it; so what counts as paid is all that was begun, also a batch
that was killed halfway.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import click
import yaml

from benchmarks.machine import machine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bootembed.generation.answer_cache import Answer
    from bootembed.generation.resident import Batch, ResidentGenerator

_OUTPUTS = (*(f"triplets/0/{name}" for name in ("training.parquet", "rejected.parquet", "README.md")), "metrics.json")
_LONGEST_DELAY = 2.0  # batches
_POLL = 0.005  # seconds


@click.group(help=__doc__)
def main() -> None:
    """Commands."""


@main.command()
@click.option("--base-model", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--generator", type=click.Path(exists=True, path_type=Path), required=True, help="Of a cell.")
@click.option("--encoder", type=click.Path(exists=True, path_type=Path), required=True, help="Of the stage's filters.")
@click.option("--anchors", type=click.Path(exists=True, path_type=Path), required=True, help="Table of anchors.")
@click.option("--params", "params_path", type=click.Path(exists=True, path_type=Path), default="params.yaml")
@click.option("--rows", type=int, default=1000, show_default=True, help="Anchors to write triplets for.")
@click.option("--batch-size", type=int, default=16, show_default=True)
@click.option("--kills", type=int, default=20, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the moments.")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="JSON file.")
def measure(params_path: Path, rows: int, batch_size: int, kills: int, seed: int, output: Path, **inputs: Path) -> None:
    """Run undisturbed, then with kills, and compare; exit status 1 if anything differs or is paid too often."""
    with tempfile.TemporaryDirectory() as folder:
        params = _write_params(params_path, Path(folder) / "params.yaml", rows=rows, batch_size=batch_size)
        undisturbed, killed = (Cell(Path(folder) / name, params, inputs) for name in ("undisturbed", "killed"))
        _finish(undisturbed)
        moments = _moments(kills, 2 * rows, undisturbed.seconds_a_batch(), seed=seed)
        killings = [_kill(killed, wanted, delay) for wanted, delay in moments]
        for number, kill in enumerate(killings, 1):
            click.echo(f"kill {number}: {kill}")
        _finish(killed)
        found = compare(undisturbed, killed)
    most = max((kill["begun_in_vain"] for kill in killings), default=0)
    result = {"machine": machine(), "rows": rows, "batch_size": batch_size, "seed": seed, "kills": killings, **found}
    result |= {"most_begun_in_vain_by_a_kill": most}
    output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    click.echo(f"{found}; at most {most} answers begun in vain by a kill")
    if not found["identical"] or most > batch_size:
        raise click.ClickException(f"the killed run is not as the undisturbed one, or paid too much: see {output}")


@dataclass(frozen=True)
class Cell:
    """A cell of the stage: where its files lie, and what it is given."""

    folder: Path
    params: Path
    inputs: Mapping[str, Path]

    @property
    def answer_cache(self) -> Path:
        """The stage's answer cache."""
        return self.folder / "answer_cache.jsonl"

    @property
    def begun(self) -> Path:
        """One line for each batch that was begun: seconds, then the keys of its answers."""
        return self.folder / "begun.txt"

    def start(self) -> subprocess.Popen[bytes]:
        """Run the stage."""
        from bootembed.generation.generator import read_generator

        judge = self.folder / "no_judge"
        judge.mkdir(parents=True, exist_ok=True)
        description = read_generator(self.inputs["generator"] / "0")
        options = {"strategy": description.strategy, "language": description.language, **self.inputs}
        options |= {"params": self.params, "answer_cache": self.answer_cache, "judge": judge}
        options |= {"output_dir": self.folder / "triplets", "metrics": self.folder / "metrics.json"}
        words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        command = [sys.executable, "-m", "benchmarks.killed_generation", "once", str(self.begun), "--", *words]
        quiet = {"BOOTEMBED_TRACKING": "off", "BOOTEMBED_LOG_LEVEL": "WARNING"}
        return subprocess.Popen(command, env=os.environ | quiet)

    def batches_begun(self) -> list[list[str]]:
        """The words of each line of `begun`."""
        return [line.split() for line in self.begun.read_text().splitlines()] if self.begun.is_file() else []

    def keys_begun(self) -> list[str]:
        """The answers that were begun, each as often as it was."""
        return [key for _, *keys in self.batches_begun() for key in keys]

    def seconds_a_batch(self) -> float:
        """From the beginning of one batch to that of the next, on average over the only process."""
        first, *_, last = (float(seconds) for seconds, *_ in self.batches_begun())
        return (last - first) / (len(self.batches_begun()) - 1)

    def answers(self) -> dict[str, Answer]:
        """What the answer cache holds, read without opening it as a writer would, which repairs its end."""
        from bootembed.generation.answer_cache import Answer

        entries = [json.loads(line) for line in self.lines()]
        return {entry.pop("key"): Answer(**entry) for entry in entries}

    def lines(self) -> list[bytes]:
        """The answer cache's complete lines."""
        return self.answer_cache.read_bytes().split(b"\n")[:-1] if self.answer_cache.is_file() else []


def _write_params(source: Path, target: Path, *, rows: int, batch_size: int) -> Path:
    raw = yaml.safe_load(source.read_text(encoding="utf-8"))
    raw["generator_seeds"] = 1
    raw["generate_triplets"]["anchors"] = rows
    raw["generation"]["engine"] = "transformers"
    raw["generation"]["transformers"]["batch_size"] = batch_size
    target.write_text(yaml.safe_dump(raw), encoding="utf-8")
    return target


def _moments(kills: int, answers: int, seconds_a_batch: float, *, seed: int) -> list[tuple[int, float]]:
    """Of each kill how many answers the answer cache is to hold first, and how many seconds to wait then."""
    rng = random.Random(seed)
    part = answers / (kills + 1)
    return [
        (int(part * (number + rng.random())), rng.uniform(0, _LONGEST_DELAY * seconds_a_batch))
        for number in range(kills)
    ]


def _finish(cell: Cell) -> None:
    if cell.start().wait():
        raise click.ClickException("the stage failed; see above")


def _kill(cell: Cell, wanted: int, delay: float) -> dict[str, Any]:
    """Start the stage, kill it when it has begun a batch and the answer cache holds enough, and tell what that cost."""
    before = len(cell.batches_begun())
    process = cell.start()
    while process.poll() is None and (len(cell.batches_begun()) == before or len(cell.lines()) < wanted):
        time.sleep(_POLL)
    time.sleep(delay)
    process.kill()
    if process.wait() >= 0:
        raise click.ClickException("the stage ended before it could be killed; give it more rows, or fewer kills")
    kept, begun = cell.answers(), [keys for _, *keys in cell.batches_begun()[before:]]
    return {
        "answers_in_answer_cache": len(kept),
        "batches_begun": len(begun),
        "begun_in_vain": sum(key not in kept for keys in begun for key in keys),
        "incomplete_last_line": cell.answer_cache.is_file() and cell.answer_cache.read_bytes()[-1:] not in {b"", b"\n"},
    }


def compare(undisturbed: Cell, killed: Cell) -> dict[str, Any]:
    """Whether all that the stage wrote is the same, and how many answers were begun again."""
    same = {name: _content(undisturbed, name) == _content(killed, name) for name in _OUTPUTS}
    keys = [json.loads(line)["key"] for line in killed.lines()]
    begun = Counter(killed.keys_begun())
    return {
        "identical": all(same.values()) and undisturbed.answers() == killed.answers(),
        "identical_files": same,
        "triplets_kept": json.loads(_content(killed, "metrics.json"))["0"]["kept"],
        "answers": len(set(keys)),
        "written_twice": len(keys) - len(set(keys)),
        "begun": begun.total(),
        "begun_again": begun.total() - len(begun),
        "most_often_begun": max(begun.values()),
    }


def _content(cell: Cell, name: str) -> bytes:
    return (cell.folder / name).read_bytes()


@main.command()
@click.argument("begun", type=click.Path(path_type=Path))
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def once(begun: Path, options: Sequence[str]) -> None:
    """Run `stages.generate_triplets` with these options and note in a file what is begun."""
    from bootembed.generation.resident import ResidentGenerator
    from stages.generate_triplets import main as stage

    answer = ResidentGenerator.answer
    file = os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def noted(generator: ResidentGenerator, batch: Batch) -> Iterator[dict[str, Answer]]:
        keys = " ".join(prompt.key for prompt in batch.prompts)
        os.write(file, f"{time.monotonic()} {keys}\n".encode())
        yield from answer(generator, batch)

    with mock.patch.object(ResidentGenerator, "answer", noted):
        stage(list(options))


if __name__ == "__main__":
    main()
