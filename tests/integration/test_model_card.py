"""The model card of an embedder: what a reader needs, from the pipeline's outputs, and of the right embedder."""

from __future__ import annotations

import os
import re
import shutil
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
import torch
from huggingface_hub import ModelCard
from published_project import (
    CELL,
    OUTPUTS,
    ROOT,
    TEST,
    TOKENS,
    write_params,
    write_results,
    write_scores,
)
from sentence_transformers import SentenceTransformer

from bootembed.core.errors import DataError
from bootembed.core.hashing import content_hash
from bootembed.core.names import Baseline
from bootembed.publishing import card_text
from bootembed.publishing.model_card import token_limit
from bootembed.publishing.publish import prepare
from bootembed.publishing.rights import corpus_licences
from bootembed.registry import lookup
from bootembed.settings.load import load_params
from bootembed.workflow.compose import compose

REPO = "someone/afr-tiny"


def _prepared(project, name=CELL):
    return prepare(name, REPO, load_params(project / "params.yaml"), OUTPUTS, work=project / "work", public=False)


def test_the_card_tells_what_a_reader_needs(project):
    text = _prepared(project).card.read_text()
    for told in (
        "Sentence embeddings for **Afrikaans** (`afr`, script `Latn`): 32 dimensions",
        "the encoder tiny, finetuned on 12 rows of the recipe `xl_lora`",
        "both in English",
        f"A text longer than {TOKENS} tokens, special tokens included, is cut there.",
        "the filters kept 12 of 20 triplets; rejected: wrong language 5 (25.0%), duplicate 3 (15.0%).",
        "- afr: the generator hardly knows the language",
        "of little use on real text",
        "SampleSTS (STS, split test): own data, no task of mteb.",
        "Higher than this recipe on SampleSTS, by the mean: `english_nli`.",
        "the median of 3 by validation score on SampleSTS",
        'model = SentenceTransformer("someone/afr-tiny")',
    ):
        assert told in text
    table = [" ".join(line.replace("|", " ").split()) for line in text.splitlines() if line.startswith("|")]
    for row in (
        "this model 0.500",
        "xl_lora, all seeds 0.500 ± 0.100 (n=3)",
        "baseline untrained 0.250",
        "baseline english_nli 0.810 ± 0.010 (n=3)",
        "encoder tiny 1.50 1.20 0.0% 0.0%",
        "generator generator 1.40 1.10 0.0% 0.0% 0.90 2.50",
        "generator generator Apache-2.0, pretrained by this project",
    ):
        assert row in table


def test_the_cards_metadata_are_read_by_the_hub(project):
    card = ModelCard.load(_prepared(project).card)
    data = card.data
    assert (data.language, data.license, data.library_name) == (["afr"], "apache-2.0", "sentence-transformers")
    [result] = data.eval_results
    assert (result.task_type, result.dataset_name, result.dataset_split, result.metric_type, result.metric_value) == (
        "STS", "SampleSTS (Afrikaans), own data", "test", "cosine_spearman", 0.5,
    )  # fmt: skip
    assert result.metric_name == "cosine_spearman, mean of 3 embedders"
    [widget] = data.widget
    anchors = {row["text"] for row in pq.read_table(OUTPUTS.corpora / "afr/anchors.parquet").to_pylist()}
    assert len({widget["source_sentence"], *widget["sentences"]} & anchors) == 3


def test_the_same_inputs_give_the_same_text_without_the_machine(project, tmp_path_factory):
    text = _prepared(project).card.read_text()
    moved = tmp_path_factory.mktemp("other") / "place"
    shutil.copytree(project, moved)
    os.chdir(moved)
    assert _prepared(moved).card.read_text() == text
    assert str(project) not in text
    assert torch.__version__ not in text


