"""Scores through mteb: the numbers of a direct computation, mteb's own classes fed from our tables, no network."""

from __future__ import annotations

import csv
import functools
import importlib
import json
import random
import socket
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from encoders import sentences, write_embedder, write_encoder
from scipy.stats import spearmanr
from sentence_transformers import SentenceTransformer
from sklearn.metrics import average_precision_score, f1_score

from bootembed.core.errors import DataError, ParamsError
from bootembed.core.hashing import content_hash
from bootembed.core.names import EmbedderId, Role
from bootembed.core.plugins import plugin_names
from bootembed.core.tables import write_table
from bootembed.corpora.evaluation_sets import read_evaluation_texts
from bootembed.corpora.identifiers import Heliport
from bootembed.embedder.pooled_encoder import build_embedder
from bootembed.evaluation import kinds
from bootembed.evaluation.answers import read_answers
from bootembed.evaluation.kind import task_kind
from bootembed.evaluation.prepare import prepare_evaluation
from bootembed.evaluation.run import as_json, evaluate_embedder, evaluate_embedders, read_tasks
from bootembed.evaluation.tasks import build_task
from bootembed.settings.corpora import CorpusSpec, Language
from bootembed.settings.evaluation import EvaluateEmbedder, TaskSpec

SPECS = {
    "SampleSTS": TaskSpec(kind="sts", implementation="bootembed"),
    "SampleBitextMining": TaskSpec(kind="bitext_mining", implementation="bootembed"),
    "SemRel24STS": TaskSpec(kind="sts", implementation="mteb"),
    "Tatoeba": TaskSpec(kind="bitext_mining", implementation="mteb"),
}
SETTINGS = EvaluateEmbedder(max_seq_length=20, batch_size=7, bf16=False, tasks=SPECS)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Whatever is fetched fails, whichever client it uses."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return write_embedder(
        tmp_path_factory.mktemp("encoders") / "xlmr", "xlm-roberta", pooling="mean_first_last", max_seq_length=20
    )


def _sts(count=40, splits=("validation", "test"), top=5.0):
    """Pairs that share some words, scored with noise by how many."""
    rng = random.Random(0)
    rows = []
    for split in splits:
        for text in sentences(count, seed=len(split)):
            words = text.split()
            kept = rng.randint(0, len(words) - 2)  # never the same sentence twice: equal pairs tie up to rounding
            score = min(1.0, max(0.0, kept / len(words) + rng.gauss(0, 0.1)))
            other = " ".join([*words[:kept], *reversed(words[kept:])])
            rows.append({"split": split, "sentence1": text, "sentence2": other, "score": top * score})
    return rows


def _bitext(count=40, splits=("validation", "test")):
    """Sentences and a `translation` by a rule the encoder knows only in part; some translations occur twice."""
    rows = []
    for split in splits:
        for index, text in enumerate(sentences(count, seed=7 + len(split))):
            english = "bada kefe" if index % 10 == 0 else " ".join(sorted(text.split()[1:]))
            rows.append({"split": split, "sentence1": text, "sentence2": english})
    return rows


def _tables(folder, **rows):
    for name, table in rows.items():
        write_table(table, task_kind(SPECS[name].kind).schema, folder / f"{name}.parquet")
    return folder


def _evaluate(model, tasks, results_dir, *, name="untrained-afr-tiny"):
    return evaluate_embedder(model, tasks, SETTINGS, name=name, results_dir=results_dir, seed=1)


def _embed(encoder, texts):
    return build_embedder(encoder, pooling="mean_first_last", max_seq_length=20).encode(
        texts, normalize_embeddings=True
    )


def _expected_spearman(encoder, rows, split):
    chosen = [row for row in rows if row["split"] == split]
    one, two = (
        _embed(encoder, [row[name] for row in chosen]).astype(np.float64) for name in ("sentence1", "sentence2")
    )
    return spearmanr([row["score"] for row in chosen], (one * two).sum(1)).statistic


def _expected_f1(encoder, rows, split):
    """Of the nearest English sentence as prediction, weighted over the rows, as mteb computes it."""
    chosen = [row for row in rows if row["split"] == split]
    one, two = (_embed(encoder, [row[name] for row in chosen]) for name in ("sentence1", "sentence2"))
    nearest = (one @ two.T).argmax(1)
    return f1_score(range(len(chosen)), nearest, average="weighted", zero_division=0)


