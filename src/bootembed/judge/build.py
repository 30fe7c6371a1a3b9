"""The judge of a run as a folder: from the Hub, a local folder, trained here, or none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bootembed.adapters.arguments import Trained
from bootembed.base_models.build import build_base_model
from bootembed.core.errors import DataError
from bootembed.core.processes import is_main_process
from bootembed.judge.labels import label_positions
from bootembed.settings.judge import NO_JUDGE
from bootembed.settings.models import BaseModelSpec

if TYPE_CHECKING:
    from pathlib import Path

    from bootembed.judge.rows import JudgeRows
    from bootembed.settings.judge import TrainJudge


def build_judge(
    settings: TrainJudge,
    rows: JudgeRows,
    *,
    base_models_dir: Path,
    output_dir: Path,
    checkpoint_dir: Path,
    seed: int,
) -> Trained:
    """Fill the folder of the judge and return what is kept of its training.

    Under torchrun every process calls this with the same arguments, and the main process writes.

    Args:
        settings: Where the judge comes from.
        rows: NLI; only `trained` reads them.
        base_models_dir: Folders of the base models, by key.
        output_dir: Folder to fill; with `none` it gets a file that says so.
        checkpoint_dir: For resuming a killed training or download; removed at the end.
        seed: Of the training.

    Raises:
        DataError: The classifier cannot be fetched, copied or trained, or has other labels.
    """
    if settings.source == "trained":
        from bootembed.judge.train import train_judge

        training = train_judge(
            base_models_dir / str(settings.base),
            rows.training,
            settings,
            output_dir=output_dir,
            checkpoint_dir=checkpoint_dir,
            seed=seed,
        )
        return training._replace(metrics=rows.counts | training.metrics)
    if is_main_process():
        _take(settings, output_dir=output_dir, checkpoint_dir=checkpoint_dir, seed=seed)
    return Trained({}, {})


def _take(settings: TrainJudge, *, output_dir: Path, checkpoint_dir: Path, seed: int) -> None:
    """Fill the folder with a judge that is there already, or with none."""
    output_dir.mkdir(parents=True, exist_ok=True)
    if settings.source == NO_JUDGE:
        reason = "No judge: `train_judge.source` is `none`, or no filter needs the judge.\n"
        (output_dir / "README.md").write_text(reason, encoding="utf-8")
        return
    place = settings.model_dump(include={"source", "id", "revision", "pickled_weights", "path"})
    spec = BaseModelSpec.model_validate({"role": "encoder", **place})
    build_base_model(spec, [], output_dir=output_dir, checkpoint_dir=checkpoint_dir, seed=seed)
    config = json.loads((output_dir / "config.json").read_text(encoding="utf-8"))
    if "id2label" not in config:
        raise DataError(f"{spec.id or spec.path}: its config.json names no labels; choose an NLI classifier")
    label_positions(config["id2label"], source=str(spec.id or spec.path))
