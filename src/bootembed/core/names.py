"""Names that everything shares; this module imports nothing of the project."""

from __future__ import annotations

from enum import StrEnum

ENGLISH = "eng"
UNRESOLVED = "unresolved"  # a revision that the user has yet to look up


class Baseline(StrEnum):
    """A recipe that needs no generator; `untrained` is the base encoder with pooling, what all are measured against."""

    UNTRAINED = "untrained"
    UNSUPERVISED_SIMCSE = "unsupervised_simcse"
    ENGLISH_NLI = "english_nli"
    TRANSLATION_PAIRS = "translation_pairs"
    MULTILINGUAL_DISTILLATION = "multilingual_distillation"


UNTRAINED = Baseline.UNTRAINED


class Polarity(StrEnum):
    """Which side of a triplet an adapter writes: the entailment or the contradiction."""

    POSITIVE = "positive"
    NEGATIVE = "negative"


class Role(StrEnum):
    """What a language is for: the pivot, a source of cross-lingual supervision, or a target to build embedders for."""

    ENGLISH = "english"
    SOURCE = "source"
    TARGET = "target"


def cell_name(recipe: str, language: str, encoder: str) -> str:
    """The name of a cell of the grid: of its embedder, its results and its scores; as the stages in dvc.yaml."""
    return f"{recipe}-{language}-{encoder}"
