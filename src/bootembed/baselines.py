"""Training sets of the baselines: what can be trained on without any generator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.core.names import Baseline
from bootembed.core.nli import LABELS, hypotheses_by_premise, nli_triplets
from bootembed.core.seeding import derive_seed, sample_rows
from bootembed.core.tables import ANCHORS, PAIRS, TRIPLETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa


@dataclass(frozen=True)
class BaselineData:
    """A training set.

    Attributes:
        rows: Rows of `schema`.
        schema: One of `tables.ANCHORS`, `tables.PAIRS`, `tables.TRIPLETS`.
        metrics: Counts: `rows`, `not_sampled` and, for NLI, the premises that lack a hypothesis.
    """

    rows: list[dict[str, Any]]
    schema: pa.Schema
    metrics: dict[str, float]


def build_baseline_rows(
    baseline: Baseline,
    *,
    anchors: Sequence[dict[str, Any]],
    english_nli: Sequence[dict[str, Any]],
    own_nli: Sequence[dict[str, Any]],
    parallel: Sequence[dict[str, Any]],
    triplets: Sequence[dict[str, Any]],
    rows: int,
    seed: int,
) -> BaselineData:
    """Build the training set of one baseline.

    - `untrained`: no rows.
    - `unsupervised_simcse`: the anchors; the encoder's dropout makes the positives (Gao et al. 2021, section 3).
    - `english_nli`: English triplets of a premise, an entailment and a contradiction (Gao et al. 2021, section 4).
    - `translation_pairs`: a sentence and its English translation.
    - `multilingual_distillation`: the same pairs, for the objective `distillation`.
    - `human_triplets`: a premise, an entailment and a contradiction that people wrote in the language.
    - `published_triplets`: triplets that somebody else wrote, with anchors in the language.

    Args:
        baseline: Name of the baseline.
        anchors: Rows of `tables.ANCHORS`.
        english_nli: Rows of `tables.NLI`, in English.
        own_nli: The same, in the language.
        parallel: Rows of `tables.PARALLEL`.
        triplets: Rows of `tables.TRIPLETS`.
        rows: Most rows to keep; they are chosen with `seed` and stay in their order.
        seed: Seed of the project.

    Raises:
        DataError: The corpora hold nothing for this baseline.
    """
    if baseline is Baseline.UNTRAINED:
        return BaselineData([], ANCHORS, {"rows": 0.0, "not_sampled": 0.0})
    metrics: dict[str, float] = {}
    if baseline is Baseline.UNSUPERVISED_SIMCSE:
        found, schema = list(anchors), ANCHORS
    elif baseline in _NLI:
        found, metrics = _nli_triplets(english_nli if baseline is Baseline.ENGLISH_NLI else own_nli)
        schema = TRIPLETS
    elif baseline is Baseline.PUBLISHED_TRIPLETS:
        found, schema = list(triplets), TRIPLETS
    else:
        found, schema = [{"anchor": row["text"], "positive": row["english"]} for row in parallel], PAIRS
    if not found:
        raise DataError(
            f"baseline {baseline!s}: the corpora hold no {_NEEDS[baseline]}; add such files to `corpora`, or remove "
            "the baseline from grid.baselines"
        )
    chosen = sample_rows(found, rows, seed=derive_seed(seed, "baseline", str(baseline)))
    counts = {"rows": float(len(chosen)), "not_sampled": float(len(found) - len(chosen))}
    return BaselineData(chosen, schema, counts | metrics)


_NLI = (Baseline.ENGLISH_NLI, Baseline.HUMAN_TRIPLETS)
_NEEDS = {
    Baseline.UNSUPERVISED_SIMCSE: "anchors of this language",
    Baseline.ENGLISH_NLI: "English premise with both an entailment and a contradiction",
    Baseline.TRANSLATION_PAIRS: "parallel text of this language",
    Baseline.MULTILINGUAL_DISTILLATION: "parallel text of this language",
    Baseline.HUMAN_TRIPLETS: "premise of this language with both an entailment and a contradiction in it (`own_nli`)",
    Baseline.PUBLISHED_TRIPLETS: "triplets of this language (`triplets`)",
}


def _nli_triplets(nli: Sequence[dict[str, Any]]) -> tuple[list[dict[str, str]], dict[str, float]]:
    hypotheses = hypotheses_by_premise(nli)
    lacking = {
        f"premises_without_{label}": float(sum(not by_label[label] for by_label in hypotheses.values()))
        for label in LABELS
    }
    return nli_triplets(hypotheses), {"premises": float(len(hypotheses)), **lacking}
