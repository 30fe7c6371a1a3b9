"""The registry: champions by validation score, no version twice, loadable in a fresh process."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from encoders import write_encoder

from bootembed import tracking
from bootembed.embedder.build import build_embedder
from bootembed.registry import Candidate, best_candidate, register


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("BOOTEMBED_TRACKING", "on")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _candidate(folder, recipe, validation, *, seed):
    path = folder / recipe
    if not path.exists():
        write_encoder(folder / f"encoder-{recipe}", "xlm-roberta")
        embedder = build_embedder(folder / f"encoder-{recipe}", pooling="mean", max_seq_length=32)
        with torch.no_grad():
            for parameter in embedder.parameters():
                parameter.add_(0.01 * seed)  # a model of its own
        embedder.save(str(path), safe_serialization=True)
    scores = {"SampleSTS": {"validation": validation, "test": 1 - validation}}
    return Candidate(recipe, "tiny", path, validation, scores)


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

    better = _candidate(store, "adapter_composition", 0.8, seed=4)
    register([better], "bootembed-afr", alias="champion")
    assert _champion().tags["recipe"] == "adapter_composition"
    assert "before: version" in _champion().tags["promoted"]
