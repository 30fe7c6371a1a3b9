"""What the page is written from, and what several of its sections ask of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bootembed.core.names import UNTRAINED
from bootembed.evaluation.kind import SPLITS
from bootembed.report.cells import embedder_cells
from bootembed.report.current import not_scored
from bootembed.report.scores import together

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bootembed.report.intervals import Comparison, Estimate
    from bootembed.report.judge import Judgements
    from bootembed.report.scores import CellScore, Results
    from bootembed.report.training import SharedTraining, Training
    from bootembed.settings.corpora import Language
    from bootembed.settings.report import Report
    from bootembed.settings.schema import Grid

Place = tuple[str, str, str]
"""Language, encoder, task."""


def place_of(cell: CellScore) -> Place:
    """Where a cell's score stands: what is compared is at one place."""
    return cell.language, cell.encoder, cell.task


@dataclass(frozen=True)
class Folders:
    """Outputs of other stages: the page takes examples and hashes from them, and only tells where `embedders` are."""

    scores: Path
    results: Path
    training_sets: Path
    evaluation: Path
    embedders: Path


@dataclass(frozen=True)
class Facts:
    """What was run and found.

    Attributes:
        profile: Its name.
        seed: Of all random choices.
        grid: What was to be run.
        languages: By their keys.
        validation_tasks: Language -> task whose validation split chooses its model.
        results: Scores and what became of the triplets.
        comparisons: Of recipes, with intervals.
        fits: Language -> model -> how its tokenizer fits.
        judged: By an NLI cross-encoder, if there was one.
        trainings: Curves and similarities of each cell that trained.
        shared: Curves of adapters and of the judge.
        settings: What the page holds.
        folders: Where examples are read from.
        measures: Task -> name of its main score.
        strategies: All that there are, in the grid or not.
        out_of_date: Cells whose results are older than their parameters, code or inputs, as far as that is known.
    """

    profile: str
    seed: int
    grid: Grid
    languages: Mapping[str, Language]
    validation_tasks: Mapping[str, str]
    results: Results
    comparisons: Sequence[Comparison]
    fits: Mapping[str, Mapping[str, Any]]
    judged: Judgements
    trainings: Sequence[Training]
    shared: Sequence[SharedTraining]
    settings: Report
    folders: Folders
    measures: Mapping[str, str]
    strategies: Sequence[str]
    out_of_date: Sequence[str] = ()

    def name(self, language: str) -> str:
        """The English name of a language with its key."""
        return f"{self.languages[language].name} ({language})"

    def style(self, recipe: str) -> str:
        """The class of the style sheet for a recipe: its kind, or `untrained`."""
        if recipe == UNTRAINED:
            return UNTRAINED.value
        return next(score.kind for score in self.results.scores if score.recipe == recipe)

    @cached_property
    def cells(self) -> list[CellScore]:
        """The scores of each cell on each split of a task."""
        return together(self.results.scores)

    @cached_property
    def not_run(self) -> dict[str, list[tuple[str, str]]]:
        """Language -> recipes and encoders of the grid that were not scored, be it on no evaluation set."""
        missing: dict[str, list[tuple[str, str]]] = {}
        for cell in embedder_cells(self.grid):
            if f"evaluate_embedder@{cell.name}" in self.results.not_run:
                missing.setdefault(cell.language, []).append((cell.recipe, cell.encoder))
        return missing

    @cached_property
    def not_scored(self) -> dict[Place, list[str]]:
        """Where others have a score: recipes that have scores on other tasks alone."""
        return not_scored(self.cells)

    @cached_property
    def estimates(self) -> dict[Place, dict[str, tuple[str, Estimate]]]:
        """Of each recipe: the name of the statistic that is compared, and the statistic with its interval."""
        found: dict[Place, dict[str, tuple[str, Estimate]]] = {}
        for one in self.comparisons:
            place = found.setdefault((one.language, one.encoder, one.task), {})
            for recipe, estimate in zip((one.recipe, one.against), one.estimates, strict=True):
                place[str(recipe)] = (one.statistic, estimate)
        return found

    def estimate(self, cell: CellScore) -> tuple[str, Estimate] | None:
        """The statistic that is compared, with its interval; None if there is none for this split of the task."""
        tested = any(other.split == "test" for other in self.cells if place_of(other) == place_of(cell))
        if tested and cell.split != "test":
            return None
        return self.estimates.get(place_of(cell), {}).get(cell.recipe)

    def chosen(self, language: str) -> Choice | None:
        """The recipe and encoder to use; None if nothing that was trained for the language has a score.

        As the model registry chooses: the best mean on the validation split of the language's task, ties by name. Where
        there is no such score: on the test split, or on the first task that has any.
        """
        trained = [c for c in self.cells if c.language == language and c.recipe != UNTRAINED]
        tasks = dict.fromkeys([self.validation_tasks.get(language), *(cell.task for cell in trained)])
        for task in tasks:
            for split in SPLITS:
                if found := [cell for cell in trained if (cell.task, cell.split) == (task, split)]:
                    return Choice(sorted(found, key=lambda cell: (-cell.mean, f"{cell.recipe}-{cell.encoder}")))
        return None


@dataclass(frozen=True)
class Choice:
    """Cells of a language on the split that chooses, the best first; at least one."""

    ranked: Sequence[CellScore]

    @property
    def best(self) -> CellScore:
        """What to use."""
        return self.ranked[0]

    @property
    def rivals(self) -> list[CellScore]:
        """Cells of other kinds with the encoder of the best, the most telling first: baselines, then by rank."""
        best = self.best
        others = [cell for cell in self.ranked if cell.kind != best.kind and cell.encoder == best.encoder]
        return sorted(others, key=lambda cell: cell.kind != "baseline")