def test_the_length_is_what_the_model_does_not_what_a_setting_says(project):
    """The tokenizer's own limit of 62 and the training's of 32 tokens are other numbers."""
    published = _prepared(project)
    model = SentenceTransformer(str(published.folder))
    model.max_seq_length = 9
    assert token_limit(model) == 9
    long, cut = "bada " * 40, "bada " * (TOKENS - 2)
    again = SentenceTransformer(str(published.folder))
    assert token_limit(again) == TOKENS
    assert (again.encode(long) == again.encode(cut)).all()
    assert published.card.read_text().count("62 tokens") == 0


def test_a_tokenizer_without_a_limit_has_none_in_the_card(project):
    model = SentenceTransformer(str(OUTPUTS.embedders / CELL / "0-0"))
    model.max_seq_length = int(1e30)  # what transformers puts where a tokenizer names none
    assert token_limit(model) is None


@pytest.mark.parametrize("named", [CELL, f"models/embedders/laptop/{CELL}", f"models/embedders/laptop/{CELL}/0-2"])
def test_a_cell_is_its_median_embedder(project, named):
    published = _prepared(project, named)
    assert published.embedder[0].folder.name == "0-2"
    assert "is the median of 3" in published.card.read_text()


def test_another_embedder_is_said_to_be_chosen_by_hand(project):
    text = _prepared(project, f"{CELL}/0-1").card.read_text()
    assert "this model is one of 3, chosen by hand" in text
    assert "| this model" in text and "0.600" in text


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("xl_lora-afr-tyny", r"no scores in metrics/laptop/scores \(did you mean 'xl_lora-afr-tiny'\?\)"),
        ("untrained-afr-tiny", "is the encoder as it was"),
        (f"{CELL}/0-7", "has the embedders 0-0, 0-1, 0-2"),
        ("english_nli-afr-tiny", "run `bootembed run train_embedder@english_nli-afr-tiny`"),
    ],
)
def test_what_cannot_be_published_is_told_with_the_remedy(project, name, told):
    with pytest.raises(DataError, match=told):
        _prepared(project, name)


def test_scores_of_another_model_are_refused(project):
    (project / OUTPUTS.embedders / CELL / "0-2/README.md").write_text("trained again\n")
    with pytest.raises(
        DataError, match=f"its scores are of another model; run `bootembed run evaluate_embedder@{CELL}"
    ):
        _prepared(project)


def test_a_registered_version_must_be_the_model_that_lies_here(project, monkeypatch):
    tags = {"recipe": "xl_lora", "encoder": "tiny", "embedder": "0-1"}
    version = SimpleNamespace(name="afr_embedder", tags=tags | {"content_hash": "of an earlier run"})
    model = SimpleNamespace(tags={"language": "Afrikaans (afr)"})
    monkeypatch.setattr(lookup, "version_of", lambda _: version)
    monkeypatch.setattr(lookup, "connect", lambda: SimpleNamespace(get_registered_model=lambda _: model))
    with pytest.raises(DataError, match="holds another model than this version"):
        _prepared(project, "models:/bootembed-afr@champion")
    version.tags["content_hash"] = content_hash(project / OUTPUTS.embedders / CELL / "0-1")
    assert _prepared(project, "models:/bootembed-afr@champion").embedder[0].folder.name == "0-1"
    version.tags |= {"profile": "own", "content_hash": "of its own"}
    with pytest.raises(DataError, match="is of profile own; first run `bootembed compose own`"):
        _prepared(project, "models:/bootembed-afr@champion")
    del version.tags["recipe"]
    with pytest.raises(DataError, match=r"the version lacks the tags \['recipe'\]"):
        _prepared(project, "models:/bootembed-afr@champion")


def test_without_validation_and_baselines_the_card_says_so(project):
    write_params(project, register_models={"validation_task": {}})
    with pytest.raises(DataError, match=f"give one: {CELL}/0-0"):
        _prepared(project)
    for cell in ("untrained-afr-tiny", "english_nli-afr-tiny"):
        (project / OUTPUTS.scores / f"{cell}.json").unlink()
    write_scores(project, CELL, {"0-0": {"SampleSTS": {"validation": 0.5}}})
    text = _prepared(project).card.read_text()
    assert "this model is the only one" in text
    assert "The encoder before finetuning was not scored" in text
    assert "(STS, split validation)" in text
    assert "Baselines" not in text


