"""A store that is away stops nothing and loses nothing: registrations wait, with their models."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from registered import MODEL, aliases, candidate, under
from stores import BOTH

from bootembed import tracking
from bootembed.commands import main
from bootembed.core.errors import DataError
from bootembed.core.hashing import content_hash
from bootembed.core.tables import write_table
from bootembed.evaluation.kinds.bitext_mining import NEAREST
from bootembed.evaluation.kinds.sts import PREDICTIONS
from bootembed.registry.waiting import register_or_wait, send_registrations, send_registrations_now, waiting
from bootembed.workflow import project as workflow_project
from stages.register_models import main as register_models

ROOT = Path(__file__).parents[2]
OF = {"profile": "laptop", "language": "Afrikaans (afr)"}
AWAY = "http://anna:hidden@127.0.0.1:9"


@pytest.fixture
def away(registry, monkeypatch):
    """The store is away; returns what makes it answer."""
    there = tracking.tracking_uri()
    monkeypatch.setattr(tracking.store, "_PATIENCE", {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"})
    monkeypatch.setenv("MLFLOW_TRACKING_URI", AWAY)
    return lambda: monkeypatch.setenv("MLFLOW_TRACKING_URI", there)


def _stage(folder, score, output="registry.json"):
    """Run the stage with an embedder that was scored."""
    cell = "xl_lora-afr-tiny"
    if not (folder / "embedders").exists():
        candidate(folder / "embedders", "xl_lora", score, seed=int(100 * score))
    tasks = {"SampleSTS": {"validation": score, "test": 0.1}}
    (folder / "scores").mkdir(exist_ok=True)
    (folder / f"scores/{cell}.json").write_text(json.dumps({"embedders": {"0-0": {"scores": tasks, "geometry": {}}}}))
    row = {"task": "SampleSTS", "split": "validation"}
    rows = [{**row, "index": n, "similarity": float(n), "gold": float(n)} for n in range(5)]
    write_table(rows, PREDICTIONS, folder / f"results/{cell}/0-0/predictions.parquet")
    write_table([], NEAREST, folder / f"results/{cell}/0-0/nearest.parquet")
    words = [
        "--params",
        ROOT / "params.yaml",
        "--embedders-dir",
        folder / "embedders",
        "--scores-dir",
        folder / "scores",
    ]
    words += ["--results-dir", folder / "results", "--lock", folder / "dvc.lock", "--output", output]
    done = CliRunner().invoke(register_models, [*map(str, words)])
    assert done.exit_code == 0, done.output
    return json.loads(Path(output).read_text())


def test_the_stage_ends_well_and_a_later_one_registers_in_order(away, registry, caplog):
    first = _stage(registry, 0.5)
    assert first["afr"]["champion"] == "xl_lora-tiny"
    assert (
        "NOT REGISTERED, 1 registrations wait in mlflow.db.records/registrations: run `bootembed register`"
        in caplog.text
    )
    assert "127.0.0.1:9" in caplog.text
    assert "hidden" not in caplog.text
    registered = content_hash(registry / "embedders/xl_lora-afr-tiny/0-0")
    assert registered == first["afr"]["content_hash"]

    shutil.rmtree(registry / "embedders")  # as DVC does before another profile trains
    second = _stage(registry, 0.6)
    assert second["afr"]["content_hash"] != registered
    assert len(waiting()) == 2

    away()
    assert _stage(registry, 0.6, output="again.json") == second
    assert waiting() == []
    assert list(tracking.RECORDS.glob("*.json")) == []
    client = tracking.client()
    hashes = [client.get_model_version(MODEL, number).tags["content_hash"] for number in ("1", "2")]
    assert hashes == [registered, second["afr"]["content_hash"]]
    assert len(client.search_model_versions(f"name='{MODEL}'")) == 2
    assert aliases() == {"champion": "1", "challenger": "2"}, "of equal answers neither is better"


def test_switched_off_nothing_waits(registry, monkeypatch):
    monkeypatch.setenv("BOOTEMBED_TRACKING", "off")
    assert _stage(registry, 0.5)["afr"]["champion"] == "xl_lora-tiny"
    assert waiting() == []


@BOTH
def test_a_store_that_goes_away_in_the_middle_gets_the_rest_later(registry, monkeypatch, caplog):
    import mlflow

    log_model, calls = mlflow.sentence_transformers.log_model, []

    def break_off(*args, **options):
        calls.append(options["name"])
        if len(calls) == 2:
            raise mlflow.MlflowException("the connection was reset")
        return log_model(*args, **options)

    monkeypatch.setattr(mlflow.sentence_transformers, "log_model", break_off)
    both = [candidate(registry, "xl_lora", 0.7, seed=1), candidate(registry, "english_nli", 0.6, seed=2)]
    register_or_wait(both, MODEL, alias="champion", **OF)
    assert "the connection was reset" in caplog.text
    assert aliases() == {}
    send_registrations_now()
    assert waiting() == []
    assert calls == ["xl_lora-tiny", "english_nli-tiny", "english_nli-tiny"], "the first is not registered again"
    assert aliases() == {"champion": "1", "challenger": "2"}


def test_what_waits_keeps_its_commit_and_takes_no_space(away, registry, monkeypatch):
    monkeypatch.setattr(tracking, "provenance_tags", lambda: {"git_commit": "then"})
    one = candidate(registry, "xl_lora", 0.7, seed=1)
    register_or_wait([one], MODEL, alias="champion", **OF)
    [weights] = tracking.RECORDS.rglob("model.safetensors")
    assert weights.samefile(one.folder / "model.safetensors")
    monkeypatch.setattr(tracking, "provenance_tags", lambda: {"git_commit": "now"})
    away()
    assert send_registrations() == [MODEL]
    assert under("champion").tags["git_commit"] == "then"


def test_a_registration_at_fault_holds_up_no_other(registry):
    with pytest.raises(DataError, match="is the alias of the second best"):
        register_or_wait([candidate(registry, "xl_lora", 0.7, seed=1)], MODEL, alias="challenger", **OF)
    register_or_wait([candidate(registry, "english_nli", 0.6, seed=2)], MODEL, alias="champion", **OF)
    assert under("champion").tags["recipe"] == "english_nli"
    assert len(list(tracking.RECORDS.rglob("registration.refused"))) == 1


@pytest.mark.parametrize("content", ["", '{"name": "bootembed-afr"}', "[]"])
def test_a_registration_that_cannot_be_read_holds_up_no_other(content, registry):
    broken = tracking.RECORDS / "registrations/1-1"
    broken.mkdir(parents=True)
    (broken / "registration.json").write_text(content)
    with pytest.raises(DataError, match="1-1: cannot be read as what waits"):
        register_or_wait([candidate(registry, "xl_lora", 0.7, seed=1)], MODEL, alias="champion", **OF)
    assert send_registrations() == [MODEL]
    assert (broken / "registration.refused").is_file()


def test_the_command_registers_what_waits_and_what_is_there(away, registry, monkeypatch):
    Path("dvc.yaml").write_text("stages: {}")
    called = []
    monkeypatch.setattr(workflow_project, "run_command_of", lambda name: called.append(name) or ["registry.json"])
    register_or_wait([candidate(registry, "xl_lora", 0.7, seed=1)], MODEL, alias="champion", **OF)
    refused = CliRunner().invoke(main, ["register"])
    assert refused.exit_code == 1
    assert "127.0.0.1:9 cannot be used" in refused.output
    assert "hidden" not in refused.output
    assert len(waiting()) == 1
    away()
    done = CliRunner().invoke(main, ["register"])
    assert done.exit_code == 0, done.output
    assert f"{MODEL}: registered what waited" in done.output
    assert called == ["register_models"]
    assert aliases() == {"champion": "1"}
