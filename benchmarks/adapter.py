"""Tokens a second of LoRA training, side by side with the official code's procedure, on the same batches.

The official procedure (github.com/mbasoz/xllora-embedding) computes logits of every token, attention without a fused
kernel (eager), activations twice (gradient checkpointing), and the rows of a step at once. `all_logits` differs from
ours in the logits alone, `ours-whole` in that those of all answers are there at once, `ours-bf16` in its precision,
`ours-whole-bf16` in both. Every run is a process of its own, timed from after its imports
to the saved adapter; the procedures take turns.
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
from unittest.mock import patch

import click

from benchmarks.machine import import_language_models, machine

if TYPE_CHECKING:
    from collections.abc import Sequence

PROCEDURES = ("official", "all_logits", "ours", "ours-whole", "ours-bf16", "ours-whole-bf16")


@click.group(help=__doc__)
def main() -> None:
    """Commands."""


@main.command()
@click.option("--base-model", type=click.Path(exists=True, path_type=Path), required=True)
@click.option(
    "--rows", "table", type=click.Path(exists=True, path_type=Path), required=True, help="Table of NLI or running text."
)
@click.option("--params", type=click.Path(exists=True, path_type=Path), default="params.yaml")
@click.option("--examples", type=int, default=128, show_default=True)
@click.option("--procedure", "procedures", type=click.Choice(PROCEDURES), multiple=True, default=PROCEDURES[:3])
@click.option("--repeats", type=int, default=1, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), required=True, help="JSON file.")
def measure(procedures: Sequence[str], repeats: int, output: Path, **options: Any) -> None:
    """Time procedures in turns and print the ratios to the first one."""
    runs: dict[str, list[dict[str, float]]] = {procedure: [] for procedure in procedures}
    given = [f"--{'rows' if name == 'table' else name.replace('_', '-')}={value}" for name, value in options.items()]
    for _ in range(repeats):
        for procedure in procedures:
            command = [sys.executable, "-m", "benchmarks.adapter", "once", procedure, *given]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            runs[procedure].append(json.loads(done.stdout.splitlines()[-1]))
            click.echo(f"{procedure}: {runs[procedure][-1]}")
    first = runs[procedures[0]]
    ratios = {
        procedure: {
            name: statistics.median(run[name] for run in found) / statistics.median(run[name] for run in first)
            for name in ("tokens_per_second", "bytes")
        }
        for procedure, found in runs.items()
    }
    for procedure, ratio in ratios.items():
        click.echo(f"{procedure:<16}{ratio['tokens_per_second']:6.2f} x tokens/s  {ratio['bytes']:5.2f} x memory")
    result = {"machine": machine(), "examples": options["examples"], "runs": runs, "ratios": ratios}
    output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


@main.command()
@click.argument("procedure", type=click.Choice(PROCEDURES))
@click.option("--base-model", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--rows", "table", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--params", "params_path", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--examples", type=int, required=True)
def once(procedure: str, base_model: Path, table: Path, params_path: Path, examples: int) -> None:
    """Train as `train_xl_lora_adapter` says, on entailments or running text, for one epoch; print cost and loss."""
    from bootembed.core.arithmetic import prepare_arithmetic
    from bootembed.settings.load import launch_of, read_sections, validate_params

    sections = read_sections(params_path)
    if (launch := launch_of(sections)) is not None:
        prepare_arithmetic(threads=launch.threads, portable=launch.portable)
    params = validate_params(sections, source=str(params_path))
    from bootembed.adapters import answers_only, train

    import_language_models()
    training: Any = train
    settings = params.train_xl_lora_adapter.model_copy(update={"train_examples": examples, "num_train_epochs": 1.0})
    if procedure == "official":
        step = settings.per_device_train_batch_size * settings.gradient_accumulation_steps
        whole_steps = {"per_device_train_batch_size": step, "gradient_accumulation_steps": 1}
        settings = settings.model_copy(update={"attention": "eager", "gradient_checkpointing": True} | whole_steps)
    if procedure.endswith("bf16"):
        settings = settings.model_copy(update={"bf16": True})
    rows = _examples(table, params)
    imported = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    tokens: list[int] = []
    pad_batch = answers_only.pad_batch

    def counted(batch: Any, *, padding: int) -> Any:
        tokens.append(sum(len(row["input_ids"]) for row in batch))
        return pad_batch(batch, padding=padding)

    changed: dict[str, Any] = {"pad_batch": counted}
    if not procedure.startswith("ours"):
        changed["answers_only"] = _all_logits
    if procedure.startswith("ours-whole"):
        changed["LARGEST_LOGITS"] = sys.maxsize
    every_step = patch.object(training, "POINT_EVERY", 1)  # the losses of the first and of the last step
    with patch.multiple(answers_only, **changed), every_step, tempfile.TemporaryDirectory() as name:
        folders = {"output_dir": Path(name) / "adapter", "checkpoint_dir": Path(name) / "checkpoints"}
        start = time.perf_counter()
        metrics = training.train_adapter(base_model, rows, settings, seed=params.seed, **folders).metrics
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - imported
    found = {"seconds": seconds, "tokens": sum(tokens), "tokens_per_second": sum(tokens) / seconds, "bytes": peak}
    click.echo(json.dumps(found | {name: metrics[name] for name in ("steps", "first_loss", "last_loss")}))


def _examples(table: Path, params: Any) -> Any:
    from bootembed.adapters.examples import TrainingExample, entailment_examples
    from bootembed.core.names import Polarity
    from bootembed.core.tables import MONOLINGUAL, NLI, read_table
    from bootembed.prompts import prompt_definition

    rows = read_table(table, NLI, MONOLINGUAL)
    if "text" in rows[0]:
        return [TrainingExample([], row["text"]) for row in rows]
    return entailment_examples(rows, prompt_definition(params.prompts.version), Polarity.POSITIVE)


def _all_logits(model: Any) -> None:
    """Let a model compute the logits of every token, and take the loss of the same ones as we do."""
    import torch

    def take(_model: Any, args: Any, inputs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        predicting = inputs.pop("predicting")
        inputs.pop("logits_to_keep")
        targets, answers = inputs.pop("shift_labels"), torch.zeros_like(inputs["input_ids"], dtype=torch.bool)
        answers[:, -predicting.shape[1] :] = predicting
        shifted = torch.full_like(inputs["input_ids"], -100)
        shifted[answers] = targets[0]
        inputs["shift_labels"] = shifted
        inputs["labels"] = shifted
        return args, inputs

    model.register_forward_pre_hook(take, with_kwargs=True)


if __name__ == "__main__":
    main()
