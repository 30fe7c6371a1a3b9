"""Parameters of scoring and of the model registry."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bootembed.settings.base import Section, Slug


class TaskSpec(Section):
    """An evaluation task."""

    kind: Slug = Field(description="Module of `bootembed.evaluation.kinds`.")
    implementation: Literal["bootembed", "mteb"] = Field(description="Ours, or mteb's task class reading our tables.")
    subset: dict[Slug, str] = Field(
        default_factory=dict,
        description="Language -> subset of mteb, if it is not the subset of that language and script.",
    )


class EvaluateEmbedder(Section):
    """Scoring."""

    max_seq_length: int = Field(ge=4)
    batch_size: int = Field(ge=1)
    bf16: bool = Field(description="Compute in bfloat16.")
    tasks: dict[str, TaskSpec]


class RegisterModels(Section):
    """The MLflow model registry."""

    name: str = Field(pattern=r"^[a-z0-9_-]*\{language\}[a-z0-9_-]*$", description="Registered model of a language.")
    alias: Slug
    validation_task: dict[str, str] = Field(
        description="Language -> task whose validation split chooses the champion; of others no model is registered."
    )
