"""The registry: champions by validation score, no version twice, loadable in a fresh process."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from encoders import write_encoder

from bootembed import tracking
from bootembed.core.errors import DataError
from bootembed.embedder.pooled_encoder import build_embedder
from bootembed.evaluation.answers import Answers
from bootembed.registry import EmbedderCandidate, Validation, best_candidate, register


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("BOOTEMBED_TRACKING", "on")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.chdir(tmp_path)
    return tmp_path


PAIRS = 400


def _validation(score, *, task="SampleSTS", seed=0):
    """Of a validation set with a similarity for every pair, the rank correlation near `score`."""
    gold = np.random.default_rng(0).normal(size=PAIRS)
    noise = np.random.default_rng(seed).normal(size=PAIRS)
    answers = Answers((score * gold + (1 - score**2) ** 0.5 * noise).tolist(), gold.tolist(), "Spearman")
    return Validation(task, score, answers)


def _candidate(folder, recipe, validation, *, seed):
    path = folder / recipe
    if not path.exists():
        write_encoder(folder / f"encoder-{recipe}", "xlm-roberta")
        embedder = build_embedder(folder / f"encoder-{recipe}", pooling="mean", max_seq_length=32)
        with torch.no_grad():
            for parameter in embedder.parameters():
                parameter.add_(0.01 * seed)  # a model of its own
        embedder.save(str(path), safe_serialization=True)
    if isinstance(validation, float):
        validation = _validation(validation, seed=seed)
    scores = {validation.task: {"validation": validation.score, "test": 1 - validation.score}}
    return EmbedderCandidate(recipe, "tiny", path, validation, scores)


def _champion(name="bootembed-afr"):
    return tracking.client().get_model_version_by_alias(name, "champion")


def test_champion_is_the_best_by_validation_and_loads_in_a_fresh_process(store):
    one, two = _candidate(store, "xl_lora", 0.7, seed=1), _candidate(store, "english_nli", 0.6, seed=2)
    register([two, one], "bootembed-afr", alias="champion")
    assert _champion().tags["recipe"] == "xl_lora"
    assert best_candidate([two, one]) is one

    script = (
        "import sys, numpy, mlflow, mlflow.sentence_transformers as flavour\n"
        "mlflow.set_tracking_uri(sys.argv[1])\n"
        "model = flavour.load_model('models:/bootembed-afr@champion')\n"
        "numpy.save(sys.argv[2], model.encode(['Die boer koop appels.']))\n"
    )
    arguments = [sys.executable, "-c", script, tracking.tracking_uri(), str(store / "loaded.npy")]
    subprocess.run(arguments, check=True, cwd=store)
    from sentence_transformers import SentenceTransformer

    expected = SentenceTransformer(str(one.folder)).encode(["Die boer koop appels."])
    np.testing.assert_array_equal(np.load(store / "loaded.npy"), expected)
    pickles = [p for p in store.rglob("*") if p.suffix in {".pkl", ".bin", ".pt", ".pickle"}]
    assert not pickles

    register([two, one], "bootembed-afr", alias="champion")
    assert len(tracking.client().search_model_versions("name='bootembed-afr'")) == 2

    worse = _candidate(store, "translation_pairs", 0.65, seed=3)
    register([worse], "bootembed-afr", alias="champion")
    assert _champion().tags["recipe"] == "xl_lora"

    slightly = _candidate(store, "in_context", 0.71, seed=5)
    register([slightly], "bootembed-afr", alias="champion")
    assert _champion().tags["recipe"] == "xl_lora", "a difference that may be noise moves nothing"

    better = _candidate(store, "adapter_composition", 0.85, seed=4)
    register([better], "bootembed-afr", alias="champion")
    assert _champion().tags["recipe"] == "adapter_composition"
    assert "before: version" in _champion().tags["promoted"]


@pytest.mark.parametrize(
    "other",
    [
        Validation("SemRel24STS", 0.9, _validation(0.9).answers),
        Validation("SampleSTS", 0.9, Answers([0.1, 0.2, 0.3], [0.1, 0.2, 0.3], "Spearman")),
        Validation("SampleSTS", 0.9, None),
    ],
)
def test_a_score_on_another_validation_set_dethrones_nobody(store, other, caplog):
    caplog.set_level("INFO")
    first = _candidate(store, "xl_lora", 0.5, seed=1)
    register([first], "bootembed-afr", alias="champion")
    second = _candidate(store, "english_nli", other, seed=2)
    register([second], "bootembed-afr", alias="champion")
    assert _champion().tags["recipe"] == "xl_lora"
    assert "scores cannot be compared" in caplog.text

    rescored = _candidate(store, "xl_lora", Validation(other.task, 0.2, other.answers), seed=1)
    register([rescored, second], "bootembed-afr", alias="champion")
    assert tracking.client().get_model_version("bootembed-afr", "1").tags["validation_score"] == "0.2"
    assert len(tracking.client().search_model_versions("name='bootembed-afr'")) == 2
    promoted = "english_nli" if other.answers is None else "xl_lora"  # of equal answers neither is better
    assert _champion().tags["recipe"] == promoted


def test_a_store_that_is_away_is_told_without_its_password(store, monkeypatch):
    monkeypatch.setattr(tracking, "_PATIENCE", {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"})
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://anna:hidden@127.0.0.1:9")
    with pytest.raises(DataError, match=r"127\.0\.0\.1:9 cannot be used") as caught:
        register([_candidate(store, "xl_lora", 0.5, seed=1)], "bootembed-afr", alias="champion")
    assert "hidden" not in str(caught.value)
