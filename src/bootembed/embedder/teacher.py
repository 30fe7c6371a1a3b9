"""Contrast with the embeddings of a teacher: the loss of the objective `distillation`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import cross_entropy, normalize

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_TEACHER_BATCH = 64


class TeacherContrast(torch.nn.Module):
    """Cross-entropy of finding a sentence's English translation among the teacher's embeddings of all of them.

    The candidates do not depend on the batch, so that small batches, and with them more steps, lose no negatives.

    Args:
        model: The student.
        teacher: The teacher's embeddings, of shape (distinct English sentences, dimensions).
        temperature: Cosine similarities are divided by it.
        english_share: Share of each batch whose English side the student embeds too, so that its English stays where
            the teacher's is.
    """

    teacher: torch.Tensor

    def __init__(self, model: Any, teacher: torch.Tensor, *, temperature: float, english_share: float) -> None:
        super().__init__()
        self.model = model
        self.temperature = temperature
        self.english_share = english_share
        self.register_buffer("teacher", normalize(teacher, dim=1), persistent=False)

    def forward(self, sentence_features: Iterable[dict[str, Any]], labels: torch.Tensor) -> torch.Tensor:
        """The loss of a batch.

        Args:
            sentence_features: Tokens of the sentences, and of their English translations.
            labels: Position of each translation among the teacher's embeddings.
        """
        sentences, english = sentence_features
        count = round(len(labels) * self.english_share)
        embedded = [self._embed(sentences)]
        targets = [labels]
        if count:
            embedded.append(self._embed({name: _first(value, count) for name, value in english.items()}))
            targets.append(labels[:count])
        similarities = torch.cat(embedded) @ self.teacher.T
        return cross_entropy(similarities / self.temperature, torch.cat(targets))

    def _embed(self, features: dict[str, Any]) -> torch.Tensor:
        return normalize(self.model(features)["sentence_embedding"].float(), dim=1)


def _first(value: Any, count: int) -> Any:
    """The first rows of a tensor; anything else in a batch, such as its modality, is left as it is."""
    return value[:count] if isinstance(value, torch.Tensor) else value


def teacher_embeddings(model: Any, texts: Sequence[str]) -> torch.Tensor:
    """The untrained model's embeddings of the texts, of shape (texts, dimensions)."""
    embeddings: torch.Tensor = model.encode(
        list(texts), batch_size=_TEACHER_BATCH, convert_to_tensor=True, show_progress_bar=False
    )
    return embeddings.clone()  # made in inference mode; autograd must be able to hold it
