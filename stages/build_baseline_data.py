"""Build the training set of one baseline for one language; no generator is involved."""

from __future__ import annotations

from bootembed import tracking
from bootembed.cli import InputPath, OutputPath, stage
from bootembed.core.names import Baseline
from bootembed.settings.schema import Params


@stage
def main(
    params: Params,
    baseline: Baseline,
    language: str,
    anchors: InputPath,
    english_nli: InputPath,
    own_nli: InputPath,
    parallel: InputPath,
    triplets: InputPath,
    output: OutputPath,
) -> None:
    from bootembed.baselines import build_baseline_rows
    from bootembed.core.tables import ANCHORS, NLI, PARALLEL, TRIPLETS, read_table, write_table

    section = params.build_baseline_data
    cell = {"recipe": str(baseline), "language": language}
    with tracking.stage_run(
        "build_baseline_data", cell=cell, settings={"build_baseline_data": section, "seed": params.seed}
    ) as run:
        data = build_baseline_rows(
            baseline,
            anchors=read_table(anchors, ANCHORS),
            english_nli=read_table(english_nli, NLI),
            own_nli=read_table(own_nli, NLI),
            parallel=read_table(parallel, PARALLEL),
            triplets=read_table(triplets, TRIPLETS),
            rows=section.rows,
            seed=params.seed,
        )
        write_table(data.rows, data.schema, output)
        run.log_metrics(data.metrics)
        run.log_output("training_set", output)


if __name__ == "__main__":
    main()
