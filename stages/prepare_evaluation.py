"""Evaluation sets of one target language, verbatim, from local files or from where mteb has them."""

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
    output_dir: OutputPath,
) -> None:
    from bootembed.corpora.identifiers import language_check
    from bootembed.evaluation.prepare import prepare_evaluation

    configured = params.languages[language]
    settings = {"tasks": params.evaluate_embedder.tasks, "languages": configured}
    with tracking.stage_run("prepare_evaluation", cell={"language": language}, settings=settings) as run:
        rows = prepare_evaluation(
            params.corpora[configured.corpus],
            params.evaluate_embedder.tasks,
            language=language,
            configured=configured,
            check=language_check(params.prepare_corpora.identifier, raw_dir),
            input_dir=raw_dir / configured.folder,
            output_dir=output_dir,
        )
        run.log_metrics({f"{task}.rows": count for task, count in rows.items()})
        run.log_output("evaluation", output_dir)


if __name__ == "__main__":
    main()
