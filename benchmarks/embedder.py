"""Sentences a second and memory of finetuning an embedder, side by side with the official code's procedure.

The official procedure is SimCSE's: the texts of a batch go through the encoder together, all padded to 32 tokens
(`official-32`) or to the longest of them (`official-longest`), on a CPU in fp32. Ours is the stage's own function;
`ours-cached` computes the contrastive loss in mini-batches (GradCache), `ours-bf16` in bf16. Rows, batch size, epochs,
schedule, pooling and loss are the same. Each run is a process of its own, timed with loading and saving after its
imports; the procedures take turns. The trained embedders are scored on an STS table: what is faster must not be worse.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmarks.machine import machine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bootembed.settings.embedder import TrainEmbedder

Rows = list[dict[str, str]]
PROCEDURES = ("official-32", "official-longest", "ours", "ours-cached", "ours-bf16")
_OFFICIAL_LENGTH = 32  # tokens


@click.group(help=__doc__)
def main() -> None:
    """Commands."""


def _options(command: Any) -> Any:
    path = click.Path(exists=True, path_type=Path)
    for option in (
        click.option("--encoder", type=path, required=True, help="In Hugging Face format."),
        click.option("--training-set", type=path, required=True, help="Table of triplets."),
        click.option("--sts", type=path, required=True, help="Table of an STS task; its split `test` is scored."),
        click.option("--params", "params_path", type=path, default="params.yaml", help="For `train_embedder`."),
        click.option("--key", help="Of the encoder's own settings in `train_embedder_encoders`."),
        click.option("--rows", type=int, default=2048, show_default=True),
        click.option("--batch-size", type=int, default=64, show_default=True),
        click.option("--mini-batch-size", type=int, default=32, show_default=True, help="Of `ours-cached`."),
    ):
        command = option(command)
    return command


@main.command()
@_options
@click.option("--procedure", "procedures", type=click.Choice(PROCEDURES), multiple=True, default=PROCEDURES[:4])
@click.option("--repeats", type=int, default=3, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), required=True, help="JSON file.")
def measure(procedures: Sequence[str], repeats: int, output: Path, **options: Any) -> None:
    """Time procedures in turns and print the ratios to the first one."""
    options = {name: value for name, value in options.items() if value is not None}
    given = [f"--{name.replace('_path', '').replace('_', '-')}={value}" for name, value in options.items()]
    runs: list[dict[str, Any]] = []
    for _ in range(repeats):
        for procedure in procedures:
            command = [sys.executable, "-m", "benchmarks.embedder", "once", procedure, *given]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            runs.append(json.loads(done.stdout.splitlines()[-1]))
            click.echo(runs[-1])
    table = {procedure: _medians([run for run in runs if run["procedure"] == procedure]) for procedure in procedures}
    first = table[procedures[0]]
    for procedure, found in table.items():
        speed = found["sentences_per_second"] / first["sentences_per_second"]
        memory = found["bytes"] / first["bytes"]
        click.echo(
            f"{procedure:<18}{found['sentences_per_second']:8.1f} sentences/s  {speed:5.2f} x {procedures[0]}; "
            f"{found['bytes'] / 1e9:5.2f} GB, {memory:4.2f} x; Spearman {found['spearman']:.3f}"
        )
    given_sizes = {name: value for name, value in options.items() if isinstance(value, int)}
    result = {"machine": machine(), **given_sizes, "medians": table, "runs": runs}
    output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def _medians(runs: Sequence[dict[str, Any]]) -> dict[str, float]:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0] if name != "procedure"}


@main.command()
@click.argument("procedure", type=click.Choice(PROCEDURES))
@_options
def once(
    procedure: str,
    encoder: Path,
    training_set: Path,
    sts: Path,
    params_path: Path,
    key: str | None,
    rows: int,
    batch_size: int,
    mini_batch_size: int,
) -> None:
    """Train by one procedure and print speed, memory beyond what imports take, and score."""
    import torch
    from sentence_transformers import SentenceTransformerTrainer  # noqa: F401

    from bootembed.core.seeding import seed_everything
    from bootembed.embedder.training_sets import read_training_set
    from bootembed.settings.load import load_params

    params = load_params(params_path)
    own = params.train_embedder.overridden(params.train_embedder_encoders.get(key or "", {}))
    settings = own.model_copy(update={"per_device_train_batch_size": batch_size})
    if procedure == "ours-cached":
        settings = settings.model_copy(update={"mini_batch_size": mini_batch_size})
    if procedure == "ours-bf16":
        settings = settings.model_copy(update={"bf16": True})
    texts = read_training_set(training_set)[:rows]
    seed_everything(params.seed)
    imported = _memory()
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        if procedure.startswith("official"):
            _official(
                encoder, texts, settings, to_longest=procedure == "official-longest", output=Path(folder) / "model"
            )
        else:
            _ours(encoder, texts, settings, folder=Path(folder), seed=params.seed)
        seconds = time.perf_counter() - start
        used = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else _memory() - imported
        spearman = _spearman(Path(folder) / "model", sts)
    sentences = len(texts) * len(texts[0]) * settings.num_train_epochs
    found = {"sentences_per_second": sentences / seconds, "seconds": seconds, "bytes": used, "spearman": spearman}
    click.echo(json.dumps({"procedure": procedure, **found}))


def _memory() -> int:
    """Peak resident bytes of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _ours(encoder: Path, rows: Rows, settings: TrainEmbedder, *, folder: Path, seed: int) -> None:
    from bootembed.embedder.train import train_embedder

    train_embedder(
        encoder,
        rows,
        settings,
        recipe="benchmark",
        language="none",
        encoder="encoder",
        scoring_max_seq_length=_OFFICIAL_LENGTH,
        output_dir=folder / "model",
        checkpoint_dir=folder / "checkpoints",
        seed=seed,
    )


