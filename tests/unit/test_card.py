"""The dataset card: any sentence leaves its Markdown whole, and `datasets` loads the folder by it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import yaml
from filter_settings import ALL
from generation_settings import GREEDY
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bootembed.core.markdown import escape, shown, table
from bootembed.core.tables import GENERATED_TRIPLETS
from bootembed.generation.answer_cache import Answer
from bootembed.generation.shots import Example, ShotPool
from bootembed.settings.models import BaseModelSpec
from bootembed.settings.triplets import Card, Source
from bootembed.triplets.card import GenerationSettings, dataset_card
from bootembed.triplets.filters import Candidate, TripletRejection, Verdict
from bootembed.triplets.generate import Triplets
from bootembed.triplets.results import write_triplets

PARSER = MarkdownIt("commonmark").enable("table")
PROVENANCE = {
    "language": "afr",
    "answer_language": "eng",
    "strategy": "xl_lora",
    "generator_hash": "a" * 64,
    "positive_adapter_hash": "b" * 64,
    "negative_adapter_hash": "",
    "prompt_version": "entail_v1",
    "seed": 7,
}
SETTINGS = GenerationSettings(
    BaseModelSpec(role="generator", source="hub", id="some/model", revision="c" * 40),
    GREEDY,
    ALL,
    Card(licence="cc-by-4.0", sources=[Source(name="News | of a day", licence="CC BY 4.0")]),
)
NASTY = [
    "a | b",
    "x\n\n# y",
    "``` z",
    "<script>&amp;</script>",
    "**b** [l](http://x.y)",
    "---",
    "\\",
    "| --- |",
    "\x00",
]
text = st.one_of(st.text(max_size=60), st.text(st.sampled_from("ab |\\`*_<>&[](){}#-!~$:\n\r\u2028"), max_size=40))


def _triplets(texts=NASTY):
    verdicts = []
    for number, sentence in enumerate(texts):
        for reason in (None, *TripletRejection):
            answer = None if reason is TripletRejection.PROMPT_TOO_LONG else Answer(sentence, True)
            verdicts.append(Verdict(Candidate(number, sentence, answer, answer), reason))
    rows = [
        {"anchor": t, "positive": t, "negative": t, "anchor_id": number, **PROVENANCE} for number, t in enumerate(texts)
    ]
    return Triplets(
        rows, verdicts, PROVENANCE, ShotPool([Example("a", "b", "c")] * 9, 3, "similar"), language_check=True
    )


def _cells(markdown):
    tokens = PARSER.parse(markdown)
    inside = [tokens[index + 1] for index, token in enumerate(tokens) if token.type in {"td_open", "th_open"}]
    assert all(child.type in {"text", "text_special"} for cell in inside for child in cell.children)
    return ["".join(child.content for child in cell.children) for cell in inside]


@settings(max_examples=300, deadline=None)
@given(texts=st.lists(text, min_size=2, max_size=2))
@example(texts=["\\|", "`|`"])
@example(texts=["http://x.y", "www.x.y :smile: $x$"])
def test_a_cell_shows_its_text_and_nothing_else(texts):
    found = _cells(table(["one", "two"], [texts, texts]))
    assert found == ["one", "two", *([shown(t) for t in texts] * 2)]


def test_long_texts_are_cut_and_directions_neutralised():
    assert len(shown("word " * 100)) <= 200
    assert shown("a\u202eb\u2066c") == "a\ufffdb\ufffdc"
    assert shown("क्\u200dष") == "क्\u200dष"
    assert "\n" not in escape("a\x85b\x1cc\u2029d")


@settings(max_examples=50, deadline=None)
@given(texts=st.lists(text, min_size=1, max_size=7))
def test_no_sentence_changes_the_outline_of_the_card(texts):
    outline = [token.type for token in PARSER.parse(_body(_triplets(["plain"] * len(texts))))]
    assert [token.type for token in PARSER.parse(_body(_triplets(texts)))] == outline


def _body(triplets):
    return dataset_card(triplets, SETTINGS).split("---\n", 2)[2]


def test_the_card_shows_provenance_filters_counts_and_examples():
    card = dataset_card(_triplets(), SETTINGS)
    header = yaml.safe_load(card.split("---\n")[1])
    assert header["language"] == ["afr", "eng"]
    assert header["license"] == "cc-by-4.0"
    assert header["task_categories"] == ["sentence-similarity"]
    assert header["size_categories"] == ["n<1K"]
    cells = _cells(_body(_triplets()))
    for told in (
        "some/model at revision " + "c" * 40,
        "a" * 64,
        "b" * 64,
        "none",
        "entail_v1",
        "similar, of 9",
        "News | of a day",
    ):
        assert told in cells
    assert cells[cells.index("max_similarity_to_anchor") + 1] == "0.9"
    assert cells[cells.index("kept") + 1] == str(len(NASTY))
    rejected = _cells(_body(_triplets()).split("## Rejected")[1])
    for reason in TripletRejection:
        assert rejected.count(str(reason)) == 5
        assert any(cell.startswith(f"{reason}: ") for cell in cells)


def test_the_same_triplets_give_the_same_card():
    assert dataset_card(_triplets(), SETTINGS) == dataset_card(_triplets(), SETTINGS)


def test_nothing_kept_is_still_a_card():
    kept_none = Triplets([], _triplets().verdicts, PROVENANCE, ShotPool(), language_check=False)
    card = dataset_card(kept_none, SETTINGS)
    assert "was not checked" in card
    assert "n<1K" in card


@pytest.mark.parametrize("count", [1, 40])
def test_datasets_loads_the_folder(tmp_path, count):
    datasets = pytest.importorskip("datasets")
    triplets = _triplets([f"sentence {number}" for number in random.Random(1).sample(range(99), count)])
    folder = tmp_path / "xl_lora-afr"
    write_triplets(triplets, folder, card=dataset_card(triplets, SETTINGS))
    cache = str(tmp_path / "cache")
    loaded = datasets.load_dataset(str(folder), split="train", cache_dir=cache)
    assert loaded.column_names == GENERATED_TRIPLETS.names
    assert loaded["positive"][0] == triplets.rows[0]["positive"]
    aside = datasets.load_dataset(str(folder), "rejected", split="train", cache_dir=cache)
    assert len(aside) == count * len(TripletRejection)
    metrics = triplets.metrics
    assert metrics["kept"] == len(loaded) == count
    assert metrics["empty_rate"] == pytest.approx(1 / (len(TripletRejection) + 1))
    assert metrics["language_check"] == 1


def test_a_model_behind_an_endpoint_is_not_called_the_base_model():
    openai = GREEDY.openai.model_copy(update={"serves_generator": False, "base_url": "http://host.of.mine/v1"})
    generation = GREEDY.model_copy(update={"engine": "openai", "openai": openai})
    card = dataset_card(_triplets(), replace(SETTINGS, generation=generation))
    assert "an endpoint's" in card
    assert "some/model" not in card
    assert "host.of.mine" not in card
    assert "some/model" in dataset_card(_triplets(), SETTINGS)
