"""Parameters of the judge: an NLI cross-encoder that says how a triplet's sentences relate."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from bootembed.settings.base import Fraction, Revision, Section, Slug
from bootembed.settings.models import LoraTraining

NO_JUDGE = "none"  # also `train_judge.source` where there is no other
NLI_JUDGE = "nli"
_NEEDED = {"none": (), "hub": ("id", "revision"), "local": ("path",), "trained": ("base",)}


class TrainJudge(LoraTraining):
    """Where the judge comes from, and how it is trained where it is trained here: LoRA, merged at the end."""

    source: Literal["none", "hub", "local", "trained"] = Field(description="none: nothing is judged.")
    id: str | None = Field(None, description="Hub id of an NLI classifier of three labels (source: hub).")
    revision: Revision | None = Field(None, description="Pinned commit, 40 hex digits (source: hub).")
    pickled_weights: bool = Field(False, description="Source hub: convert pytorch_model.bin; there are no safetensors.")
    path: str | None = Field(None, description="Folder of an NLI classifier in Hugging Face format (source: local).")
    base: Slug | None = Field(None, description="Key of `base_models`, encoder or decoder (source: trained).")
    rows_per_label: int = Field(
        ge=1,
        description="Most training rows of a language and label; the rarest label of a language limits the others.",
    )
    unrelated_as_neutral: bool = Field(
        description="Where a language's rows have no neutral ones: premises with hypotheses of other premises."
    )
    held_out_share: Fraction = Field(
        description="Premises that measure the judge instead of training it, in languages without validation rows."
    )
    validation_rows: int = Field(ge=1, description="Most rows of a language that measure the judge.")
    max_length: int = Field(ge=16, description="Tokens of a pair: longer ones do not train, and are cut when judged.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [name for name in _NEEDED[self.source] if getattr(self, name) is None]
        if missing:
            raise ValueError(f"source {self.source!r} needs {missing}")
        return self


class RateTriplets(Section):
    """How the judge reads, whether it rates triplets, filters them or is measured itself."""

    batch_size: int = Field(ge=1, description="Pairs at a time.")
    bf16: bool = Field(description="Compute in bfloat16.")
