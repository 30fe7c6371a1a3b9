"""Evaluation sets of one target language, verbatim, from local files or from where mteb has them."""

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
@click.option("--raw-dir", type=click.Path(exists=True, path_type=Path), required=True, help="Folder of all raw data.")
@click.option("--output-dir", type=click.Path(path_type=Path), required=True)
@params_option
@stage_command
def main(params: Params, language: str, raw_dir: Path, output_dir: Path) -> None:
    from bootembed.evaluation.prepare import prepare_evaluation

    configured = params.languages[language]
    settings = {"tasks": params.evaluate_embedder.tasks, "languages": configured}
    with tracking.stage_run("prepare_evaluation", cell={"language": language}, settings=settings) as run:
        rows = prepare_evaluation(
            params.corpora[configured.corpus],
            params.evaluate_embedder.tasks,
            language=language,
            configured=configured,
            input_dir=raw_dir / configured.folder,
            output_dir=output_dir,
        )
        run.log_metrics({f"{task}.rows": count for task, count in rows.items()})
        run.log_output("evaluation", output_dir)


if __name__ == "__main__":
    main()
