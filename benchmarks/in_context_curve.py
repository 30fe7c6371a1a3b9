"""How far a generator follows in-context examples, by training step: the share of answers that the grammar calls right.

Each STEP=FOLDER is a generator, such as a checkpoint of its pretraining beside the finished one. Anchors are the last
ones of each language's corpus, which the default profile does not use, so that settings can be chosen here.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click

from benchmarks.machine import machine
from bootembed.core.arithmetic import prepare_arithmetic
from bootembed.settings.load import load_params


@click.command(help=__doc__)
@click.argument("generators", nargs=-1, required=True, metavar="STEP=FOLDER...")
@click.option("--anchors", default=100, show_default=True)
@click.option("--seed", default=7, show_default=True, help="Of examples and sampling; not the profile's.")
@click.option("--output", type=click.Path(path_type=Path), default=Path("benchmarks/results/in_context_curve.json"))
def main(generators: tuple[str, ...], anchors: int, seed: int, output: Path) -> None:
    """Measure every generator and write the curve; needs the prepared corpora of the default profile."""
    prepare_arithmetic(threads=1, portable=True)
    curve = {}
    for named in generators:
        step, _, folder = named.partition("=")
        curve[step] = _right(Path(folder), anchors, seed)
        click.echo(f"{step}: {curve[step]}")
    found = {"right": curve, "anchors": anchors, "seed": seed, "machine": machine()}
    output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _right(generator: Path, count: int, seed: int) -> dict[str, dict[str, float]]:
    """Language -> polarity -> share of the answers of all anchors; unfiltered answers would flatter copies."""
    from bootembed.core.names import Polarity
    from bootembed.core.tables import ANCHORS, read_table
    from bootembed.sample.lexicon import Lexicon
    from bootembed.sample.oracle import Oracle
    from bootembed.strategies import Inputs
    from bootembed.strategies._assemble import assemble_generator
    from bootembed.triplets.generate import generate_triplets

    params = load_params(Path("params.yaml"))
    oracle = Oracle(Lexicon.load(content_words=params.write_sample_corpora.content_words))
    shares: dict[str, dict[str, float]] = {}
    for language in params.grid.languages:
        folder = Path(f"data/corpora/target/{language}")
        texts = [row["text"] for row in read_table(folder / "anchors.parquet", ANCHORS)[-count:]]
        with tempfile.TemporaryDirectory() as work:
            tables = {"anchors": folder / "anchors.parquet", "examples": folder / "examples.parquet"}
            assemble_generator(
                Inputs("in_context", tables, 0),
                params.in_context,
                language=language,
                language_name=params.languages[language].name,
                prompt_version=params.prompts.version,
                output_dir=Path(work) / "assembled",
                seed=seed,
            )
            triplets = generate_triplets(
                generator,
                Path(work) / "assembled",
                texts,
                generation=params.generation,
                filters=params.generate_triplets.filters,
                answer_cache_path=Path(work) / "answers.jsonl",
                seed=seed,
            )
        judged = oracle.judge_triplets(triplets.rows) if triplets.rows else {}
        shares[language] = {
            polarity: round(judged.get(f"{polarity}_precision", 0.0) * len(triplets.rows) / len(texts), 3)
            for polarity in Polarity
        }
    return shares


if __name__ == "__main__":
    main()
