"""Transformers' trainer for LoRA, with an order of rows that a resumed run finds again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from transformers import Trainer
from transformers.trainer_pt_utils import LengthGroupedSampler

from bootembed.core.seeding import derive_seed

if TYPE_CHECKING:
    from collections.abc import Iterator


class ByLength(LengthGroupedSampler):  # type: ignore[misc]
    """Batches of rows of similar length; the order of an epoch does not depend on what happened before it.

    Transformers draws each order from the global generator, whose state at the start of a later epoch a run that goes
    on in the middle of it does not know: it would see some rows twice and others never.

    Args:
        batch_size: Rows of an optimiser step.
        lengths: Of all rows.
        seed: Of the orders.
    """

    def __init__(self, batch_size: int, lengths: list[int], *, seed: int) -> None:
        super().__init__(batch_size, lengths=lengths)
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[int]:
        # The global generator's state is known at the start of the first epoch, and its order older than this class.
        if self._epoch:
            self.generator = torch.Generator().manual_seed(derive_seed(self._seed, "epoch", self._epoch))
        return iter(super().__iter__())


class LoraTrainer(Trainer):  # type: ignore[misc]
    """Groups rows by length, by their `input_ids`."""

    def _get_train_sampler(self, train_dataset: Any = None) -> ByLength:
        rows = self.train_dataset if train_dataset is None else train_dataset
        size = self.args.train_batch_size * self.args.gradient_accumulation_steps
        return ByLength(size, [len(row["input_ids"]) for row in rows], seed=self.args.data_seed)
