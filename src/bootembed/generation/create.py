"""The engine that the parameters name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bootembed.core.names import Polarity
    from bootembed.generation.engine import Engine
    from bootembed.settings.generation import Generation


def create_engine(
    settings: Generation,
    base_model_dir: Path,
    adapters: Mapping[Polarity, Path],
    *,
    strategy: str,
    language: str,
) -> Engine:
    """The engine `settings.engine`, on a generator.

    Args:
        settings: Chooses the engine and holds its section.
        base_model_dir: The generator's base model.
        adapters: Polarity -> adapter folder; empty where the strategy has none.
        strategy: With `language`, names the adapters where an endpoint serves them.
        language: ISO 639-3 key.
    """
    if settings.engine == "openai":
        from bootembed.generation.engines.openai import EndpointEngine

        return EndpointEngine(base_model_dir, adapters, settings, strategy=strategy, language=language)
    if settings.engine == "ray":
        from bootembed.generation.engines.ray import RayWorkersEngine

        return RayWorkersEngine(base_model_dir, adapters, settings)
    from bootembed.generation.local import TransformersEngine

    return TransformersEngine(base_model_dir, adapters, settings)
