"""Compose the task adapter of one polarity with the language adapters of one language."""

from __future__ import annotations

from bootembed import tracking
from bootembed.cli import InputPath, OutputPath, stage
from bootembed.core.names import Polarity
from bootembed.settings.schema import Params


@stage
def main(
    params: Params,
    language: str,
    polarity: Polarity,
    task_adapter: InputPath,
    language_adapter: InputPath,
    reference_adapter: InputPath,
    output_dir: OutputPath,
) -> None:
    from bootembed.strategies.adapter_composition import compose_folders

    cell = {"language": language, "polarity": polarity}
    settings = {"compose_adapter": params.compose_adapter}
    with tracking.stage_run("compose_adapter", cell=cell, settings=settings) as run:
        for number in range(params.generator_seeds):
            metrics = compose_folders(
                task_adapter / str(number),
                language_adapter / str(number),
                reference_adapter / str(number),
                params.compose_adapter,
                output_dir=output_dir / str(number),
            )
            run.log_metrics(metrics, number=number)
        run.log_output("adapters", output_dir)


if __name__ == "__main__":
    main()
