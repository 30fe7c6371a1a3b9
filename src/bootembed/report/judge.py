"""What the judge said of the kept triplets, beside how good it is itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.core.markdown import table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bootembed.settings.schema import Grid

_ABOUT = (
    "The judge's most probable label of a sentence given its anchor: a positive should be entailed, a negative "
    "contradicted. A judge errs, and not equally in every language: the table below says how often it was right on "
    "rows labelled by people. Strategies that write in different languages compare only as far as it is equally good "
    "in both. Of several generator seeds: the mean, with the least and the greatest."
)
_ABOUT_ITSELF = "The judge itself, on labelled rows that it was not trained on:"
_UNKNOWN = "**How often the judge is right is not known: no corpus has rows of `judge_nli` that measure it.**"
_FIGURES = {  # metric of a seed -> head of its column
    "positive_entailment_rate": "positives entailed",
    "positive_neutral_rate": "neutral",
    "positive_contradiction_rate": "contradicted",
    "negative_contradiction_rate": "negatives contradicted",
    "negative_neutral_rate": "neutral",
    "negative_entailment_rate": "entailed",
    "both_right_rate": "both right",
    "positive_entailment_probability": "mean probability, positives",
    "negative_contradiction_probability": "mean probability, negatives",
}
_QUALITY = ("accuracy", "entailment_recall", "neutral_recall", "contradiction_recall")


@dataclass(frozen=True)
class Judgements:
    """Metrics of the stages `train_judge` and `rate_triplets`; both are empty where there is no judge.

    Attributes:
        languages: Language -> the judge's own metrics.
        triplets: (strategy, language) -> metrics of each generator seed.
    """

    languages: dict[str, dict[str, float]]
    triplets: dict[tuple[str, str], list[dict[str, float]]]


def read_judgements(judge_metrics: Path, ratings_dir: Path, grid: Grid) -> Judgements:
    """Read what the grid names, as far as it was run.

    Args:
        judge_metrics: File of the stage `train_judge`.
        ratings_dir: Folder with a file of the stage `rate_triplets` for each strategy and language.
        grid: The axes of the experiment.

    Raises:
        DataError: A file is unreadable.
    """
    judge = _read(judge_metrics, "train_judge") if judge_metrics.exists() else {"languages": {}}
    cells = {
        (str(s), language): ratings_dir / f"{s}-{language}.json" for s in grid.strategies for language in grid.languages
    }
    rated = {
        cell: list(_read(path, f"rate_triplets@{path.stem}").values()) for cell, path in cells.items() if path.exists()
    }
    triplets = {cell: seeds for cell, seeds in rated.items() if seeds}
    return Judgements(judge["languages"], triplets)


def judge_section(found: Judgements) -> str:
    """Markdown: the ratings, then the judge's own figures; empty where there is no judge."""
    if not found.triplets:
        return ""
    rows = [
        [strategy, language, *(_share([seed[name] for seed in seeds if name in seed]) for name in _FIGURES)]
        for (strategy, language), seeds in found.triplets.items()
    ]
    own = [
        [language, int(metrics["rows"]), *(_share([metrics[name]] if name in metrics else []) for name in _QUALITY)]
        for language, metrics in found.languages.items()
    ]
    heads = ["language of the premises", "rows", *(name.replace("_", ", ") for name in _QUALITY)]
    itself = [_ABOUT_ITSELF, table(heads, own)] if own else [_UNKNOWN]
    ratings = table(["strategy", "language", *_FIGURES.values()], rows)
    return "\n\n".join(["## Kept triplets, judged by an NLI cross-encoder", _ABOUT, ratings, *itself]) + "\n\n"


def judge_summary(found: Judgements) -> dict[str, Any]:
    """For `summary.json`: the judge's own metrics, and language -> strategy -> metric -> its value in each seed.

    Empty where there is no judge.
    """
    if not found.triplets:
        return {}
    rated: dict[str, Any] = {}
    for (strategy, language), seeds in found.triplets.items():
        values = {name: [round(seed[name], 4) if name in seed else None for seed in seeds] for name in _FIGURES}
        rated.setdefault(language, {})[strategy] = values
    itself = {key: {name: round(v, 4) for name, v in own.items()} for key, own in found.languages.items()}
    return {"judge": itself, "triplets": rated}


def _read(path: Path, stage: str) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {error}; run stage {stage}") from error


def _share(values: Sequence[float]) -> str:
    if not values:
        return ""
    spread = f" ({min(values):.1%} to {max(values):.1%})" if len(values) > 1 else ""
    return f"{mean(values):.1%}{spread}"
