"""Score one embedder, or one untrained encoder, on the evaluation sets of its language."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bootembed import tracking
from bootembed.cli import params_option, stage_command

if TYPE_CHECKING:
    from bootembed.settings.schema import Params


@click.command(help=__doc__)
@click.option("--recipe", required=True, help="Strategy or baseline, or `untrained`.")
@click.option("--language", required=True)
@click.option("--encoder", required=True)
@click.option("--model", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--evaluation-dir", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--results-dir", type=click.Path(path_type=Path), required=True)
@click.option("--output", type=click.Path(path_type=Path), required=True)
@params_option
@stage_command
def main(
    params: Params,
    recipe: str,
    language: str,
    encoder: str,
    model: Path,
    evaluation_dir: Path,
    results_dir: Path,
    output: Path,
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
