"""Parameters of prompts, engines and sampling."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from bootembed.core.attention import Attention
from bootembed.core.names import Polarity
from bootembed.settings.base import Pluggable, Section, Slug, fault


class Prompts(Section):
    """The wording of the generation prompt, shared by adapter training and generation."""

    version: Slug = Field(description="Key of the prompt definitions in `bootembed.prompts`.")


class TransformersSettings(Section):
    """Engine `transformers`: the generator in this process; the workers of engine `ray` hold the same."""

    batch_size: int = Field(ge=1, description="Maximum prompts per batch; halved if memory runs out.")
    bf16: bool
    load_in_4bit: bool
    attention: Attention = Field("auto", description="Implementation; auto: the fastest available.")


class RaySettings(Section):
    """Engine `ray`: workers on one machine or a cluster, each with the generator of section `transformers`."""

    workers: int = Field(ge=1)
    cpus_per_worker: float = Field(gt=0)
    gpus_per_worker: float = Field(ge=0, description="0: workers compute on CPUs.")


class ServedModels(Section):
    """Names under which an endpoint serves the adapters; `{strategy}`, `{language}` and `{seed}` are filled in."""

    positive: str = Field(min_length=1)
    negative: str = Field(min_length=1)

    @model_validator(mode="after")
    def _fillable(self) -> Self:
        for polarity in Polarity:
            self.name_of(polarity, strategy="", language="", number=0)
        return self

    def tells_seeds_apart(self, polarity: Polarity) -> bool:
        """Whether the names of adapters of this polarity differ between generator seeds."""
        return len({self.name_of(polarity, strategy="", language="", number=number) for number in (0, 1)}) > 1

    def name_of(self, polarity: Polarity, *, strategy: str, language: str, number: int) -> str:
        """The name for the adapter of one polarity, strategy, language and generator seed, which has a number.

        Raises:
            ValueError: It holds another placeholder.
        """
        template: str = getattr(self, polarity)
        try:
            return template.format_map({"strategy": strategy, "language": language, "seed": number})
        except (KeyError, ValueError, IndexError, AttributeError) as error:
            placeholders = "{strategy}, {language} and {seed}"
            raise ValueError(f"{template!r}: the placeholders are {placeholders} ({error})") from error


class Prices(Section):
    """Price of a million tokens, in any currency."""

    prompt: float = Field(ge=0)
    completion: float = Field(ge=0)


class OpenAISettings(Section):
    """Engine `openai`: an OpenAI-compatible endpoint. `BOOTEMBED_ENDPOINT` in the environment overrides `base_url`."""

    base_url: str = Field(min_length=1, description="With its /v1, where the server has one; no password in it.")
    api: Literal["chat", "completions"] = Field(
        description="`chat`: the server renders prompts; `completions`: they are rendered here and sent as text."
    )
    model: str = Field(min_length=1, description="Name of the base model, for strategies without adapters.")
    models: ServedModels
    serves_generator: bool = Field(
        description="The endpoint serves this project's generator (recorded by its hash) and no other model."
    )
    api_key_env: str = Field(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="Environment variable that holds the key; may be unset."
    )
    max_concurrent_requests: int = Field(ge=1, le=1000)
    timeout_seconds: float = Field(gt=0, description="Timeout of one attempt.")
    max_attempts: int = Field(ge=1, description="Of one request; waits between them are up to the `openai` package.")
    extra_body: dict[str, Any] = Field(description="Fields to add to requests; null removes a field.")
    price_per_million: Prices | None = Field(description="For the cost in logs and metrics.")

    @field_validator("base_url")
    @classmethod
    def _holds_no_secret(cls, url: str) -> str:
        if "@" in url or "?" in url:
            raise ValueError(
                "holds a user name, password or query, which dvc.lock and MLflow would show; put the address without "
                "it there, and a key into the variable that api_key_env names"
            )
        return url

    @model_validator(mode="after")
    def _leaves_request_whole(self) -> Self:
        taken = sorted({"model", "messages", "prompt", "stream", "n"} & set(self.extra_body))
        if taken:
            raise fault("extra_body", self.extra_body, f"{taken} cannot be set here; remove them")
        return self


class Generation(Pluggable):
    """Engine and sampling of `generate_triplets` (and of the parallel rows of XL-LoRA's data)."""

    plugins: ClassVar[str] = "bootembed.generation.engines"

    engine: Slug = Field(description="Module of `bootembed.generation.engines`; it reads the section of its name.")
    do_sample: bool
    temperature: float = Field(gt=0)
    top_p: float = Field(gt=0, le=1)
    top_k: int = Field(ge=0, description="0: no limit.")
    max_new_tokens: int = Field(ge=1)
    max_prompt_tokens: int = Field(ge=16, description="Longer prompts are rejected and counted, never cut.")
    transformers: TransformersSettings
    ray: RaySettings
    openai: OpenAISettings


class InContext(Section):
    """Few-shot prompting."""

    examples: int = Field(ge=0, description="Examples (shots) in each prompt.")
    examples_language: Literal["target", "english"] = Field(description="Language of the examples.")
    selection: Literal["random", "similar", "diverse"] = Field(
        description="`random` or mutually different examples, the same for all anchors; or the most similar for each."
    )
    order: Literal["random", "most_similar_last"] = Field(description="Order of the examples in a prompt.")
    pool: int = Field(ge=1, description="Rows, drawn with `seed`, from which `similar` and `diverse` choose.")
