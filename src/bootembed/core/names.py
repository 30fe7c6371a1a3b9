"""Names that everything shares; this module imports nothing of the project."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

ENGLISH = "eng"
LATIN = "Latn"
UNRESOLVED = "unresolved"  # a revision that the user has yet to look up


class Baseline(StrEnum):
    """A recipe that needs no generator.

    `untrained` is the base encoder with pooling, what all are measured against; `human_triplets` is the ceiling, what
    the language's own annotators give; `published_triplets` are those that somebody else wrote, by whatever means.
    """

    UNTRAINED = "untrained"
    UNSUPERVISED_SIMCSE = "unsupervised_simcse"
    ENGLISH_NLI = "english_nli"
    TRANSLATION_PAIRS = "translation_pairs"
    MULTILINGUAL_DISTILLATION = "multilingual_distillation"
    HUMAN_TRIPLETS = "human_triplets"
    PUBLISHED_TRIPLETS = "published_triplets"


UNTRAINED = Baseline.UNTRAINED
MIXED = "_and_"  # between the two recipes in the name of a mixture of their training sets


class Polarity(StrEnum):
    """Which side of a triplet an adapter writes: the entailment or the contradiction."""

    POSITIVE = "positive"
    NEGATIVE = "negative"


class Role(StrEnum):
    """What a language is for: the pivot, a source of cross-lingual supervision, or a target to build embedders for."""

    ENGLISH = "english"
    SOURCE = "source"
    TARGET = "target"


@dataclass(frozen=True, order=True)
class EmbedderId:
    """Which of the embedders of a cell: `0-2` was trained on training set 0 from seed number 2.

    Attributes:
        training_set: Number of the training set, which is that of the generator's seed; 0 where nothing is generated.
        seed: Number of the embedder's seed on that training set.
    """

    training_set: int
    seed: int

    @classmethod
    def parse(cls, text: str) -> EmbedderId:
        """The reverse of `str`.

        Raises:
            ValueError: The text is not two numbers with a hyphen between them.
        """
        training_set, seed = map(int, text.split("-"))
        return cls(training_set, seed)

    def __str__(self) -> str:
        return f"{self.training_set}-{self.seed}"


def cell_name(recipe: str, language: str, encoder: str) -> str:
    """The name of a cell of the grid: of its embedders, their results and scores; as the stages in dvc.yaml."""
    return f"{recipe}-{language}-{encoder}"