def test_scores_are_those_of_a_direct_computation(encoder, tmp_path):
    rows = {"SampleSTS": _sts(), "SampleBitextMining": _bitext()}
    tasks = read_tasks(_tables(tmp_path / "tables", **rows), SPECS, language="afr", script="Latn")
    result = _evaluate(encoder, tasks, tmp_path / "results")
    assert list(result.scores) == ["SampleBitextMining", "SampleSTS"]
    for split in ("validation", "test"):
        expected = _expected_spearman(encoder, rows["SampleSTS"], split)
        assert result.scores["SampleSTS"][split] == pytest.approx(expected, abs=1e-6)
        assert 0.1 < expected < 1
        expected = _expected_f1(encoder, rows["SampleBitextMining"], split)
        assert result.scores["SampleBitextMining"][split] == pytest.approx(expected, abs=1e-6)
        assert 0.1 < expected < 1
    assert set(result.geometry) == set(rows)
    assert 0 < result.geometry["SampleBitextMining"]["test"]["alignment"] < 4
    assert -8 < result.metrics["SampleSTS.test.uniformity"] < 0
    assert result.metrics["SampleSTS.validation"] == result.scores["SampleSTS"]["validation"]


def test_bf16_rounds_what_is_computed_and_hardly_changes_a_score(encoder, tmp_path):
    tasks = read_tasks(_tables(tmp_path / "tables", SampleSTS=_sts(400)), SPECS, language="afr", script="Latn")
    model = SentenceTransformer(str(encoder))
    with torch.no_grad():  # initial weights are so small that the layers change hardly a digit
        for layer in (module for module in model.modules() if isinstance(module, torch.nn.Linear)):
            layer.weight.mul_(20)
    found = {}
    for bf16 in (False, True):
        folder = tmp_path / str(bf16)
        settings = SETTINGS.model_copy(update={"bf16": bf16})
        evaluate_embedder(encoder, tasks, settings, name="scaled", results_dir=folder, seed=1, model=model)
        found[bf16] = pq.read_table(folder / "predictions.parquet").to_pandas()["similarity"]
    difference = (found[True] - found[False]).abs()
    assert 1e-4 < difference.mean() < 0.01, "rounding of fp32, or more than that of bf16"
    assert spearmanr(found[True], found[False]).statistic > 0.99


def test_predictions_give_the_score_again(encoder, tmp_path):
    tasks = read_tasks(
        _tables(tmp_path, SampleSTS=_sts(), SampleBitextMining=_bitext()), SPECS, language="afr", script="Latn"
    )
    result = _evaluate(encoder, tasks, tmp_path / "results")
    table = pq.read_table(tmp_path / "results" / "predictions.parquet").to_pandas()
    assert list(table) == ["task", "split", "index", "similarity", "gold"]
    assert len(table) == 80
    for split, part in table.groupby("split"):
        assert list(part["index"]) == list(range(40))
        found = spearmanr(part["gold"], part["similarity"]).statistic
        assert found == pytest.approx(result.scores["SampleSTS"][split], abs=1e-6)


def test_sentences_found_give_the_accuracy_again(encoder, tmp_path):
    """Of mteb's own classes too, whose columns differ: Tatoeba has one table a subset, IN22Gen one for all."""
    names = ("SampleBitextMining", "Tatoeba", "IN22GenBitextMining")
    specs = dict.fromkeys(names, TaskSpec(kind="bitext_mining", implementation="mteb")) | SPECS
    tasks = [build_task(name, specs[name], _bitext(splits=("test",)), language="hin", script="Deva") for name in names]
    _evaluate(encoder, tasks, tmp_path)
    table = pq.read_table(tmp_path / "nearest.parquet").to_pandas()
    assert len(table) == 120
    for name, part in table.groupby("task"):
        [file] = tmp_path.rglob(f"{name}.json")
        accuracy = json.loads(file.read_text())["scores"]["test"][0]["accuracy"]
        assert (part["nearest"] == part["index"]).mean() == pytest.approx(accuracy, abs=1e-6)
        assert 0.1 < accuracy < 1


