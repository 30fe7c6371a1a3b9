"""What each filter of generated triplets is worth: scores of embedders trained on differently filtered triplets.

RUN is the folder of a finished run: its params.yaml, models/base, data/training_sets and data/corpora. Nothing is
generated again: all candidates of a run, kept and rejected, are filtered anew, an embedder is trained on what is left
and scored, once a seed. Finished scores are found again by what they depend on, so a stopped ablation goes on, and
settings that leave the same triplets are trained once. Answers that were cut or stripped of quotes stay so.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import statistics
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from tabulate import tabulate

from benchmarks.machine import machine
from bootembed.core.errors import DataError, ParamsError
from bootembed.core.hashing import content_hash
from bootembed.core.tables import GENERATED_TRIPLETS, REJECTED_TRIPLETS, read_table
from bootembed.generation.answer_cache import Answer
from bootembed.settings.load import load_params
from bootembed.strategies import answer_language
from bootembed.triplets.filters import Candidate, TripletRejection, Verdict, filter_candidates
from bootembed.workflow.places import results_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bootembed.settings.schema import Params
    from bootembed.settings.triplets import Filters
    from bootembed.triplets.filters import Rating, Similarity, Translation

logger = logging.getLogger("filter_ablation")
T = TypeVar("T")
NONE, FIRST, ALL, CONFIGURED, JUDGED = "none", "first", "all", "configured", "configured, with the judge"
# Answers that never ended or were never written cannot be told from others once they are on disk.
_LOST = {str(TripletRejection.PROMPT_TOO_LONG), str(TripletRejection.OVER_LONG)}
_OFF: dict[TripletRejection, dict[str, Any]] = {
    TripletRejection.REFUSAL: {"refusal": False},
    TripletRejection.CHAT_RESIDUE: {"chat_residue": False},
    TripletRejection.SEVERAL_SENTENCES: {"several_sentences": "keep"},
    TripletRejection.WRONG_LANGUAGE: {"wrong_language": False},
    TripletRejection.NEAR_COPY_OF_ANCHOR: {"max_similarity_to_anchor": None},
    TripletRejection.NUMBERS_DIFFER: {"numbers_differ": False},
    TripletRejection.NAMES_DIFFER: {"names_differ": False},
    TripletRejection.ONLY_NEGATED: {"only_negated": False},
    TripletRejection.TRANSLATION_OF_ANCHOR: {"max_translation_probability": None},
}
_OFF_MODELS = {  # the section of the model that checks, and the threshold
    TripletRejection.POSITIVE_TOO_FAR: ("semantic", "min_positive_similarity"),
    TripletRejection.FALSE_NEGATIVE: ("semantic", "min_margin"),
    TripletRejection.NOT_ENTAILED: ("judge", "min_entailment"),
    TripletRejection.NOT_CONTRADICTED: ("judge", "min_contradiction"),
}


@dataclass(frozen=True)
class Thresholds:
    """Thresholds of the setting `all`; None leaves a check out."""

    max_similarity_to_anchor: float
    min_positive_similarity: float | None
    min_margin: float | None
    min_entailment: float | None
    min_contradiction: float | None


@dataclass(frozen=True)
class Run:
    """A finished run, the encoder to train, and the kinds of tasks to score it on."""

    folder: Path
    params: Params
    encoder: str
    kinds: tuple[str, ...] = ("sts",)

    @property
    def encoder_dir(self) -> Path:
        """The untrained encoder."""
        return self.folder / "models" / "base" / self.encoder

    def evaluation_dir(self, language: str) -> Path:
        """The evaluation tables of a language."""
        return self.folder / "data" / "evaluation" / language

    def candidates(self, strategy: str, language: str) -> tuple[list[Candidate], set[int], str]:
        """Candidates of the first generator seed, those (by `anchor_id`) that none may keep, and answers' language."""
        folder = self.folder / results_of(self.params.profile)["training_sets"] / f"{strategy}-{language}" / "0"
        kept = read_table(folder / "training.parquet", GENERATED_TRIPLETS)
        aside = read_table(folder / "rejected.parquet", REJECTED_TRIPLETS)
        lost = {row["anchor_id"] for row in aside if row["reason"] in _LOST}
        rows = sorted([*kept, *aside], key=lambda row: row["anchor_id"])
        candidates = [
            Candidate(row["anchor_id"], row["anchor"], Answer(row["positive"], True), Answer(row["negative"], True))
            for row in rows
        ]
        return candidates, lost, answer_language(strategy, language)


