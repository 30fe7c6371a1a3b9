"""Embed every text of FILE with MODEL: a folder, an id on the Hub, or models:/NAME@ALIAS of MLflow's registry.

FILE is a text file or a table (CSV, TSV, JSON Lines, Parquet; also compressed). OUT ends in .parquet (line, text,
embedding) or .npy (embeddings; lines and texts go beside it). A call that was stopped goes on where it was.
"""

from __future__ import annotations

from pathlib import Path

import click


@click.command(help=__doc__, short_help="Embed the texts of a file.")
@click.argument("model")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="File to write.")
@click.option("--column", help="The column that holds the texts, where the file has several.")
@click.option("--batch-size", type=click.IntRange(min=1), default=64, show_default=True, help="Texts at a time.")
@click.option("--part-rows", type=click.IntRange(min=1), default=8192, show_default=True, help="Rows between saves.")
def main(model: str, file: Path, output: Path, column: str | None, batch_size: int, part_rows: int) -> None:
    """Embed, and say how much was done and how fast."""
    from bootembed.core.errors import DataError
    from bootembed.inference.embed import FORMATS, embed_file
    from bootembed.inference.models import load_model
    from bootembed.inference.texts import text_column

    column = text_column(file, column)  # before the model is loaded
    if output.suffix not in FORMATS:
        raise DataError(f"{output}: its name must end in one of {', '.join(FORMATS)}")
    done = embed_file(load_model(model), file, output, column=column, batch_size=batch_size, part_rows=part_rows)
    earlier = f", {done.resumed:,} of them earlier" if done.resumed else ""
    skipped = f"; {done.skipped:,} rows without text left out" if done.skipped else ""
    click.echo(f"{output}: {done.rows:,} texts{earlier}, {done.rate:,.0f} a second{skipped}")
