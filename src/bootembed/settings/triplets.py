"""Parameters of triplet synthesis and its filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from bootembed.settings.base import Fraction, Section, Slug

if TYPE_CHECKING:
    from collections.abc import Iterable


def has_threshold(thresholds: Iterable[float | None]) -> bool:
    """Whether a filter by thresholds is on; `conf/plugins` asks it of a judge's that are not checked yet."""
    return any(threshold is not None for threshold in thresholds)


class Semantic(Section):
    """The semantic filter, which uses an encoder; off while both thresholds are null."""

    encoder: Slug = Field(description="Key of `base_models`, role `encoder`; used untrained.")
    pooling: Literal["mean", "mean_first_last"]
    max_seq_length: int = Field(ge=4)
    batch_size: int = Field(ge=1)
    min_positive_similarity: float | None = Field(ge=-1, le=1, description="Minimum cosine of anchor and positive.")
    min_margin: float | None = Field(
        ge=-2,
        le=2,
        description="Minimum difference between the cosines of anchor and positive and of anchor and negative.",
    )

    @property
    def is_on(self) -> bool:
        """Whether any threshold is set."""
        return has_threshold((self.min_positive_similarity, self.min_margin))


class JudgeFilter(Section):
    """The filter by the judge of `train_judge`; off while both thresholds are null."""

    min_entailment: Fraction | None = Field(description="Least probability that the positive follows from the anchor.")
    min_contradiction: Fraction | None = Field(description="Least probability that the negative contradicts it.")

    @property
    def is_on(self) -> bool:
        """Whether any threshold is set."""
        return has_threshold((self.min_entailment, self.min_contradiction))

    @property
    def off(self) -> JudgeFilter:
        """The same without thresholds."""
        return self.model_copy(update={"min_entailment": None, "min_contradiction": None})


class Filters(Section):
    """Filters of generated triplets, in the order of `triplets.filters.TripletRejection`."""

    max_characters: int = Field(ge=1)
    max_length_ratio: float = Field(gt=1.0, description="Length of an answer relative to its anchor, in letters.")
    strip_quotes: bool = Field(description="Remove quotes around a whole answer.")
    refusal: bool = Field(description="Reject answers that begin like a refusal.")
    chat_residue: bool = Field(description="Reject answers with role markers, lead-ins, Markdown, JSON and the like.")
    several_sentences: Literal["reject", "cut", "keep"] = Field(
        description="An answer of several sentences: reject it, cut it after the first, or keep it."
    )
    wrong_language: bool = Field(description="Reject answers that are clearly in the wrong language.")
    max_similarity_to_anchor: float | None = Field(
        gt=0,
        le=1,
        description="Reject positives more similar to the anchor (difflib ratio of characters); null: none.",
    )
    numbers_differ: bool = Field(description="Reject positives with a number that is not in the anchor.")
    names_differ: bool = Field(description="Reject positives with a name in Latin script that is not in the anchor.")
    only_negated: bool = Field(description="Reject negatives that are the anchor plus a negation word.")
    max_translation_probability: Fraction | None = Field(
        description="Reject negatives in another language all of whose tokens the generator, without adapters, finds "
        "more probable than this when it translates the anchor; null: none."
    )
    semantic: Semantic
    judge: JudgeFilter


class Source(Section):
    """A corpus that provides anchors or training text of the generator."""

    name: str = Field(min_length=1)
    licence: str = Field(min_length=1)


class Card(Section):
    """Facts for the dataset card of generated triplets that the run cannot know."""

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
