"""How well the tokenizers of the encoders and the generator fit one target language; an error where they do not."""

from __future__ import annotations

from typing import Annotated

from bootembed import tracking
from bootembed.cli import InputPath, OutputPath, stage
from bootembed.core.names import UNTRAINED
from bootembed.settings.schema import Params


@stage
def main(
    params: Params,
    language: str,
    base_models_dir: Annotated[InputPath, "Folder of all base models."],
    anchors: InputPath,
    parallel: Annotated[InputPath, "Its text stands in for anchors where there are none."],
    english_nli: InputPath,
    metrics: OutputPath,
) -> None:
    from bootembed.core.tables import ANCHORS, NLI, PARALLEL, read_table
    from bootembed.embedder.fit import knowledge_fit, measure_fits, write_fits
    from bootembed.generation.engine import describe_engine
    from bootembed.generation.knowledge import bits_per_byte

    section, local = params.measure_fit, params.generation.transformers
    lengths = dict.fromkeys(params.grid.encoders, params.evaluate_embedder.max_seq_length)
    if params.grid.strategies:
        lengths |= {"generator": params.generation.max_prompt_tokens}
    with tracking.stage_run("measure_fit", cell={"language": language}, settings={"measure_fit": section}) as run:
        rows = read_table(anchors, ANCHORS) or read_table(parallel, PARALLEL)
        texts = [row["text"] for row in rows[: section.sentences]]
        english = [row["premise"] for row in read_table(english_nli, NLI)[: section.sentences]]
        fits = measure_fits(
            base_models_dir,
            lengths,
            texts=texts,
            english=english,
            language=language,
            bounds=section,
            gets_words=[encoder for encoder in params.grid.encoders if _gets_words(params, encoder)],
        )
        is_here = params.grid.strategies and not describe_engine(params.generation).is_remote
        if is_here and (count := section.generator_sentences):
            bits = bits_per_byte(
                base_models_dir / "generator", texts[:count], english[:count],
                bf16=local.bf16, load_in_4bit=local.load_in_4bit,
            )  # fmt: skip
            fits["generator"] = knowledge_fit(fits["generator"], *bits, language=language, bounds=section)
        write_fits(fits, metrics)
        run.log_metrics({f"{model}.{name}": value for model, fit in fits.items() for name, value in fit.shares.items()})


def _gets_words(params: Params, encoder: str) -> bool:
    """Whether every recipe that trains an encoder adds words to its vocabulary."""
    trained = [recipe for recipe in params.grid.recipes if recipe != UNTRAINED]
    return all(params.embedder_settings(recipe, encoder).new_word_min_count is not None for recipe in trained)


if __name__ == "__main__":
    main()
