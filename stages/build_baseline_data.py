"""Build the training set of one baseline for one language; no generator is involved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bootembed import tracking
from bootembed.cli import params_option, stage_command
from bootembed.core.names import Baseline

if TYPE_CHECKING:
    from bootembed.settings.schema import Params


@click.command(help=__doc__)
@click.option("--baseline", type=click.Choice([str(b) for b in Baseline]), required=True)
@click.option("--language", required=True)
@click.option("--anchors", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--english-nli", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--parallel", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--output", type=click.Path(path_type=Path), required=True)
@params_option
@stage_command
def main(
    params: Params, baseline: str, language: str, anchors: Path, english_nli: Path, parallel: Path, output: Path
) -> None:
    from bootembed.baselines import build_baseline_rows
    from bootembed.core.tables import ANCHORS, NLI, PARALLEL, read_table, write_table

    section = params.build_baseline_data
    cell = {"recipe": str(baseline), "language": language}
    with tracking.stage_run(
        "build_baseline_data", cell=cell, settings={"build_baseline_data": section, "seed": params.seed}
    ) as run:
        data = build_baseline_rows(
            Baseline(baseline),
            anchors=read_table(anchors, ANCHORS),
            english_nli=read_table(english_nli, NLI),
            parallel=read_table(parallel, PARALLEL),
            rows=section.rows,
            seed=params.seed,
        )
        write_table(data.rows, data.schema, output)
        run.log_metrics(data.metrics)
        run.log_output("training_set", output)


if __name__ == "__main__":
    main()
