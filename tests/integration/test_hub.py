"""mteb's own evaluation sets through our tables: the scores of mteb run directly on its task.

Small data sets stand in for those of the Hub, in the layout that mteb's loader of each task reads.
"""

from __future__ import annotations

import json
import random

import mteb
import pytest
from encoders import sentences, write_embedder

from bootembed.core.errors import DataError, ParamsError
from bootembed.core.tables import write_table
from bootembed.embedder.pooled_encoder import build_embedder
from bootembed.evaluation.kind import task_kind
from bootembed.evaluation.mteb_data import load_rows
from bootembed.evaluation.run import evaluate_embedder, read_tasks
from bootembed.settings.evaluation import EvaluateEmbedder, TaskSpec

TOPICS = ["travel", "health", "sports"]


def _sts_rows(count=30, seed=0):
    rng = random.Random(seed)
    texts = sentences(2 * count, seed=seed)
    return [
        {"sentence1": one, "sentence2": two, "score": rng.random()}
        for one, two in zip(texts[:count], texts[count:], strict=True)
    ]


def _topic_rows(count, seed):
    """Texts that begin with a word of their topic, mostly."""
    rng = random.Random(seed)
    rows = []
    for number, text in enumerate(sentences(count, seed=seed)):
        topic = TOPICS[number % 3]
        word = ("bada", "kefe", "ligi")[TOPICS.index(topic) if rng.random() < 0.7 else 0]
        rows.append({"index_id": number, "category": topic, "text": f"{word} {text}"})
    return rows


def _qa_files(language, split):
    """Documents (some with a title), questions and judgments; one question is judged by no one, as on the Hub."""
    texts = sentences(40, seed=3)
    documents = [
        {"_id": f"d{number}", "title": "kefe ligi" if number % 3 else "", "text": text + " "}
        for number, text in enumerate(texts)
    ]
    queries = [
        {"_id": f"q{number}", "text": " ".join(sorted(text.split()[:3]))} for number, text in enumerate(texts[:20])
    ]
    judged = [
        {"query-id": f"q{number}", "corpus-id": f"d{other % 40}", "score": score}
        for number in range(19)
        for other, score in ((number, 1), (number + 7, number % 2))
    ]
    judged.append({"query-id": "q3", "corpus-id": "taken-down", "score": 1})
    return {
        f"{language}-corpus": {split: documents},
        f"{language}-queries": {split: queries},
        f"{language}-qrels": {split: judged},
    }


def _belebele_rows(count, seed):
    """Two questions a passage; the first question is asked twice."""
    texts = sentences(count, seed=seed)
    return [
        {
            "link": f"https://passage/{number // 2}",
            "question": " ".join(reversed(texts[0 if number == 5 else number].split())),
            "flores_passage": f" {texts[number // 2]}",
        }
        for number in range(count)
    ]


def _tatoeba_rows(lang, seed):
    return [
        {"sentence1": text, "sentence2": "bada kefe" if number % 9 == 0 else " ".join(sorted(text.split()[1:]))}
        | {"lang": lang}
        for number, text in enumerate(sentences(30, seed=seed))
    ]


