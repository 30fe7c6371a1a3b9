"""The registry: champions by validation score, each with a reason, no version twice, loadable in a fresh process."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from forks import Fork
from registered import MODEL, aliases, answers, candidate, under, validation
from stores import BOTH

from bootembed import tracking
from bootembed.commands import main
from bootembed.core.errors import DataError
from bootembed.core.names import EmbedderId
from bootembed.core.tables import write_table
from bootembed.evaluation.answers import Answers
from bootembed.evaluation.kinds.bitext_mining import NEAREST
from bootembed.evaluation.kinds.sts import PREDICTIONS
from bootembed.registry.candidates import Validated, Validation, best_candidate, read_candidates
from bootembed.registry.lookup import StoreError
from bootembed.registry.versions import register
from bootembed.settings.schema import Grid


def _single(task, score, found):
    return Validation(task, {EmbedderId(0, 0): Validated(score, found)})


def _champion():
    return under("champion")


def _reason(alias):
    return under(alias).tags["champion_reason"]


def test_champion_is_the_best_by_validation_and_loads_in_a_fresh_process(registry):
    one, two = candidate(registry, "xl_lora", 0.7, seed=1), candidate(registry, "english_nli", 0.6, seed=2)
    register([two, one], "bootembed-afr", alias="champion")
    assert _champion().tags["recipe"] == "xl_lora"
    assert best_candidate([two, one]) is one

    script = (
        "import sys, numpy, mlflow, mlflow.sentence_transformers as flavour\n"
        "mlflow.set_tracking_uri(sys.argv[1])\n"
        "model = flavour.load_model('models:/bootembed-afr@champion')\n"
        "numpy.save(sys.argv[2], model.encode(['Die boer koop appels.']))\n"
    )
    Fork(["-c", script, tracking.tracking_uri(), registry / "loaded.npy"]).finish()
    from sentence_transformers import SentenceTransformer

    expected = SentenceTransformer(str(one.folder)).encode(["Die boer koop appels."])
    np.testing.assert_array_equal(np.load(registry / "loaded.npy"), expected)
    pickles = [p for p in registry.rglob("*") if p.suffix in {".pkl", ".bin", ".pt", ".pickle"}]
    assert not pickles

    register([two, one], "bootembed-afr", alias="champion")
    assert len(tracking.client().search_model_versions("name='bootembed-afr'")) == 2


@BOTH
def test_champion_and_challenger_each_have_a_reason_with_figures(registry):
    first = [candidate(registry, "english_nli", 0.6, seed=2), candidate(registry, "xl_lora", 0.7, seed=1)]
    register(first, "bootembed-afr", alias="champion")
    assert aliases() == {"champion": "2", "challenger": "1"}
    highest = "its mean validation score 0.7000 on SampleSTS is the highest of those registered together, and "
    assert _reason("champion") == highest + "there was no champion"
    assert (
        _reason("challenger") == "its mean validation score 0.6000 on SampleSTS is 0.1000 below the 0.7000 of version 2"
    )

    register([candidate(registry, "translation_pairs", 0.5, seed=3)], "bootembed-afr", alias="champion")
    assert aliases() == {"champion": "2", "challenger": "1"}

    register([candidate(registry, "in_context", 0.71, seed=5)], "bootembed-afr", alias="champion")
    assert aliases() == {"champion": "2", "challenger": "4"}, "a difference that may be noise moves nothing"
    assert "0.0100 above the 0.7000 of version 2, which may be noise (95 % interval -0." in _reason("challenger")

    tracking.client().update_model_version("bootembed-afr", "4", "a user's own words")
    together = [candidate(registry, "adapter_composition", 0.85, seed=4), candidate(registry, "mixture", 0.8, seed=6)]
    register(together, "bootembed-afr", alias="champion", language="Afrikaans (afr)")
    assert aliases() == {"champion": "5", "challenger": "6"}
    assert "0.1500 above the 0.7000 of version 2, beyond noise (95 % interval +0." in _reason("champion")
    assert _reason("challenger").endswith("is 0.0500 below the 0.8500 of version 5")
    dethroned = tracking.client().get_model_version("bootembed-afr", "2").tags["champion_reason"]
    assert dethroned == f"version 5 replaced it: {_reason('champion')}"

    described = tracking.client().get_registered_model("bootembed-afr").description
    assert "for Afrikaans (afr)" in described and 'load_model("models:/bootembed-afr@champion")' in described
    told = tracking.client().get_model_version("bootembed-afr", "2").description
    assert "Recipe `xl_lora`, encoder `tiny`: embedder 0-1, the median of 3 by validation score." in told
    assert "SampleSTS: 0.7000 ± 0.0100 (training set-seed: 0-0 0.6900, 0-1 0.7000, 0-2 0.7100)." in told
    assert "Test scores of this embedder: SampleSTS 0.3000." in told and f"Champion or not: {dethroned}." in told
    assert tracking.client().get_model_version("bootembed-afr", "4").description == "a user's own words"


def test_a_store_that_takes_no_description_stops_nothing(store, monkeypatch, caplog):
    def refuse(*_):
        raise OSError("not today")

    monkeypatch.setattr("mlflow.MlflowClient.update_registered_model", refuse)
    register([candidate(store, "xl_lora", 0.7, seed=1)], "bootembed-afr", alias="champion")
    assert "bootembed-afr: not described: not today" in caplog.text
    assert aliases() == {"champion": "1"}


def test_of_those_registered_together_only_the_best_is_compared(store):
    register([candidate(store, "xl_lora", 0.7, seed=1)], "bootembed-afr", alias="champion")
    both = [candidate(store, "in_context", 0.711, seed=5), candidate(store, "english_nli", 0.71, seed=6)]
    register(both, "bootembed-afr", alias="champion")
    assert aliases() == {"champion": "1", "challenger": "2"}
    told = tracking.client().get_model_version("bootembed-afr", "3").tags["champion_reason"]
    assert told.endswith("of those registered together only version 2, the best, is compared")


def test_the_aliases_of_champion_and_challenger_differ(store):
    with pytest.raises(DataError, match=r"register_models\.alias: challenger is the alias of the second best"):
        register([candidate(store, "xl_lora", 0.7, seed=1)], "bootembed-afr", alias="challenger")


@pytest.mark.parametrize(
    "other",
    [
        validation(0.9, 0.8, task="SemRel24STS"),
        _single("SampleSTS", 0.9, Answers([0.1, 0.2, 0.3], [0.1, 0.2, 0.3], "Spearman")),
        _single("SampleSTS", 0.9, None),
    ],
)
def test_a_score_on_another_validation_set_dethrones_nobody(store, other, caplog):
    caplog.set_level("INFO")
    first = candidate(store, "xl_lora", 0.5, seed=1)
    register([first], "bootembed-afr", alias="champion")
    second = candidate(store, "english_nli", other, seed=2)
    register([second], "bootembed-afr", alias="champion")
    assert _champion().tags["recipe"] == "xl_lora"
    assert "scores cannot be compared" in caplog.text

    lower = {identity: replace(found, score=0.2) for identity, found in other.embedders.items()}
    rescored = candidate(store, "xl_lora", Validation(other.task, lower), seed=1)
    register([rescored, second], "bootembed-afr", alias="champion")
    assert tracking.client().get_model_version("bootembed-afr", "1").tags["validation_score"] == "0.2"
    assert len(tracking.client().search_model_versions("name='bootembed-afr'")) == 2
    promoted = "xl_lora" if other.answers else "english_nli"  # of equal answers neither is better
    assert _champion().tags["recipe"] == promoted


def test_one_lucky_seed_is_no_champion(store):
    """The mean decides; a single old embedder that a single new one beats is not replaced by three that scatter."""
    steady, lucky = validation(0.6, 0.61, 0.62), validation(0.3, 0.4, 0.9)
    candidates = [candidate(store, "xl_lora", steady, seed=1), candidate(store, "english_nli", lucky, seed=2)]
    assert best_candidate(candidates).recipe == "xl_lora"
    register(candidates[:1], "bootembed-afr", alias="champion")
    scattered = candidate(store, "in_context", validation(0.5, 0.75, 0.95, seed=3), seed=3)
    assert scattered.validation.score > steady.score + 0.1
    register([scattered], "bootembed-afr", alias="champion")
    assert _champion().tags["recipe"] == "xl_lora"
    tags = _champion().tags
    assert (tags["embedder"], tags["training_set"], tags["seed"]) == ("0-1", "0", "1")
    assert float(tags["validation_score"]) == pytest.approx(0.61)
    assert float(tags["validation_deviation"]) == pytest.approx(0.01)


def test_versions_of_before_the_seeds_are_compared(store):
    """Their validation.json holds the score and the answers of one embedder."""
    register([candidate(store, "english_nli", validation(0.5), seed=1)], "bootembed-afr", alias="champion")
    client, version = tracking.client(), _champion()
    old = {"task": "SampleSTS", "score": 0.5, "answers": {"values": answers(0.5, 0).values}}
    old["answers"]["gold"] = answers(0.5, 0).gold
    assert Validation.from_json(old).embedders[EmbedderId(0, 0)].answers.values == old["answers"]["values"]
    client.log_dict(version.run_id, old, "validation.json")
    register([candidate(store, "in_context", 0.52, seed=2)], "bootembed-afr", alias="champion")
    assert _champion().tags["recipe"] == "english_nli"
    register([candidate(store, "xl_lora", 0.9, seed=3)], "bootembed-afr", alias="champion")
    assert _champion().tags["recipe"] == "xl_lora"
    without = Validation.from_json(old | {"answers": None})
    assert (without.answers, without.score) == ({}, 0.5)


@pytest.mark.parametrize(
    ("scores", "median"),
    [
        ((0.5,), "0-0"),
        ((0.3, 0.9, 0.5), "0-2"),
        ((0.9, 0.3), "0-1"),
        ((0.4, 0.2, 0.8, 0.6), "0-0"),
        ((0.5,) * 3, "0-1"),
    ],
)
def test_the_median_embedder_of_an_even_number_is_the_lower_one(scores, median):
    assert str(validation(*scores).median) == median


def test_candidates_are_read_from_all_embedders(tmp_path):
    scores = {"0-0": 0.7, "0-1": 0.5, "1-0": 0.6}
    embedders = {
        name: {"scores": {"SampleSTS": {"validation": score, "test": 0.1}}, "geometry": {}}
        for name, score in scores.items()
    }
    for recipe in ("xl_lora", "untrained"):
        (tmp_path / "scores").mkdir(exist_ok=True)
        (tmp_path / f"scores/{recipe}-afr-tiny.json").write_text(json.dumps({"embedders": embedders}))
        for number, name in enumerate(scores):
            row = {"task": "SampleSTS", "split": "validation", "index": 0, "similarity": float(number), "gold": 1.0}
            write_table([row], PREDICTIONS, tmp_path / f"results/{recipe}-afr-tiny/{name}/predictions.parquet")
            write_table([], NEAREST, tmp_path / f"results/{recipe}-afr-tiny/{name}/nearest.parquet")
    grid = Grid(
        languages=["afr"],
        strategies=["xl_lora"],
        baselines=["untrained"],
        recipes=["xl_lora", "untrained"],
        encoders=["tiny"],
        adapter_languages={},
        mixtures=[],
        mixture_cells={},
        embedder_cells={},
        exports=[],
    )
    folders = [tmp_path / name for name in ("embedders", "scores", "results")]
    [found] = read_candidates(*folders, grid, language="afr", task="SampleSTS")
    assert (found.name, found.validation.score) == ("xl_lora-tiny", pytest.approx(0.6))
    assert found.folder == tmp_path / "embedders/xl_lora-afr-tiny/1-0"
    assert found.scores["SampleSTS"]["validation"] == 0.6
    assert [own.values for own in found.validation.answers.values()] == [[0.0], [1.0], [2.0]]
    assert Validation.from_json(json.loads(json.dumps(found.validation.as_json()))) == found.validation


def test_a_store_that_is_away_is_told_without_its_password(store, monkeypatch):
    monkeypatch.setattr(tracking.store, "_PATIENCE", {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"})
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://anna:hidden@127.0.0.1:9")
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:9 cannot be used") as caught:
        register([candidate(store, "xl_lora", 0.5, seed=1)], "bootembed-afr", alias="champion")
    assert "hidden" not in str(caught.value)


def test_versions_without_a_run_stop_nothing(store):
    one, other = candidate(store, "xl_lora", 0.7, seed=1), candidate(store, "in_context", 0.9, seed=2)
    register([one], MODEL, alias="champion")
    client = tracking.client()
    run_id = client.get_model_version(MODEL, "1").run_id
    client.delete_run(run_id)
    register([one], MODEL, alias="champion")
    client._tracking_client.store._hard_delete_run(run_id)  # as `mlflow gc` does
    register([one], MODEL, alias="champion")
    assert aliases() == {"champion": "1"}
    by_hand = client.create_model_version(MODEL, str(one.folder)).version
    client.set_registered_model_alias(MODEL, "champion", by_hand)
    register([other], MODEL, alias="champion")
    assert "so the scores cannot be compared" in client.get_model_version(MODEL, "3").tags["champion_reason"]
    for number in ("1", by_hand):
        done = CliRunner().invoke(main, ["lineage", f"models:/{MODEL}/{number}"])
        assert done.exit_code == 0, done.output
        assert "MLflow run      not in this store" in done.output
        done = CliRunner().invoke(main, ["lineage", "--json", f"models:/{MODEL}/{number}"])
        assert json.loads(done.output)["parameters"] is None


def test_files_of_a_version_that_are_gone_are_one_line(store):
    register([candidate(store, "xl_lora", 0.7, seed=1)], MODEL, alias="champion")
    shutil.rmtree(store / "mlruns")
    (store / "texts.txt").write_text("bada kefe\n")
    done = CliRunner().invoke(main, ["search", f"models:/{MODEL}@champion", "texts.txt", "kefe"])
    assert (done.exit_code, "its files cannot be loaded from sqlite:///" in done.output) == (1, True)
