"""Writing the report: tidy CSV for plots, JSON for programs and `dvc exp`, Markdown for people."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, fields
from math import inf
from statistics import mean
from typing import TYPE_CHECKING, Any

from bootembed.core.markdown import table
from bootembed.report.current import out_of_date_section
from bootembed.report.recipes import difference_section, not_run_section, score_sections
from bootembed.report.scores import Score, together
from bootembed.triplets.filters import TripletRejection

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from bootembed.report.intervals import Comparison
    from bootembed.report.scores import Results

_ABOUT_GEOMETRY = (
    "Alignment: mean squared distance of positive pairs (0 to 4). Uniformity: log mean of exp(-2 x squared distance) "
    "over all pairs of sentences (-8 to 0). Of both, lower is better (Wang & Isola 2020)."
)
_ABOUT_ORACLE = (
    "Right: a sentence of the language that the strategy demands, in the wanted relation to its anchor. "
    "Of several generator seeds: the mean, with the least and the greatest."
)
_WANTED = {"positive": "entailment", "negative": "contradiction"}


def write_scores_csv(scores: Iterable[Score], path: Path) -> None:
    """One row a score, columns as the fields of `Score`."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [field.name for field in fields(Score)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(_rounded(asdict(score)) for score in scores)


def write_oracle_csv(oracle: Mapping[tuple[str, str], Sequence[Mapping[str, float]]], path: Path) -> None:
    """One row a strategy, language, generator seed and polarity: the share of sentences that the oracle found right."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["strategy", "language", "generator_seed", "polarity", "precision"])
        for (strategy, language), seeds in oracle.items():
            for number, metrics in enumerate(seeds):
                for polarity in _WANTED if metrics else ():
                    precision = round(metrics[f"{polarity}_precision"], 6)
                    writer.writerow([strategy, language, number, polarity, precision])


def write_summary(results: Results, path: Path, *, judged: Mapping[str, Any]) -> None:
    """Test scores by language, encoder, task and recipe; triplets and oracle precision by language and strategy.

    Of triplets and precision there is one entry for each generator seed; the precision of no triplets is null.
    `judged` is the entry on the judge (`report.judge`).
    """
    summary: dict[str, Any] = {"test": {}, "triplets": {}, "oracle_precision": {}, "judged": judged}
    for score in together(results.scores):
        if score.split == "test":
            place = summary["test"].setdefault(score.language, {}).setdefault(score.encoder, {})
            place.setdefault(score.task, {})[score.recipe] = {
                "mean": round(score.mean, 4),
                **({} if score.deviation is None else {"deviation": round(score.deviation, 4)}),
                "embedders": {str(embedder): round(value, 4) for embedder, value in score.embedders.items()},
            }
    for (strategy, language), seeds in results.triplets.items():
        counts = [{"anchors": int(metrics["candidates"]), "kept": int(metrics["kept"])} for metrics in seeds]
        summary["triplets"].setdefault(language, {})[strategy] = counts
    for (strategy, language), seeds in results.oracle.items():
        summary["oracle_precision"].setdefault(language, {})[strategy] = {
            polarity: [round(metrics[f"{polarity}_precision"], 4) if metrics else None for metrics in seeds]
            for polarity in _WANTED
        }
    path.write_text(json.dumps(summary, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def write_overview(results: Results, path: Path, *, tasks: Mapping[str, str]) -> None:
    """The few numbers by which `dvc exp` compares experiments: language -> the best mean of its strategies, and so on.

    They are of the test split, or where a task has none of its validation split.

    Args:
        results: All scores.
        path: A JSON file.
        tasks: Language -> the task that chooses its champion; languages without one are left out.
    """
    overview: dict[str, dict[str, float]] = {}
    chosen = [score for score in together(results.scores) if tasks.get(score.language) == score.task]
    tested = {score.language for score in chosen if score.split == "test"}
    for score in chosen:
        if score.split == ("test" if score.language in tested else "validation"):
            best = overview.setdefault(score.language, {})
            best[score.kind] = max(best.get(score.kind, -inf), round(score.mean, 4))
    path.write_text(json.dumps(overview, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def write_markdown(
    results: Results,
    comparisons: Sequence[Comparison],
    corpora: str,
    path: Path,
    *,
    profile: str,
    seed: int,
    out_of_date: Sequence[str] = (),
) -> None:
    """The report for people; `corpora` are its sections on the judge, tokenizers and corpora."""
    cells = together(results.scores)
    parts = [f"# Results of profile `{profile}`, seed {seed}", *out_of_date_section(out_of_date)]
    parts += score_sections(cells)
    parts += not_run_section(results.not_run)
    if comparisons:
        parts += difference_section(comparisons, cells)
    if results.geometry:
        parts += ["## Alignment and uniformity", _ABOUT_GEOMETRY, _geometry_table(results)]
    if results.triplets:
        parts += ["## Triplets", "Means over the generator seeds.", _triplet_table(results)]
    if results.oracle:
        parts += [
            "## Kept triplets, judged by the grammar of the sample corpora",
            _ABOUT_ORACLE,
            _oracle_table(results),
        ]
    path.write_text("\n\n".join([*parts, corpora]) + "\n", encoding="utf-8")


def _geometry_table(results: Results) -> str:
    tested = {geometry.task for geometry in results.geometry if geometry.split == "test"}
    rows = [
        [g.language, g.encoder, g.task, g.recipe, _three_digits(g.alignment), _three_digits(g.uniformity)]
        for g in sorted(results.geometry, key=lambda g: (g.language, g.encoder, g.task))
        if g.split == ("test" if g.task in tested else "validation")
    ]
    return table(["language", "encoder", "task", "recipe", "alignment", "uniformity"], rows)


def _triplet_table(results: Results) -> str:
    reasons = [str(reason) for reason in TripletRejection]
    names = ["candidates", "kept", *reasons]
    rows = [
        [strategy, language, *(round(mean(metrics[name] for metrics in seeds)) for name in names)]
        for (strategy, language), seeds in results.triplets.items()
    ]
    heads = ["strategy", "language", "anchors", "kept", *reasons]
    return table([head.replace("_", " ") for head in heads], rows)


def _oracle_table(results: Results) -> str:
    rows = []
    for (strategy, language), seeds in results.oracle.items():
        generated = results.triplets.get((strategy, language), [])
        if not generated:  # not run
            continue
        judged = [(metrics, counts["kept"]) for metrics, counts in zip(seeds, generated, strict=True) if metrics]
        for polarity, relation in _WANTED.items() if judged else ():
            right = [metrics[f"{polarity}_precision"] for metrics, _ in judged]
            in_language = [metrics[f"right_language_{polarity}"] for metrics, _ in judged]
            holds = [metrics[f"{polarity}_{relation}"] / kept for metrics, kept in judged]
            rows.append([strategy, language, polarity, _shares(right), _shares(in_language), _shares(holds)])
    heads = ["strategy", "language", "polarity", "right", "in the language demanded", "relation holds in any language"]
    return table(heads, rows)


def _three_digits(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _shares(values: Sequence[float]) -> str:
    """The mean; of several with the least and the greatest."""
    spread = f" ({min(values):.1%} to {max(values):.1%})" if len(values) > 1 else ""
    return f"{mean(values):.1%}{spread}"


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in row.items()}
