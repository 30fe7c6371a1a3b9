"""Clean tables of one language, free of evaluation sentences; every row set aside is counted and listed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bootembed import tracking
from bootembed.cli import params_option, stage_command

if TYPE_CHECKING:
    from bootembed.settings.schema import Params


@click.command(help=__doc__)
@click.option("--language", required=True, help="Key of `languages`.")
@click.option(
    "--input-dir", type=click.Path(exists=True, path_type=Path), required=True, help="Raw folder of the language."
)
@click.option(
    "--evaluation-dir", type=click.Path(exists=True, path_type=Path), required=True, help="All evaluation sets."
)
@click.option("--output-dir", type=click.Path(path_type=Path), required=True)
@params_option
@stage_command
def main(params: Params, language: str, input_dir: Path, evaluation_dir: Path, output_dir: Path) -> None:
    from bootembed.corpora.evaluation_sets import read_evaluation_texts
    from bootembed.corpora.prepare import prepare_corpora

    configured = params.languages[language]
    with tracking.stage_run(
        "prepare_corpora",
        cell={"language": language},
        settings={"prepare_corpora": params.prepare_corpora, "languages": configured, "seed": params.seed},
    ) as run:
        prepared = prepare_corpora(
            params.corpora[configured.corpus],
            params.prepare_corpora,
            language=language,
            configured=configured,
            evaluation=read_evaluation_texts(evaluation_dir, params.grid.languages),
            input_dir=input_dir,
            output_dir=output_dir,
            seed=params.seed,
        )
        run.log_metrics(prepared.metrics)
        run.log_output("corpora", output_dir)
        run.log_artifact(output_dir / "report.json")


if __name__ == "__main__":
    main()
