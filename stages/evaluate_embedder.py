"""Score one embedder on the evaluation sets of its language."""

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
    model: InputPath,
    evaluation_dir: InputPath,
    results_dir: OutputPath,
    output: OutputPath,
) -> None:
    from bootembed.evaluation.run import evaluate_embedder, read_tasks

    cell = {"recipe": recipe, "language": language, "encoder": encoder}
    settings: dict[str, Any] = {"evaluate_embedder": params.evaluate_embedder, "seed": params.seed}
    with tracking.stage_run("evaluate_embedder", cell=cell, settings=settings) as run:
        script = params.languages[language].script
        tasks = read_tasks(evaluation_dir, params.evaluate_embedder.tasks, language=language, script=script)
        result = evaluate_embedder(
            model, tasks, params.evaluate_embedder, **cell, results_dir=results_dir, seed=params.seed
        )
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(result.as_json(), encoding="utf-8")
        run.log_metrics(result.metrics)
        run.log_input("model", model)
        run.log_artifact(output)


if __name__ == "__main__":
    main()
