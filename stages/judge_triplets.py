"""Judge the kept triplets of one strategy and language with the grammar that wrote their anchors."""

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
    triplets: Annotated[InputPath, "Folder with the triplets of each generator seed."],
    metrics: OutputPath,
) -> None:
    from bootembed.core.metrics import write_metrics
    from bootembed.core.tables import GENERATED_TRIPLETS, read_table
    from bootembed.sample.lexicon import Lexicon
    from bootembed.sample.oracle import Oracle

    settings = {"content_words": params.write_sample_corpora.content_words}
    cell = {"strategy": strategy, "language": language}
    with tracking.stage_run("judge_triplets", cell=cell, settings=settings) as run:
        oracle = Oracle(Lexicon.load(content_words=params.write_sample_corpora.content_words))
        found = {
            number: oracle.judge_triplets(read_table(triplets / f"{number}/training.parquet", GENERATED_TRIPLETS))
            for number in range(params.generator_seeds)
        }
        write_metrics(found, metrics)
        for number, judged in found.items():
            run.log_metrics(judged, number=number)


if __name__ == "__main__":
    main()
