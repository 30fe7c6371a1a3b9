"""Put the training sets of two recipes together, for one language."""

from __future__ import annotations

from typing import Annotated

from bootembed import tracking
from bootembed.cli import NamedPaths, OutputPath, stage
from bootembed.settings.schema import Params


@stage
def main(
    params: Params,
    mixture: str,
    language: str,
    parts: Annotated[NamedPaths, "Training sets of a recipe."],
    output_dir: OutputPath,
) -> None:
    from bootembed.core.tables import MIXTURE, write_table
    from bootembed.embedder.training_sets import read_training_sets
    from bootembed.mixtures import mix_training_sets

    cell = {"recipe": mixture, "language": language}
    with tracking.stage_run("mix_training_sets", cell=cell, settings={"grid.mixtures": params.grid.mixtures}) as run:
        mixed = mix_training_sets({recipe: read_training_sets(folder) for recipe, folder in parts.items()})
        for number, rows in mixed.items():
            write_table(rows, MIXTURE, output_dir / str(number) / "training.parquet")
            run.log_metrics({"rows": float(len(rows))}, number=number)
        run.log_output("training_sets", output_dir)


if __name__ == "__main__":
    main()
