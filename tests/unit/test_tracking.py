"""MLflow observes and never decides."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time

import pytest
from click.testing import CliRunner

from bootembed import tracking
from bootembed.commands import main
from bootembed.core.step_log import StepLog
from bootembed.settings.models import ComposeAdapter
from bootembed.tracking import curve, records
from bootembed.tracking import stage as stage_module
from bootembed.tracking import store as store_module

SETTINGS = ComposeAdapter(method="delta", reference="none", weight=0.5)


@pytest.fixture
def store(store, monkeypatch):
    monkeypatch.setenv("DVC_STAGE", "compose_adapter@afr-positive")
    monkeypatch.setenv("DVC_EXP_NAME", "plain-fish")
    monkeypatch.setenv("HF_TOKEN", "secret-value")
    return store


def _runs():
    tracking.send_records()
    client = tracking.client()
    return client.search_runs([tracking.experiment_id(client)])


def test_a_run_says_what_ran_with_what_and_on_what(store):
    (store / "output.txt").write_text("x")
    with tracking.stage_run("compose_adapter", cell={"language": "afr"}, settings={"c": SETTINGS, "seed": 1}) as run:
        run.log_metrics({"rank": 24})
        run.log_output("adapter", store / "output.txt")
    (logged,) = _runs()
    assert logged.info.run_name == "compose_adapter@afr-positive"
    assert logged.info.status == "FINISHED"
    assert logged.data.params == {"c.method": "delta", "c.reference": "none", "c.weight": "0.5", "seed": "1"}
    assert logged.data.metrics["rank"] == 24
    assert logged.data.tags["language"] == "afr"
    assert logged.data.tags["dvc_exp_name"] == "plain-fish"
    assert len(logged.data.tags["output.adapter"]) == 64
    assert "secret-value" not in str(logged.to_dictionary())


def _fail():
    with tracking.stage_run("compose_adapter", cell={}, settings={}):
        raise ValueError("broken")


def test_a_failing_stage_fails_as_before_and_is_logged_as_failed(store):
    with pytest.raises(ValueError, match="broken"):
        _fail()
    (logged,) = _runs()
    assert logged.info.status == "FAILED"
    assert logged.data.tags["error"] == "ValueError: broken"


def test_runs_wait_while_the_store_cannot_be_reached(store, monkeypatch):
    reachable = tracking.tracking_uri()
    (store / "no").write_text("a file where a folder should be")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store}/no/mlflow.db")
    with tracking.stage_run("x", cell={}, settings={}) as run:
        run.log_metrics({"a": 1})
    with pytest.raises(Exception, match="File exists"):
        tracking.send_records()
    assert list(tracking.RECORDS.glob("*.json"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", reachable)
    assert tracking.send_records() == 1
    assert _runs()[0].data.metrics["a"] == 1


def test_switched_off_writes_nothing(store, monkeypatch):
    monkeypatch.setenv("BOOTEMBED_TRACKING", "off")
    with tracking.stage_run("x", cell={}, settings={}) as run:
        run.log_metrics({"a": 1})
    assert not list(store.glob("mlflow.db*"))


def test_a_password_in_the_store_address_is_not_shown(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://anna:hidden@mlflow.example.org/store")
    assert tracking.shown_uri() == "https://mlflow.example.org/store"


def test_a_password_in_the_store_address_is_not_shown_by_mlflows_own_errors(store, monkeypatch, caplog):
    monkeypatch.setattr(store_module, "_PATIENCE", {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"})
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://anna:hidden@127.0.0.1:9/store")
    with pytest.raises(ValueError, match="broken"):
        _fail()
    assert "127.0.0.1:9/store" in caplog.text
    assert "hidden" not in caplog.text


def test_a_stage_does_not_wait_minutes_for_a_server_that_is_away(store, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    started = time.monotonic()
    with pytest.raises(ValueError, match="broken"):
        _fail()
    assert time.monotonic() - started < 60
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in os.environ


def test_a_run_that_mlflow_refuses_holds_up_no_other(store, monkeypatch):
    with tracking.stage_run("refused", cell={}, settings={}) as run:
        run.log_metrics({"no such # name": 1})
    with tracking.stage_run("taken", cell={}, settings={}) as run:
        run.log_metrics({"a": 1})
    (logged,) = _runs()
    assert logged.data.metrics["a"] == 1
    assert len(list(tracking.RECORDS.glob("*.refused"))) == 1
    assert not list(tracking.RECORDS.glob("*.json"))


def test_columns_of_a_users_file_and_a_file_that_is_gone_are_no_hindrance(store, monkeypatch):
    report = store / "report.md"
    report.write_text("x")
    with tracking.stage_run("x", cell={}, settings={"corpora": {"where": {"Sentence #1/2": "a"}}}) as run:
        run.log_artifact(report)
    report.unlink()
    (logged,) = _runs()
    assert logged.data.params == {"corpora.where.Sentence _1_2": "a"}


def _stage(name):
    with tracking.stage_run(name, cell={}, settings={}):
        pass


def _waiting():
    return len(list(tracking.RECORDS.glob("*.json")))


def test_short_stages_leave_their_records_to_whoever_ends_the_run(store):
    for name in ("a", "b"):
        _stage(name)
    assert _waiting() == 2
    assert not list(store.glob("mlflow.db"))
    tracking.send_now()
    assert _waiting() == 0
    assert len(_runs()) == 2


def test_a_long_stage_sends_what_waits(store, monkeypatch):
    _stage("short")
    monkeypatch.setattr(stage_module, "_LONG_STAGE", 0.0)
    _stage("long")
    assert _waiting() == 0
    assert len(_runs()) == 2


def test_a_second_sender_leaves_the_records_to_the_first_one(store, monkeypatch):
    """Also one that is written while the first one sends: it is in the store when that one is done, once."""
    log = records._log

    def log_and_let_others_send(client, record):
        if record["name"] == "first":
            monkeypatch.setenv("DVC_STAGE", "second")
            _stage("second")
            assert tracking.send_records() == 0
        log(client, record)

    monkeypatch.setattr(records, "_log", log_and_let_others_send)
    monkeypatch.setenv("DVC_STAGE", "first")
    _stage("first")
    assert tracking.send_records() == 2
    assert [run.info.run_name for run in _runs()] == ["second", "first"]


def test_the_ui_begins_with_what_waited(store, monkeypatch):
    started = []
    monkeypatch.setattr(os, "execv", lambda *words: started.append(words))
    _stage("x")
    assert CliRunner().invoke(main, ["ui", "--port", "5001"]).exit_code == 0
    assert _waiting() == 0
    assert len(_runs()) == 1
    [(_, words)] = started
    assert words[-4:] == ["--backend-store-uri", tracking.tracking_uri(), "--port", "5001"]


@pytest.mark.parametrize(("rank", "count"), [("0", 1), ("1", 0)])
def test_of_several_processes_the_main_one_logs(store, monkeypatch, rank, count):
    monkeypatch.setenv("RANK", rank)
    with tracking.stage_run("x", cell={}, settings={}) as run:
        run.log_metrics({"a": 1})
        if rank == "1":
            run.log_output("model", store / "not written by this one")
    assert len(_runs()) == count


def _by_name():
    client = tracking.client()
    return {run.info.run_name: run for run in client.search_runs([tracking.experiment_id(client)])}


def _curve(run, name):
    return [(point.step, point.value) for point in tracking.client().get_metric_history(run.info.run_id, name)]


def test_a_long_stage_shows_in_the_store_while_it_goes_on(store, monkeypatch, caplog):
    monkeypatch.setattr(stage_module, "_LONG_STAGE", 0.0)
    monkeypatch.setattr(curve, "_SEND_EVERY", 0.0)
    log = StepLog(30, curve="0/")
    with (
        caplog.at_level("INFO", logger="bootembed"),
        tracking.stage_run("x", cell={"language": "afr"}, settings={"seed": 1}) as run,
    ):
        log.say(1, loss=3.0)
        log.say(2, loss=2.0)
        (seen,) = _by_name().values()
        assert seen.info.status == "RUNNING"
        assert (seen.data.tags["language"], seen.data.params["seed"]) == ("afr", "1")
        assert _curve(seen, "0/loss") == [(1, 3.0), (2, 2.0)]
        log.say(3, loss=1.0)
        run.log_metrics({"rows": 5})
    (ended,) = _by_name().values()
    assert (ended.info.run_id, ended.info.status) == (seen.info.run_id, "FINISHED")
    assert _curve(ended, "0/loss") == [(1, 3.0), (2, 2.0), (3, 1.0)]
    assert ended.data.metrics["rows"] == 5
    assert not list(tracking.RECORDS.glob("*.live"))


def test_a_short_stage_has_its_curve_when_it_is_sent(store, caplog):
    with caplog.at_level("INFO", logger="bootembed"), tracking.stage_run("x", cell={}, settings={}):
        StepLog(9).say(1, loss=3.0)
        StepLog(9).say(2, loss=2.0)
        assert not list(store.glob("mlflow.db"))
    (logged,) = _runs()
    assert _curve(logged, "loss") == [(1, 3.0), (2, 2.0)]


def test_a_store_that_is_away_does_not_stop_the_training_and_the_curve_comes_later(store, monkeypatch, caplog):
    reachable = tracking.tracking_uri()
    monkeypatch.setattr(stage_module, "_LONG_STAGE", 0.0)
    (store / "no").write_text("a file where a folder should be")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store}/no/mlflow.db")
    with caplog.at_level("INFO", logger="bootembed"), tracking.stage_run("x", cell={}, settings={}):
        StepLog(9).say(1, loss=3.0)
    assert "does not show while it goes on" in caplog.text
    monkeypatch.setenv("MLFLOW_TRACKING_URI", reachable)
    (logged,) = _runs()
    assert (logged.info.status, _curve(logged, "loss")) == ("FINISHED", [(1, 3.0)])


def test_a_killed_stage_does_not_run_for_ever(store, monkeypatch):
    client = tracking.client()
    record = {"name": "x", "started": time.time(), "params": {}, "metrics": {}, "tags": {}, "curve": []}
    with records.sole_sender():
        run_id = records.begin_live(client, record)
    (tracking.RECORDS / f"{run_id}.live").write_text(str(_ended_process()))
    _stage("next")
    tracking.send_records()
    assert client.get_run(run_id).info.status == "KILLED"
    assert not list(tracking.RECORDS.glob("*.live"))


def _ended_process():
    with subprocess.Popen(["true"]) as process:
        return process.pid


@pytest.mark.parametrize("fails", [False, True])
def test_the_stages_of_a_command_stand_below_its_run(store, monkeypatch, fails):
    monkeypatch.delenv("DVC_STAGE")

    def command():
        with tracking.command_run("bootembed run") as tags:
            _stage("a")
            tracking.send_now()  # as a long stage does
            _stage("b")
            tags["targets"] = "all"
            if fails:
                raise ValueError("broken")

    with pytest.raises(ValueError, match="broken") if fails else contextlib.nullcontext():
        command()
    _stage("c")
    tracking.send_now()
    found = _by_name()
    (name,) = set(found) - {"a", "b", "c"}
    parent = found[name]
    assert name.startswith("bootembed run 20")
    assert (parent.info.status, parent.data.tags["targets"]) == ("FAILED" if fails else "FINISHED", "all")
    below = {name for name, run in found.items() if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id}
    assert below == {"a", "b"}
    assert not list(tracking.RECORDS.glob("*.live"))


def test_a_command_that_ran_nothing_has_no_run(store):
    with tracking.command_run("bootembed run"):
        pass
    assert not tracking.RECORDS.exists()
