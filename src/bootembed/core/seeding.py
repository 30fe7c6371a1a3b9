"""Seeds: one number in the parameters, an independent and stable stream for each purpose."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = TypeVar("Row")


def derive_seed(seed: int, *purpose: str | int) -> int:
    """A seed for one purpose, in [0, 2**31); adding a purpose never changes the seed of another."""
    digest = hashlib.sha256(repr((seed, *purpose)).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def numbered_seeds(seed: int, purpose: str, count: int) -> dict[int, int]:
    """Number -> seed of each of several repetitions of what has a purpose, such as the generator."""
    return {number: derive_seed(seed, purpose, number) for number in range(count)}


def sample_rows(rows: Sequence[Row], count: int, *, seed: int) -> list[Row]:
    """At most `count` rows chosen at random, in their original order."""
    if len(rows) <= count:
        return list(rows)
    chosen = sorted(random.Random(seed).sample(range(len(rows)), count))
    return [rows[index] for index in chosen]


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch, and ask torch for deterministic and, where demanded, portable kernels."""
    import numpy as np
    import torch

    from bootembed.core.portable_kernels import replace_kernels

    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the libraries we call draw from the global state
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True, warn_only=True)
    # It finds faults of torch, and costs a tenth of a run.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    replace_kernels()
