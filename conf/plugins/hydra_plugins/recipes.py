"""What OmegaConf cannot express in YAML: the recipes follow from the strategies and the baselines; quotes for a shell.

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
    """The strategies followed by the baselines.

    Each also gets an entry in `train_embedder_recipes`: DVC tracks the overrides of one recipe by their key, and takes
    a key that is not there for a mistake.
    """
    names = [*_root_.grid.strategies, *_root_.grid.baselines]
    with open_dict(_root_.train_embedder_recipes) as overrides:
        for name in names:
            overrides.setdefault(name, {})
    return OmegaConf.create(names)


OmegaConf.register_new_resolver("recipes", recipes, replace=True)
OmegaConf.register_new_resolver("shell_quoted", shlex.quote, replace=True)