def test_a_trained_model_is_scored_as_it_loads(encoder, tmp_path):
    """With its own pooling."""
    build_embedder(encoder, pooling="mean", max_seq_length=12).save_pretrained(str(tmp_path / "model"))
    rows = _sts()
    tasks = [build_task("SampleSTS", SPECS["SampleSTS"], rows, language="afr", script="Latn")]
    result = _evaluate(tmp_path / "model", tasks, tmp_path / "results")
    model = SentenceTransformer(str(tmp_path / "model"))
    test = [row for row in rows if row["split"] == "test"]
    similar = model.similarity_pairwise(*(model.encode([row[n] for row in test]) for n in ("sentence1", "sentence2")))
    expected = spearmanr([row["score"] for row in test], similar).statistic
    assert result.scores["SampleSTS"]["test"] == pytest.approx(expected, abs=1e-6)
    with pytest.raises(DataError, match="no Sentence Transformers folder"):
        _evaluate(write_encoder(tmp_path / "base", "bert"), tasks, tmp_path / "results")


def test_all_embedders_of_a_cell_are_scored(encoder, tmp_path):
    """Each under a name of its own, in the order of their numbers, and as if it were alone."""
    others = {name: tmp_path / "cell" / name for name in ("0-2", "0-10", "1-0")}
    for number, folder in enumerate(others.values()):
        build_embedder(encoder, pooling="mean", max_seq_length=4 + number).save_pretrained(str(folder))
    folder = _tables(tmp_path / "tables", SampleSTS=_sts(), SampleBitextMining=_bitext())
    tasks = read_tasks(folder, SPECS, language="afr", script="Latn")
    cell = {"recipe": "xl_lora", "language": "afr", "encoder": "tiny"}
    found = evaluate_embedders(tmp_path / "cell", tasks, SETTINGS, **cell, results_dir=tmp_path / "results", seed=1)
    assert list(map(str, found)) == ["0-2", "0-10", "1-0"]
    assert len({one.scores["SampleSTS"]["test"] for one in found.values()}) == 3
    for name, model in others.items():
        alone = _evaluate(model, tasks, tmp_path / "alone" / name, name=f"xl_lora-afr-tiny-{name}")
        assert alone == found[EmbedderId.parse(name)]
    assert content_hash(tmp_path / "alone") == content_hash(tmp_path / "results")
    content = json.loads(as_json(cell, found))
    assert {key: content[key] for key in cell} == cell
    assert content["embedders"]["1-0"] == {"scores": alone.scores, "geometry": alone.geometry}
    with pytest.raises(DataError, match="no embedders"):
        evaluate_embedders(tmp_path / "tables", tasks, SETTINGS, **cell, results_dir=tmp_path, seed=1)


def test_each_sentence_is_embedded_once(encoder, tmp_path, monkeypatch):
    """Unless they are too many to remember: then the scores are the same."""
    embedded = []
    encode = SentenceTransformer.encode

    def counted(self, texts, **options):
        embedded.extend(texts)
        return encode(self, texts, **options)

    monkeypatch.setattr(SentenceTransformer, "encode", counted)
    rows = {"SampleSTS": _sts(), "SampleBitextMining": _bitext()}
    tasks = read_tasks(_tables(tmp_path / "tables", **rows), SPECS, language="afr", script="Latn")
    found = _evaluate(encoder, tasks, tmp_path / "one")
    texts = {row[side] for table in rows.values() for row in table for side in ("sentence1", "sentence2")}
    assert sorted(embedded) == sorted(texts)
    for most in (1, 50):
        monkeypatch.setattr("bootembed.evaluation.encoder.MOST_SENTENCES", most)
        again = _evaluate(encoder, tasks, tmp_path / str(most))
        assert again.metrics == pytest.approx(found.metrics, abs=1e-5)
    assert len(embedded) > 3 * len(texts)


def test_two_runs_write_the_same_bytes(encoder, tmp_path):
    for name in "ab":
        folder = _tables(tmp_path / "tables", SampleSTS=_sts(), SampleBitextMining=_bitext())
        _evaluate(encoder, read_tasks(folder, SPECS, language="afr", script="Latn"), tmp_path / name)
    assert content_hash(tmp_path / "a") == content_hash(tmp_path / "b")


