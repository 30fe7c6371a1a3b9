"""Score the embedders of one cell on the evaluation sets of their language."""

from __future__ import annotations

from typing import Any

from bootembed import tracking
from bootembed.cli import InputPath, OutputPath, stage
from bootembed.settings.schema import Params


@stage
def main(
    params: Params,
    recipe: str,
    language: str,
    encoder: str,
    embedders: InputPath,
    evaluation_dir: InputPath,
    results_dir: OutputPath,
    output: OutputPath,
) -> None:
    from bootembed.core.metrics import embedder_metrics
    from bootembed.evaluation.run import as_json, evaluate_embedders, read_tasks

    cell = {"recipe": recipe, "language": language, "encoder": encoder}
    settings: dict[str, Any] = {"evaluate_embedder": params.evaluate_embedder, "seed": params.seed}
    with tracking.stage_run("evaluate_embedder", cell=cell, settings=settings) as run:
        script = params.languages[language].script
        tasks = read_tasks(evaluation_dir, params.evaluate_embedder.tasks, language=language, script=script)
        found = evaluate_embedders(
            embedders, tasks, params.evaluate_embedder, **cell, results_dir=results_dir, seed=params.seed
        )
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(as_json(cell, found), encoding="utf-8")
        run.log_metrics(embedder_metrics({identity: evaluation.metrics for identity, evaluation in found.items()}))
        run.log_input("embedders", embedders)
        run.log_artifact(output)


if __name__ == "__main__":
    main()
