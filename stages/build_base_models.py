"""Make a base model available as a folder: from the Hub, from a local folder, or trained from scratch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bootembed import tracking
from bootembed.cli import params_option, stage_command

if TYPE_CHECKING:
    from bootembed.settings.schema import Params


@click.command(help=__doc__)
@click.option("--model", required=True, help="Key of `base_models`.")
@click.option("--documents", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--checkpoint-dir", type=click.Path(path_type=Path), required=True)
@click.option("--output-dir", type=click.Path(path_type=Path), required=True)
@params_option
@stage_command
def main(params: Params, model: str, documents: Path, checkpoint_dir: Path, output_dir: Path) -> None:
    from bootembed.base_models.build import build_base_model
    from bootembed.core.tables import DOCUMENTS, read_table

    settings = {"base_models": params.base_models[model], "seed": params.seed}
    with tracking.stage_run("build_base_models", cell={"model": model}, settings=settings) as run:
        metrics = build_base_model(
            params.base_models[model],
            read_table(documents, DOCUMENTS),
            output_dir=output_dir,
            checkpoint_dir=checkpoint_dir,
            seed=params.seed,
        )
        run.log_metrics(metrics)
        run.log_output("model", output_dir)


if __name__ == "__main__":
    main()
