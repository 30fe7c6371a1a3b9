"""Group the texts of a file by meaning, and name each group by the words that are typical of it.

    python examples/topics.py MODEL FILE --threshold 0.6 --least 5

A text belongs to a group if its cosine with the group's central text is at least the threshold; many belong to none.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

import regex
from sentence_transformers.util import community_detection

from bootembed.core.errors import UserError
from bootembed.inference.models import load_model
from bootembed.inference.texts import read_texts, text_column

_WORDS = 5


def words(texts: list[str]) -> Counter[str]:
    """In how many texts each word occurs; vowel signs and tone marks belong to their words."""
    return Counter(word for text in texts for word in set(regex.findall(r"[\w\p{M}]+", text.lower())))


def main() -> None:
    """Print each group, the largest first: its size and typical words, then its texts, the central ones first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("file", type=Path)
    parser.add_argument("--threshold", type=float, default=0.6, help="Least cosine with the central text.")
    parser.add_argument("--least", type=int, default=5, help="Texts of the smallest group.")
    parser.add_argument("--shown", type=int, default=3, help="Texts to print of each group.")
    parser.add_argument("--column", help="The column that holds the texts, where the file has several.")
    given = parser.parse_args()

    texts = [text for _, text in read_texts(given.file, text_column(given.file, given.column)) if text]
    if not texts:
        parser.error(f"{given.file}: no text in it can be read")
    embeddings = load_model(given.model).encoder.encode(texts, convert_to_tensor=True)
    everywhere = words(texts)
    for group in community_detection(embeddings, threshold=given.threshold, min_community_size=max(1, given.least)):
        members = [texts[number] for number in group]
        # Typical: in many texts of the group (first factor), and in few others (second).
        typical = {word: count / len(members) * count / everywhere[word] for word, count in words(members).items()}
        named = sorted(typical, key=lambda word: (-typical[word], word))[:_WORDS]
        print(f"{len(members)} texts: {', '.join(named)}")
        for text in members[: given.shown]:
            print(f"  {text}")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"Error: {error}")
