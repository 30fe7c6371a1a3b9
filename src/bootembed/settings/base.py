"""What every section of the parameters is made of."""

from __future__ import annotations

import difflib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Slug = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
Schedule = Literal["constant", "linear", "cosine", "constant_with_warmup"]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Revision = Annotated[str, Field(pattern=r"^([0-9a-f]{40}|unresolved)$")]


class Section(BaseModel):
    """Base of every section: unknown keys are errors, values cannot be changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def suggest(name: str, known: list[str]) -> str:
    """A `did you mean` clause, or nothing."""
    close = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
