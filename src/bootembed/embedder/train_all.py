"""Training of all embedders of a cell in one process: one for each training set and seed."""

from __future__ import annotations

import gc
import json
import logging
import shutil
from typing import TYPE_CHECKING, Any, NamedTuple

from bootembed.core.hashing import content_hash, json_hash
from bootembed.core.names import EmbedderId
from bootembed.core.processes import is_main_process, process_count
from bootembed.core.seeding import derive_seed
from bootembed.embedder.train import train_embedder
from bootembed.embedder.training_record import TrainingRecord, write_records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bootembed.settings.embedder import TrainEmbedder

logger = logging.getLogger(__name__)
_LABEL = "finished.json"  # beside a finished model, and written after it


def train_embedders(
    base_model_dir: Path,
    training_sets: Mapping[int, Sequence[dict[str, str]]],
    settings: TrainEmbedder,
    *,
    output_dir: Path,
    checkpoint_dir: Path,
    metrics_file: Path,
    seed: int,
    **names: Any,
) -> dict[EmbedderId, dict[str, float]]:
    """Train `settings.seeds` embedders on each training set, or one where the objective trains nothing.

    A killed run goes on with the embedder that it was at: finished ones wait in `checkpoint_dir`, because DVC removes a
    stage's outputs before it runs again. Only the last is never found finished, so that all processes meet in its
    training before the main process clears up.

    Args:
        base_model_dir: As in `train_embedder`.
        training_sets: Number -> rows.
        settings: Objective, pooling, optimiser, and how many seeds.
        output_dir: Gets a folder for each embedder, named by its `EmbedderId`.
        checkpoint_dir: Checkpoints and finished embedders of the run; removed at the end.
        metrics_file: Gets the `TrainingRecord` of each embedder.
        seed: Of the project; each embedder's own is derived from it.
        names: Further arguments of `train_embedder`: `recipe`, `language`, `encoder` and `scoring_max_seq_length`.

    Returns:
        Metrics of each embedder.

    Raises:
        DataError: As in `train_embedder`.
        ParamsError: As in `train_embedder`.
    """
    base_hash = content_hash(base_model_dir)
    last = EmbedderId(max(training_sets), settings.seeds - 1)
    found: dict[EmbedderId, _Finished] = {}
    for number, rows in training_sets.items():
        before = None
        for count in range(settings.seeds):
            identity = EmbedderId(number, count)
            folder = _finished_dir(checkpoint_dir, identity)
            own: dict[str, Any] = {
                "seed": derive_seed(seed, "embedder", number, count),
                "base_hash": base_hash,
                **names,
            }
            label = _digest(rows, settings, own)
            finished = None if identity == last else _finished(folder, label)
            if finished is None:
                logger.info("embedder %s", identity)
                _remove(folder)
                chosen = derive_seed(seed, "similarity", number)
                record = TrainingRecord(identity, rows, settings, seed=chosen, before=before)
                metrics = train_embedder(
                    base_model_dir,
                    rows,
                    settings,
                    **own,
                    output_dir=folder / "model",
                    checkpoint_dir=checkpoint_dir / str(identity),
                    record=record,
                )
                finished = _Finished(metrics, record.as_json())
                _label(folder, label, finished)
                gc.collect()  # a trainer and its model hold each other
            found[identity] = finished
            before = finished.record.get("similarity", {}).get("before")
            if not finished.metrics["steps"]:
                break  # without training every seed gives the same
    if is_main_process():
        for identity in found:
            target = output_dir / str(identity)
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(_finished_dir(checkpoint_dir, identity) / "model", target)
        write_records({identity: finished.record for identity, finished in found.items()}, metrics_file)
        shutil.rmtree(checkpoint_dir)
    return {identity: finished.metrics for identity, finished in found.items()}


class _Finished(NamedTuple):
    """What is kept of a training beside its model."""

    metrics: dict[str, float]
    record: dict[str, Any]


def _finished_dir(checkpoint_dir: Path, identity: EmbedderId) -> Path:
    return checkpoint_dir / "finished" / str(identity)


def _digest(rows: Sequence[dict[str, str]], settings: TrainEmbedder, own: Mapping[str, Any]) -> str:
    """Of all that decides the bytes of a model and its card."""
    return json_hash([list(rows), settings.model_dump(mode="json", exclude={"seeds"}), dict(own), process_count()])


def _finished(folder: Path, label: str) -> _Finished | None:
    """Of an embedder of this label that an earlier run finished."""
    try:
        content = json.loads((folder / _LABEL).read_text(encoding="utf-8"))
        return _Finished(content["metrics"], content["record"]) if content["label"] == label else None
    except (OSError, ValueError, KeyError):  # KeyError: an older version's
        return None


def _label(folder: Path, label: str, finished: _Finished) -> None:
    if is_main_process():
        (folder / _LABEL).write_text(json.dumps({"label": label, **finished._asdict()}), encoding="utf-8")


def _remove(folder: Path) -> None:
    if is_main_process():
        shutil.rmtree(folder, ignore_errors=True)
