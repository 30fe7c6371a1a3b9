"""Parameters of embedder training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from bootembed.core.attention import Attention
from bootembed.settings.base import Fraction, Pluggable, Schedule, Section, Slug, fault

if TYPE_CHECKING:
    from collections.abc import Mapping

NewWordStart = Literal["pieces", "positives"]
Dimension = Annotated[int, Field(ge=1)]


class BuildBaselineData(Section):
    """Training sets of the baselines."""

    rows: int = Field(ge=1, description="Maximum rows per recipe, so that recipes compare at equal size.")


class MeasureFit(Section):
    """How well tokenizers fit the target languages, measured on anchors before anything trains."""

    sentences: int = Field(ge=1, description="Anchors, and English sentences, that are looked at.")
    generator_sentences: int = Field(
        ge=0, description="Of these, how many the generator reads, to see how well it knows the language; 0: none."
    )
    warn_times_english_bits: float = Field(
        gt=0,
        description="Bits that the generator needs for a byte / those for English, above which there is a warning.",
    )
    warn_unknown_share: Fraction = Field(description="Unknown tokens / all, above which there is a warning.")
    warn_lost_share: Fraction = Field(description="Characters, or marks, that do not come back from tokens / all.")
    warn_cut_share: Fraction = Field(description="Sentences longer than the limit / all.")
    max_unknown_share: Fraction = Field(description="Unknown tokens / all, above which it is an error; 1: never.")


class EncoderLora(Section):
    """LoRA on an encoder, merged into its weights before it is saved; keys as in PEFT's `LoraConfig`."""

    r: int = Field(ge=1)
    lora_alpha: int = Field(ge=1)
    lora_dropout: Fraction
    target_modules: Literal["all-linear"] | Annotated[list[str], Field(min_length=1)] = Field(
        description="Every linear layer, or names of modules."
    )


class HeldOut(Section):
    """Scoring on the way, by rows that do not train: how many anchors have their own positive as nearest neighbour."""

    share: Fraction = Field(gt=0, lt=1, description="Of the anchors, with all their rows.")
    evaluations: int = Field(10, ge=1, description="How often in the whole training.")
    keep_best: bool = Field(False, description="Keep the checkpoint of the best score, not the last one.")
    patience: int | None = Field(None, ge=1, description="Stop after so many scores without a better one; null: never.")


class TrainEmbedder(Pluggable):
    """Finetuning of an encoder; keys as in Sentence Transformers."""

    plugins: ClassVar[str] = "bootembed.embedder.objectives"

    seeds: int = Field(3, ge=1, description="Embedders trained on each training set.")
    objective: Slug = Field(description="Module of `bootembed.embedder.objectives`.")
    objectives: dict[Slug, Slug] = Field(
        default_factory=dict, description="Mixtures: recipe -> the objective of its rows, where it is another."
    )
    pooling: Literal["mean", "mean_first_last", "mean_without_bos", "last"] = Field(
        description="The last two are for decoders."
    )
    bidirectional: bool = Field(
        False, description="Of a decoder: tokens also attend to later ones, where transformers has the switch."
    )
    temperature: float = Field(gt=0)
    distillation_english_share: Fraction = Field(
        description="Distillation: share of a batch whose English side is trained on too."
    )
    dropout: Fraction | None = Field(None, lt=1, description="Of all dropout layers of the encoder; null: its own.")
    trained_layers: int | None = Field(None, ge=0, description="Train embeddings and this many low layers; null: all.")
    new_word_min_count: int | None = Field(
        None,
        ge=1,
        description="Words this frequent in the anchors get their own token; null: none.",
    )
    new_word_start: NewWordStart = Field(
        "pieces", description="Embedding of a new word: mean of its pieces, or of the positives' words it aligns with."
    )
    num_train_epochs: float = Field(gt=0)
    learning_rate: float = Field(gt=0)
    warmup_steps: int = Field(ge=0)
    lr_scheduler_type: Schedule
    per_device_train_batch_size: int = Field(ge=2)
    mini_batch_size: int | None = Field(None, ge=1, description="Of the cached contrastive loss; null: no caching.")
    texts_per_forward: int | None = Field(
        None, ge=1, description="Texts of similar length that the encoder processes together; null: a whole batch."
    )
    gather_across_devices: bool = Field(True, description="In-batch negatives of all processes.")
    matryoshka_dimensions: list[Dimension] = Field(
        default_factory=list,
        description="Dimensions to truncate embeddings to; the loss is summed over them.",
    )
    lora: EncoderLora | None = Field(None, description="If set: train LoRA factors only; null: all weights.")
    untrained_share: Fraction = Field(
        0.0, lt=1, description="Share of the weights before training in those that are saved (WiSE-FT)."
    )
    held_out: HeldOut | None = Field(None, description="If set: rows that score on the way; null: all rows train.")
    max_seq_length: int = Field(ge=4)
    bf16: bool
    fp16: bool
    attention: Attention = Field("auto", description="Implementation; auto: the fastest available.")

    @model_validator(mode="after")
    def _trainable(self) -> Self:
        if self.fp16 and self.bf16:
            raise fault("fp16", True, "together with bf16; set one of them to false")
        for field in ("trained_layers", "new_word_min_count"):
            value = getattr(self, field)
            if self.lora is not None and value is not None:
                raise fault(field, value, "together with lora, which trains no embeddings; set one of the two to null")
        return self

    def overridden(self, overrides: Mapping[str, Any]) -> TrainEmbedder:
        """With some fields replaced.

        Raises:
            ValidationError: A field is unknown, or its value does not fit.
        """
        return TrainEmbedder.model_validate(self.model_dump() | dict(overrides))
