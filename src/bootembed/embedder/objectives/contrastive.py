"""SimCSE's objective (Gao et al. 2021): find a row's positive among all positives and hard negatives of its batch.

The loss is the cross-entropy over cosine similarities / temperature. Texts alone are their own positives: dropout makes
the two views.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bootembed.core.errors import ParamsError
from bootembed.core.names import Baseline
from bootembed.core.processes import process_count

if TYPE_CHECKING:
    from bootembed.settings.embedder import TrainEmbedder

IN_BATCH_NEGATIVES = True
EMBEDS_BEFORE_TRAINING = False


def faults(settings: TrainEmbedder, recipe: str) -> list[str]:
    """Recipes without rows, and dimensions that are named twice."""
    found = []
    if recipe == Baseline.UNTRAINED:
        found.append("objective: 'contrastive' needs a training set, and this recipe has none; set 'none'")
    dimensions = settings.matryoshka_dimensions
    if len(set(dimensions)) < len(dimensions):
        found.append(f"matryoshka_dimensions: {dimensions}: a dimension is named twice; name it once")
    return found


def prepare(model: Any, columns: dict[str, list[str]], settings: TrainEmbedder) -> tuple[dict[str, list[Any]], Any]:
    """See `Objective.prepare`."""
    from sentence_transformers.sentence_transformer.losses import (
        CachedMultipleNegativesRankingLoss,
        MatryoshkaLoss,
        MultipleNegativesRankingLoss,
    )

    from bootembed.embedder.training_sets import check_contrast

    check_contrast(columns)
    options: dict[str, Any] = {
        "scale": 1.0 / settings.temperature,
        "gather_across_devices": settings.gather_across_devices and process_count() > 1,
    }
    loss: Any
    if settings.mini_batch_size is None:
        loss = MultipleNegativesRankingLoss(model, **options)
    else:
        loss = CachedMultipleNegativesRankingLoss(model, mini_batch_size=settings.mini_batch_size, **options)
    if settings.matryoshka_dimensions:
        _check_dimensions(settings.matryoshka_dimensions, int(model.get_embedding_dimension()))
        loss = MatryoshkaLoss(model, loss, settings.matryoshka_dimensions)
    return dict(columns), loss


def _check_dimensions(dimensions: list[int], size: int) -> None:
    key = f"train_embedder.matryoshka_dimensions: {dimensions}"
    if max(dimensions) > size:
        raise ParamsError(f"{key}: the encoder's embeddings have {size} dimensions; name none above")
    if size not in dimensions:
        raise ParamsError(f"{key}: add {size}: otherwise whole embeddings are not trained")
