"""Write the raw sample corpora of one language: a grammar whose meanings are known, so that answers can be judged."""

from __future__ import annotations

from bootembed import tracking
from bootembed.cli import OutputPath, stage
from bootembed.settings.schema import Params


@stage
def main(
    params: Params,
    language: str,
    output_dir: OutputPath,
) -> None:
    from bootembed.sample.corpora import SampleRows, write_sample_corpora

    settings = params.write_sample_corpora
    cell = {"language": language}
    with tracking.stage_run(
        "write_sample_corpora", cell=cell, settings={"write_sample_corpora": settings, "seed": params.seed}
    ) as run:
        write_sample_corpora(
            language=language,
            output_dir=output_dir,
            seed=params.seed,
            content_words=settings.content_words,
            sizes=SampleRows(**settings.sizes.model_dump()),
        )
        run.log_output("corpora", output_dir)


if __name__ == "__main__":
    main()
