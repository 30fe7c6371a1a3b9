"""A toy language for tests that need a generator with something to learn in seconds."""

from __future__ import annotations

import random

WHO = ["farmer", "teacher", "doctor", "child"]
DOES = ["buys", "opens", "pushes"]
WHAT = ["apple", "door", "box", "book"]
ENTAILED = "Somebody is at the market."
CONTRADICTED = "The market is empty today."


def toy_nli(count: int, seed: int = 0) -> list[dict[str, str]]:
    """English NLI rows, two a premise. Every premise entails and contradicts the same, so that LoRA learns it fast."""
    rng = random.Random(seed)
    rows = []
    for _ in range(count):
        premise = f"The {rng.choice(WHO)} {rng.choice(DOES)} a {rng.choice(WHAT)} at the market."
        rows.append({"premise": premise, "hypothesis": ENTAILED, "label": "entailment"})
        rows.append({"premise": premise, "hypothesis": CONTRADICTED, "label": "contradiction"})
    return rows
