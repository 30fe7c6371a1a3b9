"""Train an adapter that answers premises in one polarity: the English task adapter, or XL-LoRA's."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from bootembed import tracking
from bootembed.cli import InputPath, OutputPath, stage
from bootembed.core.names import Polarity
from bootembed.core.processes import started_processes
from bootembed.settings.schema import Params

if TYPE_CHECKING:
    from bootembed.settings.models import Lora


class Adapter(StrEnum):
    """The adapters, by their section of the parameters."""

    TASK = "train_task_adapter"
    XL_LORA = "train_xl_lora_adapter"


@stage
def main(
    params: Params,
    section: Annotated[Adapter, "Section of the parameters; names the adapter and the table of its rows."],
    polarity: Polarity,
    base_model: InputPath,
    rows: Annotated[InputPath, "Table of NLI; for XL-LoRA the folder with the table of each generator seed."],
    checkpoint_dir: OutputPath,
    output_dir: OutputPath,
    record: OutputPath,
) -> None:
    if started_processes("stages.train_entailment_adapter", processes=params.launch.processes):
        return
    from bootembed.adapters.examples import entailment_examples
    from bootembed.adapters.train import train_adapters
    from bootembed.core.seeding import numbered_seeds
    from bootembed.core.tables import NLI, XL_LORA, read_table
    from bootembed.prompts import prompt_definition

    lora: Lora = getattr(params, section)
    definition = prompt_definition(params.prompts.version)
    seeds = numbered_seeds(params.seed, "generator", params.generator_seeds)
    if section is Adapter.TASK:
        examples = dict.fromkeys(seeds, entailment_examples(read_table(rows, NLI), definition, polarity))
    else:
        tables = {number: read_table(rows / f"{number}.parquet", XL_LORA) for number in seeds}
        examples = {number: entailment_examples(table, definition, polarity) for number, table in tables.items()}
    settings = {section.value: lora, "prompts": params.prompts, "seed": params.seed}
    with tracking.stage_run(section, cell={"polarity": polarity}, settings=settings) as run:
        metrics = train_adapters(
            base_model,
            examples,
            lora,
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
