"""A judge in use: probabilities of the three labels for pairs of sentences, in bounded memory."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from bootembed.core.errors import DataError
from bootembed.core.seeding import seed_everything
from bootembed.embedder.pooled_encoder import longest_input
from bootembed.judge.labels import LABELS, label_positions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from bootembed.settings.judge import RateTriplets

logger = logging.getLogger(__name__)
_CHUNK = 2048  # pairs whose tokens are held at a time, and between lines of progress
_DECIMALS = 5  # padding changes the last bits; a threshold should not see them


def has_judge(folder: Path) -> bool:
    """Whether a folder of the stage `train_judge` holds a judge; with `source: none` it does not."""
    return (folder / "config.json").is_file()


def open_judge(folder: Path, settings: RateTriplets) -> Judge | None:
    """The judge in a folder of the stage `train_judge`, or None where there is none.

    Raises:
        DataError: As `Judge`.
    """
    return Judge(folder, settings) if has_judge(folder) else None


class Judge:
    """An NLI cross-encoder on the GPU, if there is one.

    Args:
        folder: Sequence classifier in Hugging Face format, safetensors, with its tokenizer.
        settings: Batch size and precision.

    Raises:
        DataError: The folder holds no such classifier, or one of other labels.
    """

    def __init__(self, folder: Path, settings: RateTriplets) -> None:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        seed_everything(0)
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
            model = AutoModelForSequenceClassification.from_pretrained(
                folder, trust_remote_code=False, use_safetensors=True, dtype=torch.float32
            )
        except (OSError, ValueError, KeyError) as error:
            cause = str(error).partition("\n")[0]
            raise DataError(f"{folder}: cannot be loaded as an NLI classifier: {cause}") from error
        self._positions = label_positions(model.config.id2label, source=str(folder))
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model = model.to(self._device).eval()
        self._settings = settings
        self.max_length = longest_input(model, self._tokenizer)

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """Probabilities of `LABELS`, shape (pairs, 3).

        Args:
            pairs: Premise and hypothesis. Longer pairs than `max_length` tokens are cut, and a warning counts them.
        """
        found = np.empty((len(pairs), len(LABELS)))
        cut = 0
        for start in range(0, len(pairs), _CHUNK):
            chunk = pairs[start : start + _CHUNK]
            lengths = [len(ids) for ids in self._tokenizer(*_sides(chunk), verbose=False)["input_ids"]]
            cut += sum(length > self.max_length for length in lengths)
            by_length = sorted(range(len(chunk)), key=lengths.__getitem__, reverse=True)
            for first in range(0, len(chunk), self._settings.batch_size):
                batch = by_length[first : first + self._settings.batch_size]
                found[[start + index for index in batch]] = self._judge([chunk[index] for index in batch])
            logger.info("judged %d of %d pairs", start + len(chunk), len(pairs))
        if cut:
            logger.warning("%d of %d pairs are longer than %d tokens and were cut", cut, len(pairs), self.max_length)
        return found.round(_DECIMALS)

    def _judge(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        import torch

        batch = self._tokenizer(
            *_sides(pairs), truncation=True, max_length=self.max_length, padding=True, return_tensors="pt"
        ).to(self._device)
        with (
            torch.inference_mode(),
            torch.autocast(self._device, dtype=torch.bfloat16, enabled=self._settings.bf16),
        ):
            logits = self._model(**batch).logits[:, self._positions]
        probabilities: NDArray[np.float64] = logits.double().softmax(dim=1).cpu().numpy()
        return probabilities


def _sides(pairs: Sequence[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [premise for premise, _ in pairs], [hypothesis for _, hypothesis in pairs]