SOURCES = {
    "SemRel24STS": {"hau": {"dev": _sts_rows(seed=4), "test": _sts_rows()}, "amh": {"test": _sts_rows(seed=9)}},
    "STS17": {"default": {"test": [row | {"lang": lang} for lang in ("ko-ko", "en-en") for row in _sts_rows()]}},
    "KorSTS": {"default": {"train": _sts_rows(5), "validation": _sts_rows(seed=5), "test": _sts_rows()}},
    "Tatoeba": {"default": {"test": _tatoeba_rows("swh-eng", 1) + _tatoeba_rows("afr-eng", 2)}},
    "BelebeleRetrieval": {"hau_Latn": {"test": _belebele_rows(40, 5)}, "eng_Latn": {"test": _belebele_rows(40, 6)}},
    "IndicQARetrieval": _qa_files("hi", "test"),
    "MIRACLRetrievalHardNegatives": _qa_files("sw", "dev"),
    "SIB200Classification": {
        "hau_Latn": {"train": _topic_rows(90, 7), "validation": _topic_rows(30, 8), "test": _topic_rows(60, 9)}
    },
    "SIB200ClusteringS2S": {
        "hau_Latn": {"train": _topic_rows(90, 7), "validation": _topic_rows(30, 8), "test": _topic_rows(60, 9)}
    },
}
CASES = [
    ("SemRel24STS", "sts", "hau", "Latn", None, "hau"),
    ("STS17", "sts", "kor", "Hang", None, "ko-ko"),
    ("KorSTS", "sts", "kor", "Hang", None, "default"),
    ("Tatoeba", "bitext_mining", "swh", "Latn", None, "swh-eng"),
    ("BelebeleRetrieval", "retrieval", "hau", "Latn", None, "hau_Latn-hau_Latn"),
    ("BelebeleRetrieval", "retrieval", "hau", "Latn", "eng_Latn-hau_Latn", "eng_Latn-hau_Latn"),
    ("IndicQARetrieval", "retrieval", "hin", "Deva", None, "hi"),
    ("MIRACLRetrievalHardNegatives", "retrieval", "swh", "Latn", "sw", "sw"),
    ("SIB200Classification", "classification", "hau", "Latn", None, "hau_Latn"),
    ("SIB200ClusteringS2S", "clustering", "hau", "Latn", None, "hau_Latn"),
]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return write_embedder(
        tmp_path_factory.mktemp("encoders") / "xlmr", "xlm-roberta", pooling="mean", max_seq_length=20
    )


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Point a task's metadata at a local data set of the Hub's layout."""
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")

    def publish(name, configs):
        folder = tmp_path / "hub" / name
        card = ["---", "configs:"]
        for config, splits in configs.items():
            card += [f"- config_name: {config}", "  data_files:"]
            for split, rows in splits.items():
                file = folder / config / f"{split}.jsonl"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
                card += [f"  - split: {split}", f"    path: {config}/{split}.jsonl"]
        (folder / "README.md").write_text("\n".join([*card, "---", ""]), encoding="utf-8")
        task = mteb.get_task(name)
        monkeypatch.setitem(type(task).metadata.dataset, "path", str(folder))
        return folder

    return publish


def _direct(encoder, name, subset):
    """Main score by split of mteb alone."""
    task = mteb.get_task(name)
    task.hf_subsets = [subset]
    model = build_embedder(encoder, pooling="mean", max_seq_length=20)
    found = mteb.evaluate(model, task, cache=None, co2_tracker=False, encode_kwargs={"batch_size": 7})
    return {split: scores[0]["main_score"] for split, scores in found.task_results[0].scores.items()}


@pytest.mark.parametrize(("name", "kind", "language", "script", "named", "subset"), CASES)
def test_scores_equal_those_of_mteb_alone(encoder, hub, tmp_path, name, kind, language, script, named, subset):
    hub(name, SOURCES[name])
    rows = load_rows(name, kind, language=language, script=script, subset=named)
    write_table(rows, task_kind(kind).schema, tmp_path / "tables" / f"{name}.parquet")

    spec = TaskSpec(kind=kind, implementation="mteb", subset={language: named} if named else {})
    settings = EvaluateEmbedder(max_seq_length=20, batch_size=7, bf16=False, tasks={name: spec})
    [task] = read_tasks(tmp_path / "tables", settings.tasks, language=language, script=script)
    result = evaluate_embedder(encoder, [task], settings, name="tiny", results_dir=tmp_path / "results", seed=1)

    expected = _direct(encoder, name, subset)
    assert result.scores[name]["test"] == pytest.approx(expected[task.splits["test"]], abs=1e-6)
    assert 0 < abs(result.scores[name]["test"]) < 1
    [saved] = (tmp_path / "results").rglob(f"{name}.json")
    scores = json.loads(saved.read_text())["scores"]
    for split, score in expected.items():
        assert scores[split][0]["main_score"] == pytest.approx(score, abs=1e-6)


def test_only_the_wanted_subset_and_splits_are_rows(hub):
    hub("SemRel24STS", SOURCES["SemRel24STS"])
    rows = load_rows("SemRel24STS", "sts", language="hau", script="Latn")
    assert [row["split"] for row in rows] == ["validation"] * 30 + ["test"] * 30
    assert rows[0] == {"split": "validation", **SOURCES["SemRel24STS"]["hau"]["dev"][0]}
    hub("SIB200Classification", SOURCES["SIB200Classification"])
    rows = load_rows("SIB200Classification", "classification", language="hau", script="Latn")
    assert {row["split"] for row in rows} == {"train", "validation", "test"}
    assert {row["label"] for row in rows} == set(TOPICS)
    hub("IndicQARetrieval", SOURCES["IndicQARetrieval"])
    rows = load_rows("IndicQARetrieval", "retrieval", language="hin", script="Deva")
    assert [sum(row["part"] == part for row in rows) for part in ("document", "query", "relevance")] == [40, 19, 39]
    assert rows[1]["text"].startswith("kefe ligi ")


def test_splits_numbered_apart_keep_their_numbers(hub):
    """A label that a split lacks shifts the numbers of the next ones in mteb; the names would hide it."""
    source = SOURCES["SIB200Classification"]["hau_Latn"]
    lacking = [row for row in source["validation"] if row["category"] != "health"]
    hub("SIB200Classification", {"hau_Latn": source | {"validation": lacking}})
    rows = load_rows("SIB200Classification", "classification", language="hau", script="Latn")
    assert {row["label"] for row in rows if row["split"] == "validation"} == {"0", "1"}
    assert {row["label"] for row in rows if row["split"] == "train"} == {"0", "1", "2"}


def test_what_cannot_be_loaded_names_the_data_set_and_the_remedy(hub):
    with pytest.raises(
        DataError, match=r"(?s)SemRel24STS: .*'mteb/SemRel24STS', revision f5146bf.*'hau'.*HF_HUB_OFFLINE.*local files"
    ):
        load_rows("SemRel24STS", "sts", language="hau", script="Latn")
    folder = hub("SemRel24STS", SOURCES["SemRel24STS"])
    (folder / "README.md").unlink()
    with pytest.raises(DataError, match=r"SemRel24STS: .* cannot be loaded"):
        load_rows("SemRel24STS", "sts", language="hau", script="Latn")
    hub("KorSTS", {"default": {"train": _sts_rows(5)}})
    with pytest.raises(DataError, match=r"KorSTS: its data set has the splits \['train'\]"):
        load_rows("KorSTS", "sts", language="kor", script="Hang")


def test_subsets_are_explicit():
    """Three subsets of Belebele hold Hausa, and MIRACL knows Swahili by its macrolanguage."""
    with pytest.raises(ParamsError, match=r"no subset for 'swh-Latn'.*name a subset"):
        load_rows("MIRACLRetrievalHardNegatives", "retrieval", language="swh", script="Latn")
    with pytest.raises(ParamsError, match="no subset 'hau_Latn'; did you mean"):
        load_rows("BelebeleRetrieval", "retrieval", language="hau", script="Latn", subset="hau_Latn")
    with pytest.raises(ParamsError, match="no task of this name and of kind 'clustering'"):
        load_rows("SIB200Classification", "clustering", language="hau", script="Latn")
