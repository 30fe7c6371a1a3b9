"""Candidates for the registry: tiny embedders, and validation results whose rank correlations are what a test wants."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from encoders import write_embedder
from safetensors.numpy import load_file, save_file

from bootembed import tracking
from bootembed.core.names import EmbedderId
from bootembed.evaluation.answers import Answers
from bootembed.registry.candidates import EmbedderCandidate, Validated, Validation

PAIRS = 400
MODEL = "bootembed-afr"


@cache
def _embedder() -> Path:
    return write_embedder(Path(mkdtemp()) / "embedder", "xlm-roberta", pooling="mean", max_seq_length=32)


def answers(score: float, seed: int) -> Answers:
    """A similarity for every pair of a validation set, the rank correlation near `score`."""
    gold, noise = np.random.default_rng(1000).normal(size=PAIRS), np.random.default_rng(seed).normal(size=PAIRS)
    return Answers((score * gold + (1 - score**2) ** 0.5 * noise).tolist(), gold.tolist(), "Spearman")


def validation(*scores: float, task: str = "SampleSTS", seed: int = 0) -> Validation:
    """Of embedders whose rank correlations are near their `scores`."""
    return Validation(task, {EmbedderId(0, n): Validated(s, answers(s, seed)) for n, s in enumerate(scores)})


def candidate(folder: Path, recipe: str, result: Validation | float, *, seed: int) -> EmbedderCandidate:
    """A recipe with a model of its own for each `seed`; a number as result is the mean of three embedders."""
    path = folder / f"{recipe}-afr-tiny/0-0"
    if not path.exists():
        shutil.copytree(_embedder(), path)
        weights = load_file(path / "model.safetensors")
        moved = {name: values + np.float32(0.01 * seed) for name, values in weights.items()}
        save_file(moved, path / "model.safetensors", metadata={"format": "pt"})
    if isinstance(result, float):
        result = validation(result - 0.01, result, result + 0.01, seed=seed)
    scores = {result.task: {"validation": result.score, "test": 1 - result.score}}
    return EmbedderCandidate(recipe, "tiny", path, result, scores)


def under(alias: str, model: str = MODEL):
    """The version under an alias."""
    return tracking.client().get_model_version_by_alias(model, alias)


def aliases(model: str = MODEL) -> dict[str, str]:
    """Alias -> version."""
    return {alias: str(number) for alias, number in tracking.client().get_registered_model(model).aliases.items()}
