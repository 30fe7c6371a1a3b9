"""Which recipes a user's data and models allow, and why the others are out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bootembed.core.names import Baseline

if TYPE_CHECKING:
    from collections.abc import Collection

_DOCUMENT = "docs/own-data.md"
_NEEDS = {
    Baseline.UNTRAINED: (),
    Baseline.UNSUPERVISED_SIMCSE: ("text",),
    Baseline.ENGLISH_NLI: ("nli",),
    Baseline.TRANSLATION_PAIRS: ("parallel",),
    Baseline.MULTILINGUAL_DISTILLATION: ("parallel",),
    Baseline.HUMAN_TRIPLETS: ("own_nli",),
    Baseline.PUBLISHED_TRIPLETS: ("triplets",),
}
_LACKING = {
    "text": "there are no sentences: --text FILE",
    "nli": "there is no English NLI: --nli FILE",
    "parallel": "there are no translations: --parallel FILE",
    "own_nli": f"there is no NLI that people wrote in the language: `own_nli` in the profile ({_DOCUMENT})",
    "triplets": "there are no triplets that somebody wrote: --triplets FILE",
}
_UNTAUGHT = "a generator from scratch learns from NLI how to answer: --nli FILE"
_NO_GENERATOR = "there is no generator: --generator PATH_OR_ID, or --generator scratch"


@dataclass(frozen=True)
class Choice:
    """Recipes of a grid, and recipe -> why it is out."""

    strategies: list[str]
    baselines: list[str]
    out: dict[str, str]


def choose(given: Collection[str], *, generator: bool, scratch: bool) -> Choice:
    """Choose recipes.

    Args:
        given: Tables that there are: `text`, `parallel`, `nli`, `examples`, `triplets`.
        generator: Whether there is one.
        scratch: Whether it is to be trained from these tables.
    """
    baselines: list[str] = []
    strategies: list[str] = []
    out: dict[str, str] = {}
    for baseline, tables in _NEEDS.items():
        lacking = [table for table in tables if table not in given]
        if lacking:
            out[str(baseline)] = _LACKING[lacking[0]]
        else:
            baselines.append(str(baseline))
    if not generator:
        out |= dict.fromkeys(("in_context", "adapter_composition", "xl_lora"), _NO_GENERATOR)
        return Choice(strategies, baselines, out)
    if "text" not in given:
        out |= dict.fromkeys(("in_context", "adapter_composition", "xl_lora"), _LACKING["text"])
        return Choice(strategies, baselines, out)
    if scratch and "nli" not in given:
        out |= dict.fromkeys(("in_context", "adapter_composition", "xl_lora"), _UNTAUGHT)
        return Choice(strategies, baselines, out)
    if "examples" in given or "nli" in given:
        strategies.append("in_context")
    else:
        out["in_context"] = "there are no examples to show it: --examples FILE, or --nli FILE for English ones"
    if "nli" in given:
        strategies.append("adapter_composition")
    else:
        out["adapter_composition"] = "there is no English NLI to train its task adapters on: --nli FILE"
    out["xl_lora"] = f"it needs NLI with premises in other languages: `build_xl_lora_data` in the profile ({_DOCUMENT})"
    return Choice(strategies, baselines, out)
