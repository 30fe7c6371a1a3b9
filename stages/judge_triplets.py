"""Judge the kept triplets of one strategy and language with the grammar that wrote their anchors."""

from __future__ import annotations

from bootembed import tracking
from bootembed.cli import InputPath, OutputPath, stage
from bootembed.settings.schema import Params


@stage
def main(
    params: Params,
    strategy: str,
    language: str,
    triplets: InputPath,
    metrics: OutputPath,
) -> None:
    import json

    from bootembed.core.tables import GENERATED_TRIPLETS, read_table
    from bootembed.sample.lexicon import Lexicon
    from bootembed.sample.oracle import Oracle

    settings = {"content_words": params.write_sample_corpora.content_words}
    cell = {"strategy": strategy, "language": language}
    with tracking.stage_run("judge_triplets", cell=cell, settings=settings) as run:
        oracle = Oracle(Lexicon.load(content_words=params.write_sample_corpora.content_words))
        found = oracle.judge_triplets(read_table(triplets, GENERATED_TRIPLETS))
        metrics.parent.mkdir(parents=True, exist_ok=True)
        metrics.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        run.log_metrics(found)


if __name__ == "__main__":
    main()