def test_results_are_a_cache_of_mteb(encoder, tmp_path):
    """In the layout of mteb's results repository: organisation__model/revision/task.json."""
    from mteb import ResultCache

    rows = _sts(splits=("test",), top=1.0)
    tasks = [build_task("SemRel24STS", SPECS["SemRel24STS"], rows, language="hau", script="Latn")]
    result = _evaluate(encoder, tasks, tmp_path / "cell", name="untrained-hau-tiny-0-0")
    model, revision = "bootembed/untrained-hau-tiny-0-0", content_hash(encoder)
    saved = ResultCache(tmp_path / "cell").load_task_result("SemRel24STS", model, revision)
    assert saved.get_score() == result.scores["SemRel24STS"]["test"]
    assert saved.scores["test"][0]["languages"] == ["hau-Latn"]
    folder = tmp_path / "cell" / "results" / "bootembed__untrained-hau-tiny-0-0" / revision
    assert sorted(file.name for file in folder.iterdir()) == [
        "SemRel24STS.json",
        "model_meta.json",
        "run_settings.jsonl",
    ]
    loaded = ResultCache(tmp_path / "cell").load_results(models=[model], tasks=["SemRel24STS"])
    assert loaded.model_results[0].task_results[0].get_score() == result.scores["SemRel24STS"]["test"]
    assert json.loads((folder / "model_meta.json").read_text())["name"] == model
    assert str(tmp_path) not in (folder / "model_meta.json").read_text()


def test_mtebs_own_classes_are_fed_from_our_rows(encoder, tmp_path):
    """SemRel24STS on its subset `hau`, Tatoeba on `swh-eng`: their scores, our rows, both splits, offline."""
    from mteb.tasks import SemRel24STS, TatoebaBitextMining

    rows = _sts(top=1.0)
    task = build_task("SemRel24STS", SPECS["SemRel24STS"], rows, language="hau", script="Latn")
    assert type(task.mteb) is SemRel24STS
    assert task.mteb.hf_subsets == ["hau"]
    found = _evaluate(encoder, [task], tmp_path / "hau").scores["SemRel24STS"]
    assert list(found) == ["validation", "test"]
    for split, score in found.items():
        assert score == pytest.approx(_expected_spearman(encoder, rows, split), abs=1e-6)

    rows = _bitext(splits=("test",))
    task = build_task("Tatoeba", SPECS["Tatoeba"], rows, language="swh", script="Latn")
    assert type(task.mteb) is TatoebaBitextMining
    assert task.mteb.hf_subsets == ["swh-eng"]
    found = _evaluate(encoder, [task], tmp_path / "swh").scores["Tatoeba"]
    assert found == {"test": pytest.approx(_expected_f1(encoder, rows, "test"), abs=1e-6)}


@pytest.mark.parametrize(
    ("name", "language", "script", "subset", "split", "code"),
    [
        ("STS17", "kor", "Hang", "ko-ko", "test", ["kor-Hang"]),
        ("KorSTS", "kor", "Hang", "default", "test", ["kor-Hang"]),
        ("FloresBitextMining", "hau", "Latn", "hau_Latn-eng_Latn", "devtest", ["hau-Latn", "eng-Latn"]),
        ("IN22GenBitextMining", "hin", "Deva", "hin_Deva-eng_Latn", "test", ["hin-Deva", "eng-Latn"]),
    ],
)
def test_subsets_of_other_shapes(encoder, tmp_path, name, language, script, subset, split, code):
    """mteb's file has mteb's split, our scores say `test`."""
    kind = "sts" if "STS" in name else "bitext_mining"
    rows = _sts(splits=("test",)) if kind == "sts" else _bitext(splits=("test",))
    task = build_task(name, TaskSpec(kind=kind, implementation="mteb"), rows, language=language, script=script)
    assert task.mteb.hf_subsets == [subset]
    found = _evaluate(encoder, [task], tmp_path).scores[name]["test"]
    expected = (_expected_spearman if kind == "sts" else _expected_f1)(encoder, rows, "test")
    assert found == pytest.approx(expected, abs=1e-6)
    [file] = tmp_path.rglob(f"{name}.json")
    saved = json.loads(file.read_text())["scores"]
    assert list(saved) == [split]
    assert saved[split][0]["languages"] == code


