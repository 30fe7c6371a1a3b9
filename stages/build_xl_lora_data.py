"""Join XL-LoRA's training rows: foreign NLI rows, and parallel rows answered by the task adapters."""

from __future__ import annotations

from bootembed import tracking
from bootembed.cli import InputPath, OutputPath, stage
from bootembed.settings.schema import Params


@stage
def main(
    params: Params,
    base_model: InputPath,
    task_adapters_dir: InputPath,
    sources_dir: InputPath,
    answer_cache: OutputPath,
    output: OutputPath,
) -> None:
    from bootembed.core.tables import XL_LORA, write_table
    from bootembed.generation.engine import describe_engine
    from bootembed.strategies.xl_lora import build_xl_lora_data, read_sources, task_answers

    settings = {
        "build_xl_lora_data": params.build_xl_lora_data,
        "generation": params.generation,
        "prompts": params.prompts,
        "seed": params.seed,
    }
    with tracking.stage_run("build_xl_lora_data", cell={}, settings=settings) as run:
        data = build_xl_lora_data(
            read_sources(sources_dir, params.build_xl_lora_data.source_languages),
            params.build_xl_lora_data,
            params.generate_triplets.filters,
            answer=task_answers(
                base_model,
                task_adapters_dir,
                params.generation,
                prompt_version=params.prompts.version,
                answer_cache_path=answer_cache,
                seed=params.seed,
            ),
            seed=params.seed,
        )
        write_table(data.rows, XL_LORA, output)
        run.log_metrics(data.counts | data.usage.metrics(describe_engine(params.generation).prices))
        run.log_output("rows", output)


if __name__ == "__main__":
    main()
