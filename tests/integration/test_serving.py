"""MLflow serves a registered model over HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import numpy as np
import pytest
from mlflow_server import model_server
from registered import MODEL, candidate

from bootembed import tracking
from bootembed.inference.models import load_model
from bootembed.registry.versions import register

pytest.importorskip("fastapi", reason="MLflow's model server needs fastapi and uvicorn")
pytest.importorskip("uvicorn", reason="MLflow's model server needs fastapi and uvicorn")
TEXTS = ["bada kefe ligi", "mo"]


def _post(address, content):
    body, header = json.dumps(content).encode(), {"Content-Type": "application/json"}
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(urllib.request.Request(f"{address}/invocations", body, header), timeout=60) as answer:
        return json.load(answer)


def test_texts_in_vectors_out(tmp_path, monkeypatch):
    monkeypatch.setenv("BOOTEMBED_TRACKING", "on")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.chdir(tmp_path)
    register([candidate(tmp_path, "xl_lora", 0.7, seed=1)], MODEL, alias="champion")
    tracking.client()
    with model_server(f"models:/{MODEL}@champion", tmp_path) as address:
        served = _post(address, {"inputs": TEXTS})["predictions"]
        with pytest.raises(urllib.error.HTTPError, match="400"):
            _post(address, {"inputs": {"column": TEXTS}})
    wanted = load_model(f"models:/{MODEL}@champion").embed(TEXTS, batch_size=2)
    np.testing.assert_allclose(served, wanted, atol=1e-5)
