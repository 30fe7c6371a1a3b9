"""How probable a negative is as a translation of its anchor: the generator itself knows, whatever the language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bootembed.core.seeding import seed_everything
from bootembed.prompts import encode_example, translation_prompt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bootembed.settings.generation import TransformersSettings

_ROWS = 16  # of a batch: every token of the longest answer has a score for every word of the vocabulary
_DECIMALS = 5  # padding changes the last bits; a threshold should not see them


class TranslationProbability:
    """The `translation` argument of `filter_candidates`; the generator is loaded when it is first called.

    An adapter that was never shown a language may translate what it should contradict. The result is fluent, and often
    as close to the anchor for an encoder as a contradiction, which also shares all words but one. But that one word
    is most improbable in a translation: the least probable token tells the two apart.

    Args:
        base_model_dir: The generator's base model, used without adapters.
        settings: Precision and attention.
        language: English name of the language of the answers.
    """

    def __init__(self, base_model_dir: Path, settings: TransformersSettings, *, language: str) -> None:
        self._folder = base_model_dir
        self._settings = settings
        self._language = language
        self._model: Any = None
        self._tokenizer: Any = None

    def __call__(self, triplets: Sequence[tuple[str, str, str]]) -> list[float]:
        """Probability of the least probable token of each negative as translation of its anchor."""
        if self._model is None:
            self._load()
        rows = [self._encode(anchor, negative) for anchor, _, negative in triplets]
        by_length = sorted(range(len(rows)), key=lambda index: len(rows[index][0]))
        found = [0.0] * len(rows)
        for start in range(0, len(rows), _ROWS):
            batch = by_length[start : start + _ROWS]
            for index, value in zip(batch, self._least([rows[index] for index in batch]), strict=True):
                found[index] = round(value, _DECIMALS)
        return found

    def _load(self) -> None:
        from bootembed.base_models.load import load_generator

        seed_everything(0)
        own = self._settings
        self._model, self._tokenizer = load_generator(
            self._folder, bf16=own.bf16, load_in_4bit=own.load_in_4bit, attention=own.attention, adapted=False
        )
        self._model.eval()

    def _encode(self, anchor: str, negative: str) -> tuple[list[int], list[int]]:
        prompt = translation_prompt(anchor, language=self._language)
        return encode_example(self._tokenizer, [{"role": "user", "content": prompt}], negative)

    def _least(self, rows: Sequence[tuple[list[int], list[int]]]) -> list[float]:
        """The least probability in each answer; prompts are padded on the left, so that answers stand at the end."""
        import torch

        longest = max(len(ids) for ids, _ in rows)
        answers = max(len(ids) - mask.index(1) for ids, mask in rows)
        padded = {
            "input_ids": [[self._tokenizer.pad_token_id] * (longest - len(ids)) + ids for ids, _ in rows],
            "attention_mask": [[0] * (longest - len(ids)) + [1] * len(ids) for ids, _ in rows],
        }
        inputs = {name: torch.tensor(values, device=self._model.device) for name, values in padded.items()}
        places = (inputs["attention_mask"].cumsum(1) - 1).clamp(min=0)
        with torch.inference_mode():
            scores = self._model(**inputs, position_ids=places, logits_to_keep=answers + 1).logits[:, :-1].float()
        tokens = inputs["input_ids"][:, -answers:]
        values = scores.log_softmax(dim=2).gather(2, tokens.unsqueeze(2)).squeeze(2)
        asked = torch.tensor([([0] * (answers - len(mask)) + mask)[-answers:] for _, mask in rows]).bool()
        least: list[float] = values.masked_fill(~asked.to(values.device), 0.0).amin(dim=1).exp().tolist()
        return least
