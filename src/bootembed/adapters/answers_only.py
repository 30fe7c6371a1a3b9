"""The output layer and the loss of a training step: of the answers' tokens only, and of some of them at a time.

Over a large vocabulary these are most of a step, in time and memory, and most tokens of a padded batch belong to
prompts, or stand beside longer answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from transformers import PreTrainedModel

from bootembed.adapters.arguments import LARGEST_LOGITS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def pad_batch(rows: Sequence[Mapping[str, Sequence[int]]], *, padding: int) -> dict[str, Any]:
    """A batch padded on the left, so that its answers stand at the end; see `answers_only`.

    Args:
        rows: Token ids, and a mask of the answers.
        padding: Token id.

    Returns:
        `input_ids`, `attention_mask` and `position_ids` (rows x tokens), `logits_to_keep` (how many of the last tokens
        reach the output layer), `predicting` (rows x those; whether the next token is one of an answer), `shift_labels`
        (1 x such tokens) and `labels` (the same after one that is ignored, from which the trainer counts them).
    """

    def padded(name: str, fill: int) -> torch.Tensor:
        longest = max(len(row[name]) for row in rows)
        return torch.tensor([[fill] * (longest - len(row[name])) + list(row[name]) for row in rows])

    ids, answers = padded("input_ids", padding), padded("completion_mask", 0).bool()
    lengths = torch.tensor([[len(row["input_ids"])] for row in rows])
    mask = (torch.arange(ids.shape[1]) >= ids.shape[1] - lengths).long()
    # One more: each token is predicted at the one before it. The first token of a text is predicted nowhere.
    targets = ids[:, 1:][answers[:, 1:]].unsqueeze(0)
    kept = min(ids.shape[1], ids.shape[1] - int(answers.any(0).int().argmax()) + 1)
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "position_ids": (mask.cumsum(1) - 1).clamp(min=0),
        "logits_to_keep": kept,
        "predicting": torch.nn.functional.pad(answers[:, 1:], (0, 1))[:, -kept:],
        "shift_labels": targets,
        "labels": torch.nn.functional.pad(targets, (1, 0), value=-100),
    }


def answers_only(model: Any) -> None:
    """Let a model apply its output layer only to the tokens that predict an answer's, which `pad_batch` marks.

    Where their logits are more than `LARGEST_LOGITS` values, those of a piece of the tokens are there at a time, if the
    model is one whose loss is that of its output layer's own values: Gemma 2 and Cohere, for two, scale them.

    Args:
        model: Causal language model whose output layer is not trained, with or without PEFT's adapters.
    """
    inner = next(module for module in model.modules() if isinstance(module, PreTrainedModel))
    layer = model.get_output_embeddings()
    size = max(1, LARGEST_LOGITS // layer.weight.shape[0])
    in_pieces = _loss_is_of_output_layer(inner, layer)
    whole = inner.loss_function
    marked: list[torch.Tensor] = []
    waiting: list[torch.Tensor] = []

    def take(_model: Any, args: Any, inputs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        marked[:] = [inputs.pop("predicting")]
        return args, inputs

    def select(_layer: Any, args: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
        states = args[0][marked[0]]
        waiting[:] = [states] if in_pieces and len(states) > size else []
        return (states[:0].unsqueeze(0) if waiting else states.unsqueeze(0),)

    def loss(logits: Any, labels: Any, vocab_size: int, **others: Any) -> Any:
        if not waiting:
            return whole(logits, labels, vocab_size, **others)
        targets, count = others.pop("shift_labels"), others.pop("num_items_in_batch", None)
        count = targets.numel() if count is None else count

        def of_piece(states: torch.Tensor, own: torch.Tensor) -> Any:
            logits: torch.Tensor = layer.forward(states)
            return whole(logits, None, vocab_size, shift_labels=own, num_items_in_batch=count, **others)

        return _InPieces.apply(waiting.pop(), targets[0], size, of_piece)  # type: ignore[no-untyped-call]

    model.register_forward_pre_hook(take, with_kwargs=True)
    layer.register_forward_pre_hook(select)
    inner.loss_function = loss


class _InPieces(torch.autograd.Function):
    """A sum of losses of pieces, whose gradient is taken at once, so that no piece's logits stay for the backward pass.

    It is the gradient with respect to the states alone (as in Liger Kernel's fused loss, arXiv 2410.10989): the output
    layer is frozen.
    """

    @staticmethod
    def forward(
        ctx: Any,
        states: torch.Tensor,
        targets: torch.Tensor,
        size: int,
        loss_of: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    ) -> torch.Tensor:
        """The loss of `states` (tokens x width) and `targets`, `size` tokens at a time.

        Two axes: a slice with a third is not multiplied as one matrix, but with a copy of the output layer.
        """
        losses: list[torch.Tensor] = []
        gradients: list[torch.Tensor] = []
        with torch.enable_grad():
            for own, wanted in zip(torch.split(states, size), torch.split(targets, size), strict=True):
                piece = own.detach().requires_grad_()
                loss = loss_of(piece, wanted)
                gradients += torch.autograd.grad(loss, piece)
                losses.append(loss.detach())
        ctx.save_for_backward(torch.cat(gradients))
        return torch.stack(losses).sum()

    @staticmethod
    def backward(ctx: Any, *outer: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
        """The gradient with respect to the states."""
        (gradient,) = ctx.saved_tensors
        return gradient * outer[0], None, None, None


def _loss_is_of_output_layer(model: Any, layer: Any) -> bool:
    """Whether a model hands its loss function the very values of its output layer: seen with a few tokens."""
    given: list[torch.Tensor] = []
    taken: list[torch.Tensor] = []

    def take(logits: torch.Tensor, *_args: Any, **_others: Any) -> torch.Tensor:
        taken.append(logits)
        return logits.new_zeros(())

    hook = layer.register_forward_hook(lambda _layer, _args, logits: given.append(logits))
    ids = torch.arange(8, device=layer.weight.device).unsqueeze(0)  # a padding token's logits may all be 0
    training, whole = model.training, model.loss_function
    model.loss_function = take
    try:
        with torch.no_grad():
            model.eval()(input_ids=ids, labels=ids)
    finally:
        hook.remove()
        model.loss_function = whole
        model.train(training)
    return len(taken) == len(given) == 1 and torch.equal(given[0], taken[0])
