"""Make the judge of triplets, an NLI cross-encoder, available as a folder, and measure it on labelled rows."""

from __future__ import annotations

from typing import Annotated

from bootembed import tracking
from bootembed.cli import InputPath, OutputPath, stage
from bootembed.core.processes import is_main_process, started_processes
from bootembed.settings.judge import NO_JUDGE
from bootembed.settings.schema import Params


@stage
def main(
    params: Params,
    judge: Annotated[str, "`nli`, or `none` for stages that are not to wait for it."],
    base_models_dir: InputPath,
    corpora_dir: InputPath,
    checkpoint_dir: OutputPath,
    output_dir: OutputPath,
    record: OutputPath,
    metrics: OutputPath,
) -> None:
    if started_processes("stages.train_judge", processes=params.launch.processes):
        return
    from bootembed.adapters.arguments import write_curves
    from bootembed.core.seeding import derive_seed
    from bootembed.judge.build import build_judge
    from bootembed.judge.measure import measure_judge, write_judge_metrics
    from bootembed.judge.rows import choose_rows

    train_settings = params.train_judge.model_copy(update={"source": NO_JUDGE} if judge == NO_JUDGE else {})
    settings = {"train_judge": train_settings, "rate_triplets": params.rate_triplets, "seed": params.seed}
    with tracking.stage_run("train_judge", cell={"judge": judge}, settings=settings) as run:
        seed = derive_seed(params.seed, "judge")
        tables = {key: corpora_dir / f"{own.role}/{key}/judge_nli.parquet" for key, own in params.languages.items()}
        rows = choose_rows(tables, train_settings, seed=seed)
        training = build_judge(
            train_settings,
            rows,
            base_models_dir=base_models_dir,
            output_dir=output_dir,
            checkpoint_dir=checkpoint_dir,
            seed=seed,
        )
        if not is_main_process():
            return
        found = measure_judge(output_dir, rows.validation, params.rate_triplets)
        write_curves({judge: training.curves} if training.curves else {}, record)
        write_judge_metrics(training.metrics, found, metrics)
        run.log_metrics(
            training.metrics | {f"{key}.{name}": value for key, own in found.items() for name, value in own.items()}
        )
        run.log_output("judge", output_dir)


if __name__ == "__main__":
    main()
