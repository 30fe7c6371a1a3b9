"""The profile `published` on miniatures: files in the layout that was published, through its own entries to scores."""

from __future__ import annotations

import csv
import importlib
import json
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from dvc.repo import Repo
from encoders import sentences, write_encoder

from bootembed.core.tables import REJECTED_ROWS, TRIPLETS, read_table
from bootembed.workflow.compose import compose

ROOT = Path(__file__).parents[2]
OWN, TRUE, FALSE = sentences(40, seed=1), sentences(40, seed=2), sentences(40, seed=3)
FIT = list(zip(OWN[:20], TRUE, FALSE, strict=False))
UNFIT = [
    ("in_evaluation_set", (OWN[35].upper(), TRUE[30], FALSE[30])),
    ("copied", (OWN[21], TRUE[21], TRUE[21])),
    ("empty", (OWN[22], TRUE[22], "")),
    ("duplicate", FIT[0]),
]
FEW = [
    "grid.languages=[hau]",
    "grid.encoders=[tiny]",
    "grid.mixtures=[[published_triplets,english_nli]]",
    "~corpora.hausa.evaluation.SemRel24STS",
    "~corpora.hausa.evaluation.BelebeleRetrieval",
    "prepare_corpora.check_language=false",  # these are no words of any language
    "prepare_corpora.near_duplicates=null",
    "prepare_corpora.min_distinct_share=0",
    "train_embedder.seeds=1",
    "train_embedder.fp16=false",
    "evaluate_embedder.max_seq_length=32",
]


def _write(path, *rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs cells of dvc.yaml in a folder with miniatures of what the profile reads."""
    monkeypatch.chdir(tmp_path)
    heads = ("sent0", "sent1", "hard_neg")
    _write(Path("sources/xllora_datasets/xllora-hausa.csv"), heads, *FIT, *(row for _, row in UNFIT))
    _write(Path("sources/simcse_nli/nli_for_simcse.csv"), heads, *zip(TRUE, FALSE, OWN, strict=True))
    pairs = [(f"hau-dev-{n:04}", f"{OWN[30 + n]}\n{OWN[39 - n]}", n / 10) for n in range(10)]
    _write(Path("sources/semrel2024/hau/dev.csv"), ("PairID", "Text", "Score"), *pairs)
    encoder = write_encoder(tmp_path / "models/base/tiny", "xlm-roberta")
    tiny = f"+base_models.tiny={{role: encoder, source: local, path: '{encoder}'}}"
    compose("published", [*FEW, tiny], conf=ROOT / "conf", output=Path("params.yaml"))
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    commands = {stage.name: shlex.split(stage.cmd) for stage in Repo.init(str(tmp_path), no_scm=True).index.stages}

    def run_cell(cell):
        _, _, module, *options = commands[cell]
        result = CliRunner().invoke(importlib.import_module(module).main, options)
        assert result.exit_code == 0, f"{cell}\n{result.output}"

    return run_cell


def test_published_triplets_become_a_scored_embedder(run, tmp_path):
    for cell in (
        "prepare_evaluation@hau",
        "prepare_corpora@hau",
        "prepare_corpora@eng",
        "build_baseline_data@published_triplets-hau",
        "build_baseline_data@english_nli-hau",
        "mix_training_sets@published_triplets_and_english_nli-hau",
        "train_embedder@published_triplets-hau-tiny",
        "train_embedder@published_triplets_and_english_nli-hau-tiny",
        "evaluate_embedder@published_triplets-hau-tiny",
    ):
        run(cell)
    corpora = tmp_path / "data/corpora/target/hau"
    rows = read_table(tmp_path / "data/training_sets/published/published_triplets-hau/0/training.parquet", TRIPLETS)
    assert (
        [tuple(row.values()) for row in rows]
        == FIT
        == [tuple(row.values()) for row in read_table(corpora / "triplets.parquet", TRIPLETS)]
    )
    rejected = read_table(corpora / "rejected_rows.parquet", REJECTED_ROWS)
    listed = [(row["reason"], row["line"]) for row in rejected if row["table"] == "triplets"]
    assert sorted(listed) == sorted((reason, 22 + n) for n, (reason, _) in enumerate(UNFIT))
    report = json.loads((corpora / "report.json").read_text())
    assert [source["name"] for source in report["sources"]] == [
        "XL-LoRA triplets by Basoz, Horne and Opper (mbasoz/xllora-datasets)"
    ]
    scores = tmp_path / "metrics/published/scores/published_triplets-hau-tiny.json"
    found = json.loads(scores.read_text())["embedders"]
    assert {identity: list(own["scores"]["SemRelDev"]) for identity, own in found.items()} == {"0-0": ["validation"]}
    card = (tmp_path / "models/embedders/published/published_triplets-hau-tiny/0-0/README.md").read_text()
    assert f"| training rows | {len(FIT)} (anchor, positive, negative) |" in card
