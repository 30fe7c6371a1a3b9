"""Put the scores of the whole grid together: Markdown and a page for people, CSV for plots, JSON for `dvc metrics`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from bootembed import tracking
from bootembed.cli import InputPath, NamedPath, NamedPaths, OutputPath, stage
from bootembed.settings.schema import Params


@stage
def main(
    params: Params,
    scores_dir: InputPath,
    triplets_dir: InputPath,
    results_dir: InputPath,
    embedders_dir: Annotated[Path, "Named on the page; nothing is read there."],
    inputs: Annotated[
        NamedPaths,
        NamedPath(exists=False),
        "File `judge`, folders `fit`, `oracle`, `ratings` (by the judge), `training` (of embedders), `records` (of "
        "adapters and judges), `corpora`, `training_sets`, `evaluation`; from `bootembed report` file `out_of_date`, "
        "which cells are.",
    ],
    markdown: OutputPath,
    html: OutputPath,
    summary: OutputPath,
    overview: OutputPath,
    tables: Annotated[NamedPaths, NamedPath(exists=False), "CSV files `scores`, `oracle`, `differences`."],
    charts: Annotated[NamedPaths, NamedPath(exists=False), "SVG files `scores`, `oracle`."],
) -> None:
    from bootembed.report.charts import draw_oracle, draw_scores
    from bootembed.report.corpora import corpora_section, read_corpus_reports
    from bootembed.report.current import of_tasks, read_out_of_date
    from bootembed.report.fit import fit_section, read_fits
    from bootembed.report.intervals import compare_recipes
    from bootembed.report.judge import judge_section, judge_summary, read_judgements
    from bootembed.report.measures import measure_names
    from bootembed.report.page.facts import Facts, Folders
    from bootembed.report.page.write import write_page
    from bootembed.report.recipes import write_differences_csv
    from bootembed.report.scores import read_results, together
    from bootembed.report.training import read_shared_trainings, read_trainings
    from bootembed.report.write import write_markdown, write_oracle_csv, write_overview, write_scores_csv, write_summary
    from bootembed.settings.load import strategy_names

    settings = {"profile": params.profile, "grid": params.grid, "seed": params.seed}
    with tracking.stage_run("report", cell={}, settings=settings) as run:
        by_oracle = params.judge_triplets.languages
        results = read_results(scores_dir, triplets_dir, params.grid, oracle_dir=inputs["oracle"], judged=by_oracle)
        results = of_tasks(results, params.evaluate_embedder.tasks)
        out_of_date = read_out_of_date(inputs.get("out_of_date"))
        comparisons = compare_recipes(results.scores, results_dir, seed=params.seed)
        write_scores_csv(results.scores, tables["scores"])
        write_oracle_csv(results.oracle, tables["oracle"])
        write_differences_csv(comparisons, tables["differences"])
        draw_scores(together(results.scores), charts["scores"])
        draw_oracle(results.oracle, charts["oracle"])
        judged = read_judgements(inputs["judge"], inputs["ratings"], params.grid)
        write_summary(results, summary, judged=judge_summary(judged))
        write_overview(results, overview, tasks=params.register_models.validation_task)
        fits = read_fits(inputs["fit"], params.grid.languages)
        corpora = corpora_section(read_corpus_reports(inputs["corpora"], params.languages))
        others = f"{judge_section(judged)}{fit_section(fits)}\n\n{corpora}"
        write_markdown(
            results, comparisons, others, markdown, profile=params.profile, seed=params.seed, out_of_date=out_of_date
        )
        facts = Facts(
            params.profile, params.seed, params.grid, params.languages, params.register_models.validation_task,
            results, comparisons, fits, judged, read_trainings(inputs["training"], params.grid),
            read_shared_trainings(inputs["records"], params.needed, params.grid, params.languages), params.report,
            Folders(scores_dir, results_dir, inputs["training_sets"], inputs["evaluation"], embedders_dir),
            measure_names(params.evaluate_embedder.tasks), strategy_names(), out_of_date,
        )  # fmt: skip
        write_page(facts, html)
        for score in together(results.scores):
            name = f"{score.task}.{score.split}.{score.name}"
            deviation = {} if score.deviation is None else {f"deviation/{name}": score.deviation}
            run.log_metrics({f"mean/{name}": score.mean} | deviation)
        for path in (markdown, html, tables["scores"], tables["differences"]):
            run.log_artifact(path)


if __name__ == "__main__":
    main()
