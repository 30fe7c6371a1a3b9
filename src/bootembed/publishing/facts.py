"""What the pipeline's outputs tell of an embedder: its training rows, the filters, the fit, sentences to try."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.core.tables import stream_rows
from bootembed.report.fit import read_fits
from bootembed.triplets.filters import TripletRejection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bootembed.publishing.embedder import Embedder, Outputs
    from bootembed.settings.triplets import Filters

EXAMPLES = 3
_LONGEST_EXAMPLE = 120  # characters


@dataclass(frozen=True)
class Filtered:
    """How many triplets of a strategy passed the filters: reason -> triplets rejected for it, of those that occur."""

    strategy: str
    candidates: int
    kept: int
    rejected: Mapping[str, int]


@dataclass(frozen=True)
class Facts:
    """What a card says of an embedder beside scores and rights.

    Attributes:
        rows: Rows of the training set.
        columns: Its columns that are trained on.
        filtered: Of each strategy in the recipe.
        fits: Base model -> measures and warnings of `measure_fit`.
        examples: Anchors of the language; none if it has none.
    """

    rows: int
    columns: Sequence[str]
    filtered: Sequence[Filtered]
    fits: Mapping[str, Mapping[str, Any]]
    examples: Sequence[str]


def read_facts(embedder: Embedder, outputs: Outputs, *, strategies: Sequence[str], base_models: Sequence[str]) -> Facts:
    """Read them.

    Args:
        embedder: The embedder.
        outputs: Where the outputs lie.
        strategies: Those of its recipe.
        base_models: Keys of those it was made with.

    Raises:
        DataError: A file is missing or unreadable.
    """
    import pyarrow.parquet as pq

    cell = f"{embedder.recipe}-{embedder.language}"
    file = outputs.training_sets / cell / str(embedder.identity.training_set) / "training.parquet"
    if not file.is_file():
        raise DataError(f"{file}: is not there; its stage writes it: `bootembed run`")
    metadata = pq.read_metadata(file)
    trained = [name for name in ("text", "anchor", "positive", "negative") if name in metadata.schema.names]
    filtered = [_filtered(outputs.triplets, strategy, embedder) for strategy in strategies]
    fits = read_fits(outputs.fit, [embedder.language]).get(embedder.language, {})
    shown = {model: fits[model] for model in base_models if model in fits}
    anchors = outputs.corpora / embedder.language / "anchors.parquet"
    return Facts(metadata.num_rows, trained, filtered, shown, _examples(anchors))


def _filtered(folder: Path, strategy: str, embedder: Embedder) -> Filtered:
    path = folder / f"{strategy}-{embedder.language}.json"
    try:
        counts = json.loads(path.read_text(encoding="utf-8"))[str(embedder.identity.training_set)]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: cannot be read: {error}; run stage generate_triplets@{path.stem}") from error
    rejected = {str(reason): counts[reason] for reason in TripletRejection if counts.get(reason)}
    return Filtered(strategy, counts["candidates"], counts["kept"], rejected)


def filters_on(filters: Filters) -> list[str]:
    """Names of the filters that are on, with their thresholds."""
    plain = filters.model_dump(mode="json", exclude={"semantic", "judge"})
    shown = [
        name if value is True else f"{name} {value}" for name, value in plain.items() if value not in (None, False)
    ]
    for name, own in (("semantic", filters.semantic), ("judge", filters.judge)):
        thresholds = own.model_dump(mode="json")
        shown += [
            f"{name} {key} {thresholds[key]}" for key in thresholds if "min_" in key and thresholds[key] is not None
        ]
    return shown


def _examples(anchors: Path) -> list[str]:
    """Three anchors from all over the table, not long ones.

    Anchors are of the language whatever the recipe, and never sentences of an evaluation set (`prepare_corpora` sees
    to that): a public card would put those where others train on them.
    """
    if not anchors.is_file():
        return []
    short = dict.fromkeys(row["text"] for row in stream_rows(anchors) if len(row["text"]) <= _LONGEST_EXAMPLE)
    found = list(short)
    count = min(EXAMPLES, len(found))
    return [found[number * len(found) // count] for number in range(count)]
