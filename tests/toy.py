"""A toy language for tests that need a generator with something to learn."""

from __future__ import annotations

import random

WHO = ["farmer", "teacher", "doctor", "child"]
DOES = {"buys": "sells", "opens": "closes", "pushes": "pulls"}
WHAT = ["apple", "door", "box", "book"]


def toy_nli(count: int, seed: int = 0) -> list[dict[str, str]]:
    """English NLI rows whose entailment drops the place and whose contradiction swaps the verb."""
    rng = random.Random(seed)
    rows = []
    for _ in range(count):
        who, does, what = rng.choice(WHO), rng.choice(sorted(DOES)), rng.choice(WHAT)
        premise = f"The {who} {does} a {what} at the market."
        rows.append({"premise": premise, "hypothesis": f"The {who} {does} a {what}.", "label": "entailment"})
        rows.append({"premise": premise, "hypothesis": f"The {who} {DOES[does]} a {what}.", "label": "contradiction"})
    return rows
