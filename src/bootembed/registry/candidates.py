"""Candidates for the registry: recipes and encoders, judged by the mean validation score of their embedders.

Test scores decide nothing. What is registered of a candidate is its median embedder.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from bootembed.core.names import UNTRAINED, EmbedderId, cell_name
from bootembed.evaluation.answers import Answers, read_answers
from bootembed.report.scores import read_scores

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bootembed.registry.origin import Origin
    from bootembed.settings.schema import Grid


@dataclass(frozen=True)
class Validated:
    """The result of one embedder on the validation set.

    Attributes:
        score: The main score on the task's validation split.
        answers: To every item of the split; None if the kind of task stores none (`evaluation.answers`).
    """

    score: float
    answers: Answers | None


@dataclass(frozen=True)
class Validation:
    """The results of the embedders of a recipe and encoder on the validation set, by which the champion is chosen.

    Attributes:
        task: Its name.
        embedders: At least one.
    """

    task: str
    embedders: dict[EmbedderId, Validated]

    @property
    def score(self) -> float:
        """The mean over the embedders."""
        return mean(found.score for found in self.embedders.values())

    @property
    def deviation(self) -> float | None:
        """Standard deviation over the embedders; None if there is one."""
        return stdev(found.score for found in self.embedders.values()) if len(self.embedders) > 1 else None

    @property
    def median(self) -> EmbedderId:
        """The embedder of the median score, of an even number the lower one; ties go by the order of the embedders."""
        ranked = sorted(self.embedders, key=lambda identity: (self.embedders[identity].score, identity))
        return ranked[(len(ranked) - 1) // 2]

    @property
    def figures(self) -> str:
        """Mean and task, for a sentence."""
        return f"mean validation score {self.score:.4f} on {self.task}"

    @property
    def answers(self) -> dict[EmbedderId, Answers]:
        """Of the embedders that have answers."""
        return {identity: found.answers for identity, found in self.embedders.items() if found.answers is not None}

    def as_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return {"task": self.task, "embedders": {str(name): asdict(found) for name, found in self.embedders.items()}}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Validation:
        """Of a version; those registered before embedders had seeds hold the score and answers of one."""
        embedders = content.get("embedders", {"0-0": content})
        return cls(content["task"], {EmbedderId.parse(name): _validated(found) for name, found in embedders.items()})


def _validated(content: dict[str, Any]) -> Validated:
    answers = content["answers"] and Answers(**{"statistic": "", **content["answers"]})  # older versions name none
    return Validated(content["score"], answers)


@dataclass(frozen=True)
class EmbedderCandidate:
    """A recipe and encoder, to be registered from its median embedder.

    Attributes:
        recipe: Strategy or baseline.
        encoder: Key of the base encoder.
        folder: Of the median embedder.
        validation: Of all embedders.
        scores: Of the median embedder: task -> split -> main score.
        origin: Of its embedders; None if DVC did not record them.
    """

    recipe: str
    encoder: str
    folder: Path
    validation: Validation
    scores: dict[str, dict[str, float]]
    origin: Origin | None = None

    @property
    def name(self) -> str:
        """Recipe and encoder."""
        return f"{self.recipe}-{self.encoder}"


def best_candidate(candidates: Sequence[EmbedderCandidate]) -> EmbedderCandidate:
    """The candidate with the highest mean validation score; ties go to the first by name."""
    return min(candidates, key=lambda candidate: (-candidate.validation.score, candidate.name))


def read_candidates(
    embedders_dir: Path, scores_dir: Path, results_dir: Path, grid: Grid, *, language: str, task: str
) -> list[EmbedderCandidate]:
    """The scored recipes and encoders of a language, `untrained` aside; the validation split of `task` counts.

    Args:
        embedders_dir: One folder a cell, and in it one an embedder.
        scores_dir: One JSON file a cell.
        results_dir: One folder a cell and in it one an embedder, with its answers.
        grid: Recipes and encoders.
        language: Of the cells.
        task: Key of the scores.

    Raises:
        DataError: A score file is unreadable.
    """
    candidates = []
    for recipe in (recipe for recipe in grid.recipes if recipe != UNTRAINED):
        for encoder in (encoder for encoder in grid.encoders if recipe in grid.recipes_of(encoder)):
            cell = cell_name(recipe, language, encoder)
            if not (scores_dir / f"{cell}.json").exists():  # not run
                continue
            scores = read_scores(scores_dir, str(recipe), language, encoder)
            embedders = {
                identity: Validated(
                    own[task]["validation"],
                    read_answers(results_dir / cell / str(identity), split="validation").get(task),
                )
                for identity, own in scores.items()
            }
            validation = Validation(task, embedders)
            median = validation.median
            folder = embedders_dir / cell / str(median)
            candidates.append(EmbedderCandidate(str(recipe), encoder, folder, validation, scores[median]))
    return candidates
