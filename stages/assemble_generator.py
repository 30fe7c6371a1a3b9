"""Put together what one strategy needs to write triplets for one language: adapters or examples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bootembed import tracking
from bootembed.cli import params_option, stage_command
from bootembed.core.names import Strategy

if TYPE_CHECKING:
    from bootembed.settings.schema import Params


@click.command(help=__doc__)
@click.option("--strategy", type=click.Choice([str(s) for s in Strategy]), required=True)
@click.option("--language", required=True)
@click.option("--composed-dir", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--xl-lora-dir", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--examples", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--english-nli", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--anchors", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--output-dir", type=click.Path(path_type=Path), required=True)
@params_option
@stage_command
def main(
    params: Params,
    strategy: str,
    language: str,
    composed_dir: Path,
    xl_lora_dir: Path,
    examples: Path,
    english_nli: Path,
    anchors: Path,
    output_dir: Path,
) -> None:
    from bootembed.strategies.assemble import assemble_generator

    cell = {"strategy": strategy, "language": language}
    settings = {"in_context": params.in_context, "prompts": params.prompts, "seed": params.seed}
    with tracking.stage_run("assemble_generator", cell=cell, settings=settings) as run:
        metrics = assemble_generator(
            Strategy(strategy),
            params.languages[language].name,
            language=language,
            prompt_version=params.prompts.version,
            settings=params.in_context,
            composed_dir=composed_dir,
            xl_lora_dir=xl_lora_dir,
            examples=examples,
            english_nli=english_nli,
            anchors=anchors,
            output_dir=output_dir,
            seed=params.seed,
        )
        run.log_metrics(metrics)
        run.log_output("generator", output_dir)


if __name__ == "__main__":
    main()
