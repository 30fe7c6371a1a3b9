"""Bring in an XL-LoRA adapter of one polarity that others trained, and check that it is one of the generator."""

from __future__ import annotations

from bootembed import tracking
from bootembed.cli import InputPath, OutputPath, stage
from bootembed.core.names import Polarity
from bootembed.settings.schema import Params


@stage
def main(
    params: Params, polarity: Polarity, base_model: InputPath, checkpoint_dir: OutputPath, output_dir: OutputPath
) -> None:
    from bootembed.adapters.fetch import fetch_adapter

    spec = getattr(params.xl_lora_adapters, polarity)
    settings = {"xl_lora_adapters": spec, "base_models": params.base_models["generator"]}
    with tracking.stage_run("fetch_xl_lora_adapter", cell={"polarity": polarity}, settings=settings) as run:
        metrics = fetch_adapter(
            spec,
            base_model,
            base_id=params.base_models["generator"].id,
            output_dirs=[output_dir / str(number) for number in range(params.generator_seeds)],
            checkpoint_dir=checkpoint_dir,
        )
        run.log_metrics(metrics)
        run.log_output("adapters", output_dir)


if __name__ == "__main__":
    main()
