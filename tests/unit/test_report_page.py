"""The page: all numbers, no network, harmless texts, the same bytes again, and nothing missing breaks it."""

from __future__ import annotations

import base64
import csv
import hashlib
import itertools
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from statistics import mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_facts import HOSTILE, made_up

from bootembed.adapters.arguments import write_curves
from bootembed.core.errors import DataError
from bootembed.report.cells import GridCell
from bootembed.report.current import of_tasks
from bootembed.report.judge import Judgements
from bootembed.report.page.answer import answers
from bootembed.report.page.elements import Axis, language_tag, minus
from bootembed.report.page.scores import score_charts
from bootembed.report.page.write import as_data, write_page
from bootembed.report.recipes import signed
from bootembed.report.scores import Results
from bootembed.report.training import Training, read_shared_trainings, read_trainings
from bootembed.settings.report import Report
from bootembed.settings.schema import Needed

METRICS = Path(__file__).parents[2] / "metrics/laptop"
_NEEDED = {
    "task_adapters": ["positive", "negative"],
    "composed_adapters": ["yor"],
    "xl_lora_data": ["xl_lora"],
    "xl_lora_adapters": ["positive", "negative"],
    "fetched_xl_lora_adapters": [],
    "strategies_without_adapters": [],
    "adapted_generators": {},
    "judges": ["nli"],
    "filter_judge": "nli",
    "rated_strategies": [],
}


