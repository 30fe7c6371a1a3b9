"""What a page is written from, made up: two languages, four recipes, triplets with texts of one's choice."""

from __future__ import annotations

import json
from pathlib import Path

from bootembed.core.names import Role
from bootembed.core.tables import GENERATED_TRIPLETS, REJECTED_TRIPLETS, write_table
from bootembed.evaluation.kinds.bitext_mining import NEAREST
from bootembed.evaluation.kinds.bitext_mining import SCHEMA as BITEXT
from bootembed.evaluation.kinds.sts import PREDICTIONS
from bootembed.evaluation.kinds.sts import SCHEMA as STS
from bootembed.evaluation.statistics import Difference
from bootembed.report.cells import GridCell
from bootembed.report.intervals import Comparison, Estimate
from bootembed.report.judge import Judgements
from bootembed.report.page.facts import Facts, Folders
from bootembed.report.scores import Geometry, Results, Score
from bootembed.report.training import Training
from bootembed.settings.corpora import Language
from bootembed.settings.report import Report
from bootembed.settings.schema import Grid
from bootembed.triplets.filters import TripletRejection

HOSTILE = '</script><img src=x onerror="window.hacked = true"><!--<script>\'&amp; {{ 7 * 7 }}'
RECIPES = {"untrained": 0.4, "english_nli": 0.5, "in_context": 0.7, "xl_lora": 0.6}
NAMES = {"afr": "Afrikaans", "yor": "Yoruba"}
_GRID = {
    "languages": list(NAMES),
    "strategies": ["in_context", "xl_lora"],
    "baselines": ["untrained", "english_nli"],
    "mixtures": [],
    "mixture_cells": {},
    "embedder_cells": {},
    "exports": [],
    "recipes": ["in_context", "xl_lora", "untrained", "english_nli"],
    "encoders": ["tiny"],
    "adapter_languages": {"yor": "target"},
}
_FIT = {"unknown_share": 0.125, "tokens_per_word": 1.5, "warnings": []}


def made_up(folder, *, texts=("Die kat slaap.", "Die dier slaap.", "Die kat loop."), triplets=20, most=10_000):
    """Facts, and the folders that they name; each set of triplets has as many, every fourth rejected."""
    scores = [
        Score(recipe, _kind(recipe), language, "tiny", 0, seed, task, split, score + seed / 100, score - 0.4)
        for language in NAMES
        for recipe, score in RECIPES.items()
        for seed in range(1 if recipe == "untrained" else 2)
        for task in ("STS", "Bitext")
        for split in ("validation", "test")
    ]
    geometry = [
        Geometry(recipe, language, "tiny", "STS", "test", 1 - score, -1 - score)
        for language in NAMES
        for recipe, score in RECIPES.items()
    ]
    counts = dict.fromkeys(TripletRejection, 0) | {"candidates": triplets, "kept": triplets - 3, "empty": 3}
    sets = [(strategy, language) for strategy in _GRID["strategies"] for language in NAMES]
    oracle = {"positive_precision": 0.912, "negative_precision": 0.834}
    results = Results(scores, geometry, {key: [counts] for key in sets}, {key: [oracle, {}] for key in sets})
    for strategy, language in sets:
        _write_triplets(folder / f"training_sets/{strategy}-{language}/0", strategy, language, texts, triplets)
    for language in NAMES:
        _write_answers(folder, language, texts)
    (folder / "scores").mkdir(parents=True, exist_ok=True)
    return Facts(
        "made_up", 7, Grid(**_GRID), _languages(), dict.fromkeys(NAMES, "STS"), results, _comparisons(),
        {language: {"tiny": _FIT} for language in NAMES}, _judged(sets), _trainings(), [],
        Report(triplets=most, examples=10),
        Folders(folder / "scores", folder / "results", folder / "training_sets", folder / "evaluation",
                Path("models/embedders/made_up")),
        {"STS": "Spearman", "Bitext": "F1"}, ["adapter_composition", "in_context", "xl_lora"],
    )  # fmt: skip


def _judged(sets):
    rates = {"positive_entailment_rate": 0.765, "negative_contradiction_rate": 0.654}
    return Judgements({"ind": {"rows": 100.0, "accuracy": 0.612}}, {key: [rates, {}] for key in sets})