def test_a_mixture_tells_of_both_recipes(project):
    mixture, cell = "xl_lora_and_english_nli", "xl_lora_and_english_nli-afr-tiny"
    overrides = ["grid.mixtures=[[xl_lora,english_nli]]"]
    compose("laptop", overrides, conf=ROOT / "conf", output=project / "params.yaml")
    shutil.copytree(OUTPUTS.embedders / CELL / "0-0", OUTPUTS.embedders / cell / "0-0")
    shutil.copytree(OUTPUTS.training_sets / "xl_lora-afr", OUTPUTS.training_sets / f"{mixture}-afr")
    write_results(project, cell, "0-0", "SampleSTS", {})
    write_scores(project, cell, {"0-0": {"SampleSTS": {"validation": 0.5, "test": TEST["0-0"]}}})
    text = _prepared(project, cell).card.read_text()
    assert "of the recipes `xl_lora` and `english_nli`. `xl_lora`: a language model (generator) with adapters" in text
    assert "`english_nli`: English premises, each with" in text
    assert "| generator | generator " in text
    assert "| xl_lora_and_english_nli, all seeds" in text


def test_a_baseline_owes_nothing_to_the_generator(project):
    cell = "english_nli-afr-tiny"
    shutil.copytree(OUTPUTS.embedders / CELL / "0-0", OUTPUTS.embedders / cell / "0-0")
    write_results(project, cell, "0-0", "SampleSTS", {})
    write_scores(project, cell, {"0-0": {"SampleSTS": {"validation": 0.5, "test": 0.4}}})
    write_params(project, publish={"base_models": {"tiny": "MIT"}})
    published = _prepared(project, cell)
    assert published.rights.unnamed == []
    text = published.card.read_text()
    assert "generator" not in text and "language model" not in text
    assert "baseline english_nli" not in text  # it is the recipe itself


def test_triplets_of_others_are_told_with_the_source_that_their_file_names(project):
    cell = "published_triplets-afr-tiny"
    theirs = "{format: csv, path: t.csv, name: Their triplets, licence: CC BY 4.0}"
    scored = "{format: csv, path: e.csv, split: test, name: An evaluation set}"
    overrides = ["grid.baselines=[untrained,english_nli,published_triplets]", f"+corpora.sample.triplets=[{theirs}]"]
    overrides.append(f"corpora.sample.evaluation.SampleSTS=[{scored},{{format: csv, path: e.csv, split: validation}}]")
    compose("laptop", overrides, conf=ROOT / "conf", output=project / "params.yaml")
    params = load_params(project / "params.yaml")
    shutil.copytree(OUTPUTS.embedders / CELL / "0-0", OUTPUTS.embedders / cell / "0-0")
    shutil.copytree(OUTPUTS.training_sets / "xl_lora-afr", OUTPUTS.training_sets / "published_triplets-afr")
    write_results(project, cell, "0-0", "SampleSTS", {})
    write_scores(project, cell, {"0-0": {"SampleSTS": {"validation": 0.5, "test": 0.4}}})
    text = _prepared(project, cell).card.read_text()
    assert "`published_triplets`: triplets that others wrote" in text
    assert "Others wrote its triplets; nobody reviewed them here." in text
    assert re.search(r"\| corpus +\| Their triplets +\| CC BY 4.0 ", text)
    assert "An evaluation set" not in text
    assert corpus_licences(params, None) == {"sample corpora written by the grammar of bootembed": "Apache-2.0"}
    assert "`published_triplets`: triplets that others wrote" in _prepared(project).card.read_text()  # as a baseline


def test_the_card_has_a_sentence_for_every_baseline():
    assert set(card_text._BASELINES) == set(Baseline)
