"""What OmegaConf cannot express in YAML: the recipes and cells of a grid, and what they need; quotes for a shell.

Hydra imports every module of `hydra_plugins` on its plugin path, which `.dvc/config` and
`bootembed.workflow.compose` set to `conf/plugins`.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from omegaconf import OmegaConf, open_dict

from bootembed.core.errors import ParamsError
from bootembed.core.names import ENGLISH, MIXED, Polarity, Role, cell_name
from bootembed.settings.judge import NLI_JUDGE, NO_JUDGE
from bootembed.settings.triplets import has_threshold
from bootembed.strategies import load_strategy

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaconf import DictConfig, ListConfig


def recipes(*, _root_: DictConfig) -> ListConfig:
    """The strategies followed by the baselines and the mixtures.

    Each also gets an entry in `train_embedder_recipes`, and each encoder in `train_embedder_encoders`: DVC tracks
    overrides by their key, and takes a key that is not there for a mistake.
    """
    grid = _root_.grid
    names = [*grid.strategies, *grid.baselines, *map(MIXED.join, grid.mixtures)]
    with open_dict(_root_.train_embedder_recipes) as overrides:
        for name in names:
            overrides.setdefault(name, {})
    with open_dict(_root_.train_embedder_encoders) as overrides:
        for encoder in grid.encoders:
            overrides.setdefault(encoder, {})
    return OmegaConf.create(names)


def mixture_cells(*, _root_: DictConfig) -> DictConfig:
    """`<mixture>-<language>` -> the mixture, its two recipes and the language: DVC's `matrix` cannot take it apart."""
    return OmegaConf.create(
        {
            f"{mixture}-{language}": {"mixture": mixture, "first": first, "second": second, "language": language}
            for first, second in _root_.grid.mixtures
            for mixture in [MIXED.join([first, second])]
            for language in _root_.grid.languages
        }
    )


def embedder_cells(*, _root_: DictConfig) -> DictConfig:
    """`<recipe>-<language>-<encoder>` -> these three, of all that are trained; an encoder may go without a recipe."""
    grid = _root_.grid
    return OmegaConf.create(
        {
            cell_name(recipe, language, encoder): {"recipe": recipe, "language": language, "encoder": encoder}
            for recipe in grid.recipes
            for language in grid.languages
            for encoder in grid.encoders
            if recipe in grid.encoder_recipes.get(encoder, grid.recipes)
        }
    )


def adapter_languages(*, _root_: DictConfig) -> DictConfig:
    """Language -> role, of the languages that get an adapter: English, and the targets."""
    if "language" not in _kinds(_root_):
        return OmegaConf.create({})
    return OmegaConf.create({ENGLISH: str(Role.ENGLISH), **dict.fromkeys(_root_.grid.languages, str(Role.TARGET))})


def needed(*, _root_: DictConfig) -> DictConfig:
    """What is trained and assembled for the strategies; empty where none of them needs it."""
    kinds, strategies = _kinds(_root_), list(_root_.grid.strategies)
    polarities = [str(polarity) for polarity in Polarity]
    found = {
        "task_adapters": polarities if "task" in kinds else [],
        "composed_adapters": list(_root_.grid.languages) if "composed" in kinds else [],
        "xl_lora_data": ["rows"] if "xl_lora" in kinds else [],
        "xl_lora_adapters": polarities if "xl_lora" in kinds else [],
        "fetched_xl_lora_adapters": polarities if any(map(_is_fetched(_root_), strategies)) else [],
        "strategies_without_adapters": [name for name in strategies if not _adapters_of(name)],
        "adapted_generators": {
            f"{name}-{language}": {"strategy": name, "language": language, "adapters": _folder(name, language)}
            for name in strategies
            for language in _root_.grid.languages
            if _adapters_of(name)
        },
        **_judges(_root_),
    }
    return OmegaConf.create(found)


def _judges(root: DictConfig) -> dict[str, str | list[str]]:
    """The judges that the stages make: `nli` where it rates or filters, and `none` for what is not to wait for it."""
    filters = has_threshold(root.generate_triplets.filters.judge.values())
    rated = [] if root.train_judge.source == NO_JUDGE else list(root.grid.strategies)
    filter_judge = NLI_JUDGE if filters else NO_JUDGE
    return {
        "judges": sorted({filter_judge, *([NLI_JUDGE] if rated else [])}),
        "filter_judge": filter_judge,
        "rated_strategies": rated,
    }


def _folder(strategy: str, language: str) -> str:
    """Where the adapters of a strategy lie, below those of all."""
    return f"{strategy}/{language}" if "composed" in _adapters_of(strategy) else strategy


def _kinds(root: DictConfig) -> set[str]:
    """The kinds of adapters that are trained here."""
    is_fetched = _is_fetched(root)
    return {kind for name in root.grid.strategies if not is_fetched(name) for kind in _adapters_of(name)}


def _is_fetched(root: DictConfig) -> Callable[[str], bool]:
    """Whether a strategy's adapters are XL-LoRA's of others: then nothing is trained that these are made from."""
    are_given = any(root.xl_lora_adapters.values())
    return lambda strategy: are_given and "xl_lora" in _adapters_of(strategy)


def _adapters_of(strategy: str) -> tuple[str, ...]:
    """The kinds of adapters of a strategy; none of one that does not exist, which is told when all is checked."""
    try:
        return load_strategy(strategy).ADAPTERS
    except ParamsError:
        return ()


OmegaConf.register_new_resolver("adapter_languages", adapter_languages, replace=True)
OmegaConf.register_new_resolver("embedder_cells", embedder_cells, replace=True)
OmegaConf.register_new_resolver("needed", needed, replace=True)
OmegaConf.register_new_resolver("recipes", recipes, replace=True)
OmegaConf.register_new_resolver("mixture_cells", mixture_cells, replace=True)
OmegaConf.register_new_resolver("shell_quoted", shlex.quote, replace=True)
