"""Put together what one strategy needs to write triplets for one language: adapters or examples."""

from __future__ import annotations

from typing import Annotated

from bootembed import tracking
from bootembed.cli import NamedPaths, OutputPath, stage
from bootembed.settings.schema import Params


@stage
def main(
    params: Params,
    strategy: str,
    language: str,
    inputs: Annotated[NamedPaths, "What the strategy may read."],
    output_dir: OutputPath,
) -> None:
    from bootembed.strategies._assemble import assemble_generator

    cell = {"strategy": strategy, "language": language}
    own = getattr(params, strategy, None)
    settings = {strategy: own, "prompts": params.prompts, "seed": params.seed}
    with tracking.stage_run("assemble_generator", cell=cell, settings=settings) as run:
        metrics = assemble_generator(
            strategy,
            inputs,
            own,
            language=language,
            language_name=params.languages[language].name,
            prompt_version=params.prompts.version,
            output_dir=output_dir,
            seed=params.seed,
        )
        run.log_metrics(metrics)
        run.log_output("generator", output_dir)


if __name__ == "__main__":
    main()
