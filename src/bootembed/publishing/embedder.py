"""The embedder that a user wants to publish, found among the pipeline's outputs and matched with its scores."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bootembed.core.errors import DataError, suggest
from bootembed.core.hashing import content_hash
from bootembed.core.names import MIXED, UNTRAINED, EmbedderId, cell_name
from bootembed.registry.candidates import Validated, Validation
from bootembed.registry.lookup import REGISTRY, cell_of
from bootembed.report.scores import read_cell_scores

if TYPE_CHECKING:
    from bootembed.settings.schema import Params


@dataclass(frozen=True)
class Outputs:
    """Where the pipeline's outputs lie.

    Attributes:
        embedders: A folder a cell, in it one an embedder.
        training_sets: A folder `<recipe>-<language>`, in it one a training set.
        corpora: Of target languages, a folder each.
        scores: A file a cell.
        triplets: A file `<strategy>-<language>.json` with the counts of the filters.
        fit: A file a language.
        mteb: A folder a cell, in it one an embedder.
        exported: Exports, a folder each.
        exports: Metrics of exports, a file each.
    """

    embedders: Path
    training_sets: Path
    corpora: Path
    scores: Path
    triplets: Path
    fit: Path
    mteb: Path
    exported: Path
    exports: Path


@dataclass(frozen=True)
class Embedder:
    """An embedder of a cell.

    Attributes:
        recipe: Its recipe.
        language: Code of the language.
        encoder: Key of the base encoder.
        identity: Which of the cell's embedders it is.
        folder: Its folder.
        content: Content hash of the folder.
        choice: Why this one and no other of the cell, as the end of a sentence.
    """

    recipe: str
    language: str
    encoder: str
    identity: EmbedderId
    folder: Path
    content: str
    choice: str

    @property
    def cell(self) -> str:
        """The name of its cell."""
        return cell_name(self.recipe, self.language, self.encoder)

    @property
    def parts(self) -> list[str]:
        """Its recipe, or the recipes of a mixture."""
        return self.recipe.split(MIXED)


def find_embedder(name: str, params: Params, outputs: Outputs) -> Embedder:
    """The embedder that a name means, with scores of just this one.

    Args:
        name: `models:/NAME@ALIAS` or `models:/NAME/VERSION`; a cell such as `xl_lora-afr-tiny`, of which the median by
            validation score is taken; or the folder of a cell or of one of its embedders.
        params: Those the outputs were made with.
        outputs: Where they lie.

    Raises:
        DataError: There is no such embedder, or it was not scored, or what was scored is another one.
    """
    cell, named, tags = _cell_of(name)
    registered, profile = tags.get("content_hash"), tags.get("profile", params.profile)
    if profile != params.profile and not scores_folder(outputs.mteb / cell / str(named), str(registered)):
        raise DataError(f"{name}: is of profile {profile}; first run `bootembed compose {profile}`")
    scores = outputs.scores / f"{cell}.json"
    if cell.count("-") != 2 or not scores.is_file():
        known = sorted(found.stem for found in outputs.scores.glob("*.json"))
        raise DataError(
            f"{name}: no scores in {outputs.scores}{suggest(cell, known)}; score it with `bootembed run "
            f"evaluate_embedder@{cell}`, or give one of {known}"
        )
    recipe, language, encoder = cell.split("-")
    if recipe == UNTRAINED:
        raise DataError(f"{name}: is the encoder as it was, not finetuned; publish a cell of another recipe")
    if language not in params.grid.languages or encoder not in params.base_models:
        raise DataError(f"{name}: params.yaml has no such language or encoder; compose the profile that made it")
    identity, choice = _chosen(name, scores, params.register_models.validation_task.get(language), named)
    folder = outputs.embedders / cell / str(identity)
    if not folder.is_dir():
        raise DataError(f"{folder}: is not there; run `bootembed run train_embedder@{cell}`")
    found = content_hash(folder)
    if registered not in (None, found):
        raise DataError(
            f"{name}: {folder} holds another model than this version, made by a later run, and so are the scores; "
            f"publish {cell}, or go to the clone that registered the version"
        )
    if not scores_folder(outputs.mteb / cell / str(identity), found):
        raise DataError(f"{folder}: its scores are of another model; run `bootembed run evaluate_embedder@{cell}`")
    return Embedder(recipe, language, encoder, identity, folder, found, choice)


def scores_folder(results: Path, content: str) -> Path | None:
    """Where the result files of mteb lie for an embedder's content, in the folder of its results; None without."""
    return next((folder for folder in results.glob("results/*/*") if folder.name == content), None)


def _cell_of(name: str) -> tuple[str, EmbedderId | None, dict[str, str]]:
    """Cell, embedder if named, and the tags of a registered version."""
    if name.startswith(REGISTRY):
        return cell_of(name)
    path = Path(name.rstrip("/"))
    if re.fullmatch(r"\d+-\d+", path.name) and path.parent.name:
        return path.parent.name, EmbedderId.parse(path.name), {}
    return path.name, None, {}


def _chosen(name: str, scores: Path, task: str | None, named: EmbedderId | None) -> tuple[EmbedderId, str]:
    """The embedder to take, and why."""
    found = read_cell_scores(scores)
    splits = {identity: own.get(task or "", {}) for identity, own in found.items()}
    validated = {i: Validated(own["validation"], None) for i, own in splits.items() if "validation" in own}
    median = Validation(str(task), validated).median if validated else None
    if named is not None and named not in found:
        raise DataError(f"{name}: {scores} has the embedders {', '.join(map(str, found))}")
    if named is None and median is None and len(found) > 1:
        raise DataError(
            f"{name}: no validation set says which embedder to take; give one: {scores.stem}/{next(iter(found))}"
        )
    if median is not None and named in (None, median):
        return median, f"the median of {len(found)} by validation score on {task}"
    chosen = named or next(iter(found))
    return chosen, "the only one" if len(found) == 1 else f"one of {len(found)}, chosen by hand"