def _trainings():
    """Of two embedders each; the loss of the second is higher by 1, and only the first has a held-out score."""
    quantiles = dict(zip(("5", "25", "50", "75", "95"), (0.1, 0.2, 0.3, 0.4, 0.5), strict=True))
    before = {"positive": quantiles, "negative": quantiles}
    after = {polarity: {name: value + 0.4 for name, value in quantiles.items()} for polarity in before}
    first = {"loss": [[1, 3.25], [10, 1.5]], "held_out_accuracy": [[10, 0.875]]}
    records = {
        "0-0": {"curves": first, "similarity": {"before": before, "after": after}},
        "0-1": {"curves": {"loss": [[1, 4.25], [10, 2.5]]}, "similarity": {"before": before, "after": before}},
    }
    return [Training(GridCell("xl_lora", "strategy", language, "tiny"), records) for language in NAMES]


def _kind(recipe):
    return "strategy" if recipe in _GRID["strategies"] else "baseline"


def _languages():
    return {
        key: Language(name=name, script="Latn", role=Role.TARGET, folder=key, corpus="own")
        for key, name in NAMES.items()
    }


def _comparisons():
    pairs = [(recipe, "untrained") for recipe in list(RECIPES)[1:]]
    pairs += [("in_context", "english_nli"), ("xl_lora", "english_nli")]
    found = []
    for language in NAMES:
        for recipe, against in pairs:
            two = tuple(
                Estimate(RECIPES[name], RECIPES[name] - 0.031, RECIPES[name] + 0.032) for name in (recipe, against)
            )
            value = two[0].value - two[1].value
            difference = Difference(value, value - 0.043, value + 0.044, 0.01)
            p = 0.0123 if language == "afr" else 0.2345
            found.append(Comparison(language, "tiny", "STS", "Spearman", recipe, against, difference, p, (value,), two))
    return found


def _write_triplets(folder, strategy, language, texts, count):
    rows = [
        dict(zip(("anchor", "positive", "negative"), (f"{n} {text}" for text in texts), strict=True)) | {"anchor_id": n}
        for n in range(count)
    ]
    made = {"language": language, "answer_language": language, "strategy": strategy, "generator_hash": "abc"}
    made |= {"positive_adapter_hash": "", "negative_adapter_hash": "", "prompt_version": "v1", "seed": 1}
    kept = [row | made for n, row in enumerate(rows) if n % 4]
    write_table(kept, GENERATED_TRIPLETS, folder / "training.parquet")
    write_table(
        [row | {"reason": "copy_of_anchor"} for row in rows[::4]], REJECTED_TRIPLETS, folder / "rejected.parquet"
    )


def _write_answers(folder, language, texts):
    """Twelve rows of a split of each task; the trained embedder finds every translation, the other one the first."""
    rows = [{"split": "test", "sentence1": f"{n} {texts[0]}", "sentence2": f"{n} {texts[1]}"} for n in range(12)]
    write_table(
        [row | {"score": n / 4} for n, row in enumerate(rows)], STS, folder / f"evaluation/{language}/STS.parquet"
    )
    write_table(rows, BITEXT, folder / f"evaluation/{language}/Bitext.parquet")
    for cell, share in ((f"untrained-{language}-tiny", 0), (f"in_context-{language}-tiny", 1)):
        one = folder / "results" / cell / "0-0"
        items = [{"split": "test", "index": n, "similarity": 0.9 - share * n / 20} for n in range(12)]
        write_table(
            [row | {"task": "STS", "gold": row["index"] / 4} for row in items], PREDICTIONS, one / "predictions.parquet"
        )
        nearest = [row | {"task": "Bitext", "nearest": share * row["index"]} for row in items]
        write_table(nearest, NEAREST, one / "nearest.parquet")
        saved = one / "results/model/revision"
        saved.mkdir(parents=True, exist_ok=True)
        (saved / "model_meta.json").write_text(json.dumps({"revision": f"hash of {cell}"}))
        (saved / "run_settings.jsonl").write_text(json.dumps({"version": {"mteb": "9.8.7", "flash-attn": None}}) + "\n")
