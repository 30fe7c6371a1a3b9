"""What a scratch model reads: the mix that was asked for, and nothing of the task in a target language."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from bootembed.base_models.pretraining_data import build_pretraining_documents, read_language_texts
from bootembed.core.errors import DataError
from bootembed.core.tables import EXAMPLES, INSTRUCTIONS, MONOLINGUAL, NLI, PARALLEL, write_table
from bootembed.prompts import prompt_definition
from bootembed.settings.corpora import Language
from bootembed.settings.models import Pretraining

ROLES = {"eng": "english", "spa": "source", "afr": "target"}
SETTINGS = {
    "languages": list(ROLES), "documents": 600, "monolingual_share": 0.2, "parallel_share": 0.3, "nli_share": 0.5,
    "english_weight": 1.0, "max_steps": 1, "per_device_train_batch_size": 1, "learning_rate": 1.0e-3,
    "muon_learning_rate": 0.01, "warmup_steps": 0, "bf16": False,
}  # fmt: skip


@pytest.fixture
def texts(tmp_path):
    for key, role in ROLES.items():
        folder = tmp_path / role / key
        write_table([{"text": f"{key} sentence {n}."} for n in range(9)], MONOLINGUAL, folder / "monolingual.parquet")
        pairs = [] if key == "eng" else [{"english": f"eng {n}.", "text": f"{key} {n}."} for n in range(9)]
        write_table(pairs, PARALLEL, folder / "parallel.parquet")
        nli = [
            {"premise": f"{key} premise {n}.", "hypothesis": f"eng {label} {n}.", "label": label}
            for n in range(9)
            for label in ("entailment", "contradiction")
        ]
        write_table(nli, NLI, folder / "nli.parquet")
        triplets = [
            {"anchor": f"{key} anchor {n}.", "positive": f"{key} pos {n}.", "negative": f"{key} neg {n}."}
            for n in range(9)
        ]
        write_table(triplets, EXAMPLES, folder / "examples.parquet")
        instructions = [{"prompt": f"{key} prompt {n}.", "completion": f"{key} completion {n}."} for n in range(9)]
        write_table(instructions, INSTRUCTIONS, folder / "instructions.parquet")
    languages = {
        key: Language(name=key.title(), script="Latn", role=role, folder=key, corpus="c") for key, role in ROLES.items()
    }
    return read_language_texts(tmp_path, languages)


def _documents(texts, seed=1, **changed):
    settings = Pretraining.model_validate(SETTINGS | changed)
    return build_pretraining_documents(texts, settings, definition=prompt_definition("entail_v1"), seed=seed)


def test_the_mix_is_the_one_asked_for(texts):
    documents = _documents(texts)
    share = {kind: count / 600 for kind, count in Counter(row["kind"] for row in documents).items()}
    assert share == pytest.approx({"monolingual": 0.2, "parallel": 0.3, "nli": 0.5}, abs=0.06)


def test_entailment_is_shown_in_english_and_in_source_languages_only(texts):
    shown = [row for row in _documents(texts) if row["kind"] == "nli"]
    assert {row["language"] for row in shown} == {"eng", "spa"}
    for row in shown:
        assert "afr" not in row["text"].lower()
        premise, answer = json.loads(row["text"])[-2:]
        assert row["language"].title() in premise["content"]
        assert answer["content"].startswith(row["language"])
        assert ("true" in premise["content"]) == any(word in answer["content"] for word in ("entailment", "pos"))


def test_a_seed_decides_every_draw(texts):
    assert _documents(texts) == _documents(texts)
    assert _documents(texts) != _documents(texts, seed=2)


def test_a_share_without_text_is_refused(texts):
    with pytest.raises(DataError, match="no NLI with entailments and contradictions"):
        _documents(texts, languages=["afr"])


def test_instructions_are_chats_of_one_language_each(texts):
    shares = {"monolingual_share": 0.0, "parallel_share": 0.0, "nli_share": 0.0, "instructions_share": 1.0}
    documents = _documents(texts, **shares)
    assert {row["language"] for row in documents} == set(ROLES)
    for row in documents:
        messages = json.loads(row["text"])
        assert [message["role"] for message in messages] == ["user", "assistant"] * (len(messages) // 2)
        assert {message["content"].split()[0] for message in messages} == {row["language"]}
