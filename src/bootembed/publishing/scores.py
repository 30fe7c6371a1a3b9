"""The scores of a card: of the embedder, of its recipe over seeds and of the baselines, on the same sets."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.core.names import UNTRAINED, cell_name
from bootembed.evaluation.kind import task_kind
from bootembed.publishing.published_data import why_not_published
from bootembed.report.scores import read_cell_scores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bootembed.publishing.embedder import Embedder, Outputs
    from bootembed.settings.schema import Params


@dataclass(frozen=True)
class EvaluationSet:
    """What is scored on: a task and one of its splits.

    Attributes:
        task: The task's name.
        split: Test, or validation where the task has no test split.
        kind: mteb's name of its kind.
        metric: mteb's name of its main score.
        own_data: Why its data are not those that mteb publishes; empty if they are.
    """

    task: str
    split: str
    kind: str
    metric: str
    own_data: str


@dataclass(frozen=True)
class CellScores:
    """The main scores of a cell: evaluation set -> one score an embedder."""

    recipe: str
    scores: Mapping[EvaluationSet, Sequence[float]]

    def shown(self, which: EvaluationSet) -> str:
        """Mean ± deviation of n, as far as there are any."""
        found = self.scores.get(which, ())
        if len(found) < 2:
            return f"{found[0]:.3f}" if found else ""
        return f"{mean(found):.3f} ± {stdev(found):.3f} (n={len(found)})"


@dataclass(frozen=True)
class Scores:
    """Scores of an embedder with what they are to be compared with.

    Attributes:
        sets: Evaluation sets, in their order.
        embedder: Of the embedder itself.
        recipe: Of all embedders of its cell.
        baselines: Of the baselines that were scored with the same encoder, untrained first.
    """

    sets: Sequence[EvaluationSet]
    embedder: Mapping[EvaluationSet, float]
    recipe: CellScores
    baselines: Sequence[CellScores]


def read_card_scores(embedder: Embedder, params: Params, outputs: Outputs) -> Scores:
    """Read what `evaluate_embedder` wrote of the cell and of the baselines.

    Raises:
        DataError: A file is unreadable, or holds a task that the parameters do not.
    """
    found = read_cell_scores(outputs.scores / f"{embedder.cell}.json")
    own = found[embedder.identity]
    sets = [
        _evaluation_set(task, "test" if "test" in splits else "validation", embedder.language, params)
        for task, splits in own.items()
    ]
    recipe = CellScores(embedder.recipe, {w: [one[w.task][w.split] for one in found.values()] for w in sets})
    baselines = []
    for baseline in sorted(params.grid.baselines, key=lambda name: name != UNTRAINED):
        file = outputs.scores / f"{cell_name(baseline, embedder.language, embedder.encoder)}.json"
        if baseline == embedder.recipe or not file.exists():
            continue
        cells = read_cell_scores(file).values()
        scored = {w: [one[w.task][w.split] for one in cells if w.split in one.get(w.task, {})] for w in sets}
        baselines.append(CellScores(str(baseline), scored))
    return Scores(sets, {w: own[w.task][w.split] for w in sets}, recipe, baselines)


def _evaluation_set(task: str, split: str, language: str, params: Params) -> EvaluationSet:
    spec = params.evaluate_embedder.tasks.get(task)
    if spec is None:
        raise DataError(
            f"{task}: was scored, but params.yaml has no such task; compose the profile that made the model"
        )
    kind = task_kind(spec.kind)
    return EvaluationSet(task, split, kind.task_type, kind.main_score, why_not_published(task, language, params))


def eval_results(scores: Mapping[EvaluationSet, Sequence[float]], *, language: str) -> list[Any]:
    """`huggingface_hub.EvalResult` of each evaluation set, for a card's metadata: the mean of its scores.

    How many embedders the mean is over stands in the metric's name. Data that mteb publishes are named by their id on
    the Hub; the user's own by the task's name, which is no id.
    """
    from huggingface_hub import EvalResult

    results = []
    for which, values in scores.items():
        results.append(
            EvalResult(
                task_type=which.kind,
                dataset_type=_hub_id(which),
                dataset_name=f"{which.task} ({language})" + (", own data" if which.own_data else ""),
                dataset_split=which.split,
                metric_type=which.metric,
                metric_name=f"{which.metric}, mean of {len(values)} embedders" if len(values) > 1 else which.metric,
                metric_value=round(mean(values), 4),
            )
        )
    return results


def _hub_id(which: EvaluationSet) -> str:
    if which.own_data:
        return which.task
    import mteb

    return str(mteb.get_task(which.task).metadata.dataset["path"])