@click.command(help=__doc__)
@click.argument("runs", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--params", "params_file", type=click.Path(exists=True, path_type=Path), help="Instead of each run's params.yaml."
)
@click.option("--strategies", help="Comma-separated; all of a run's grid unless given.")
@click.option("--languages", help="Comma-separated; all of a run's grid unless given.")
@click.option("--seeds", default="1,2,3", show_default=True, help="Comma-separated; of the training.")
@click.option("--encoder", help="Key of `base_models`; the first of a run's grid unless given.")
@click.option("--settings", "chosen", multiple=True, help="Only this one of the settings to compare; repeatable.")
@click.option("--kinds", default="sts", show_default=True, help="Comma-separated kinds of the tasks to score.")
@click.option("--max-similarity-to-anchor", default=0.95, show_default=True, help="Threshold of the setting `all`.")
@click.option("--min-positive-similarity", type=float, help="Of the setting `all`; left out unless given.")
@click.option("--min-margin", type=float, help="Of the setting `all`; left out unless given.")
@click.option("--min-entailment", type=float, help="The same, by the run's judge in models/judges/nli.")
@click.option("--min-contradiction", type=float, help="The same, by the run's judge.")
@click.option("--output-dir", type=click.Path(path_type=Path), required=True, help="Gets the scores and the tables.")
def main(
    runs: tuple[Path, ...],
    params_file: Path | None,
    strategies: str | None,
    languages: str | None,
    seeds: str,
    encoder: str | None,
    chosen: tuple[str, ...],
    kinds: str,
    output_dir: Path,
    **limits: Any,
) -> None:
    """Score every setting of every cell and write `filter_ablation.json` and `filter_ablation.md`."""
    import torch

    logging.basicConfig(level="INFO", format="%(asctime)s %(name)s: %(message)s", datefmt="%H:%M:%S")
    thresholds = Thresholds(**limits)
    rows: list[dict[str, Any]] = []
    for folder in runs:
        params = load_params(params_file or folder / "params.yaml")
        if params.launch.threads is not None:
            torch.set_num_threads(params.launch.threads)  # as its stages had; more than there are cores is slow
        run = Run(folder, params, encoder or params.grid.encoders[0], tuple(kinds.split(",")))
        for strategy in _chosen(strategies, params.grid.strategies):
            for language in _chosen(languages, params.grid.languages):
                rows += ablate(run, strategy, language, thresholds, _numbers(seeds), output_dir, chosen=chosen)
                table = {"machine": machine(), "thresholds": vars(thresholds), "rows": rows}
                (output_dir / "filter_ablation.json").write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
                (output_dir / "filter_ablation.md").write_text(render(table), encoding="utf-8")
    click.echo((output_dir / "filter_ablation.md").read_text(encoding="utf-8"))


def filter_settings(configured: Filters, thresholds: Thresholds) -> dict[str, Filters | None]:
    """The settings to compare, by name: no filter, the first ones, the run's own, all, and all but each one.

    With thresholds for the judge also the run's own and the judge.
    """
    off: dict[str, Any] = {key: value for update in _OFF.values() for key, value in update.items()}
    sections = {section: getattr(configured, section) for section, _ in _OFF_MODELS.values()}
    unread, read = dict(sections), dict(sections)
    for section, name in _OFF_MODELS.values():
        unread[section] = unread[section].model_copy(update={name: None})
        read[section] = read[section].model_copy(update={name: getattr(thresholds, name)})
    on: dict[str, Any] = {
        **{key: True for key, value in off.items() if value is False},
        "several_sentences": "reject",
        "max_similarity_to_anchor": thresholds.max_similarity_to_anchor,
        **read,
    }
    everything = configured.model_copy(update=on)
    settings: dict[str, Filters | None] = {
        NONE: None,
        FIRST: configured.model_copy(update={**off, **unread}),
        CONFIGURED: configured,
        ALL: everything,
    }
    judge = read["judge"]
    if judge.is_on:
        settings[JUDGED] = configured.model_copy(update={"judge": judge})
    settings |= {f"all but {reason}": everything.model_copy(update=update) for reason, update in _OFF.items()}
    for reason, (section, name) in _OFF_MODELS.items():
        if getattr(thresholds, name) is not None:
            without = read[section].model_copy(update={name: None})
            settings[f"all but {reason}"] = everything.model_copy(update={section: without})
    return settings


