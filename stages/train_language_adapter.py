"""Train the language adapter of one language on its instruction text, or on its plain text."""

from __future__ import annotations

from bootembed import tracking
from bootembed.cli import InputPath, OutputPath, stage
from bootembed.core.processes import started_processes
from bootembed.settings.schema import Params


@stage
def main(
    params: Params,
    language: str,
    base_model: InputPath,
    corpora_dir: InputPath,
    checkpoint_dir: OutputPath,
    output_dir: OutputPath,
) -> None:
    if started_processes("stages.train_language_adapter", processes=params.launch.processes):
        return
    from bootembed.adapters.examples import language_examples
    from bootembed.adapters.train import train_adapter

    settings = {"train_language_adapter": params.train_language_adapter, "seed": params.seed}
    with tracking.stage_run("train_language_adapter", cell={"language": language}, settings=settings) as run:
        metrics = train_adapter(
            base_model,
            language_examples(corpora_dir, params.train_language_adapter.data),
            params.train_language_adapter,
            output_dir=output_dir,
            checkpoint_dir=checkpoint_dir,
            seed=params.seed,
        )
        run.log_metrics(metrics)
        run.log_output("adapter", output_dir)


if __name__ == "__main__":
    main()