def test_unknown_tasks_and_subsets_name_what_is_close(tmp_path):
    own, sts = SPECS["SampleSTS"], SPECS["SemRel24STS"]
    with pytest.raises(ParamsError, match=r"tasks\.SemRel24ST: .*did you mean 'SemRel24STS'"):
        build_task("SemRel24ST", sts, _sts(), language="hau", script="Latn")
    with pytest.raises(ParamsError, match="no task of this name and of kind 'sts'"):
        build_task("Tatoeba", sts, _sts(), language="hau", script="Latn")
    with pytest.raises(ParamsError, match=r"no subset for 'hau-Arab'; did you mean .*'hau-Latn'"):
        build_task("SemRel24STS", sts, _sts(), language="hau", script="Arab")
    with pytest.raises(ParamsError, match=r"'SampleSTS' of .* is not configured"):
        read_tasks(_tables(tmp_path, SampleSTS=_sts()), {"Other": own}, language="afr", script="Latn")


def test_data_that_cannot_be_scored_is_refused(tmp_path):
    spec = SPECS["SampleSTS"]
    constant = [row | {"score": 3.0} for row in _sts()]
    with pytest.raises(DataError, match="split 'validation': all 40 scores are equal"):
        build_task("SampleSTS", spec, constant, language="afr", script="Latn")
    missing = [row | {"score": float("nan") if index == 3 else row["score"]} for index, row in enumerate(_sts())]
    with pytest.raises(DataError, match=r"split 'validation': a score is missing \(NaN\)"):
        build_task("SampleSTS", spec, missing, language="afr", script="Latn")
    with pytest.raises(DataError, match="no rows of the splits validation or test"):
        build_task("SampleSTS", spec, [], language="afr", script="Latn")
    with pytest.raises(DataError, match=r"rows of split 'train', but only 'validation' or 'test' mean something"):
        build_task("SampleSTS", spec, [*_sts(), _sts()[0] | {"split": "train"}], language="afr", script="Latn")
    assert read_tasks(tmp_path, SPECS, language="afr", script="Latn") == []


def _labelled(count=60, splits=("train", "validation", "test")):
    """Sentences of three topics, each with a word of its own."""
    words = {"bada": "health", "kefe": "sports", "ligi": "travel"}
    return [
        {"split": split, "text": f"{word} {text}", "label": words[word]}
        for split in splits
        for text, word in zip(sentences(count, seed=len(split)), list(words) * count, strict=False)
    ]


def _retrieval(count=20, splits=("validation", "test")):
    """A query is a document's words in another order."""
    rows = []
    for split in splits:
        none = {"split": split, "text": "", "document": "", "score": 0.0}
        for number, text in enumerate(sentences(count, seed=len(split))):
            query = " ".join(sorted(text.split()))
            rows.append(none | {"part": "document", "id": f"d{number}", "text": text})
            rows.append(none | {"part": "query", "id": f"q{number}", "text": query})
            rows.append(none | {"part": "relevance", "id": f"q{number}", "document": f"d{number}", "score": 1.0})
    return rows


OTHER_KINDS = {
    "classification": _labelled,
    "clustering": functools.partial(_labelled, splits=("validation", "test")),
    "retrieval": _retrieval,
}


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_own_tasks_of_other_kinds(encoder, tmp_path, kind):
    """Both splits scored, no answers kept; classification is not scored on what it was trained on."""
    spec = TaskSpec(kind=kind, implementation="bootembed")
    task = build_task("Sample", spec, OTHER_KINDS[kind](), language="afr", script="Latn")
    result = _evaluate(encoder, [task], tmp_path)
    assert list(result.scores["Sample"]) == ["validation", "test"]
    assert all(0.1 < score <= 1 for score in result.scores["Sample"].values())
    assert result.geometry == {}
    assert pq.read_table(tmp_path / "predictions.parquet").num_rows == 0
    [file] = tmp_path.rglob("Sample.json")
    assert list(json.loads(file.read_text())["scores"]) == ["validation", "test"]
    assert _evaluate(encoder, [task], tmp_path / "again") == result  # the task is as it was