def ablate(
    run: Run,
    strategy: str,
    language: str,
    thresholds: Thresholds,
    seeds: Sequence[int],
    output_dir: Path,
    *,
    chosen: Sequence[str] = (),
) -> Iterator[dict[str, Any]]:
    """One row a setting, all or chosen ones: what it keeps and the scores of the embedders trained on that."""
    candidates, lost, answer_language = run.candidates(strategy, language)
    similarity, rating = _models(run)
    translation = _translation(run, answer_language)
    settings = filter_settings(run.params.generate_triplets.filters, thresholds)
    unknown = [name for name in chosen if name not in settings]
    if unknown:
        raise ParamsError(f"--settings {unknown[0]}: no such setting; choose of {list(settings)}")
    for name in chosen or settings:
        filters = settings[name]
        verdicts = _judge(candidates, lost, filters, (language, answer_language), similarity, rating, translation)
        kept = [_row(verdict.candidate) for verdict in verdicts if verdict.reason is None]
        reasons = Counter(str(verdict.reason) for verdict in verdicts if verdict.reason is not None)
        logger.info("%s %s %s: %d of %d kept", strategy, language, name, len(kept), len(candidates))
        scores = [_score(run, kept, language, seed, output_dir / "scores") for seed in seeds]
        yield {
            "run": run.folder.name,
            "strategy": strategy,
            "language": language,
            "setting": name,
            "candidates": len(candidates),
            "kept": len(kept),
            "reasons": dict(sorted(reasons.items())),
            "oracle": _oracle(run, kept, language, answer_language),
            "scores": {str(seed): score["score"] for seed, score in zip(seeds, scores, strict=True)},
            "tasks": {str(seed): score.get("tasks", {}) for seed, score in zip(seeds, scores, strict=True)},
        }


def _judge(
    candidates: list[Candidate],
    lost: set[int],
    filters: Filters | None,
    languages: tuple[str, str],
    similarity: Similarity,
    rating: Rating,
    translation: Translation,
) -> list[Verdict]:
    usable = [candidate for candidate in candidates if candidate.anchor_id not in lost]
    aside = [Verdict(candidate, TripletRejection.OVER_LONG) for candidate in candidates if candidate.anchor_id in lost]
    if filters is None:  # an empty text is no training text, whatever the filters
        empty = {c.anchor_id for c in usable if not all(answer and answer.text for answer in (c.positive, c.negative))}
        return [*(Verdict(c, TripletRejection.EMPTY if c.anchor_id in empty else None) for c in usable), *aside]
    verdicts = filter_candidates(
        usable,
        filters,
        anchor_language=languages[0],
        answer_language=languages[1],
        similarity=similarity,
        rating=rating,
        translation=translation,
    )
    return [*verdicts, *aside]


def _row(candidate: Candidate) -> dict[str, str]:
    assert candidate.positive is not None
    assert candidate.negative is not None
    return {
        "anchor": candidate.anchor,
        "positive": candidate.positive.text,
        "negative": candidate.negative.text,
    }


def _models(run: Run) -> tuple[Similarity, Rating]:
    """What the run's encoder and judge find, each triplet once for all settings."""
    from bootembed.judge.rating import JudgeRating
    from bootembed.triplets.semantic import EncoderSimilarity

    encoder = run.params.generate_triplets.filters.semantic
    compare = EncoderSimilarity(run.folder / "models" / "base" / encoder.encoder, encoder)
    judge = JudgeRating(run.folder / "models" / "judges" / "nli", run.params.rate_triplets)
    return _remembered(compare), _remembered(judge)


def _translation(run: Run, answer_language: str) -> Translation:
    """The same of the run's generator."""
    from bootembed.triplets.translation import TranslationProbability

    settings, name = run.params.generation.transformers, run.params.languages[answer_language].name
    return _remembered(TranslationProbability(run.folder / "models" / "base" / "generator", settings, language=name))


def _remembered(measure: Callable[[Sequence[tuple[str, str, str]]], list[T]]) -> Callable[..., list[T]]:
    known: dict[tuple[str, str, str], T] = {}

    def remembered(triplets: Sequence[tuple[str, str, str]]) -> list[T]:
        new = [triplet for triplet in dict.fromkeys(triplets) if triplet not in known]
        known.update(zip(new, measure(new) if new else [], strict=True))
        return [known[triplet] for triplet in triplets]

    return remembered


def _oracle(run: Run, rows: list[dict[str, str]], language: str, answer_language: str) -> dict[str, float] | None:
    """Precision of positives and negatives by the grammar of the sample corpora, where the run has them."""
    if language not in run.params.judge_triplets.languages:
        return None
    from bootembed.sample.lexicon import Lexicon
    from bootembed.sample.oracle import Oracle

    anchors, positives, negatives = ([row[side] for row in rows] for side in ("anchor", "positive", "negative"))
    oracle = Oracle(Lexicon.load(content_words=run.params.write_sample_corpora.content_words))
    found = oracle.precision(anchors, positives, negatives, anchor_language=language, answer_language=answer_language)
    return {polarity: round(found[f"{polarity}_precision"], 4) for polarity in ("positive", "negative")}


