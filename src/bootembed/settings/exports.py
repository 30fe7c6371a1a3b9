"""Parameters of exports; each kind has its own, and says whether it reads texts of the language."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from bootembed.settings.base import Section


class Onnx(Section):
    """A graph for ONNX Runtime."""

    reads_texts: ClassVar[bool] = False
    kind: Literal["onnx"]
    quantization: Literal["int8"] | None = Field(
        description="int8: weights in 8 bits, activations quantised as they come; null: float32."
    )


class Static(Section):
    """One vector a token or word, averaged: no network is left (model2vec)."""

    reads_texts: ClassVar[bool] = True
    kind: Literal["static"]
    dimensions: int = Field(ge=2, description="Principal components kept.")
    words: int = Field(ge=0, description="The most frequent words of the texts that become tokens; 0: the tokens only.")


class Truncated(Section):
    """The first dimensions of each embedding; good for models trained with `matryoshka_dimensions`."""

    reads_texts: ClassVar[bool] = False
    kind: Literal["truncated"]
    dimensions: int = Field(ge=1)


class Trimmed(Section):
    """Only the tokens that the language and English need."""

    reads_texts: ClassVar[bool] = True
    kind: Literal["trimmed"]
    share: float | None = Field(
        gt=0,
        lt=1,
        description="Of the tokens to keep: those of the texts, then the most common ones in the same characters; "
        "null: all in the texts' scripts, so that any text of these is split as before.",
    )
    weights: Literal["float32", "float16"] = Field(
        default="float32",  # as in the records of older exports
        description="How they are stored; the model computes in float32 in any case.",
    )


ExportSpec = Annotated[Onnx | Static | Truncated | Trimmed, Field(discriminator="kind")]
