"""The model card of an embedder: the same text for the same model, so without dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bootembed.core.names import EmbedderId
    from bootembed.settings.embedder import TrainEmbedder

_CARD = """---
library_name: sentence-transformers
pipeline_tag: sentence-similarity
language: {p.language}
tags: [sentence-transformers, feature-extraction, bootembed]
---

# {p.recipe}, {p.language}, {p.encoder}

{summary}

```python
from sentence_transformers import SentenceTransformer

embeddings = SentenceTransformer("path/to/this/folder").encode(["..."])
```

| | |
|---|---|
{table}

Texts longer than {p.max_seq_length} tokens are cut.
"""


@dataclass(frozen=True)
class EmbedderProvenance:
    """How an embedder was made.

    Attributes:
        recipe: Strategy or baseline that wrote the training set.
        language: Code of the language.
        encoder: Key of the base encoder.
        identity: Which of the cell's embedders it is.
        base_hash: SHA-256 of the base encoder's folder.
        rows: Number of training rows; 0 for an untrained encoder.
        columns: Columns of the training set.
        max_seq_length: Tokens at which the saved model cuts.
        seed: Seed of the training run.
    """

    recipe: str
    language: str
    encoder: str
    identity: EmbedderId
    base_hash: str
    rows: int
    columns: tuple[str, ...]
    max_seq_length: int
    seed: int


def model_card(provenance: EmbedderProvenance, settings: TrainEmbedder) -> str:
    """The text of a model card. It lists `settings` in full where there was training."""
    p = provenance
    facts: dict[str, object] = {"encoder, SHA-256": f"`{p.base_hash}`"}
    if p.rows:
        summary = (
            f"Sentence embedder for `{p.language}`: the encoder `{p.encoder}`, finetuned by bootembed on the training "
            f"set of the recipe `{p.recipe}`."
        )
        facts |= {"training rows": f"{p.rows} ({', '.join(p.columns)})", "training set": p.identity.training_set}
        facts |= {"seed": f"number {p.identity.seed}: {p.seed}"}
        own = settings.model_dump(mode="json", exclude={"seeds"})
        facts |= {f"`{name}`": value for name, value in own.items()}
    else:
        summary = f"The encoder `{p.encoder}` with pooling, not finetuned: a baseline for `{p.language}`."
        facts["`pooling`"] = settings.pooling
    table = "\n".join(f"| {name} | {value} |" for name, value in facts.items())
    return _CARD.format(p=p, summary=summary, table=table)
