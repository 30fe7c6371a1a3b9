"""Triplets of a finished run for a reader to judge, with the verdicts of the run's judge, as Markdown or TSV.

Of each strategy and language the same number is drawn from the first generator seed, with `--seed`, whatever the judge
says of them. The run's folder holds params.yaml, data/training_sets and, for the verdicts, models/judges/nli.
"""

from __future__ import annotations

import logging
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bootembed.core.markdown import Markdown, escape, shown, table
from bootembed.core.seeding import derive_seed, sample_rows
from bootembed.core.tables import GENERATED_TRIPLETS, TRIPLETS, read_table
from bootembed.judge.model import open_judge
from bootembed.judge.rating import rate_triplets
from bootembed.settings.load import load_params
from bootembed.workflow.places import results_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bootembed.judge.model import Judge

_PIECE = 150  # characters, fewer than `shown` clips at
_HEADS = ("anchor", "positive", "the judge on it", "negative", "the judge on it")


@click.command(help=__doc__)
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--recipes", help="Comma-separated; all strategies of the run unless given.")
@click.option("--languages", help="Comma-separated; all of the run's grid unless given.")
@click.option("--count", default=100, show_default=True, help="Triplets of each recipe and language.")
@click.option("--seed", default=1, show_default=True, help="Decides which.")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="A file that ends in .md or .tsv.")
def main(run: Path, recipes: str | None, languages: str | None, count: int, seed: int, output: Path) -> None:
    """Write the file."""
    logging.basicConfig(level="INFO", format="%(asctime)s %(name)s: %(message)s", datefmt="%H:%M:%S")
    if output.suffix not in (".md", ".tsv"):
        raise click.ClickException(f"{output}: end the name in .md or .tsv")
    params = load_params(run / "params.yaml")
    judge = open_judge(run / "models/judges/nli", params.rate_triplets)
    training_sets = run / results_of(params.profile)["training_sets"]
    cells = {
        (recipe, language): _drawn(training_sets, recipe, language, count, seed)
        for recipe in (recipes.split(",") if recipes else map(str, params.grid.strategies))
        for language in (languages.split(",") if languages else params.grid.languages)
    }
    told = {cell: _told(rows, judge) for cell, rows in cells.items()}
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(as_markdown(told) if output.suffix == ".md" else as_tsv(told), encoding="utf-8")


def _drawn(training_sets: Path, recipe: str, language: str, count: int, seed: int) -> list[dict[str, Any]]:
    path = training_sets / f"{recipe}-{language}" / "0/training.parquet"
    return sample_rows(read_table(path, GENERATED_TRIPLETS, TRIPLETS), count, seed=derive_seed(seed, recipe, language))


def _told(rows: list[dict[str, Any]], judge: Judge | None) -> list[list[str]]:
    """Rows of `_HEADS`; without a judge its columns are empty."""
    if judge is None:
        return [[row["anchor"], row["positive"], "", row["negative"], ""] for row in rows]
    ratings = rate_triplets(judge, rows)
    verdicts = {
        side: [f"{ratings.label(side, index)} {getattr(ratings, side)[index].max():.2f}" for index in range(len(rows))]
        for side in ("positive", "negative")
    }
    return [
        [row["anchor"], row["positive"], positive, row["negative"], negative]
        for row, positive, negative in zip(rows, verdicts["positive"], verdicts["negative"], strict=True)
    ]


def as_markdown(cells: dict[tuple[str, str], list[list[str]]]) -> str:
    """A numbered table for each recipe and language; texts are escaped."""
    parts = []
    for (recipe, language), rows in cells.items():
        numbered = [
            [str(number), *(Markdown(_whole(cell, escape)) for cell in row)] for number, row in enumerate(rows, start=1)
        ]
        parts += [f"## {recipe}, {language}", table(["", *_HEADS], numbered)]
    return "\n\n".join(parts) + "\n"


def as_tsv(cells: dict[tuple[str, str], list[list[str]]]) -> str:
    """One table with the recipe and the language of each row; texts are on one line."""
    lines = ["\t".join(["recipe", "language", *(head.replace(" ", "_") for head in _HEADS)])]
    for cell, rows in cells.items():
        lines += ["\t".join(_whole(text, shown) for text in (*cell, *row)) for row in rows]
    return "\n".join(lines) + "\n"


def _whole(text: str, made_safe: Callable[[str], str]) -> str:
    """A text made safe to show in pieces: as one it would be clipped, and a reader must see all that is judged."""
    return " ".join(map(made_safe, textwrap.wrap(text, _PIECE)))


if __name__ == "__main__":
    main()
