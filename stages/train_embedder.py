"""Finetune one encoder on the training sets of one recipe and language, from several seeds."""

from __future__ import annotations

from typing import Any

from bootembed import tracking
from bootembed.cli import InputPath, OutputPath, stage
from bootembed.core.processes import started_processes
from bootembed.settings.schema import Params


@stage
def main(
    params: Params,
    recipe: str,
    language: str,
    encoder: str,
    base_model: InputPath,
    training_sets: InputPath,
    checkpoint_dir: OutputPath,
    output_dir: OutputPath,
    metrics: OutputPath,
) -> None:
    if started_processes("stages.train_embedder", processes=params.launch.processes):
        return
    from bootembed.core.metrics import embedder_metrics
    from bootembed.embedder.train_all import train_embedders
    from bootembed.embedder.training_sets import read_training_sets

    cell = {"recipe": recipe, "language": language, "encoder": encoder}
    own = params.embedder_settings(recipe, encoder)
    settings: dict[str, Any] = {"train_embedder": own, "seed": params.seed}
    with tracking.stage_run("train_embedder", cell=cell, settings=settings) as run:
        found = train_embedders(
            base_model,
            read_training_sets(training_sets),
            own,
            **cell,
            scoring_max_seq_length=params.evaluate_embedder.max_seq_length,
            output_dir=output_dir,
            checkpoint_dir=checkpoint_dir,
            metrics_file=metrics,
            seed=params.seed,
        )
        run.log_metrics(embedder_metrics(found))
        run.log_input("base_model", base_model)
        run.log_input("training_sets", training_sets)
        run.log_output("embedders", output_dir)


if __name__ == "__main__":
    main()
