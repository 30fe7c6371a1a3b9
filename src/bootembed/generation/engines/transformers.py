"""Engine `transformers`: the model in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bootembed.generation.local import LocalEngine
from bootembed.generation.resident import ResidentGenerator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from bootembed.core.names import Polarity
    from bootembed.generation.answer_cache import Answer
    from bootembed.generation.resident import Batch
    from bootembed.settings.generation import Generation


def create(
    settings: Generation, base_model_dir: Path, adapters: Mapping[Polarity, Path], **_names: str | int
) -> TransformersEngine:
    """The engine on a base model folder and adapter folders, which need no names."""
    return TransformersEngine(base_model_dir, adapters, settings)


class TransformersEngine(LocalEngine):
    """The model in this process, loaded when it is first needed."""

    _generator: ResidentGenerator | None = None

    def run(self, batches: Sequence[Batch]) -> Iterator[dict[str, Answer]]:
        """Answer batches one after another."""
        if self._generator is None:
            self._generator = ResidentGenerator(self.base_model_dir, self.adapters, self.settings)
        for batch in batches:
            yield from self._generator.answer(batch)
