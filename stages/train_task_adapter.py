"""Train the English task adapter of one polarity on English NLI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bootembed import tracking
from bootembed.cli import params_option, stage_command
from bootembed.core.names import Polarity
from bootembed.core.processes import started_processes

if TYPE_CHECKING:
    from bootembed.settings.schema import Params


@click.command(help=__doc__)
@click.option("--polarity", type=click.Choice([str(p) for p in Polarity]), required=True)
@click.option("--base-model", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--nli", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--checkpoint-dir", type=click.Path(path_type=Path), required=True)
@click.option("--output-dir", type=click.Path(path_type=Path), required=True)
@params_option
@stage_command
def main(params: Params, polarity: str, base_model: Path, nli: Path, checkpoint_dir: Path, output_dir: Path) -> None:
    if started_processes("stages.train_task_adapter", params.launch):
        return
    from bootembed.adapters.examples import entailment_examples
    from bootembed.adapters.train import train_adapter
    from bootembed.core.tables import NLI, read_table
    from bootembed.prompts import prompt_definition

    settings = {
        "train_task_adapter": params.train_task_adapter,
        "prompts": params.prompts,
        "seed": params.seed,
    }
    with tracking.stage_run("train_task_adapter", cell={"polarity": polarity}, settings=settings) as run:
        definition = prompt_definition(params.prompts.version)
        metrics = train_adapter(
            base_model,
            entailment_examples(read_table(nli, NLI), definition, Polarity(polarity)),
            params.train_task_adapter,
            output_dir=output_dir,
            checkpoint_dir=checkpoint_dir,
            seed=params.seed,
        )
        run.log_metrics(metrics)
        run.log_output("adapter", output_dir)


if __name__ == "__main__":
    main()
