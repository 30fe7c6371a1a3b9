"""Join XL-LoRA's training rows: foreign NLI rows, and parallel rows answered by the task adapters."""

from __future__ import annotations

from typing import Annotated

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
    output_dir: Annotated[OutputPath, "Gets the table of each generator seed."],
) -> None:
    from bootembed.core.seeding import numbered_seeds
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
        sources = read_sources(sources_dir, params.build_xl_lora_data.source_languages)
        for number, seed in numbered_seeds(params.seed, "generator", params.generator_seeds).items():
            data = build_xl_lora_data(
                sources,
                params.build_xl_lora_data,
                params.generate_triplets.filters,
                answer=task_answers(
                    base_model,
                    task_adapters_dir,
                    params.generation,
                    number=number,
                    prompt_version=params.prompts.version,
                    answer_cache_path=answer_cache,
                    seed=seed,
                ),
                seed=seed,
            )
            write_table(data.rows, XL_LORA, output_dir / f"{number}.parquet")
            usage = data.usage.metrics(describe_engine(params.generation).prices)
            run.log_metrics(data.counts | usage, number=number)
        run.log_output("rows", output_dir)


if __name__ == "__main__":
    main()
