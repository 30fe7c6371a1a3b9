"""Training objectives, one module each, found by the name in `train_embedder.objective`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from bootembed.settings.embedder import TrainEmbedder


class Objective(Protocol):
    """What a module of this package defines. Parameters are checked with it, so it imports no torch at the top.

    Attributes:
        IN_BATCH_NEGATIVES: Whether the rows of a batch are each other's negatives: then no two of them share a text.
        EMBEDS_BEFORE_TRAINING: Whether `prepare` embeds texts. It does so in fp32, even if training does not.
    """

    IN_BATCH_NEGATIVES: bool
    EMBEDS_BEFORE_TRAINING: bool

    def faults(self, settings: TrainEmbedder, recipe: str) -> list[str]:
        """What is wrong with the parameters of a recipe, each naming key, value and remedy."""

    def prepare(
        self, model: Any, columns: dict[str, list[str]], settings: TrainEmbedder
    ) -> tuple[dict[str, list[Any]], Any]:
        """The columns to train on, and the loss to train with.

        Args:
            model: The Sentence Transformers model, still as the base encoder is.
            columns: Of the training set, as `training_sets.training_columns` returns them.
            settings: Of this recipe.

        Returns:
            The columns, with a column `label` if the loss reads one, and a loss that embeds texts by its attribute
            `model`. The loss is None where nothing is to be trained.

        Raises:
            DataError: The training set does not suit the objective.
            ParamsError: The encoder does not suit the parameters.
        """