def _relabelled(rows, split, label):
    """The last row of a split under another label."""
    last = max(number for number, row in enumerate(rows) if row["split"] == split)
    return [row | {"label": label} if number == last else row for number, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("kind", "change", "fault"),
    [
        ("classification", lambda rows: rows[60:], "no rows of split 'train', on which mteb trains"),
        ("classification", lambda rows: [row | {"label": "a"} for row in rows], "'train': all 60 labels are 'a'"),
        ("clustering", lambda rows: [row | {"label": row["text"]} for row in rows], "60 of 60 labels occur once"),
        ("classification", lambda rows: _relabelled(rows, "train", "rare"), "1 of 4 labels occur once, first 'rare'"),
        (
            "classification",
            lambda rows: rows[:120] + [row | {"label": row["label"].replace("health", "new")} for row in rows[120:]],
            "split 'test': no row of split 'train' has the label 'new'",
        ),
        ("retrieval", lambda rows: rows[:-1], "1 of 20 queries have no relevant documents, first 'q19'"),
        ("retrieval", lambda rows: rows[1:], "1 of 20 relevance rows name unknown documents, first 'd0' for 'q0'"),
        ("retrieval", lambda rows: [rows[0], *rows[2:]], "a relevance row names the unknown query 'q0'"),
        ("retrieval", lambda rows: [*rows, rows[-3]], "split 'test': the document id 'd19' occurs more than once"),
        ("retrieval", lambda rows: [row for row in rows if row["part"] != "query"], "no rows of part 'query'"),
        ("retrieval", lambda rows: [row | {"score": 0.5} for row in rows], "the relevance of 'q0' is 0.5"),
    ],
)  # fmt: skip
def test_rows_of_other_kinds_that_cannot_be_scored(kind, change, fault):
    spec = TaskSpec(kind=kind, implementation="bootembed")
    rows = OTHER_KINDS[kind]()
    build_task("Sample", spec, rows, language="afr", script="Latn")
    with pytest.raises(DataError, match=f"^Sample.*{fault}"):
        build_task("Sample", spec, change(rows), language="afr", script="Latn")


def test_published_sets_are_scored_as_they_are(caplog):
    """A document that was taken down, a label that occurs once: mteb scores them; a wrong column is still refused."""
    spec = TaskSpec(kind="retrieval", implementation="mteb")
    rows = _retrieval(splits=("test",))
    task = build_task("IndicQARetrieval", spec, rows[1:], language="hin", script="Deva")
    assert task.mteb.dataset["hi"]["test"]["relevant_docs"]["q0"] == {"d0": 1}
    assert "1 of 20 relevance rows name unknown documents" in caplog.text
    wrong = [row | {"document": row["document"].replace("d", "doc-")} for row in rows]
    with pytest.raises(DataError, match="20 of 20 relevance rows name unknown documents"):
        build_task("IndicQARetrieval", spec, wrong, language="hin", script="Deva")
    rows = _relabelled(_labelled(), "train", "rare")
    spec = TaskSpec(kind="classification", implementation="mteb")
    build_task("SIB200Classification", spec, rows, language="hau", script="Latn")


def test_subsets_of_retrieval_are_explicit():
    """Belebele has three subsets with Hausa in it; the language's own is taken unless another is named."""
    rows = _retrieval(splits=("test",))
    for named, subset in (({}, "hau_Latn-hau_Latn"), ({"hau": "eng_Latn-hau_Latn"}, "eng_Latn-hau_Latn")):
        spec = TaskSpec(kind="retrieval", implementation="mteb", subset=named)
        task = build_task("BelebeleRetrieval", spec, rows, language="hau", script="Latn")
        assert task.mteb.hf_subsets == [subset]
    spec = TaskSpec(kind="retrieval", implementation="mteb", subset={"swh": "sw"})
    task = build_task("MIRACLRetrievalHardNegatives", spec, rows, language="swh", script="Latn")
    assert (task.mteb.hf_subsets, task.splits) == (["sw"], {"test": "dev"})
    with pytest.raises(ParamsError, match=r"MIRACLRetrievalHardNegatives\.subset"):
        build_task("MIRACLRetrievalHardNegatives", spec, rows, language="kor", script="Hang")


def test_a_collapsed_model_is_no_score(encoder, tmp_path):
    """Equal similarities have no rank correlation: NaN would be no JSON."""
    rows = [row | {"sentence1": "bada kefe", "sentence2": "bada kefe"} for row in _sts()]
    task = build_task("SampleSTS", SPECS["SampleSTS"], rows, language="afr", script="Latn")
    with pytest.raises(DataError, match=r"split 'validation': the score is nan: .* collapsed"):
        _evaluate(encoder, [task], tmp_path)


