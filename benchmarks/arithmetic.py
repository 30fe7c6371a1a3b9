"""Portable arithmetic: what it costs, and whether this processor computes what another one does.

`hashes` trains a small transformer for two steps in processes of their own, one a setting, and prints a hash of its
weights. Settings under which two processors print the same hash are portable between them. An emulator shows another
vendor's processor: `qemu-x86_64 -cpu Haswell-noTSX .venv/bin/python -m benchmarks.arithmetic hash portable`.

`cost` trains an embedder of the finished default profile with and without it, in turns.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import yaml

from benchmarks.machine import machine
from bootembed.core.arithmetic import prepare_arithmetic
from bootembed.core.hashing import content_hash
from bootembed.core.seeding import seed_everything
from bootembed.workflow.places import results_of

AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
SETTINGS = {
    "nothing set": {},
    "AVX2": AVX2,
    "AVX2, MKL_CBWR=AVX2,STRICT": AVX2 | {"MKL_CBWR": "AVX2,STRICT"},
    "portable": None,  # `prepare_arithmetic`
}


@click.group(help=__doc__)
def main() -> None:
    """Two measurements."""


@main.command()
@click.argument("setting", type=click.Choice(list(SETTINGS)))
def hash(setting: str) -> None:
    """Train for two steps under one setting and print the hash of the weights."""
    os.environ |= SETTINGS[setting] or {}
    prepare_arithmetic(threads=1, portable=SETTINGS[setting] is None)
    click.echo(f"{setting}: {_weights_after_two_steps()}")


@main.command()
def hashes() -> None:
    """`hash` under every setting."""
    for setting in SETTINGS:
        subprocess.run([sys.executable, "-m", "benchmarks.arithmetic", "hash", setting], check=True)


def _weights_after_two_steps() -> str:
    import numpy as np
    import torch
    from torch import nn

    seed_everything(0)
    source = np.random.default_rng(0)
    layer = nn.TransformerEncoderLayer(96, 4, 256, dropout=0.0, batch_first=True, activation="gelu")
    embedding = nn.Embedding(300, 96)
    parameters = [*embedding.parameters(), *layer.parameters()]
    with torch.no_grad():
        for parameter in parameters:  # NumPy's uniform numbers are the same everywhere
            parameter.copy_(torch.from_numpy(source.uniform(-0.1, 0.1, tuple(parameter.shape)).astype(np.float32)))
    optimizer = torch.optim.AdamW(parameters, lr=2e-3)
    for _ in range(2):
        tokens = torch.from_numpy(source.integers(300, size=(6, 37)))
        hidden = layer(embedding(tokens))
        pooled = nn.functional.normalize(hidden.mean(1), dim=-1)
        loss = nn.functional.cross_entropy((hidden @ embedding.weight.T).flatten(0, 1), tokens.roll(-1, 1).flatten())
        loss = loss + nn.functional.cross_entropy(pooled @ pooled.T / 0.05, torch.arange(6))
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
    return hashlib.sha256(b"".join(p.detach().numpy().tobytes() for p in parameters)).hexdigest()[:16]


@main.command()
@click.option("--recipe", default="translation_pairs", show_default=True)
@click.option("--language", default="afr", show_default=True)
@click.option("--encoder", default="tiny", show_default=True)
@click.option("--rounds", default=2, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), default=Path("benchmarks/results/arithmetic.json"))
def cost(recipe: str, language: str, encoder: str, rounds: int, output: Path) -> None:
    """Train one embedder of the finished default profile, portable or not, in turns; needs `make repro`."""
    seconds: dict[str, list[float]] = {"portable": [], "not portable": []}
    models: dict[str, set[str]] = {name: set() for name in seconds}
    for _ in range(rounds):
        for name, taken in seconds.items():
            with tempfile.TemporaryDirectory() as folder:
                started = time.perf_counter()
                _train(Path(folder), recipe, language, encoder, portable=name == "portable")
                taken.append(round(time.perf_counter() - started, 1))
                models[name].add(content_hash(Path(folder) / "models" / "0-0"))
    ratio = round(min(seconds["portable"]) / min(seconds["not portable"]), 2)
    found = {"cell": f"{recipe}-{language}-{encoder}", "seconds": seconds, "ratio_of_the_fastest": ratio}
    found |= {"different_models": {name: len(hashes) for name, hashes in models.items()}, "machine": machine()}
    output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    click.echo(json.dumps(found, indent=2))


def _train(folder: Path, recipe: str, language: str, encoder: str, *, portable: bool) -> None:
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    params["launch"]["portable"] = portable
    params["train_embedder"]["seeds"] = 1
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    command = [sys.executable, "-m", "stages.train_embedder", "--recipe", recipe, "--language", language]
    command += ["--encoder", encoder, "--base-model", f"models/base/{encoder}"]
    command += ["--training-sets", f"{results_of(params['profile'])['training_sets']}/{recipe}-{language}"]
    command += ["--checkpoint-dir", f"{folder}/work", "--output-dir", f"{folder}/models"]
    command += ["--metrics", f"{folder}/training.json"]
    command += ["--params", f"{folder}/params.yaml"]
    environment = os.environ | {"BOOTEMBED_TRACKING": "off"}
    subprocess.run(command, check=True, env=environment, capture_output=True)


if __name__ == "__main__":
    main()
