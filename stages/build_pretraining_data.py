"""Draw the documents that a scratch base model is pretrained on; none for a model from the Hub or a folder."""

from __future__ import annotations

from typing import Annotated

from bootembed import tracking
from bootembed.cli import InputPath, OutputPath, stage
from bootembed.settings.schema import Params


@stage
def main(
    params: Params,
    model: Annotated[str, "Key of `base_models`."],
    corpora_dir: InputPath,
    output: OutputPath,
) -> None:
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