def _official(encoder: Path, rows: Rows, settings: TrainEmbedder, *, to_longest: bool, output: Path) -> None:
    """SimCSE's training: the loop is ours and plain, collation, pooling, loss and schedule are as there."""
    import torch
    from transformers import get_scheduler

    from bootembed.embedder.pooled_encoder import build_embedder

    model = build_embedder(encoder, pooling=settings.pooling, max_seq_length=_OFFICIAL_LENGTH).train()
    tokenizer, device, batch = model.tokenizer, model.device, settings.per_device_train_batch_size
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate)
    epochs = int(settings.num_train_epochs)
    steps = epochs * -(-len(rows) // batch)
    scheduler = get_scheduler(
        settings.lr_scheduler_type, optimizer, num_warmup_steps=settings.warmup_steps, num_training_steps=steps
    )
    half = torch.autocast(device.type, dtype=torch.float16, enabled=device.type == "cuda")
    scaler = torch.amp.GradScaler(device.type, enabled=device.type == "cuda")
    for _ in range(epochs):
        order = torch.randperm(len(rows)).tolist()
        for start in range(0, len(rows), batch):
            taken = [rows[place] for place in order[start : start + batch]]
            texts = [row[column] for column in rows[0] for row in taken]
            padding = "longest" if to_longest else "max_length"
            encoded = tokenizer(
                texts, padding=padding, truncation=True, max_length=_OFFICIAL_LENGTH, return_tensors="pt"
            )
            with half:
                embedded = model({name: tensor.to(device) for name, tensor in encoded.items()})["sentence_embedding"]
                loss = _loss(embedded, rows=len(taken), temperature=settings.temperature)
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            scaler.step(optimizer)
            scaler.update()
            scheduler.step()
            optimizer.zero_grad()
    model.save_pretrained(str(output), create_model_card=False)


def _loss(embedded: Any, *, rows: int, temperature: float) -> Any:
    """Cross-entropy over cosine similarities to all positives and hard negatives; (3 x rows, dimensions) -> scalar."""
    import torch
    from torch.nn.functional import cross_entropy, normalize

    unit = normalize(embedded.float(), dim=-1)
    anchors, candidates = unit[:rows], unit[rows:]
    return cross_entropy(anchors @ candidates.T / temperature, torch.arange(rows, device=unit.device))


def _spearman(model: Path, sts: Path) -> float:
    from scipy.stats import spearmanr
    from sentence_transformers import SentenceTransformer

    from bootembed.core.tables import read_table
    from bootembed.evaluation.kind import task_kind

    pairs = [row for row in read_table(sts, task_kind("sts").schema) if row["split"] == "test"]
    embedder = SentenceTransformer(str(model))
    sides = [
        embedder.encode([row[f"sentence{side}"] for row in pairs], normalize_embeddings=True, show_progress_bar=False)
        for side in (1, 2)
    ]
    return float(spearmanr((sides[0] * sides[1]).sum(axis=1), [row["score"] for row in pairs]).statistic)


if __name__ == "__main__":
    main()
