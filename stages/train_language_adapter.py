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
    record: OutputPath,
) -> None:
    if started_processes("stages.train_language_adapter", processes=params.launch.processes):
        return
    from bootembed.adapters.examples import language_examples
    from bootembed.adapters.train import train_adapters
    from bootembed.core.seeding import numbered_seeds

    seeds = numbered_seeds(params.seed, "generator", params.generator_seeds)
    examples = language_examples(corpora_dir, params.train_language_adapter.data)
    settings = {"train_language_adapter": params.train_language_adapter, "seed": params.seed}
    with tracking.stage_run("train_language_adapter", cell={"language": language}, settings=settings) as run:
        metrics = train_adapters(
            base_model,
            dict.fromkeys(seeds, examples),
            params.train_language_adapter,
            seeds=seeds,
            output_dir=output_dir,
            checkpoint_dir=checkpoint_dir,
            record=record,
        )
        for number, found in metrics.items():
            run.log_metrics(found, number=number)
        run.log_output("adapters", output_dir)


if __name__ == "__main__":
    main()
