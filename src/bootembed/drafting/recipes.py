"""Which recipes a user's data and models allow, and why the others are out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bootembed.core.names import Baseline

if TYPE_CHECKING:
    from collections.abc import Collection

_NEEDS = {
    Baseline.UNTRAINED: (),
    Baseline.UNSUPERVISED_SIMCSE: ("text",),
    Baseline.ENGLISH_NLI: ("nli",),
    Baseline.TRANSLATION_PAIRS: ("parallel",),
    Baseline.MULTILINGUAL_DISTILLATION: ("parallel",),
    Baseline.HUMAN_TRIPLETS: ("examples in thousands",),
}
_NO_GENERATOR = "there is no generator: --generator PATH_OR_ID, or --generator scratch"


@dataclass(frozen=True)
class Choice:
    """Recipes of a grid, and recipe -> why it is out."""

    strategies: list[str]
    baselines: list[str]
    out: dict[str, str]


def choose(given: Collection[str], *, generator: bool) -> Choice:
    """Choose recipes.

    Args:
        given: Tables that there are: `text`, `parallel`, `nli`, `examples`.
        generator: Whether there is one.
    """
    baselines, strategies, out = [], [], {}
    for baseline, tables in _NEEDS.items():
        lacking = [table for table in tables if table not in given]
        if lacking:
            out[str(baseline)] = f"there is no {' and no '.join(lacking)}: " + (
                f"--{lacking[0]} FILE" if " " not in lacking[0] else "`own_nli` in the profile (docs/own-data.md)"
            )
        else:
            baselines.append(str(baseline))
    if not generator:
        out |= dict.fromkeys(("in_context", "adapter_composition", "xl_lora"), _NO_GENERATOR)
        return Choice(strategies, baselines, out)
    if "text" not in given:
        out |= dict.fromkeys(("in_context", "adapter_composition", "xl_lora"), "there are no sentences: --text FILE")
        return Choice(strategies, baselines, out)
    if "examples" in given or "nli" in given:
        strategies.append("in_context")
    else:
        out["in_context"] = "there are no examples to show it: --examples FILE, or --nli FILE for English ones"
    if "nli" in given:
        strategies.append("adapter_composition")
    else:
        out["adapter_composition"] = "there is no English NLI to train its task adapters on: --nli FILE"
    out["xl_lora"] = (
        "it needs NLI with premises in other languages: `build_xl_lora_data` in the profile (docs/own-data.md)"
    )
    return Choice(strategies, baselines, out)
