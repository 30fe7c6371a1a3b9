"""Triplets a second of the engines, side by side with the official code's procedure, on the same model and prompts.

The official procedure (github.com/mbasoz/xllora-embedding) loads the model anew for each polarity, with eager
attention, and computes prompts in shuffled order, every one padded (or cut) to 256 tokens. Here it differs from ours in
nothing else: prompts, sampling, batch size and, but for `transformers-bf16`, precision are the same. Every run is a
process of its own, timed from after its imports (Ray's workers import within the time); the procedures take turns.
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

from benchmarks.machine import import_language_models, machine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bootembed.core.names import Polarity
    from bootembed.settings.schema import Params

PROCEDURES = ("official", "transformers", "transformers-bf16", "ray-1", "ray-2")
_OFFICIAL_LENGTH = 256  # tokens of every prompt


@click.group(help=__doc__)
def main() -> None:
    """Commands."""


@main.command()
@click.option("--base-model", type=click.Path(exists=True, path_type=Path), required=True)
@click.option(
    "--generator", type=click.Path(exists=True, path_type=Path), required=True, help="With adapters or shots."
)
@click.option("--anchors", type=click.Path(exists=True, path_type=Path), required=True, help="Table of anchors.")
@click.option("--params", "params_path", type=click.Path(exists=True, path_type=Path), default="params.yaml")
@click.option("--rows", type=int, default=1024, show_default=True, help="Anchors to write triplets for.")
@click.option("--procedure", "procedures", type=click.Choice(PROCEDURES), multiple=True, default=PROCEDURES[:2])
@click.option("--repeats", type=int, default=3, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), required=True, help="JSON file.")
def measure(procedures: Sequence[str], repeats: int, output: Path, rows: int, **paths: Path) -> None:
    """Time procedures in turns and print the ratios to the first one."""
    seconds: dict[str, list[float]] = {procedure: [] for procedure in procedures}
    runs: list[dict[str, Any]] = []
    options = [f"--{name.replace('_path', '').replace('_', '-')}={path}" for name, path in paths.items()]
    for _ in range(repeats):
        for procedure in procedures:
            command = [sys.executable, "-m", "benchmarks.generation", "once", procedure, f"--rows={rows}", *options]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            run = json.loads(done.stdout.splitlines()[-1])
            runs.append(run)
            seconds[procedure].append(run["seconds"])
            click.echo(run)
    medians = {procedure: statistics.median(times) for procedure, times in seconds.items()}
    ratios = {procedure: medians[procedures[0]] / median for procedure, median in medians.items()}
    for procedure, median in medians.items():
        click.echo(f"{procedure:<14}{rows / median:8.1f} triplets/s  {ratios[procedure]:5.2f} x {procedures[0]}")
    result = {"machine": machine(), "rows": rows, "runs": runs, "median_seconds": medians, "ratios": ratios}
    output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


@main.command()
@click.argument("procedure", type=click.Choice(PROCEDURES))
@click.option("--base-model", type=click.Path(path_type=Path), required=True)
@click.option("--generator", type=click.Path(path_type=Path), required=True)
@click.option("--anchors", type=click.Path(path_type=Path), required=True)
@click.option("--params", "params_path", type=click.Path(path_type=Path), required=True)
@click.option("--rows", type=int, required=True)
def once(procedure: str, base_model: Path, generator: Path, anchors: Path, params_path: Path, rows: int) -> None:
    """Write the triplets by one procedure and print seconds, tokens and memory."""
    import torch

    from bootembed.core.seeding import seed_everything
    from bootembed.core.tables import ANCHORS, read_table
    from bootembed.settings.load import load_params

    params = load_params(params_path)
    texts = [row["text"] for row in read_table(anchors, ANCHORS)[:rows]]
    seed_everything(params.seed)
    import_language_models()
    write: Callable[[Path, Path, list[str], Params], int] = _official if procedure == "official" else _engine(procedure)
    start, cpu = time.perf_counter(), time.process_time()
    tokens = write(base_model, generator, texts, params)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    gpu = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None
    result = {"procedure": procedure, "triplets": len(texts), "seconds": seconds, "completion_tokens": tokens}
    result["cpu_seconds"] = cpu  # of this process; comparable on a busy machine
    click.echo(json.dumps(result | {"process_bytes": memory, "gpu_bytes": gpu}))


def _engine(procedure: str) -> Callable[[Path, Path, list[str], Params], int]:
    name, _, variant = procedure.partition("-")

    def write(base_model: Path, generator: Path, texts: list[str], params: Params) -> int:
        from bootembed.core.names import Polarity
        from bootembed.generation.answer_cache import AnswerCache
        from bootembed.generation.answers import answer_premises
        from bootembed.generation.engine import create_engine
        from bootembed.generation.generator import read_generator
        from bootembed.generation.shots import ShotPicker

        description = read_generator(generator)
        settings = params.generation.model_copy(update={"engine": name})
        if variant:
            own = {"bf16": True} if variant == "bf16" else {"workers": int(variant)}
            settings = settings.model_copy(update={name: getattr(settings, name).model_copy(update=own)})
        adapters = {polarity: generator / polarity for polarity in Polarity} if description.has_adapters else {}
        picker = ShotPicker(description.shots)
        strategy, language = str(description.strategy), description.language
        with tempfile.TemporaryDirectory() as folder:
            answers = answer_premises(
                create_engine(settings, base_model, adapters, strategy=strategy, language=language, number=0),
                texts,
                settings,
                prompt_version=description.prompt_version,
                language=description.answer_language_name,
                shots_of=lambda text, polarity: picker.shots(text, polarity=polarity),
                answer_cache=AnswerCache(Path(folder) / "answer_cache.jsonl"),
                seed=params.seed,
            )
        return sum(answer.completion_tokens or 0 for column in answers.values() for answer in column if answer)

    return write


def _official(base_model: Path, generator: Path, texts: list[str], params: Params) -> int:
    from bootembed.core.names import Polarity

    return sum(_official_polarity(base_model, generator, texts, params, polarity) for polarity in Polarity)


def _official_polarity(base_model: Path, generator: Path, texts: list[str], params: Params, polarity: Polarity) -> int:
    """One of its processes; only tokens up to the end of an answer are counted."""
    import torch
    from peft import PeftModel
    from transformers import GenerationConfig

    from bootembed.base_models.load import load_generator
    from bootembed.generation.generator import read_generator
    from bootembed.generation.shots import ShotPicker
    from bootembed.prompts import build_messages, decode_answer, encode_prompt, prompt_definition

    settings, description = params.generation, read_generator(generator)
    local = settings.transformers
    model, tokenizer = load_generator(base_model, bf16=local.bf16, load_in_4bit=local.load_in_4bit, attention="eager")
    if description.has_adapters:
        model = PeftModel.from_pretrained(model, generator / polarity).eval()
    definition, language = prompt_definition(description.prompt_version), description.answer_language_name
    picker = ShotPicker(description.shots)
    conversations = [
        build_messages(
            definition, text, polarity=polarity, language=language, shots=picker.shots(text, polarity=polarity)
        )
        for text in texts
    ]
    prompts = [encode_prompt(tokenizer, messages) for messages in conversations]
    config = GenerationConfig(
        do_sample=True,
        temperature=settings.temperature,
        top_p=settings.top_p,
        top_k=settings.top_k,
        max_new_tokens=settings.max_new_tokens,
        eos_token_id=model.generation_config.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    order, tokens = torch.randperm(len(prompts)).tolist(), 0
    for start in range(0, len(order), local.batch_size):
        batch = [prompts[place][-_OFFICIAL_LENGTH:] for place in order[start : start + local.batch_size]]
        padded = tokenizer.pad({"input_ids": batch}, padding="max_length", max_length=_OFFICIAL_LENGTH)
        inputs = {name: torch.tensor(padded[name], device=model.device) for name in ("input_ids", "attention_mask")}
        with torch.inference_mode():
            written = model.generate(**inputs, generation_config=config)[:, _OFFICIAL_LENGTH:]
        for row in written.tolist():
            decode_answer(tokenizer, row, 0)
            tokens += sum(token != tokenizer.pad_token_id for token in row)
    return tokens


if __name__ == "__main__":
    main()
