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
    rows: InputPath,
    checkpoint_dir: OutputPath,
    output_dir: OutputPath,
) -> None:
    if started_processes("stages.train_entailment_adapter", processes=params.launch.processes):
        return
    from bootembed.adapters.examples import entailment_examples
    from bootembed.adapters.train import train_adapter
    from bootembed.core.tables import NLI, XL_LORA, read_table
    from bootembed.prompts import prompt_definition

    lora: Lora = getattr(params, section)
    table = read_table(rows, NLI if section is Adapter.TASK else XL_LORA)
    settings = {section.value: lora, "prompts": params.prompts, "seed": params.seed}
    with tracking.stage_run(section, cell={"polarity": polarity}, settings=settings) as run:
        metrics = train_adapter(
            base_model,
            entailment_examples(table, prompt_definition(params.prompts.version), polarity),
            lora,
            output_dir=output_dir,
            checkpoint_dir=checkpoint_dir,
            seed=params.seed,
        )
        run.log_metrics(metrics)
        run.log_output("adapter", output_dir)


if __name__ == "__main__":
    main()
