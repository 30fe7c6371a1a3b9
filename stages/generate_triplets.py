"""Write a positive and a hard negative for every anchor of one language with one strategy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bootembed import tracking
from bootembed.cli import params_option, stage_command
from bootembed.core.names import Strategy

if TYPE_CHECKING:
    from bootembed.settings.schema import Params


@click.command(help=__doc__)
@click.option("--strategy", type=click.Choice([str(s) for s in Strategy]), required=True)
@click.option("--language", required=True)
@click.option("--base-model", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--generator", type=click.Path(exists=True, path_type=Path), required=True)
@click.option(
    "--encoder", type=click.Path(exists=True, path_type=Path), required=True, help="For the check of meaning."
)
@click.option("--anchors", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--ledger", type=click.Path(path_type=Path), required=True)
@click.option("--output", type=click.Path(path_type=Path), required=True)
@click.option("--set-aside", type=click.Path(path_type=Path), required=True)
@click.option("--card", type=click.Path(path_type=Path), required=True, help="Dataset card beside the tables.")
@click.option("--metrics", "metrics_path", type=click.Path(path_type=Path), required=True)
@params_option
@stage_command
def main(
    params: Params,
    strategy: str,
    language: str,
    base_model: Path,
    generator: Path,
    encoder: Path,
    anchors: Path,
    ledger: Path,
    output: Path,
    set_aside: Path,
    card: Path,
    metrics_path: Path,
) -> None:
    from bootembed.core.tables import ANCHORS, read_table
    from bootembed.triplets.card import Making, dataset_card
    from bootembed.triplets.generate import generate_triplets
    from bootembed.triplets.results import write_triplets
    from bootembed.triplets.semantic import EncoderSimilarity

    cell = {"strategy": strategy, "language": language}
    settings = {
        "generate_triplets": params.generate_triplets,
        "generation": params.generation,
        "prompts": params.prompts,
        "seed": params.seed,
    }
    with tracking.stage_run("generate_triplets", cell=cell, settings=settings) as run:
        triplets = generate_triplets(
            base_model,
            generator,
            [row["text"] for row in read_table(anchors, ANCHORS)[: params.generate_triplets.anchors]],
            generation=params.generation,
            filters=params.generate_triplets.filters,
            ledger_path=ledger,
            seed=params.seed,
            similarity=EncoderSimilarity(encoder, params.generate_triplets.filters.semantic),
        )
        content_words = params.write_sample_corpora.content_words if params.generate_triplets.oracle else None
        metrics = write_triplets(
            triplets,
            output,
            set_aside=set_aside,
            metrics_path=metrics_path,
            oracle_content_words=content_words,
        )
        making = Making(
            params.base_models["generator"],
            params.generation,
            params.generate_triplets.filters,
            params.generate_triplets.card,
        )
        card.write_text(dataset_card(triplets, making), encoding="utf-8")
        run.log_metrics(metrics)
        run.log_output("triplets", output)


if __name__ == "__main__":
    main()
