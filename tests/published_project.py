"""A small project with outputs of every stage that publishing reads, of cells of the default profile."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from encoders import sentences, write_embedder

from bootembed.core.hashing import content_hash
from bootembed.core.tables import ANCHORS, TRIPLETS, write_table
from bootembed.publishing.embedder import Outputs
from bootembed.settings.load import load_params
from bootembed.workflow.places import results_of

if TYPE_CHECKING:
    from typing import Any

    from bootembed.settings.schema import Params

ROOT = Path(__file__).parents[1]
CELL = "xl_lora-afr-tiny"
OUTPUTS = Outputs(**results_of("laptop"))
TOKENS = 20
VALIDATION = {"0-0": 0.5, "0-1": 0.7, "0-2": 0.6}  # median 0-2
TEST = {"0-0": 0.40, "0-1": 0.60, "0-2": 0.50}
FIT = {
    "tiny": {"tokens_per_word": 1.5, "times_english": 1.2, "unknown_share": 0.0, "lost_share": 0.0, "warnings": []},
    "generator": {
        "tokens_per_word": 1.4, "times_english": 1.1, "unknown_share": 0.0, "lost_share": 0.0, "bits_per_byte": 0.9,
        "times_english_bits": 2.5, "warnings": ["afr: the generator hardly knows the language"],
    },
}  # fmt: skip


def write_project(folder: Path) -> None:
    """Write a project of the default profile with three embedders of a cell and the scores of two baselines."""
    shutil.copy(ROOT / "dvc.yaml", folder)
    shutil.copy(ROOT / "params.yaml", folder)
    texts = sentences(30)
    write_table([{"text": text} for text in texts], ANCHORS, folder / OUTPUTS.corpora / "afr/anchors.parquet")
    rows = [{"anchor": a, "positive": a.upper(), "negative": "ba"} for a in texts[:12]]
    for recipe in ("xl_lora", "english_nli"):
        write_table(rows, TRIPLETS, folder / OUTPUTS.training_sets / f"{recipe}-afr/0/training.parquet")
    model = write_embedder(folder / "model", "xlm-roberta", pooling="mean", max_seq_length=TOKENS)
    for identity in VALIDATION:
        place = folder / OUTPUTS.embedders / CELL / identity
        shutil.copytree(model, place)
        (place / "README.md").write_text(f"embedder {identity}\n")
        write_results(folder, CELL, identity, "SampleSTS", {"revision": "local"})
    _write_json(folder / OUTPUTS.triplets / "xl_lora-afr.json",
                {"0": {"candidates": 20, "kept": 12, "wrong_language": 5, "duplicate": 3, "empty": 0}})  # fmt: skip
    _write_json(folder / OUTPUTS.fit / "afr.json", FIT)
    write_scores(folder, CELL, {i: {"SampleSTS": {"validation": VALIDATION[i], "test": TEST[i]}} for i in TEST})
    write_scores(folder, "untrained-afr-tiny", {"0-0": {"SampleSTS": {"validation": 0.2, "test": 0.25}}})
    better = {i: {"SampleSTS": {"validation": 0.9, "test": 0.8 + 0.01 * int(i[-1])}} for i in TEST}
    write_scores(folder, "english_nli-afr-tiny", better)


def write_scores(folder: Path, cell: str, scores: dict[str, dict[str, dict[str, float]]]) -> None:
    """The metrics file of a cell."""
    embedders = {identity: {"scores": found, "geometry": {}} for identity, found in scores.items()}
    _write_json(folder / OUTPUTS.scores / f"{cell}.json", {"embedders": embedders})


def write_results(folder: Path, cell: str, identity: str, task: str, result: dict[str, Any]) -> Path:
    """A result file of mteb for the content of an embedder."""
    revision = content_hash(folder / OUTPUTS.embedders / cell / identity)
    place = folder / OUTPUTS.mteb / cell / identity / "results" / f"bootembed__{cell}-{identity}" / revision
    _write_json(place / f"{task}.json", result)
    return place


def write_params(folder: Path, **sections: Any) -> Params:
    """Put other values into sections of params.yaml."""
    params = yaml.safe_load((folder / "params.yaml").read_text())
    for name, values in sections.items():
        params[name] |= values
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    return load_params(folder / "params.yaml")


def _write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
