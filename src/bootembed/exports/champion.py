"""The champion of a language as an export, with its size and its scores beside the original's."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.core.hashing import content_hash
from bootembed.core.names import cell_name
from bootembed.evaluation.run import evaluate_embedder
from bootembed.exports.build import export_embedder, folder_size, load_embedder
from bootembed.exports.record import Original
from bootembed.exports.texts import corpus_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sentence_transformers import SentenceTransformer

    from bootembed.evaluation.tasks import Task
    from bootembed.settings.evaluation import EvaluateEmbedder
    from bootembed.settings.exports import ExportSpec


@dataclass(frozen=True)
class Exported:
    """What an export is worth.

    Attributes:
        original: Cell and embedder that was exported; empty if there was none.
        content: Content hash of the export.
        why_not: Why nothing was exported; empty if it was.
        bytes: Size of the export's folder.
        original_bytes: Of the original's.
        scores: Task -> split -> main score of the export.
        loss: Task -> split -> what it scores less than the original.
    """

    original: str = ""
    content: str = ""
    why_not: str = ""
    bytes: int = 0
    original_bytes: int = 0
    scores: Mapping[str, Mapping[str, float]] | None = None
    loss: Mapping[str, Mapping[str, float]] | None = None

    def as_json(self) -> str:
        """A DVC metrics file."""
        content = {name: value for name, value in asdict(self).items() if value not in (None, "", 0)}
        return json.dumps(content, indent=2) + "\n"

    @property
    def metrics(self) -> dict[str, float]:
        """Flat names for MLflow."""
        flat = {"bytes": float(self.bytes), "original_bytes": float(self.original_bytes)}
        for kind, values in (("score", self.scores or {}), ("loss", self.loss or {})):
            flat |= {f"{kind}/{task}.{split}": value for task, by in values.items() for split, value in by.items()}
        return flat


def export_champion(
    registry: Path,
    embedders_dir: Path,
    spec: ExportSpec,
    tasks: Sequence[Task],
    settings: EvaluateEmbedder,
    *,
    name: str,
    language: str,
    corpora: Sequence[Path],
    output_dir: Path,
    seed: int,
) -> Exported:
    """Export the champion of a language and score both.

    The original is scored again beside its export: the same process, the same threads.

    Args:
        registry: JSON of `register_models`: language -> champion and embedder.
        embedders_dir: One folder a cell, and in it one an embedder.
        spec: What to make.
        tasks: As `read_tasks` makes them.
        settings: Of scoring.
        name: Of the export.
        language: Code of the language.
        corpora: Folders of the language's and of English's corpora.
        output_dir: Gets the export; stays empty where the language has no champion.
        seed: Of scoring.

    Raises:
        DataError: The registry's file or the embedder cannot be read.
        ParamsError: The spec does not go with the embedder.
    """
    output_dir.mkdir(parents=True, exist_ok=True)
    champion = _champion(registry, language)
    if "champion" not in champion:
        return Exported(why_not=f"no champion: {champion.get('not_registered', 'the language is not registered')}")
    recipe, _, encoder = champion["champion"].rpartition("-")
    folder = embedders_dir / cell_name(recipe, language, encoder) / champion["embedder"]
    original = load_embedder(folder)
    texts = corpus_texts(corpora) if spec.reads_texts else ()
    export_embedder(original, spec, output_dir, texts=texts, original=Original(content_hash(folder)))
    before, after = (
        score_folder(path, model, tasks, settings, name=f"{language}-{name}", seed=seed)
        for path, model in ((folder, original), (output_dir, load_embedder(output_dir)))
    )
    loss = {t: {split: round(before[t][split] - score, 6) for split, score in by.items()} for t, by in after.items()}
    return Exported(
        original=f"{folder.parent.name}/{folder.name}",
        content=content_hash(output_dir),
        bytes=folder_size(output_dir),
        original_bytes=folder_size(folder),
        scores=after,
        loss=loss,
    )


def find_scores(metrics: Path, content: str) -> dict[str, dict[str, float]]:
    """Task -> split -> main score of the export with this content; empty if it was not scored.

    Args:
        metrics: Folder of what `Exported.as_json` wrote.
        content: Content hash of the export.

    Raises:
        DataError: A file cannot be read.
    """
    for file in sorted(metrics.glob("*.json")):
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"{file}: cannot be read: {error}; run stage export_embedder again") from error
        if found.get("content") == content:
            scores: dict[str, dict[str, float]] = found["scores"]
            return scores
    return {}


def score_folder(
    folder: Path, model: SentenceTransformer, tasks: Sequence[Task], settings: EvaluateEmbedder, *, name: str, seed: int
) -> dict[str, dict[str, float]]:
    """Task -> split -> main score of a model that was loaded from a folder; mteb's files are not kept."""
    with tempfile.TemporaryDirectory() as results:
        found = evaluate_embedder(folder, tasks, settings, name=name, results_dir=Path(results), seed=seed, model=model)
    return found.scores


def _champion(registry: Path, language: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(registry.read_text(encoding="utf-8")).get(language, {})
    except (OSError, ValueError) as error:
        raise DataError(f"{registry}: cannot be read: {error}; run stage register_models again") from error
    return found
