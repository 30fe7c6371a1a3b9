"""Find texts of a file that say the same in other words.

    python examples/find_duplicates.py MODEL FILE --threshold 0.9

Which threshold fits depends on the model and the texts: begin high, read what is printed, and lower it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sentence_transformers.util import paraphrase_mining_embeddings

from bootembed.core.errors import UserError
from bootembed.inference.models import load_model
from bootembed.inference.texts import read_texts, text_column


def main() -> None:
    """Print each pair above the threshold, the most similar first: similarity, then both lines with their texts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("file", type=Path)
    parser.add_argument("--threshold", type=float, default=0.9, help="Least cosine of a pair.")
    parser.add_argument("--column", help="The column that holds the texts, where the file has several.")
    given = parser.parse_args()

    rows = [(line, text) for line, text in read_texts(given.file, text_column(given.file, given.column)) if text]
    if not rows:
        parser.error(f"{given.file}: no text in it can be read")
    embeddings = load_model(given.model).encoder.encode([text for _, text in rows], convert_to_tensor=True)
    for score, one, other in paraphrase_mining_embeddings(embeddings):
        if score < given.threshold:
            break
        print(f"{score:.3f}")
        for line, text in (rows[one], rows[other]):
            print(f"  {line}\t{text}")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"Error: {error}")
