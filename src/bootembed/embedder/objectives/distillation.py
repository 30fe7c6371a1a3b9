"""Distillation: sentences and their English translations go where an English teacher puts the translations.

Reimers & Gurevych 2020 (arXiv 2004.09813) with the contrastive objective of Tan et al. 2023 (EACL, "Multilingual
Representation Distillation with Contrastive Learning"). The teacher is the untrained encoder itself, so it must be a
good English embedder already. The loss is `teacher.TeacherContrast`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.core.names import Baseline

if TYPE_CHECKING:
    from bootembed.settings.embedder import TrainEmbedder

IN_BATCH_NEGATIVES = False  # the candidates are the teacher's embeddings of the whole training set
EMBEDS_BEFORE_TRAINING = True
_PARALLEL = (Baseline.TRANSLATION_PAIRS, Baseline.MULTILINGUAL_DISTILLATION)


def faults(settings: TrainEmbedder, recipe: str) -> list[str]:
    """Recipes without parallel text, and Matryoshka dimensions."""
    found = []
    if recipe not in _PARALLEL:
        found.append(
            "objective: 'distillation' needs sentences with their English translations; only "
            f"{' and '.join(_PARALLEL)} have them"
        )
    if settings.matryoshka_dimensions:
        found.append(
            f"matryoshka_dimensions: {settings.matryoshka_dimensions}: the objective 'distillation' follows all "
            "dimensions of its teacher; set [] for this recipe"
        )
    return found


def prepare(model: Any, columns: dict[str, list[str]], settings: TrainEmbedder) -> tuple[dict[str, list[Any]], Any]:
    """See `Objective.prepare`."""
    from bootembed.embedder.teacher import TeacherContrast, teacher_embeddings
    from bootembed.embedder.training_sets import check_contrast

    check_contrast(columns)
    data, translations = with_teacher_labels(columns)
    teacher = teacher_embeddings(model, translations)
    share = settings.distillation_english_share
    return data, TeacherContrast(model, teacher, temperature=settings.temperature, english_share=share)


def with_teacher_labels(columns: dict[str, list[str]]) -> tuple[dict[str, list[Any]], list[str]]:
    """Columns anchor, positive and label, and the distinct positives; a label is a positive's index among those.

    Raises:
        DataError: The rows are no pairs.
    """
    if set(columns) != {"anchor", "positive"}:
        raise DataError(
            f"distillation: the training set has the columns {', '.join(columns)}; it needs sentences with their "
            "English translations (anchor, positive): use it for a recipe of parallel text"
        )
    distinct = list(dict.fromkeys(columns["positive"]))
    places = {text: place for place, text in enumerate(distinct)}
    return {**columns, "label": [places[text] for text in columns["positive"]]}, distinct