def _score(run: Run, rows: list[dict[str, str]], language: str, seed: int, folder: Path) -> dict[str, Any]:
    """`score` and `tasks` of an embedder trained on `rows`, as `_train_and_score` makes them."""
    training = run.params.train_embedder.model_dump(mode="json", exclude={"seeds"})
    settings = [training, run.params.evaluate_embedder.model_dump(mode="json"), run.kinds]
    inputs = [rows, settings, seed, content_hash(run.encoder_dir), content_hash(run.evaluation_dir(language))]
    path = folder / f"{hashlib.sha256(json.dumps(inputs).encode()).hexdigest()}.json"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        result = _train_and_score(run, rows, language, seed)
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(result), encoding="utf-8")
        os.replace(partial, path)
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _train_and_score(run: Run, rows: list[dict[str, str]], language: str, seed: int) -> dict[str, Any]:
    """`score`, the mean over tasks, and `tasks`, the score of each on its test split or, for want of one, validation.

    `score` is None, and `why` says it, where nothing could be trained.
    """
    from bootembed.embedder.train import train_embedder
    from bootembed.evaluation.run import evaluate_embedder, read_tasks

    params = run.params
    names: dict[str, Any] = {"recipe": "ablation", "language": language, "encoder": run.encoder}
    tasks = read_tasks(
        run.evaluation_dir(language),
        params.evaluate_embedder.tasks,
        language=language,
        script=params.languages[language].script,
    )
    scored = [task for task in tasks if task.kind.name in run.kinds]
    if not scored:
        raise DataError(f"{run.evaluation_dir(language)}: no task of kind {' or '.join(run.kinds)}; see --kinds")
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model"
        try:
            train_embedder(
                run.encoder_dir,
                rows,
                params.train_embedder,
                **names,
                scoring_max_seq_length=params.evaluate_embedder.max_seq_length,
                output_dir=model,
                checkpoint_dir=Path(folder) / "work",
                seed=seed,
            )
            results = Path(folder) / "results"
            found = evaluate_embedder(
                model, scored, params.evaluate_embedder, name="ablation", results_dir=results, seed=seed
            )
        except DataError as error:
            logger.warning("%s", error)
            return {"score": None, "why": str(error)}
    scores = {task: by_split.get("test", by_split.get("validation")) for task, by_split in found.scores.items()}
    return {"score": statistics.mean(score for score in scores.values() if score is not None), "tasks": scores}


def render(table: dict[str, Any]) -> str:
    """The table as Markdown: mean and standard deviation over seeds, and the difference to the first filters."""
    lines = [
        "Mean score over tasks, ± standard deviation over the seeds; the difference is to the first filters, or to the "
        "run's own.",
        "",
        "Machine: " + ", ".join(f"{name} {value}" for name, value in table["machine"].items()),
        "",
    ]
    base: dict[tuple[str, str, str], float | None] = {}
    for setting in (CONFIGURED, FIRST):
        base |= {_cell(row): _mean(row) for row in table["rows"] if row["setting"] == setting}
    rows = [[*_cell(row), row["setting"], row["kept"], *_figures(row, base.get(_cell(row)))] for row in table["rows"]]
    heads = [
        "run",
        "strategy",
        "language",
        "filters",
        "kept",
        "score",
        "difference",
        "tasks",
        "positives right",
        "negatives right",
    ]
    return "\n".join([*lines, str(tabulate(rows, heads, tablefmt="github", disable_numparse=True)), ""])


def _cell(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["run"], row["strategy"], row["language"]


def _scores(row: dict[str, Any]) -> list[float]:
    return [score for score in row["scores"].values() if score is not None]


def _mean(row: dict[str, Any]) -> float | None:
    scores = _scores(row)
    return statistics.mean(scores) if scores else None


def _figures(row: dict[str, Any], base: float | None) -> list[str]:
    scores, mean = _scores(row), _mean(row)
    spread = f" ± {statistics.stdev(scores):.4f}" if len(scores) > 1 else ""
    shown = "none could be trained" if mean is None else f"{mean:.4f}{spread}"
    gain = "" if mean is None or base is None else f"{mean - base:+.4f}"
    right = [f"{row['oracle'][side]:.1%}" for side in ("positive", "negative")] if row["oracle"] else ["", ""]
    return [shown, gain, _tasks(row), *right]


def _tasks(row: dict[str, Any]) -> str:
    """The mean of each task, where there are several."""
    scores: dict[str, list[float]] = {}
    for by_task in row["tasks"].values():
        for task, score in by_task.items():
            scores.setdefault(task, []).append(score)
    return ", ".join(f"{task} {statistics.mean(found):.4f}" for task, found in scores.items() if len(scores) > 1)


def _chosen(given: str | None, known: Sequence[str]) -> list[str]:
    return given.split(",") if given else [str(name) for name in known]


def _numbers(given: str) -> list[int]:
    return [int(number) for number in given.split(",")]


if __name__ == "__main__":
    main()
