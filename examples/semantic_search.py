"""Search a file of texts by meaning.

    python examples/semantic_search.py MODEL FILE QUERY...

MODEL is a folder, models:/NAME@ALIAS of MLflow's registry, or an id on the Hub; FILE text or a table with a column
`text`. For files that do not fit into memory use `bootembed search`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sentence_transformers.util import semantic_search

from bootembed.core.errors import UserError
from bootembed.inference.models import load_model
from bootembed.inference.texts import read_texts, text_column


def main() -> None:
    """Print the nearest texts of each query: similarity, line, text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("file", type=Path)
    parser.add_argument("queries", nargs="+")
    parser.add_argument("--top", type=int, default=5)
    parser.add_argument("--column", help="The column that holds the texts, where the file has several.")
    given = parser.parse_args()

    rows = [(line, text) for line, text in read_texts(given.file, text_column(given.file, given.column)) if text]
    if not rows:
        parser.error(f"{given.file}: no text in it can be read")
    encoder = load_model(given.model).encoder
    texts = encoder.encode([text for _, text in rows], convert_to_tensor=True)
    queries = encoder.encode(given.queries, convert_to_tensor=True)
    for query, hits in zip(given.queries, semantic_search(queries, texts, top_k=given.top), strict=True):
        print(query)
        for hit in hits:
            line, text = rows[hit["corpus_id"]]
            print(f"  {hit['score']:.3f}\t{line}\t{text}")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"Error: {error}")
