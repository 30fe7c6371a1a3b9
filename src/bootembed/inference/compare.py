"""Two models side by side, on the scores that exist: nothing is scored anew."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING

from bootembed.core.errors import DataError, suggest
from bootembed.core.markdown import Markdown, table
from bootembed.core.names import EmbedderId
from bootembed.evaluation.answers import Answers, read_answers, resample
from bootembed.evaluation.statistics import compare, over_seeds
from bootembed.registry.lookup import REGISTRY, cell_of
from bootembed.report.scores import read_cell_scores

if TYPE_CHECKING:
    from collections.abc import Mapping

Key = tuple[str, str]  # task, split


@dataclass(frozen=True)
class Scored:
    """What is known of one side.

    Attributes:
        name: As the user gave it.
        cell: Its cell.
        scores: (task, split) -> embedder -> main score.
    """

    name: str
    cell: str
    scores: Mapping[Key, Mapping[EmbedderId, float]]


def find_scores(name: str, *, scores_dir: Path, results_dir: Path) -> Scored:
    """The scores of a cell, of an embedder's folder, or of a registered model.

    Args:
        name: `RECIPE-LANGUAGE-ENCODER`; the folder of such a cell or of one of its embedders; or `models:/NAME@ALIAS`.
        scores_dir: One JSON file a cell.
        results_dir: One folder a cell and in it one an embedder.

    Raises:
        DataError: There are none, or they are of another model than the registered one.
    """
    cell, embedder, content = _cell_of(name)
    file = scores_dir / f"{cell}.json"
    if not file.is_file():
        known = sorted(found.stem for found in scores_dir.glob("*.json"))
        raise DataError(
            f"{name}: no scores in {scores_dir}{suggest(cell, known)}; give one of {known}, or if it is a cell of the "
            f"profile, score it: `bootembed run --with-inputs evaluate_embedder@{cell}`"
        )
    if content and not any((results_dir / cell / str(embedder)).glob(f"results/*/{content}")):
        raise DataError(
            f"{name}: the scores of {cell} in {scores_dir} are of another model, by a later run or another profile"
        )
    found = read_cell_scores(file)
    chosen = {identity: own for identity, own in found.items() if embedder in (None, identity)}
    if not chosen:
        raise DataError(f"{name}: {file} has the embedders {', '.join(map(str, found))}")
    scores: dict[Key, dict[EmbedderId, float]] = {}
    for identity, tasks in chosen.items():
        for task, splits in tasks.items():
            for split, value in splits.items():
                scores.setdefault((task, split), {})[identity] = value
    return Scored(name, cell, scores)


def _cell_of(name: str) -> tuple[str, EmbedderId | None, str | None]:
    """Cell, embedder if named, and content hash of a registered version, in whose name mteb keeps its results."""
    if name.startswith(REGISTRY):
        cell, embedder, tags = cell_of(name)
        return cell, embedder, tags["content_hash"]
    path = Path(name.rstrip("/"))
    if re.fullmatch(r"\d+-\d+", path.name) and path.parent.name:
        return path.parent.name, EmbedderId.parse(path.name), None
    return path.name, None, None


def comparison(one: Scored, other: Scored, *, results_dir: Path, seed: int) -> str:
    """Markdown: the scores of both on what both were scored on, their difference and its 95 % interval.

    Args:
        one: Scores.
        other: Scores.
        results_dir: One folder a cell and in it one an embedder, with its answers; without them there is no interval.
        seed: Of the resampling.

    Raises:
        DataError: They share no task.
    """
    shared = [key for key in one.scores if key in other.scores]
    if not shared:
        raise DataError(f"{one.name} and {other.name} were scored on no common task")
    rows = []
    for key in shared:
        means = [mean(side.scores[key].values()) for side in (one, other)]
        shown = [_shown(side.scores[key]) for side in (one, other)]
        interval = Markdown(_interval(key, one, other, results_dir, seed))
        rows.append([*key, *shown, f"{means[0] - means[1]:+.4f}", interval])
    names = [Markdown(side.name) for side in (one, other)]
    return table(["task", "split", *names, "difference", "95 % interval, of what is resampled"], rows)


def _shown(scores: Mapping[EmbedderId, float]) -> str:
    spread = f" ± {stdev(scores.values()):.4f}" if len(scores) > 1 else ""
    return f"{mean(scores.values()):.4f}{spread}"


def _interval(key: Key, one: Scored, other: Scored, results_dir: Path, seed: int) -> str:
    task, split = key
    answers: dict[tuple[int, EmbedderId], Answers] = {}
    for side, scored in enumerate((one, other)):
        for identity in scored.scores[key]:
            folder = results_dir / scored.cell / str(identity)
            found = read_answers(folder, split=split).get(task) if folder.is_dir() else None
            if found is None:
                return ""
            answers[side, identity] = found
    resampled = resample(answers, seed=seed)
    sides = [
        over_seeds({identity: found for (at, identity), found in resampled.items() if at == side}, seed=seed + side)
        for side in (0, 1)
    ]
    difference = compare(*sides)
    statistic = next(iter(answers.values())).statistic
    return f"{statistic} {difference.difference:+.4f} ({difference.low:+.4f} to {difference.high:+.4f})"
