"""What a published model or set of triplets must say of rights, and a run cannot know."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bootembed.settings.base import Section, Slug
from bootembed.settings.triplets import Source

ENDPOINT = "endpoint"


class Publish(Section):
    """Rights. No stage reads this section, so that naming a licence later makes no result stale."""

    licence: str | None = Field(
        min_length=1,
        description="Licence key of the Hub for what is published; null: `generate_triplets.card.licence`.",
    )
    sources: list[Source] = Field(
        description="Corpora beside those of `generate_triplets.card.sources`; one of the same name takes its place."
    )
    base_models: dict[Slug, Annotated[str, Field(min_length=1)]] = Field(
        description="Key of `base_models` -> its licence or terms, which also bind what is made from it; `endpoint`: "
        "of the model that answers in the generator's place."
    )
