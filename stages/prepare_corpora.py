"""Clean tables of one language, free of evaluation sentences; every row rejected is counted and listed."""

from __future__ import annotations

from typing import Annotated

from bootembed import tracking
from bootembed.cli import InputPath, OutputPath, stage
from bootembed.settings.schema import Params


@stage
def main(
    params: Params,
    language: Annotated[str, "Key of `languages`."],
    raw_dir: Annotated[InputPath, "Folder of all raw data."],
    evaluation_dir: Annotated[InputPath, "All evaluation sets."],
    output_dir: OutputPath,
) -> None:
    from bootembed.corpora.evaluation_sets import read_evaluation_texts
    from bootembed.corpora.identifiers import language_check
    from bootembed.corpora.prepare import prepare_corpora

    configured = params.languages[language]
    with tracking.stage_run(
        "prepare_corpora",
        cell={"language": language},
        settings={"prepare_corpora": params.prepare_corpora, "languages": configured, "seed": params.seed},
    ) as run:
        prepared = prepare_corpora(
            params.corpora[configured.corpus],
            params.prepare_corpora,
            language=language,
            configured=configured,
            evaluation=read_evaluation_texts(evaluation_dir, params.grid.languages),
            check=language_check(params.prepare_corpora.identifier, raw_dir),
            input_dir=raw_dir / configured.folder,
            output_dir=output_dir,
            seed=params.seed,
        )
        run.log_metrics(prepared.metrics)
        run.log_output("corpora", output_dir)
        run.log_artifact(output_dir / "report.json")


if __name__ == "__main__":
    main()
