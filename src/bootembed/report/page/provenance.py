"""What the page was made from, by what other stages wrote: the same inputs give the same page on any machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from bootembed.core.hashing import content_hash, json_hash
from bootembed.core.tables import GENERATED_TRIPLETS, stream_rows

if TYPE_CHECKING:
    from bootembed.report.page.facts import Facts

_GENERATOR = ("generator_hash", "positive_adapter_hash", "negative_adapter_hash")


class Fact(NamedTuple):
    """Something that the results depend on."""

    what: str
    value: str


def provenance(facts: Facts) -> list[Fact]:
    """Profile, seeds, hashes (SHA-256) and versions; hashes of what does not exist are left out."""
    seeds = {(score.training_set, score.seed) for score in facts.results.scores}
    grid = facts.grid.model_dump(mode="json")
    folders = {
        "scores": facts.folders.scores,
        "generated triplets and baselines' training sets": facts.folders.training_sets,
        "evaluation sets": facts.folders.evaluation,
    }
    return [
        Fact("profile", facts.profile),
        Fact("seed", str(facts.seed)),
        Fact("generator seeds", str(len({training_set for training_set, _ in seeds}))),
        Fact("embedder seeds", str(len({seed for _, seed in seeds}))),
        Fact("grid (hash of its parameters)", json_hash(grid)),
        *(Fact(f"{name} (hash)", content_hash(path)) for name, path in folders.items() if path.is_dir()),
        *_models(facts),
        *_versions(facts),
    ]


def _models(facts: Facts) -> list[Fact]:
    """Hashes of each chosen embedder and of the generator that wrote its triplets."""
    found = []
    for language in facts.grid.languages:
        choice = facts.chosen(language)
        if choice is None:
            continue
        cell, first = choice.best, min(choice.best.embedders)
        for path in sorted((facts.folders.results / cell.name / str(first)).glob("results/*/*/model_meta.json")):
            name = f"{facts.name(language)}: {cell.recipe} on {cell.encoder}, embedder {first} (hash)"
            found.append(Fact(name, json.loads(path.read_text(encoding="utf-8"))["revision"]))
        path = facts.folders.training_sets / f"{cell.recipe}-{language}" / str(first.training_set) / "training.parquet"
        if cell.kind == "strategy" and path.is_file():
            row = next(stream_rows(path, GENERATED_TRIPLETS, columns=_GENERATOR), {})
            found += [Fact(f"{name.removesuffix('_hash').replace('_', ' ')} of these triplets (hash)", value)
                      for name, value in row.items() if value]  # fmt: skip
    return found


def _versions(facts: Facts) -> list[Fact]:
    """Of the libraries that scored the embedders, all that occur."""
    found: dict[str, set[str]] = {}
    for path in facts.folders.results.glob("*/*/results/*/*/run_settings.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            for name, version in json.loads(line)["version"].items():
                if version:
                    found.setdefault(name, set()).add(version)
    return [Fact(f"{name} when scored", ", ".join(sorted(versions))) for name, versions in sorted(found.items())]
