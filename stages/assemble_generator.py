"""Put together what one strategy needs to write triplets for one language: adapters or examples."""

from __future__ import annotations

from bootembed import tracking
from bootembed.cli import InputPath, OutputPath, stage
from bootembed.core.names import Strategy
from bootembed.settings.schema import Params


@stage
def main(
    params: Params,
    strategy: Strategy,
    language: str,
    composed_dir: InputPath,
    xl_lora_dir: InputPath,
    examples: InputPath,
    english_nli: InputPath,
    anchors: InputPath,
    output_dir: OutputPath,
) -> None:
    from bootembed.strategies.assemble import assemble_generator

    cell = {"strategy": strategy, "language": language}
    settings = {"in_context": params.in_context, "prompts": params.prompts, "seed": params.seed}
    with tracking.stage_run("assemble_generator", cell=cell, settings=settings) as run:
        metrics = assemble_generator(
            strategy,
            params.languages[language].name,
            language=language,
            prompt_version=params.prompts.version,
            settings=params.in_context,
            composed_dir=composed_dir,
            xl_lora_dir=xl_lora_dir,
            examples=examples,
            english_nli=english_nli,
            anchors=anchors,
            output_dir=output_dir,
            seed=params.seed,
        )
        run.log_metrics(metrics)
        run.log_output("generator", output_dir)


if __name__ == "__main__":
    main()
