"""Print the texts of FILE nearest to QUERY by MODEL: score, line, text.

FILE is a text file or a table, or what `bootembed embed` wrote as Parquet: then nothing is embedded again.
"""

from __future__ import annotations

from pathlib import Path

import click


@click.command(help=__doc__, short_help="The texts nearest to a query.")
@click.argument("model")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.argument("query")
@click.option("--top", type=click.IntRange(min=1), default=10, show_default=True, help="How many.")
@click.option("--column", help="The column that holds the texts, where the file has several.")
@click.option("--batch-size", type=click.IntRange(min=1), default=64, show_default=True, help="Texts at a time.")
def main(model: str, file: Path, query: str, top: int, column: str | None, batch_size: int) -> None:
    """Search."""
    from bootembed.inference.models import load_model
    from bootembed.inference.search import search

    for hit in search(load_model(model), file, query, column=column, top=top, batch_size=batch_size):
        click.echo(f"{hit.score:.3f}\t{hit.line}\t{hit.text}")
