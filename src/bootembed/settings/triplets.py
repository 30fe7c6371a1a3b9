"""Parameters of triplet synthesis and its filters."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bootembed.settings.base import Section, Slug


class Semantic(Section):
    """The check of meaning by an encoder; off while both thresholds are null."""

    encoder: Slug = Field(description="Key of `base_models`, role `encoder`; used untrained.")
    pooling: Literal["mean", "mean_first_last"]
    max_seq_length: int = Field(ge=4)
    batch_size: int = Field(ge=1)
    min_positive_similarity: float | None = Field(ge=-1, le=1, description="Cosine of anchor and positive, at least.")
    min_margin: float | None = Field(
        ge=-2, le=2, description="Cosine of anchor and positive less that of anchor and negative, at least."
    )

    @property
    def is_on(self) -> bool:
        """Whether any threshold is set."""
        return self.min_positive_similarity is not None or self.min_margin is not None


class Filters(Section):
    """Filters of generated triplets, in the order of `triplets.filters.TripletRejection`."""

    max_characters: int = Field(ge=1)
    max_length_ratio: float = Field(gt=1.0, description="Answer longer than so many times its anchor: over-long.")
    strip_quotes: bool = Field(description="Take quotes around a whole answer away.")
    refusal: bool = Field(description="Reject answers that begin as a refusal does.")
    chat_residue: bool = Field(description="Reject answers with role markers, lead-ins, Markdown, JSON and the like.")
    several_sentences: Literal["reject", "cut", "keep"] = Field(
        description="An answer of several sentences: reject it, cut it after the first, or keep it."
    )
    wrong_language: bool = Field(description="Reject answers that are plainly in another language than demanded.")
    max_similarity_to_anchor: float | None = Field(
        gt=0, le=1, description="Positives more similar to their anchor (difflib ratio of characters); null: any."
    )
    numbers_differ: bool = Field(description="Reject positives with a number that the anchor does not hold.")
    names_differ: bool = Field(description="Reject positives with a Latin name that the anchor does not hold.")
    only_negated: bool = Field(description="Reject negatives that are the anchor and a negation word.")
    semantic: Semantic


class Source(Section):
    """A corpus that anchors or training text of the generator come from."""

    name: str = Field(min_length=1)
    licence: str = Field(min_length=1)


class Card(Section):
    """What the dataset card of generated triplets says beside what the run knows."""

    licence: str = Field(min_length=1, description="Licence key of the Hugging Face Hub, for the triplets.")
    sources: list[Source]


class GenerateTriplets(Section):
    """Synthesis of triplets."""

    anchors: int = Field(ge=1, description="Anchors per language.")
    filters: Filters
    card: Card


class JudgeTriplets(Section):
    """Judging generated triplets with the grammar of the sample corpora."""

    languages: list[Slug] = Field(description="Target languages whose anchors are sample corpora.")
