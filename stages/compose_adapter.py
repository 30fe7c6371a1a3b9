"""Compose the task adapter of one polarity with the language adapters of one language."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bootembed import tracking
from bootembed.cli import params_option, stage_command
from bootembed.core.names import Polarity

if TYPE_CHECKING:
    from bootembed.settings.schema import Params


@click.command(help=__doc__)
@click.option("--language", required=True)
@click.option("--polarity", type=click.Choice([str(p) for p in Polarity]), required=True)
@click.option("--task-adapter", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--language-adapter", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--reference-adapter", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--output-dir", type=click.Path(path_type=Path), required=True)
@params_option
@stage_command
def main(
    params: Params,
    language: str,
    polarity: str,
    task_adapter: Path,
    language_adapter: Path,
    reference_adapter: Path,
    output_dir: Path,
) -> None:
    from bootembed.strategies.adapter_composition import compose_folders

    cell = {"language": language, "polarity": polarity}
    settings = {"compose_adapter": params.compose_adapter}
    with tracking.stage_run("compose_adapter", cell=cell, settings=settings) as run:
        metrics = compose_folders(
            task_adapter, language_adapter, reference_adapter, params.compose_adapter, output_dir=output_dir
        )
        run.log_metrics(metrics)
        run.log_output("adapter", output_dir)


if __name__ == "__main__":
    main()
