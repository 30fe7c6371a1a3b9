"""Parameters of the report."""

from __future__ import annotations

from pydantic import Field

from bootembed.settings.base import Section


class Report(Section):
    """What the page holds of texts; it can be sent to others, and so can they."""

    triplets: int = Field(
        ge=0, description="Generated triplets on the page at most, taken evenly from all; 0: none are shown."
    )
    examples: int = Field(ge=0, description="Sentences of each evaluation set shown before and after; 0: none.")
