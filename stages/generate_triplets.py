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
    judge: Annotated[InputPath, "For the filter `judge`."],
    anchors: InputPath,
    answer_cache: OutputPath,
    output_dir: Annotated[OutputPath, "Gets a folder for each generator seed: tables and a dataset card."],
    metrics: OutputPath,
) -> None:
    from bootembed.core.hashing import content_hash
    from bootembed.core.metrics import write_metrics
    from bootembed.core.seeding import numbered_seeds
    from bootembed.core.tables import ANCHORS, read_table
    from bootembed.judge.rating import JudgeRating
    from bootembed.triplets.card import GenerationSettings, dataset_card
    from bootembed.triplets.generate import generate_triplets
    from bootembed.triplets.results import write_triplets
    from bootembed.triplets.semantic import EncoderSimilarity

    cell = {"strategy": strategy, "language": language}
    settings = {
        "generate_triplets": params.generate_triplets,
        "generation": params.generation,
        "rate_triplets": params.rate_triplets,
        "prompts": params.prompts,
        "seed": params.seed,
    }
    with tracking.stage_run("generate_triplets", cell=cell, settings=settings) as run:
        texts = [row["text"] for row in read_table(anchors, ANCHORS)[: params.generate_triplets.anchors]]
        similarity = EncoderSimilarity(encoder, params.generate_triplets.filters.semantic)
        rating = JudgeRating(judge, params.rate_triplets)
        provenance = GenerationSettings(
            params.base_models["generator"],
            params.generation,
            params.generate_triplets.filters,
            params.generate_triplets.card,
            content_hash(judge) if params.generate_triplets.filters.judge.is_on else None,
        )
        found = {}
        for number, seed in numbered_seeds(params.seed, "generator", params.generator_seeds).items():
            triplets = generate_triplets(
                base_model,
                generator / str(number),
                texts,
                generation=params.generation,
                filters=params.generate_triplets.filters,
                answer_cache_path=answer_cache,
                seed=seed,
                similarity=similarity,
                rating=rating,
            )
            write_triplets(triplets, output_dir / str(number), card=dataset_card(triplets, provenance))
            found[number] = triplets.metrics
            run.log_metrics(triplets.metrics, number=number)
        write_metrics(found, metrics)
        run.log_output("triplets", output_dir)


if __name__ == "__main__":
    main()
