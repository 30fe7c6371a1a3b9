"""Write MODEL in another form to the new folder OUT: ONNX, ONNX in 8 bits, static, shorter, or trimmed.

MODEL is a folder, an id on the Hub, or models:/NAME@ALIAS. `static` and `trimmed` look at texts: give files of the
language and, if the model is to know it still, of English. Every form loads with `bootembed embed` and `search`; all
but ONNX also with plain `SentenceTransformer(OUT)`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from bootembed.settings.exports import ExportSpec

KINDS = ("onnx", "onnx_int8", "static", "truncated", "trimmed")


@click.command(help=__doc__, short_help="A model in another form: ONNX, int8, static, shorter, trimmed.")
@click.argument("model")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--dimensions", type=click.IntRange(min=1), help="Of the embeddings, for `static` and `truncated`.")
@click.option("--words", type=click.IntRange(min=0), default=20_000, show_default=True, help="For `static`.")
@click.option("--share", type=float, help="Of the tokens to keep, for `trimmed`; by default all in the texts' scripts.")
@click.option(
    "--weights",
    type=click.Choice(["float32", "float16"]),
    default="float16",
    show_default=True,
    help="How `trimmed` stores them; it computes in float32.",
)
@click.option("--text", "files", type=click.Path(exists=True, path_type=Path), multiple=True, help="A file of texts.")
def main(
    model: str,
    kind: str,
    out: Path,
    dimensions: int | None,
    words: int,
    share: float | None,
    weights: Literal["float32", "float16"],
    files: tuple[Path, ...],
) -> None:
    """Export, and say how large it is."""
    from bootembed.exports.build import export_embedder, folder_size
    from bootembed.inference.models import load_model
    from bootembed.inference.texts import read_texts, text_column

    spec = _spec(kind, dimensions, words, share, weights)
    texts = [text for file in files for _, text in read_texts(file, text_column(file, None)) if text]
    loaded = load_model(model)
    export_embedder(loaded.encoder, spec, out, texts=texts, original=loaded.original)
    click.echo(f"{out}: {folder_size(out) / 1e6:,.1f} MB")


def _spec(
    kind: str, dimensions: int | None, words: int, share: float | None, weights: Literal["float32", "float16"]
) -> ExportSpec:
    from bootembed.settings.exports import Onnx, Static, Trimmed, Truncated

    if kind.startswith("onnx"):
        return Onnx(kind="onnx", quantization="int8" if kind == "onnx_int8" else None)
    if kind == "trimmed":
        if share is not None and not 0 < share < 1:
            raise click.UsageError(f"--share: {share:g} is no share; give a number between 0 and 1")
        return Trimmed(kind="trimmed", share=share, weights=weights)
    if dimensions is None:
        raise click.UsageError(f"{kind} needs --dimensions")
    if kind == "static":
        return Static(kind="static", dimensions=dimensions, words=words)
    return Truncated(kind="truncated", dimensions=dimensions)
