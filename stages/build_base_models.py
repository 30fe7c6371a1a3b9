"""Make a base model available as a folder: from the Hub, from a local folder, or trained from scratch."""

from __future__ import annotations

from typing import Annotated

from bootembed import tracking
from bootembed.cli import InputPath, OutputPath, stage
from bootembed.settings.schema import Params


@stage
def main(
    params: Params,
    model: Annotated[str, "Key of `base_models`."],
    documents: InputPath,
    checkpoint_dir: OutputPath,
    output_dir: OutputPath,
) -> None:
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
