"""Draw the documents that a scratch base model is pretrained on; none for a model from the Hub or a folder."""

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
@click.option("--corpora-dir", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--output", type=click.Path(path_type=Path), required=True)
@params_option
@stage_command
def main(params: Params, model: str, corpora_dir: Path, output: Path) -> None:
    from bootembed.base_models.pretraining_data import build_pretraining_documents, read_language_texts
    from bootembed.core.tables import DOCUMENTS, write_table
    from bootembed.prompts import prompt_definition

    scratch = params.base_models[model].scratch
    settings = {"base_models": params.base_models[model], "prompts": params.prompts, "seed": params.seed}
    with tracking.stage_run("build_pretraining_data", cell={"model": model}, settings=settings) as run:
        documents = []
        if scratch is not None:
            languages = {key: params.languages[key] for key in scratch.pretraining.languages}
            documents = build_pretraining_documents(
                read_language_texts(corpora_dir, languages),
                scratch.pretraining,
                definition=prompt_definition(params.prompts.version),
                seed=params.seed,
            )
        run.log_metrics({"documents": write_table(documents, DOCUMENTS, output)})
        run.log_output("documents", output)


if __name__ == "__main__":
    main()
