"""Rate the kept triplets of one strategy and language with the judge."""

from __future__ import annotations

from typing import Annotated

from bootembed import tracking
from bootembed.cli import InputPath, OutputPath, stage
from bootembed.settings.schema import Params


@stage
def main(
    params: Params,
    strategy: str,
    language: str,
    judge: InputPath,
    triplets: Annotated[InputPath, "Folder with the triplets of each generator seed."],
    metrics: OutputPath,
) -> None:
    from bootembed.core.metrics import write_metrics
    from bootembed.core.tables import GENERATED_TRIPLETS, read_table
    from bootembed.judge.model import Judge
    from bootembed.judge.rating import rate_triplets

    cell = {"strategy": strategy, "language": language}
    with tracking.stage_run("rate_triplets", cell=cell, settings={"rate_triplets": params.rate_triplets}) as run:
        opened = Judge(judge, params.rate_triplets)
        found = {}
        for number in range(params.generator_seeds):
            rows = read_table(triplets / f"{number}/training.parquet", GENERATED_TRIPLETS)
            found[number] = rate_triplets(opened, rows).metrics
            run.log_metrics(found[number], number=number)
        write_metrics(found, metrics)


if __name__ == "__main__":
    main()
