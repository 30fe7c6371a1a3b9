"""Parameters of base models and adapters."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from bootembed.core.attention import Attention
from bootembed.settings.base import Fraction, Revision, Schedule, Section, Slug


class Pretraining(Section):
    """Scratch models: the mix of documents and the optimiser. Shares are relative and need not add up to 1."""

    languages: list[Slug] = Field(min_length=1, description="Languages in the documents; the model sees no other.")
    documents: int = Field(ge=1)
    monolingual_share: float = Field(ge=0)
    parallel_share: float = Field(ge=0)
    nli_share: float = Field(ge=0, description="Few-shot NLI in the chat format, of every language that has some.")
    instructions_share: float = Field(0.0, ge=0, description="Instructions and answers as chats, of every language.")
    english_weight: float = Field(gt=0, description="Weight of English relative to any other language.")
    max_steps: int = Field(ge=1)
    per_device_train_batch_size: int = Field(ge=1)
    learning_rate: float = Field(gt=0, description="AdamW, for embeddings, norms and biases.")
    muon_learning_rate: float = Field(gt=0, description="Muon, for the hidden matrices.")
    warmup_steps: int = Field(ge=0)
    bf16: bool = Field(description="Compute in bfloat16; weights stay in fp32.")


class Scratch(Section):
    """Architecture and pretraining of a model built here."""

    architecture: Literal["qwen3", "llama", "xlm-roberta", "modernbert"]
    vocab_size: int = Field(ge=300)
    hidden_size: int = Field(ge=16)
    num_hidden_layers: int = Field(ge=1)
    num_attention_heads: int = Field(ge=1)
    intermediate_size: int = Field(ge=16)
    max_position_embeddings: int = Field(ge=32)
    storage: Literal["float32", "float16"] = Field("float32", description="Of the saved weights; all train in float32.")
    pretraining: Pretraining


class BaseModelSpec(Section):
    """A base model: from the Hub, from a local folder, or built from scratch. Later stages see no difference."""

    role: Literal["generator", "encoder"]
    source: Literal["hub", "local", "scratch"]
    id: str | None = Field(None, description="Hub id (source: hub).")
    revision: Revision | None = Field(
        None, description="Pinned commit, 40 hex digits (source: hub); `unresolved` fails when it is fetched."
    )
    pickled_weights: bool = Field(
        False, description="Source hub: the revision has no safetensors; convert its pytorch_model.bin."
    )
    file: str | None = Field(
        None, pattern=r"\.gguf$", description="Source hub: a GGUF file of the repository, to take instead of the rest."
    )
    path: str | None = Field(None, description="Folder in Hugging Face format, or a .gguf file (source: local).")
    chat_template: str | None = Field(
        None,
        description="For a generator never tuned on chats: `gemma`, `chatml`, `llama3`, `plain` (lines of text), or "
        "Jinja. Adapters learn it; without adapters its prompts are `plain`.",
    )
    end_of_turn: str | None = Field(
        None, description="Token that ends a turn of a template in Jinja; a line break ends it with the line."
    )
    scratch: Scratch | None = None


class LoraTraining(Section):
    """LoRA and its training; keys as in PEFT's `LoraConfig` and Transformers' `TrainingArguments`."""

    r: int = Field(ge=1)
    lora_alpha: int = Field(ge=1)
    lora_dropout: Fraction
    num_train_epochs: float = Field(gt=0)
    learning_rate: float = Field(gt=0)
    lr_scheduler_type: Schedule
    warmup_steps: int = Field(ge=0)
    per_device_train_batch_size: int = Field(ge=1)
    gradient_accumulation_steps: int = Field(ge=1)
    max_grad_norm: float = Field(gt=0)
    save_steps: int = Field(ge=1, description="Optimiser steps between checkpoints, beside one every two minutes.")
    bf16: bool = Field(description="Compute in bfloat16; weights that are trained stay in fp32.")


class Lora(LoraTraining):
    """An adapter of the generator."""

    train_examples: int = Field(ge=1, description="Maximum number of rows, chosen at random with `seed`.")
    max_length: int = Field(ge=16, description="Tokens; longer examples are rejected and counted.")
    upper_layers: int | None = Field(None, ge=1, description="Adapt this many layers, from above; null: all.")
    gradient_checkpointing: bool = Field(description="Recompute activations instead of storing them.")
    load_in_4bit: bool = Field(description="Hold the base model in 4-bit NormalFloat (QLoRA).")
    attention: Attention = Field("auto", description="Implementation; auto: the fastest available.")


class LanguageAdapter(Lora):
    """A language adapter: LoRA on text of one language."""

    data: Literal["instructions", "monolingual"] = Field(description="Instruction text (paper: Aya) or plain text.")


class Launch(Section):
    """How stages use a machine."""

    processes: int = Field(
        ge=1,
        description="Per training stage, one per GPU, each with its batches. torchrun's world size takes precedence.",
    )
    threads: int | None = Field(
        None, ge=1, description="CPU threads per process; identical bytes need the same number. null: all."
    )
    portable: bool = Field(description="The same bits on every x86-64 processor with AVX2; slower. For CPUs.")


class BuildXlLoraData(Section):
    """Training rows of XL-LoRA."""

    source_languages: list[Slug] = Field(description="Languages of role `source`.")
    nli_rows: int = Field(ge=0, description="NLI premises per source language and polarity.")
    parallel_rows: int = Field(ge=0, description="Parallel rows per source language, answered by the task adapters.")


class FetchedAdapter(Section):
    """An adapter of the generator that somebody else trained."""

    source: Literal["hub", "local"]
    id: str | None = Field(None, description="Hub id (source: hub).")
    revision: Revision | None = Field(None, description="Pinned commit, 40 hex digits (source: hub).")
    path: str | None = Field(None, description="Folder of a PEFT adapter (source: local).")
    base: str | None = Field(
        None,
        description="What its adapter_config.json calls the generator, if otherwise than base_models.generator.id.",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = ("id", "revision") if self.source == "hub" else ("path",)
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise ValueError(f"source {self.source!r} needs {missing}")
        return self


class XlLoraAdapters(Section):
    """XL-LoRA's adapters where others trained them; null: they are trained here."""

    positive: FetchedAdapter | None
    negative: FetchedAdapter | None

    @model_validator(mode="after")
    def _of_both_polarities(self) -> Self:
        if (self.positive is None) != (self.negative is None):
            raise ValueError("one is given and the other is null; give both, or set both to null to train them")
        return self


class ComposeAdapter(Section):
    """Composition of a task adapter with language adapters (AdaMergeX; design section 1.2)."""

    method: Literal["delta", "svd", "factors"] = Field(
        description="Add weight updates exactly (`delta`), compressed (`svd`), or add the factors."
    )
    reference: Literal["english", "none"] = Field(description="Language adapter to subtract.")
    weight: float = Field(description="Weight of the language adapters (lambda).")
