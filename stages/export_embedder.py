"""Export the champion of one language in another form, and score that as the original was scored."""

from __future__ import annotations

from typing import Annotated, Any

from bootembed import tracking
from bootembed.cli import InputPath, OutputPath, stage
from bootembed.settings.schema import Params


@stage
def main(
    params: Params,
    export: Annotated[str, "Key of `exports`."],
    language: str,
    registry: Annotated[InputPath, "What register_models wrote."],
    embedders_dir: InputPath,
    corpora: Annotated[InputPath, "Corpora of the language."],
    english: Annotated[InputPath, "Corpora of English."],
    evaluation_dir: InputPath,
    output_dir: OutputPath,
    metrics: OutputPath,
) -> None:
    from bootembed.evaluation.run import read_tasks
    from bootembed.exports.champion import export_champion

    settings: dict[str, Any] = {"exports": params.exports[export], "evaluate_embedder": params.evaluate_embedder}
    with tracking.stage_run("export_embedder", cell={"export": export, "language": language}, settings=settings) as run:
        script = params.languages[language].script
        found = export_champion(
            registry,
            embedders_dir,
            params.exports[export],
            read_tasks(evaluation_dir, params.evaluate_embedder.tasks, language=language, script=script),
            params.evaluate_embedder,
            name=export,
            language=language,
            corpora=[corpora, english],
            output_dir=output_dir,
            seed=params.seed,
        )
        metrics.parent.mkdir(parents=True, exist_ok=True)
        metrics.write_text(found.as_json(), encoding="utf-8")
        run.log_metrics(found.metrics)
        run.log_output("export", output_dir)


if __name__ == "__main__":
    main()
