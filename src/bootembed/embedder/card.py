"""The model card of an embedder: the same text for the same model, so without dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bootembed.settings.embedder import TrainEmbedder

_CARD = """---
library_name: sentence-transformers
pipeline_tag: sentence-similarity
language: {language}
tags: [sentence-transformers, feature-extraction, bootembed]
---

# {recipe}, {language}, {encoder}

Sentence embedder for `{language}`: the encoder `{encoder}` finetuned on the training set of the recipe `{recipe}` by
bootembed.

```python
from sentence_transformers import SentenceTransformer

embeddings = SentenceTransformer("path/to/this/folder").encode(["..."])
```

| | |
|---|---|
{table}

Texts longer than {max_seq_length} tokens are cut.
"""


@dataclass(frozen=True)
class Origin:
    """What an embedder is made of."""

    recipe: str
    language: str
    encoder: str
    base_hash: str


def model_card(
    origin: Origin, settings: TrainEmbedder, *, rows: int, columns: tuple[str, ...], max_seq_length: int, seed: int
) -> str:
    """Text of the card of an embedder trained with `settings` on `rows` rows and saved with `max_seq_length`."""
    facts: Mapping[str, object] = {
        "encoder, SHA-256": f"`{origin.base_hash}`",
        "training rows": f"{rows} ({', '.join(columns)})",
        "seed": seed,
        **{f"`{name}`": value for name, value in settings.model_dump(mode="json").items()},
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in facts.items())
    return _CARD.format(
        recipe=origin.recipe,
        language=origin.language,
        encoder=origin.encoder,
        table=table,
        max_seq_length=max_seq_length,
    )