class Page(HTMLParser):
    """What a browser's parser makes of a page, as far as these tests ask."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.attributes, self.texts, self.blocks, self.policy = [], [], [], {}, ""
        self.feed(path.read_text())
        self.text = " ".join("".join(self.texts).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if ("http-equiv", "Content-Security-Policy") in attrs:
            self.policy = dict(attrs)["content"]

    def handle_endtag(self, tag):
        if tag in {"td", "th"}:
            self.texts.append(" ")

    def handle_data(self, data):
        if self.tags[-1:] in (["script"], ["style"]) and self.cdata_elem:
            self.blocks.setdefault(self.tags[-1], []).append(data)
        else:
            self.texts.append(data)


def _page(facts, tmp_path):
    write_page(facts, tmp_path / "report.html")
    return Page(tmp_path / "report.html")


def _data(page):
    return json.loads(page.blocks["script"][0])


def test_the_answer_stands_first_and_the_numbers_follow(tmp_path):
    page = _page(made_up(tmp_path), tmp_path)
    assert page.text.index("Use in_context on tiny") < page.text.index("Plotted: Spearman")
    for told in [
        "Sentence embedders for Afrikaans and Yoruba",
        "STS, test split: Spearman 0.705 ± 0.007 over 2 embedders, 95 % interval 0.669 to 0.732.",
        "It has the best mean Spearman on STS, validation split (0.705), of 3 trained recipes; it is trained on "
        "generated triplets.",
        "+0.300 Spearman against the untrained encoder (95 % interval +0.257 to +0.344): beyond chance (p = 0.0123).",
        "+0.200 Spearman against english_nli, the best baseline (95 % interval +0.157 to +0.244): could be chance "
        "(p = 0.2345).",
        "It also leads on Bitext (F1 0.705).",
        "One generator seed: chance in the generator itself is not covered.",
        "Not in this profile: adapter_composition, unsupervised_simcse, translation_pairs",
        "91.2",
        "3 empty",
        "12.5",
        "9.8.7",
        "hash of in_context-afr-tiny",
        "All 80 triplets.",
        "xl_lora 3.75 to 2.00, mean of 2",
        "xl_lora, held out accuracy 0.875 to 0.875",
        "xl_lora hard negative 0.300 0.500 +0.200",
    ]:
        assert told in page.text, told
    right, wrong = "\N{CHECK MARK}", "\N{BALLOT X}"
    assert page.text.count(right) == 2 * (10 + 1)
    assert page.text.count(wrong) == 2 * 9


def test_nothing_is_loaded_and_only_its_own_script_may_run(tmp_path):
    page = _page(made_up(tmp_path), tmp_path)
    assert all(value.startswith("#") for name, value in page.attributes if name in {"href", "src", "xlink:href"})
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "style"]
    assert not {"link", "img", "iframe", "object", "form", "base"} & set(page.tags)
    assert "url(" not in page.blocks["style"][0]
    assert "@import" not in page.blocks["style"][0]
    assert page.policy.startswith("default-src 'none'")
    for block in (page.blocks["style"][0], page.blocks["script"][-1]):
        assert base64.b64encode(hashlib.sha256(block.encode()).digest()).decode() in page.policy


def test_hostile_texts_are_texts(tmp_path):
    harmless = _page(made_up(tmp_path / "harmless"), tmp_path)
    facts = made_up(tmp_path, texts=(HOSTILE, HOSTILE, HOSTILE))
    languages = {key: one.model_copy(update={"name": HOSTILE}) for key, one in facts.languages.items()}
    fits = {key: {HOSTILE: fit["tiny"] | {"warnings": [HOSTILE]}} for key, fit in facts.fits.items()}
    page = _page(replace(facts, languages=languages, fits=fits), tmp_path)
    assert set(page.tags) == set(harmless.tags)
    assert page.tags.count("script") == harmless.tags.count("script") == 2
    assert f"0 {HOSTILE}" in _data(page)["texts"]
    assert HOSTILE in page.text


@given(st.text())
def test_any_text_survives_in_a_data_block(text):
    block = as_data([text])
    assert not set("<>&") & set(block)
    assert json.loads(block) == [text]


@pytest.mark.parametrize(("most", "shown"), [(0, 0), (8, 8), (41, 40), (10_000, 80)])
def test_the_page_holds_as_many_triplets_as_it_may_evenly(tmp_path, most, shown):
    page = _page(made_up(tmp_path, most=most), tmp_path)
    if not shown:
        assert "Left out: report.triplets is 0." in page.text
        return
    data = _data(page)
    assert (len(data["rows"]), data["total"]) == (shown, 80)
    by_set = [row[0] for row in data["rows"]]
    assert {by_set.count(number) for number in range(4)} == {shown / 4}
    told = "All 80 triplets." if shown == 80 else f"{shown} of 80 triplets, taken evenly"
    assert told in page.text
    places, reason, anchor, *_ = data["rows"][0]
    assert data["sets"][places][:2] == ["in_context", "afr"]
    assert data["reasons"][reason] == "copy_of_anchor"
    assert data["texts"][anchor] == "0 Die kat slaap."


def test_adapters_and_the_judge_show_their_curves_where_they_were_trained(tmp_path):
    facts, needed = made_up(tmp_path), Needed(**_NEEDED)
    loss = {"loss": [[1, 1.125], [25, 0.75], [50, 0.25]]}
    higher = {"loss": [[1, 2.125], [25, 1.75], [50, 1.25]]}

    def read(needed=needed):
        return read_shared_trainings(tmp_path / "records", needed, facts.grid, facts.languages)

    assert read() == []
    write_curves({"nli": loss}, tmp_path / "records/judge/nli.json")
    write_curves({"0": loss, "1": higher}, tmp_path / "records/task/positive.json")
    write_curves({"0": loss}, tmp_path / "records/language/yor.json")
    write_curves({"0": loss}, tmp_path / "records/xl_lora/negative.json")
    write_curves({"0": {}}, tmp_path / "records/xl_lora/positive.json")
    found = read()
    assert [shared.title for shared in found] == [
        "task adapter, entailment", "language adapter, Yoruba", "XL-LoRA, contradiction", "judge",
    ]  # fmt: skip
    assert found[0].curves == [loss, higher]
    text = _page(replace(facts, shared=found), tmp_path).text
    assert "task adapter, entailment 1.62 to 0.750, mean of 2" in text
    assert "language adapter, Yoruba 1.12 to 0.250" in text
    assert "The judge of triplets" in text
    without = _page(facts, tmp_path).text
    assert "Adapters of the generator" not in without
    assert "The judge of triplets" not in without
    left = Needed(**_NEEDED | {"task_adapters": [], "xl_lora_adapters": [], "judges": ["none"]})  # by another profile
    assert [shared.title for shared in read(left)] == ["language adapter, Yoruba"]
    (tmp_path / "records/language/yor.json").write_text("{")
    with pytest.raises(DataError, match="run stage train_language_adapter@yor"):
        read()


def test_a_curve_of_one_point_is_a_point(tmp_path):
    """Of each language the losses of two embedders are lines; the held-out score, measured once, would not be seen."""
    tags = _page(made_up(tmp_path), tmp_path).tags
    places = [place for place, tag in enumerate(tags) if tag == "figure"]
    figures = [tags[start:end] for start, end in itertools.pairwise(places)]
    assert [(own.count("polyline"), own.count("circle")) for own in figures] == [(2, 0), (0, 1), (2, 0)]


def test_commands_in_sentences_are_code_and_all_else_is_text(tmp_path):
    entry = {"afr": made_up(tmp_path).languages["afr"].model_copy(update={"corpus": HOSTILE})}
    facts = made_up(tmp_path)
    facts = replace(facts, results=of_tasks(facts.results, ()), comparisons=[], languages=facts.languages | entry,
                    folders=replace(facts.folders, evaluation=tmp_path / "none"))  # fmt: skip
    page = _page(facts, tmp_path)
    assert "`" not in page.text
    assert f"corpora.{HOSTILE}.evaluation in the profile" in page.text
    assert "img" not in page.tags


def test_trainings_are_read_as_they_were_written(tmp_path):
    facts = made_up(tmp_path)
    records = {"0-0": {"curves": {"loss": [[1, 3.25]]}}}
    (tmp_path / "xl_lora-afr-tiny.json").write_text(json.dumps(records))
    (tmp_path / "untrained-afr-tiny.json").write_text('{"0-0": {}}')
    trainings = read_trainings(tmp_path, facts.grid)
    assert trainings == [Training(GridCell("xl_lora", "strategy", "afr", "tiny"), records)]
    page = _page(replace(facts, trainings=trainings), tmp_path)
    assert "3.25 to 3.25" in page.text
    assert "Similarity before and after" not in page.text
    (tmp_path / "xl_lora-afr-tiny.json").write_text("{")
    with pytest.raises(DataError, match=r"run stage train_embedder@xl_lora-afr-tiny"):
        read_trainings(tmp_path, facts.grid)


def test_the_same_inputs_give_the_same_bytes(tmp_path):
    facts = made_up(tmp_path)
    write_page(facts, tmp_path / "one.html")
    write_page(replace(facts), tmp_path / "two.html")
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_cells_that_were_not_run_are_named(tmp_path):
    facts = made_up(tmp_path)
    scores = [
        s for s in facts.results.scores if (s.language, s.recipe) not in {("yor", "xl_lora"), ("yor", "untrained")}
    ]
    comparisons = [c for c in facts.comparisons if c.language == "afr"]
    not_run = ["evaluate_embedder@untrained-yor-tiny", "evaluate_embedder@xl_lora-yor-tiny"]
    facts = replace(facts, results=replace(facts.results, scores=scores, not_run=not_run), comparisons=comparisons)
    page = _page(facts, tmp_path)
    assert "Yoruba (yor): untrained on tiny, xl_lora on tiny" in page.text
    assert answers(facts)[1].sure[0] == "Not compared with the untrained encoder."


def test_without_a_test_set_scores_are_shown_as_validation(tmp_path):
    facts = made_up(tmp_path)
    scores = [score for score in facts.results.scores if score.split == "validation"]
    page = _page(replace(facts, results=replace(facts.results, scores=scores), comparisons=[]), tmp_path)
    assert "There is no test set: this score chose the recipe." in page.text
    assert "Afrikaans (afr), tiny: validation split, the task has no test set" in page.text
    assert "is no interval of confidence" in page.text


def _heads(chart):
    return [column.head for column in chart.table.columns if column.head]


def test_without_a_test_set_intervals_are_those_of_validation(tmp_path):
    """And a recipe that was not compared has its main score alone."""
    facts = _with_scores(made_up(tmp_path), lambda score: score.split == "validation")
    comparisons = [c for c in facts.comparisons if (c.language, c.recipe) != ("afr", "xl_lora")]
    facts = replace(facts, comparisons=comparisons)
    chart, _ = score_charts(facts)["STS"]
    assert _heads(chart) == ["recipe", "Spearman", "95 % interval", "main score", "gain over untrained"]
    rows = [[cell.text for cell in row if not cell.plot] for row in chart.table.rows]
    assert rows[0] == ["in_context", "0.700", "0.669 to 0.732", "0.705 ± 0.007", "+0.300"]
    assert rows[-1] == ["xl_lora", "", "", "0.605 ± 0.007", "+0.200"]
    assert "Plotted: Spearman with its 95 % interval" in _page(facts, tmp_path).text


def test_a_score_without_an_interval_stands_in_one_column(tmp_path):
    facts = replace(made_up(tmp_path), comparisons=[])
    assert _heads(score_charts(facts)["STS"][0]) == [
        "recipe",
        "range over embedders",
        "main score",
        "gain over untrained",
    ]
    one = _with_scores(facts, lambda score: score.seed == 0)
    assert _heads(score_charts(one)["STS"][0]) == ["recipe", "main score", "gain over untrained"]
    assert "Plotted: the main score; of each recipe there is one embedder." in _page(one, tmp_path).text


def _with_scores(facts, keep, **changes):
    scores = [score for score in facts.results.scores if keep(score)]
    return replace(facts, results=replace(facts.results, scores=scores), **changes)


def test_scores_of_other_test_sets_lead_where_the_task_that_chooses_has_none(tmp_path):
    """As with a set of sentence pairs that validates and a classification that tests."""
    facts = _with_scores(
        made_up(tmp_path),
        lambda score: (score.task, score.split) in {("Bitext", "validation"), ("STS", "test")},
        validation_tasks={"afr": "Bitext", "yor": "Bitext"},
    )
    answer = answers(facts)[0]
    assert answer.good == ["STS, test split: Spearman 0.705 ± 0.007 over 2 embedders, 95 % interval 0.669 to 0.732."]
    assert answer.why.startswith("It has the best mean F1 on Bitext, validation split (0.705), of 3 trained recipes;")
    assert answer.sure[0].startswith("+0.300 Spearman against the untrained encoder (95 % interval +0.257 to +0.344)")
    assert "There is no test set" not in _page(facts, tmp_path).text
    untested = answers(replace(facts, comparisons=[]))[0]
    assert untested.good == ["STS, test split: Spearman 0.705 ± 0.007 over 2 embedders."]
    assert untested.sure[0] == "+0.305 Spearman against the untrained encoder; not tested, it could be chance."


def test_every_number_of_an_answer_has_the_name_of_its_statistic(tmp_path):
    facts = made_up(tmp_path)
    compared = [replace(one, task="Bitext", statistic="accuracy@1") for one in facts.comparisons]
    facts = _with_scores(
        facts,
        lambda score: (score.task, score.split) == ("Bitext", "validation"),
        validation_tasks={"afr": "Bitext", "yor": "Bitext"},
        comparisons=compared,
    )
    answer = answers(facts)[0]
    assert answer.good == [
        "Bitext, validation split: F1 0.705 ± 0.007 over 2 embedders; accuracy@1 0.700, 95 % interval 0.669 to 0.732.",
        "There is no test set: this score chose the recipe.",
    ]
    assert answer.sure[0].startswith("+0.300 accuracy@1 against the untrained encoder")


@pytest.mark.parametrize("has_set", [False, True])
def test_what_was_trained_and_not_scored_is_not_called_not_run(tmp_path, has_set):
    facts = made_up(tmp_path)
    facts = replace(facts, results=of_tasks(facts.results, ()), comparisons=[])
    if not has_set:
        facts = replace(facts, folders=replace(facts.folders, evaluation=tmp_path / "none"))
    answer = answers(facts)[0]
    assert "models/embedders/made_up/xl_lora-afr-tiny" in answer.why
    elsewhere = replace(facts.folders, embedders=Path("elsewhere"))
    assert "elsewhere/xl_lora-afr-tiny" in answers(replace(facts, folders=elsewhere))[0].why
    if has_set:
        assert answer.state == "Trained, not scored."
        assert "`bootembed run`" in answer.why
    else:
        assert answer.state == "Trained, not scored: no evaluation set."
        assert "`bootembed new … --validation` or `--evaluation`" in answer.why
        assert "`corpora.own.evaluation`" in answer.why
    assert answer.missing == ["Not in this profile: adapter_composition, unsupervised_simcse, translation_pairs, "
                              "multilingual_distillation, human_triplets, published_triplets."]  # fmt: skip
    assert "Nothing was trained" not in _page(facts, tmp_path).text


def test_recipes_that_a_newer_task_has_not_scored_are_named(tmp_path):
    facts = made_up(tmp_path)
    scores = [s for s in facts.results.scores if (s.recipe, s.language, s.task) != ("xl_lora", "afr", "STS")]
    comparisons = [c for c in facts.comparisons if (c.recipe, c.language) != ("xl_lora", "afr")]
    facts = replace(facts, results=replace(facts.results, scores=scores), comparisons=comparisons)
    assert "Not scored on STS: xl_lora on tiny." in answers(facts)[0].missing
    assert not any("Not scored" in said for said in answers(facts)[1].missing)
    assert _page(facts, tmp_path).text.count("Left out, not having been scored on this task: xl_lora.") == 1
    assert "Left out" not in _page(made_up(tmp_path), tmp_path).text


def test_cells_that_are_out_of_date_are_told_with_the_command(tmp_path):
    facts = made_up(tmp_path)
    assert "out of date" not in _page(facts, tmp_path).text
    page = _page(replace(facts, out_of_date=["train_embedder@xl_lora-afr-tiny", "generate_triplets@x"]), tmp_path)
    assert "2 cells are out of date" in page.text
    assert "bootembed run runs them" in page.text
    assert "code" in page.tags[page.tags.index("details") : page.tags.index("section")]
    assert "train_embedder@xl_lora-afr-tiny" in page.text


def test_a_page_of_nothing_says_so(tmp_path):
    facts = replace(
        made_up(tmp_path / "unused", triplets=1), results=Results([], [], {}, {}), comparisons=[], fits={},
        judged=Judgements({}, {}), trainings=[],
        validation_tasks={}, settings=Report(triplets=10, examples=0),
    )  # fmt: skip
    nowhere = replace(facts.folders, **dict.fromkeys(vars(facts.folders), tmp_path / "none"))
    page = _page(replace(facts, folders=nowhere), tmp_path)
    assert page.text.count("Not run.") == 2
    assert "Nothing was trained for this language." in page.text
    assert "Not run: no triplets were generated." in page.text
    assert "Not judged." in page.text


def test_the_model_is_chosen_by_validation_as_the_registry_does(tmp_path):
    facts = made_up(tmp_path)
    better = [
        replace(s, main_score=0.99) if (s.recipe, s.task, s.split) in {("xl_lora", "STS", "validation")} else s
        for s in facts.results.scores
    ]
    facts = replace(facts, results=replace(facts.results, scores=better))
    assert [answer.recipe for answer in answers(facts)] == ["xl_lora", "xl_lora"]
    assert answers(facts)[0].elsewhere == ["On Bitext, in_context leads with F1 0.705; this has 0.605."]


def test_a_mixture_is_compared_with_its_parts(tmp_path):
    facts = made_up(tmp_path)
    mixture = "xl_lora_and_english_nli"
    more = [
        replace(s, recipe=mixture, kind="mixture", main_score=s.main_score + 0.2)
        for s in facts.results.scores
        if s.recipe == "in_context"
    ]
    against = next(c for c in facts.comparisons if (c.recipe, c.against) == ("in_context", "english_nli"))
    facts = replace(
        facts,
        results=replace(facts.results, scores=[*facts.results.scores, *more]),
        comparisons=[*facts.comparisons, replace(against, recipe=mixture)],
    )
    answer = answers(facts)[0]
    assert answer.recipe == mixture
    assert "the training sets of two recipes" in answer.why
    assert answer.sure[0] == "+0.505 Spearman against the untrained encoder; not tested, it could be chance."
    assert answer.sure[1].startswith("+0.200 Spearman against english_nli, the best baseline")
    assert mixture in _page(facts, tmp_path).text


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5))
def test_an_axis_holds_its_values_and_few_round_ticks(values):
    axis = Axis.over(values)
    assert all(-1e-6 <= axis.place(value) <= 100 + 1e-6 for value in values)
    assert 2 <= len(axis.ticks) <= 7
    assert len({tick.text for tick in axis.ticks}) == len(axis.ticks)


@pytest.mark.parametrize(("key", "tag"), [("afr", "af"), ("zho", "zh"), ("bem", "bem"), ("no_language", "und")])
def test_browsers_know_the_language_of_a_text(key, tag):
    assert language_tag(key) == tag


def test_the_committed_page_has_the_committed_numbers():
    page = Page(METRICS / "report.html")
    cells = {}
    for row in csv.DictReader((METRICS / "scores.csv").open()):
        cell = tuple(row[name] for name in ("language", "encoder", "task", "split", "recipe", "kind"))
        cells.setdefault(cell, []).append(float(row["main_score"]))
    for cell, scores in cells.items():
        spread = f" {stdev(scores):.3f}" if len(scores) > 1 else ""
        assert f"{' '.join(cell)} {len(scores)} {mean(scores):.3f}{spread}" in page.text
    for row in csv.DictReader((METRICS / "differences.csv").open()):
        value, low, high = (minus(signed(float(row[name]))) for name in ("difference", "low", "high"))
        assert (
            f"{row['recipe']} {row['against']} {value} {low} to {high} {float(row['p']):.4f} {row['differs']}"
            in page.text
        )
    for row in csv.DictReader((METRICS / "oracle.csv").open()):
        assert f"{100 * float(row['precision']):.1f}" in page.text
