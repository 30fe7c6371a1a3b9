"""Register the median embedders with MLflow, the best recipe by validation score under the alias `champion`.

The output says what is best by validation score, and does not depend on MLflow. Where its store is away, the stage
warns and ends well: the registrations wait, with their models, until the store answers (`registry.waiting`).
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import click

from bootembed import tracking
from bootembed.cli import InputPath, OutputPath, stage
from bootembed.settings.schema import Params

logger = logging.getLogger(__name__)


@stage
def main(
    params: Params,
    embedders_dir: InputPath,
    scores_dir: InputPath,
    results_dir: InputPath,
    lock: Annotated[Path, click.Path(path_type=Path), "dvc.lock, for the lineage; it need not exist."],
    output: OutputPath,
) -> None:
    from bootembed.core.hashing import content_hash
    from bootembed.registry.candidates import best_candidate, read_candidates
    from bootembed.registry.waiting import register_or_wait
    from bootembed.workflow.origins import Lock

    settings = {"register_models": params.register_models, "grid": params.grid}
    with tracking.stage_run("register_models", cell={}, settings=settings) as run:
        champions: dict[str, dict[str, Any]] = {}
        recorded = Lock(lock)
        for language in params.grid.languages:
            task = params.register_models.validation_task.get(language)
            candidates = (
                []
                if task is None
                else read_candidates(embedders_dir, scores_dir, results_dir, params.grid, language=language, task=task)
            )
            if task is None or not candidates:
                why = f"register_models.validation_task names no task for {language}"
                champions[language] = {"not_registered": why if task is None else "no recipe has been scored"}
                logger.warning("%s: no model is registered: %s", language, champions[language]["not_registered"])
                continue
            if tracking.is_on():
                name = params.register_models.name.format(language=language)
                cells = [candidate.folder.parent for candidate in candidates]
                origins = [recorded.origin(cell, results_dir / cell.name) for cell in cells]
                traced = [replace(one, origin=found) for one, found in zip(candidates, origins, strict=True)]
                register_or_wait(
                    traced,
                    name,
                    alias=params.register_models.alias,
                    profile=params.profile,
                    language=f"{params.languages[language].name} ({language})",
                )
            best = best_candidate(candidates)
            champions[language] = {
                "champion": best.name,
                "embedder": str(best.validation.median),
                "embedders": len(best.validation.embedders),
                "validation_task": task,
                "validation_score": best.validation.score,
                "validation_deviation": best.validation.deviation,
                "content_hash": content_hash(best.folder),
            }
        output.write_text(json.dumps(champions, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        run.log_artifact(output)
    tracking.send_now()  # the last stage: `dvc exp run --temp` removes the folder, and any records left in it


if __name__ == "__main__":
    main()
