"""A task's data from a local mirror, in the form its source publishes it, gives mteb's figure."""

from __future__ import annotations

import csv
import random

import numpy as np
import pytest
from encoders import sentences, write_embedder
from scipy.stats import spearmanr

from bootembed.core.names import Role
from bootembed.corpora.identifiers import Heliport
from bootembed.embedder.pooled_encoder import build_embedder
from bootembed.evaluation.prepare import prepare_evaluation
from bootembed.evaluation.run import evaluate_embedder, read_tasks
from bootembed.settings.corpora import CorpusSpec, Language
from bootembed.settings.evaluation import EvaluateEmbedder, TaskSpec

MTEB = "mteb"
TASKS = {
    "SemRel24STS": TaskSpec(kind="sts", implementation=MTEB),
    "KorSTS": TaskSpec(kind="sts", implementation=MTEB),
    "Tatoeba": TaskSpec(kind="bitext_mining", implementation=MTEB),
    "SIB200BitextMining": TaskSpec(kind="bitext_mining", implementation="bootembed"),
    "SIB200Classification": TaskSpec(kind="classification", implementation=MTEB),
    "SIB200ClusteringS2S": TaskSpec(kind="clustering", implementation=MTEB),
}
SETTINGS = EvaluateEmbedder(max_seq_length=20, batch_size=8, bf16=False, tasks=TASKS)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return write_embedder(tmp_path_factory.mktemp("encoders") / "bert", "bert", pooling="mean", max_seq_length=20)


def _pairs(count, seed=0):
    rng = random.Random(seed)
    rows = []
    for text in sentences(count, seed=seed):
        words = text.split()
        kept = rng.randint(0, len(words) - 2)
        other = " ".join([*words[:kept], *reversed(words[kept:])])
        rows.append((text, other, round(kept / len(words) + rng.gauss(0, 0.05), 3)))
    return rows


def _scores(encoder, tmp_path, evaluation, language="hau", script="Latn"):
    configured = Language(name="Some", script=script, role=Role.TARGET, folder=".", corpus="some")
    corpus = CorpusSpec.model_validate({"evaluation": evaluation})
    out = tmp_path / "evaluation"
    prepare_evaluation(
        corpus, TASKS, language=language, configured=configured, check=Heliport(), input_dir=tmp_path, output_dir=out
    )
    tasks = read_tasks(out, TASKS, language=language, script=script)
    return evaluate_embedder(encoder, tasks, SETTINGS, name="tiny", results_dir=tmp_path / "results", seed=1).scores


def _embed(encoder, texts):
    model = build_embedder(encoder, pooling="mean", max_seq_length=20)
    return model.encode(list(texts), normalize_embeddings=True).astype(np.float64)


def _spearman(encoder, pairs):
    one, two, gold = zip(*pairs, strict=True)
    return spearmanr(gold, (_embed(encoder, one) * _embed(encoder, two)).sum(1)).statistic


@pytest.mark.parametrize("separator", ["\n", "\t"])
def test_semrel_with_both_sentences_in_one_quoted_column(encoder, tmp_path, separator):
    pairs = {split: _pairs(30, seed) for seed, split in enumerate(("dev", "test"))}
    for split, rows in pairs.items():
        with (tmp_path / f"{split}.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["PairID", "Text", "Score"])
            writer.writerows((f"HAU-{n}", separator.join(row[:2]), row[2]) for n, row in enumerate(rows))
    form = {"format": "csv", "columns": {"text": "Text", "score": "Score"}, "pair_separator": separator}
    files = [
        {**form, "path": "dev.csv", "split": "validation"},
        {**form, "path": "test.csv", "split": "test"},
    ]
    found = _scores(encoder, tmp_path, {"SemRel24STS": files})["SemRel24STS"]
    assert found["test"] == pytest.approx(_spearman(encoder, pairs["test"]), abs=1e-6)
    assert found["validation"] == pytest.approx(_spearman(encoder, pairs["dev"]), abs=1e-6)


def test_korsts_as_unquoted_tsv_with_other_columns(encoder, tmp_path):
    pairs = [(f'"{one}', two, score) for one, two, score in _pairs(30)]  # a quote that never closes is a character
    lines = [f"main\tMSR\t2012\t{n:04}\t{score}\t{one}\t{two}\n" for n, (one, two, score) in enumerate(pairs)]
    (tmp_path / "test.tsv").write_text("genre\tfilename\tyear\tid\tscore\tsentence1\tsentence2\n" + "".join(lines))
    files = [{"format": "tsv", "path": "test.tsv", "quoting": False, "split": "test"}]
    found = _scores(encoder, tmp_path, {"KorSTS": files}, language="kor", script="Hang")
    assert found["KorSTS"]["test"] == pytest.approx(_spearman(encoder, pairs), abs=1e-6)


def test_tatoeba_as_two_line_aligned_files(encoder, tmp_path):
    rows = [(text, " ".join(sorted(text.split()[1:]))) for text in sentences(40)]
    for place, code in enumerate(("swh", "eng")):
        (tmp_path / f"tatoeba.swh-eng.{code}").write_text("".join(f"{row[place]}\n" for row in rows))
    halves = {"path": "tatoeba.{language}-eng.{language}", "english_path": "tatoeba.{language}-eng.eng"}
    files = [{"format": "moses", **halves, "split": "test"}]
    found = _scores(encoder, tmp_path, {"Tatoeba": files}, language="swh")["Tatoeba"]["test"]
    one, two = (_embed(encoder, column) for column in zip(*rows, strict=True))
    nearest = (one @ two.T).argmax(1)
    right = nearest == np.arange(len(rows))
    counts = np.bincount(nearest, minlength=len(rows))
    assert found == pytest.approx(float((right * 2 / (1 + counts)).mean()), abs=1e-6)  # F1 of classes of one sentence
    assert 0.1 < found < 1


def test_sib200_as_tables_by_language_and_split(encoder, tmp_path):
    topics = ("sports", "travel", "health")
    texts = {split: sentences(30, seed=seed) for seed, split in enumerate(("train", "dev", "test"))}
    for split, found in texts.items():
        for language, order in (("hau_Latn", found), ("eng_Latn", list(reversed(found)))):
            (tmp_path / language).mkdir(exist_ok=True)
            rows = [f"{found.index(text)}\t{topics[found.index(text) % 3]}\t{text}\n" for text in order]
            (tmp_path / language / f"{split}.tsv").write_text("index_id\tcategory\ttext\n" + "".join(rows))
    form = {"format": "tsv", "quoting": False}
    names = {"train": "train", "dev": "validation", "test": "test"}
    labelled = [
        {**form, "path": f"{{language}}_Latn/{split}.tsv", "columns": {"label": "category"}, "split": ours}
        for split, ours in names.items()
    ]
    joined = {
        "english_path": "eng_Latn/test.tsv",
        "key": "index_id",
        "columns": {"sentence1": "text", "sentence2": "text"},
    }
    evaluation = {
        "SIB200Classification": labelled,
        "SIB200ClusteringS2S": [{**labelled[2], "split": "test"}],
        "SIB200BitextMining": [{**form, "path": "{language}_Latn/test.tsv", "split": "test", **joined}],
    }
    scores = _scores(encoder, tmp_path, evaluation)
    assert scores["SIB200BitextMining"]["test"] == 1.0  # each sentence is its own translation
    assert 0 <= scores["SIB200Classification"]["test"] <= 1
    assert 0 <= scores["SIB200ClusteringS2S"]["test"] <= 1
