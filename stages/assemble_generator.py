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
    from bootembed.core.seeding import numbered_seeds
    from bootembed.strategies import Inputs
    from bootembed.strategies._assemble import assemble_generator

    cell = {"strategy": strategy, "language": language}
    own = getattr(params, strategy, None)
    settings = {strategy: own, "prompts": params.prompts, "seed": params.seed}
    with tracking.stage_run("assemble_generator", cell=cell, settings=settings) as run:
        for number, seed in numbered_seeds(params.seed, "generator", params.generator_seeds).items():
            metrics = assemble_generator(
                Inputs(strategy, inputs, number),
                own,
                language=language,
                language_name=params.languages[language].name,
                prompt_version=params.prompts.version,
                output_dir=output_dir / str(number),
                seed=seed,
            )
            run.log_metrics(metrics, number=number)
        run.log_output("generators", output_dir)


if __name__ == "__main__":
    main()
