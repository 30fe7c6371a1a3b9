"""Finetune one encoder on the training set of one recipe and language."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bootembed import tracking
from bootembed.cli import params_option, stage_command
from bootembed.core.processes import started_processes

if TYPE_CHECKING:
    from bootembed.settings.schema import Params


@click.command(help=__doc__)
@click.option("--recipe", required=True)
@click.option("--language", required=True)
@click.option("--encoder", required=True)
@click.option("--base-model", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--training-set", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--checkpoint-dir", type=click.Path(path_type=Path), required=True)
@click.option("--output-dir", type=click.Path(path_type=Path), required=True)
@params_option
@stage_command
def main(
    params: Params,
    recipe: str,
    language: str,
    encoder: str,
    base_model: Path,
    training_set: Path,
    checkpoint_dir: Path,
    output_dir: Path,
) -> None:
    if started_processes("stages.train_embedder", params.launch):
        return
    from bootembed.embedder.train import train_embedder
    from bootembed.embedder.training_sets import read_training_set
    from bootembed.settings.embedder import settings_of_recipe

    cell = {"recipe": recipe, "language": language, "encoder": encoder}
    own = settings_of_recipe(params.train_embedder, params.train_embedder_recipes[recipe])
    settings: dict[str, Any] = {"train_embedder": own, "seed": params.seed}
    with tracking.stage_run("train_embedder", cell=cell, settings=settings) as run:
        metrics = train_embedder(
            base_model,
            read_training_set(training_set),
            own,
            **cell,
            scoring_max_seq_length=params.evaluate_embedder.max_seq_length,
            output_dir=output_dir,
            checkpoint_dir=checkpoint_dir,
            seed=params.seed,
        )
        run.log_metrics(metrics)
        run.log_input("base_model", base_model)
        run.log_input("training_set", training_set)
        run.log_output("embedder", output_dir)


if __name__ == "__main__":
    main()
