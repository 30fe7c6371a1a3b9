"""Decoding of a batch token by token; a row that has ended leaves the batch.

`generate` of transformers computes every row until the last one has ended. It takes another loop as its argument
`custom_generate`, and prepares cache, masks and positions for that loop as for its own.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch

from bootembed.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    # Scores (rows, vocabulary), places of these rows in the batch, position in the answer -> token ids (rows).
    Choice = Callable[[torch.Tensor, torch.Tensor, int], torch.Tensor]


class ShrinkingBatch:
    """A decoding loop for `generate`; returns ids (rows, prompt + answer), padded after the end of an answer."""

    def __init__(self, choose: Choice, *, ends: Sequence[int], padding: int) -> None:
        self._choose = choose
        self._ends = ends
        self._padding = padding

    def __call__(self, model: Any, input_ids: torch.Tensor, generation_config: Any, **inputs: Any) -> torch.Tensor:
        """Decode a batch; the arguments are those of transformers' own loops.

        Raises:
            DataError: The model computes NaN.
        """
        for unused in ("logits_processor", "stopping_criteria"):
            inputs.pop(unused)
        count, length = input_ids.shape
        ids = torch.nn.functional.pad(input_ids, (0, generation_config.max_length - length), value=self._padding)
        ends = torch.tensor(self._ends, device=ids.device)
        rows = torch.arange(count, device=ids.device)
        outputs = model._prefill(input_ids, generation_config, inputs)
        for end in range(length, ids.shape[1]):
            if end > length:
                step = model.prepare_inputs_for_generation(ids[rows, :end], next_sequence_length=1, **inputs)
                outputs = model(**step, return_dict=True)
            inputs = model._update_model_kwargs_for_generation(outputs, inputs)
            scores = outputs.logits[:, -1].float()
            ids[rows, end] = self._choose(scores, rows, end - length)
            if bool(scores.gather(1, ids[rows, end].unsqueeze(1)).isnan().any()):  # NaN counts as the largest score
                raise DataError(
                    "the generator computes NaN: weights of it or of its adapter are no numbers, as after a training "
                    "that diverged; lower the adapter's learning_rate and train it again, or check the base model"
                )
            (going,) = torch.nonzero(~torch.isin(ids[rows, end], ends), as_tuple=True)
            if len(going) == 0:
                return ids[:, : end + 1]
            if len(going) < len(rows):
                rows = rows[going]
                _keep_rows(inputs, going)
        return ids


def _keep_rows(inputs: dict[str, Any], rows: torch.Tensor) -> None:
    for name, value in inputs.items():
        if hasattr(value, "reorder_cache"):
            value.reorder_cache(rows)
        elif isinstance(value, torch.Tensor) and value.ndim >= 2:  # masks; positions, of which some models have three
            inputs[name] = value.index_select(-2, rows)


class Beginning:
    """The states of tokens that all prompts of a batch begin with, computed once for all batches."""

    def __init__(self, model: Any, ids: Sequence[int]) -> None:
        from transformers import DynamicCache

        self.ids = list(ids)
        self._states = DynamicCache(config=model.config)
        model(
            input_ids=torch.tensor([self.ids], device=model.device),
            past_key_values=self._states,
            use_cache=True,
            logits_to_keep=1,
        )

    def fits(self, tokens: int) -> bool:
        """Whether attention reaches over so many tokens.

        Padding stands between the beginning and the rest, and a sliding window counts it.
        """
        from transformers.cache_utils import DynamicLayer

        return all(
            isinstance(layer, DynamicLayer) and (not layer.is_sliding or layer.sliding_window >= tokens)
            for layer in self._states.layers
        )

    def states(self, rows: int) -> Any:
        """The states for a batch, which may change them."""
        states = copy.deepcopy(self._states)
        states.batch_repeat_interleave(rows)
        return states
