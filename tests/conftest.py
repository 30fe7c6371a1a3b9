"""Shared fixtures: a tiny generator that has really learned a tiny language, built once a session."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads that wait for busy cores are many times slower
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("BOOTEMBED_TRACKING", "off")

import platform
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from toy import toy_nli

from bootembed.core import arithmetic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_prepare_arithmetic, _environment = arithmetic.prepare_arithmetic, os.environ


def _prepare_elsewhere(**chosen: Any) -> dict[str, str]:
    """Commands called in this process leave its arithmetic alone: MKL heeds what it finds at its first use only."""
    return {} if os.environ is _environment else _prepare_arithmetic(**chosen)


arithmetic.prepare_arithmetic = _prepare_elsewhere  # before anything imports it

hypothesis.settings.register_profile("any_load", deadline=None)  # a case may wait for a busy core, or import first
hypothesis.settings.load_profile("any_load")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The processor, since some tests hold it to committed bits."""
    described = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"model name\s*:\s*(.*)", described)
    wide = sorted(set(re.findall(r"\bavx2\b|\bavx512\w+|\bamx_\w+", described)))
    terminalreporter.write_line(f"processor: {model[1] if model else platform.processor()} ({', '.join(wide)})")


@pytest.fixture(scope="session")
def tiny_generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Qwen3 decoder of two layers, trained for some steps on the toy rows."""
    from bootembed.base_models.build import build_base_model
    from bootembed.base_models.pretraining_data import LanguageText, build_pretraining_documents
    from bootembed.prompts import prompt_definition
    from bootembed.settings.models import BaseModelSpec

    rows = toy_nli(300)
    text = LanguageText(
        name="English",
        monolingual=[row[side] for row in rows for side in ("premise", "hypothesis")],
        parallel=[],
        nli=[(row["premise"], row["hypothesis"], row["label"]) for row in rows],
        instructions=[],
    )
    spec = BaseModelSpec.model_validate(
        {
            "role": "generator",
            "source": "scratch",
            "scratch": {
                "architecture": "qwen3",
                "vocab_size": 400,
                "hidden_size": 64,
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
                "intermediate_size": 128,
                "max_position_embeddings": 256,
                "pretraining": {
                    "languages": ["eng"],
                    "documents": 600,
                    "monolingual_share": 1.0,
                    "parallel_share": 0.0,
                    "nli_share": 0.0,
                    "english_weight": 1.0,
                    "max_steps": 60,
                    "per_device_train_batch_size": 8,
                    "learning_rate": 5e-3,
                    "muon_learning_rate": 0.02,
                    "warmup_steps": 5,
                    "bf16": False,
                },
            },
        }
    )
    assert spec.scratch is not None
    documents = build_pretraining_documents(
        {"eng": text}, spec.scratch.pretraining, definition=prompt_definition("entail_v1"), seed=1
    )
    folder = tmp_path_factory.mktemp("models")
    build_base_model(spec, documents, output_dir=folder / "generator", checkpoint_dir=folder / "work", seed=1)
    return folder / "generator"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `published_project`."""
    from published_project import write_project

    folder = tmp_path_factory.mktemp("built")
    write_project(folder)
    return folder


@pytest.fixture
def project(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, as the working directory."""
    shutil.copytree(built, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real tracking server."""
    from mlflow_server import tracking_server

    with tracking_server(tmp_path_factory.mktemp("mlflow")) as address:
        yield address


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as working directory, and a SQLite store that will be a file in it."""
    from stores import begin_quickly

    begin_quickly(monkeypatch)
    monkeypatch.setenv("BOOTEMBED_TRACKING", "on")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def registry(request: pytest.FixtureRequest, store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """`store`, or its folder and a server without registered models (`stores.BOTH`)."""
    from bootembed import tracking

    served = getattr(request, "param", "sqlite") == "server"
    if served:
        address = request.getfixturevalue("mlflow_server")
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield store
    if served:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)  # a test may have pointed elsewhere
        client = tracking.client()
        for model in client.search_registered_models():
            client.delete_registered_model(model.name)
