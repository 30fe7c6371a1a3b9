"""Train the XL-LoRA adapter of one polarity: premises in any language, English hypotheses."""

from __future__ import annotations

from bootembed import tracking
from bootembed.cli import InputPath, OutputPath, stage
from bootembed.core.names import Polarity
from bootembed.core.processes import started_processes
from bootembed.settings.schema import Params


@stage
def main(
    params: Params,
    polarity: Polarity,
    base_model: InputPath,
    rows: InputPath,
    checkpoint_dir: OutputPath,
    output_dir: OutputPath,
) -> None:
    if started_processes("stages.train_xl_lora_adapter", processes=params.launch.processes):
        return
    from bootembed.adapters.examples import entailment_examples
    from bootembed.adapters.train import train_adapter
    from bootembed.core.tables import XL_LORA, read_table
    from bootembed.prompts import prompt_definition

    settings = {
        "train_xl_lora_adapter": params.train_xl_lora_adapter,
        "prompts": params.prompts,
        "seed": params.seed,
    }
    with tracking.stage_run("train_xl_lora_adapter", cell={"polarity": polarity}, settings=settings) as run:
        definition = prompt_definition(params.prompts.version)
        metrics = train_adapter(
            base_model,
            entailment_examples(read_table(rows, XL_LORA), definition, polarity),
            params.train_xl_lora_adapter,
            output_dir=output_dir,
            checkpoint_dir=checkpoint_dir,
            seed=params.seed,
        )
        run.log_metrics(metrics)
        run.log_output("adapter", output_dir)


if __name__ == "__main__":
    main()
