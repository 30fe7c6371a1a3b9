"""The examples, each run on the encoder that is committed with the project and on a small file."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

from bootembed.embedder.pooled_encoder import build_embedder

ROOT = Path(__file__).parents[2]
EATING = ["Die kat eet 'n appel.", "Die hond eet 'n appel.", "Die perd eet 'n piesang.", "Die koei eet 'n tamatie."]
RUNNING = ["Die olifant hardloop soggens.", "Die perd hardloop soggens.", "Die hond hardloop op Maandag."]
ALONE = "Die koningin sloop drie wit kerke in die woud."


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "tiny"
    build_embedder(ROOT / "pretraining/tiny", pooling="mean", max_seq_length=32).save_pretrained(str(folder))
    return folder


@pytest.fixture
def run(model, tmp_path, monkeypatch, capsys):
    def run(name, texts, *words):
        file = tmp_path / "texts.txt"
        file.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        monkeypatch.setattr(sys, "argv", [name, str(model), str(file), *words])
        runpy.run_path(str(ROOT / "examples" / f"{name}.py"), run_name="__main__")
        return capsys.readouterr().out.splitlines()

    return run


def test_semantic_search_ranks_what_is_about_the_query_first(run):
    out = run("semantic_search", [*RUNNING, ALONE, *EATING], "Die kat eet 'n piesang.", ALONE, "--top", "3")
    queries = [line for line in out if not line.startswith("  ")]
    assert queries == ["Die kat eet 'n piesang.", ALONE]
    hits = [line.strip().split("\t") for line in out if line.startswith("  ")]
    assert {text for _, _, text in hits[:3]} <= set(EATING)
    assert hits[3] == ["1.000", "4", ALONE]  # itself, with its line in the file
    assert [float(score) for score, *_ in hits[:3]] == sorted((float(score) for score, *_ in hits[:3]), reverse=True)


def test_find_duplicates_prints_pairs_above_the_threshold_alone(run):
    texts = [ALONE, *EATING, ALONE]
    out = run("find_duplicates", texts, "--threshold", "0.999")
    assert out == ["1.000", f"  1\t{ALONE}", f"  6\t{ALONE}"]
    scores = [float(line) for line in run("find_duplicates", texts, "--threshold", "0.5") if re.match(r"\d", line)]
    assert len(scores) > 1
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] >= 0.5


def test_topics_are_groups_of_like_texts_with_their_typical_words(run):
    out = run("topics", [*EATING, ALONE, *RUNNING], "--threshold", "0.93", "--least", "3", "--shown", "9")
    heads = [line for line in out if not line.startswith("  ")]
    assert [head.partition(" ")[0] for head in heads] == ["4", "3"]
    assert "eet" in heads[0] and "hardloop" in heads[1]
    assert {line.strip() for line in out[1:5]} == set(EATING)
    assert f"  {ALONE}" not in out


@pytest.mark.parametrize("name", ["semantic_search", "find_duplicates", "topics"])
def test_a_file_without_texts_is_one_line(name, run, capsys):
    words = ["kat"] if name == "semantic_search" else []
    with pytest.raises(SystemExit, match=r"Error: .*texts\.txt: is empty"):
        run(name, [], *words)
    with pytest.raises(SystemExit):
        run(name, ["", " "], *words)
    assert capsys.readouterr().err.endswith("texts.txt: no text in it can be read\n")


def test_topics_keep_vowel_signs_and_tone_marks_in_their_words(run):
    out = run("topics", ["हिन्दी में किताब", "हिन्दी किताब ẹ\u0301kọ\u0301"] * 2, "--threshold", "-1", "--least", "0")
    assert set(out[0].partition(": ")[2].split(", ")) == {"हिन्दी", "में", "किताब", "ẹ\u0301kọ\u0301"}


@pytest.mark.parametrize("file", sorted((ROOT / "examples").glob("*.py")), ids=lambda file: file.stem)
def test_an_example_is_short_and_says_how_it_is_called(file):
    lines = file.read_text().splitlines()
    assert len(lines) <= 60
    assert any(line.startswith(f"    python examples/{file.name} MODEL FILE") for line in lines)
