"""Write a positive and a hard negative for every anchor of one language with one strategy."""

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
    base_model: InputPath,
    generator: InputPath,
    encoder: Annotated[InputPath, "For the check of meaning."],
    anchors: InputPath,
    answer_cache: OutputPath,
    output: OutputPath,
    rejected: OutputPath,
    card: Annotated[OutputPath, "Dataset card beside the tables."],
    metrics: OutputPath,
) -> None:
    from bootembed.core.tables import ANCHORS, read_table
    from bootembed.triplets.card import GenerationSettings, dataset_card
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
            answer_cache_path=answer_cache,
            seed=params.seed,
            similarity=EncoderSimilarity(encoder, params.generate_triplets.filters.semantic),
        )
        found = write_triplets(triplets, output, rejected=rejected, metrics_path=metrics)
        provenance = GenerationSettings(
            params.base_models["generator"],
            params.generation,
            params.generate_triplets.filters,
            params.generate_triplets.card,
        )
        card.write_text(dataset_card(triplets, provenance), encoding="utf-8")
        run.log_metrics(found)
        run.log_output("triplets", output)


if __name__ == "__main__":
    main()
