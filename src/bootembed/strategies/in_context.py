"""In-context learning: the base model sees example triplets in the prompt (paper, section 3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bootembed.core.names import ENGLISH
from bootembed.core.nli import hypotheses_by_premise, nli_triplets
from bootembed.core.tables import ANCHORS, EXAMPLES, NLI, read_table
from bootembed.generation.shots import choose_pool
from bootembed.settings.consistency_of_recipes import lacking
from bootembed.strategies import Parts

if TYPE_CHECKING:
    from bootembed.settings.generation import InContext
    from bootembed.settings.schema import Params
    from bootembed.strategies import Inputs

ADAPTERS = ()
ANSWERS_IN_ENGLISH = False


def assemble(inputs: Inputs, settings: InContext, *, seed: int) -> Parts:
    """Examples in the target language, its own NLI if it has no others, or in English from English NLI.

    Of NLI the first pair of each premise.
    """
    rows = read_table(inputs["examples"], EXAMPLES) if settings.examples_language == "target" else []
    if not rows:
        nli = "own_nli" if settings.examples_language == "target" else "english_nli"
        rows = nli_triplets(hypotheses_by_premise(read_table(inputs[nli], NLI)), per_premise=1)
    anchors = (row["text"] for row in read_table(inputs["anchors"], ANCHORS))
    return Parts(shots=choose_pool(rows, settings, anchors=anchors, seed=seed))


def adapter_rank(_params: Params) -> int:
    """No adapter is in use."""
    return 0


def faults(params: Params) -> list[str]:
    """Examples that are missing: in English, or in a target language."""
    if params.in_context.examples_language == "english":
        return lacking(params, "nli", [ENGLISH], recipe="in_context")
    languages = params.grid.languages
    with_nli = {language for language in languages if not lacking(params, "own_nli", [language], recipe="in_context")}
    return lacking(
        params, "examples", [language for language in languages if language not in with_nli], recipe="in_context"
    )
