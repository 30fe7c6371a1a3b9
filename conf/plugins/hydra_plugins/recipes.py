"""What OmegaConf cannot express in YAML: the recipes and mixtures of a grid; quotes for a shell.

Hydra imports every module of `hydra_plugins` on its plugin path, which `.dvc/config` and
`bootembed.workflow.compose` set to `conf/plugins`.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from omegaconf import OmegaConf, open_dict

if TYPE_CHECKING:
    from omegaconf import DictConfig, ListConfig


def recipes(*, _root_: DictConfig) -> ListConfig:
    """The strategies followed by the baselines and the mixtures.

    Each also gets an entry in `train_embedder_recipes`, and each encoder in `train_embedder_encoders`: DVC tracks
    overrides by their key, and takes a key that is not there for a mistake.
    """
    grid = _root_.grid
    names = [*grid.strategies, *grid.baselines, *map("_and_".join, grid.mixtures)]
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
            f"{first}_and_{second}-{language}": {
                "mixture": f"{first}_and_{second}",
                "first": first,
                "second": second,
                "language": language,
            }
            for first, second in _root_.grid.mixtures
            for language in _root_.grid.languages
        }
    )


OmegaConf.register_new_resolver("recipes", recipes, replace=True)
OmegaConf.register_new_resolver("mixture_cells", mixture_cells, replace=True)
OmegaConf.register_new_resolver("shell_quoted", shlex.quote, replace=True)