TOY_KIND = """
import pyarrow as pa

from bootembed.core.tables import TEXT, schema
from bootembed.evaluation.kind import AnswerTable, Kind

TABLE = schema(("left", "right"), split=TEXT, left=TEXT, right=TEXT, same=TEXT)
ANSWERS = schema(task=TEXT, split=TEXT, index=pa.int64(), close=pa.bool_(), same=TEXT)


def _answers(saved, rows):
    for similarity, row in zip(saved["cosine_scores"], rows, strict=True):
        yield {"close": similarity > 0.5, "same": row["same"]}


class Paraphrases(Kind):
    schema = TABLE
    task_type = "PairClassification"
    base = "AbsTaskPairClassification"
    main_score = "cosine_ap"
    answers = AnswerTable(
        "paraphrases.parquet",
        ANSWERS,
        _answers,
        "accuracy",
        value=lambda row: float(row["close"] == (row["same"] == "yes")),
    )

    def to_mteb(self, task, by_split, *, code, strict):
        from datasets import Dataset

        columns = {"sentence1": "left", "sentence2": "right"}
        return {
            split: Dataset.from_dict(
                {theirs: [row[ours] for row in rows] for theirs, ours in columns.items()}
                | {"labels": [int(row["same"] == "yes") for row in rows]}
            )
            for split, rows in by_split.items()
        }

    def from_mteb(self, task, split, by_split, *, code):
        raise NotImplementedError


KIND = Paraphrases()
"""


@pytest.fixture
def toy_kind(tmp_path, monkeypatch):
    """A kind of task whose only trace is its file."""
    (tmp_path / "kinds").mkdir()
    (tmp_path / "kinds" / "paraphrases.py").write_text(TOY_KIND)
    monkeypatch.setattr(kinds, "__path__", [*kinds.__path__, str(tmp_path / "kinds")])
    importlib.invalidate_caches()
    yield "paraphrases"
    sys.modules.pop("bootembed.evaluation.kinds.paraphrases", None)


def test_a_kind_is_added_by_its_file_alone(encoder, tmp_path, toy_kind):
    """From a raw file to the table, what is held out of training, the score and the answers."""
    pairs = [(row["sentence1"], row["sentence2"], row["score"] > 2.5) for row in _sts(splits=("test",))]
    with (tmp_path / "pairs.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("one", "two", "same"), *((a, b, "yes" if c else "no") for a, b, c in pairs)])
    file = {"format": "csv", "path": "pairs.csv", "split": "test", "columns": {"left": "one", "right": "two"}}
    corpus = CorpusSpec.model_validate({"evaluation": {"Toy": [file]}})
    specs = {"Toy": TaskSpec(kind=toy_kind, implementation="bootembed")}
    configured = Language(name="Some", script="Latn", role=Role.TARGET, folder=".", corpus="some")
    tables = tmp_path / "evaluation"
    prepare_evaluation(
        corpus,
        specs,
        language="afr",
        configured=configured,
        check=Heliport(),
        input_dir=tmp_path,
        output_dir=tables / "afr",
    )
    assert read_evaluation_texts(tables, ["afr"])[:: len(pairs)] == [("afr/Toy", side) for side in pairs[0][:2]]

    result = _evaluate(encoder, read_tasks(tables / "afr", specs, language="afr", script="Latn"), tmp_path / "results")
    one, two = (_embed(encoder, [pair[side] for pair in pairs]) for side in (0, 1))
    similar = (one * two).sum(1)
    expected = average_precision_score([pair[2] for pair in pairs], similar)
    assert result.scores == {"Toy": {"test": pytest.approx(expected, abs=1e-6)}}
    assert result.geometry == {}
    answers = read_answers(tmp_path / "results", split="test")["Toy"]
    assert answers.statistic == "accuracy"
    assert answers.values == [float((close > 0.5) == pair[2]) for close, pair in zip(similar, pairs, strict=True)]


def test_kinds_are_known_without_loading_torch_or_mteb():
    script = (
        "import sys\n"
        "from bootembed.core.plugins import plugin_names\n"
        "from bootembed.evaluation.kind import task_kind\n"
        "print(*(task_kind(name).name for name in plugin_names('bootembed.evaluation.kinds')))\n"
        "sys.exit(sorted({'torch', 'mteb', 'datasets'} & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert done.stdout.split() == plugin_names("bootembed.evaluation.kinds")
    assert done.returncode == 0, done.stderr
