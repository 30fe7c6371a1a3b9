"""Preparing what is published: everything is written and checked before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.inference.models import load_model
from bootembed.publishing.embedder import Embedder, find_embedder
from bootembed.publishing.export import find_export
from bootembed.publishing.facts import read_facts
from bootembed.publishing.folder import (
    CARD,
    check_export_folder,
    check_model_folder,
    check_triplet_folder,
    write_folder,
)
from bootembed.publishing.leaderboard import NO_REVISION, Leaderboard, write_leaderboard
from bootembed.publishing.model_card import model_card
from bootembed.publishing.rights import GENERATOR, Rights, answers_elsewhere, read_rights
from bootembed.publishing.scores import read_card_scores
from bootembed.publishing.triplet_card import triplet_card

if TYPE_CHECKING:
    from bootembed.core.hub import RepoKind
    from bootembed.publishing.embedder import Outputs
    from bootembed.settings.schema import Params


@dataclass(frozen=True)
class Published:
    """A folder as it goes to the Hub.

    Attributes:
        name: Of what is in it: a cell, an export, or a set of triplets.
        folder: The folder.
        kind: Kind of the repository.
        rights: Licences.
        embedder: What it is, and the model; None for exports and triplets.
    """

    name: str
    folder: Path
    kind: RepoKind
    rights: Rights
    embedder: tuple[Embedder, Any] | None

    @property
    def card(self) -> Path:
        """Its card."""
        return self.folder / CARD

    @property
    def files(self) -> list[tuple[str, int]]:
        """Name and bytes of each file."""
        found = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return [(path.relative_to(self.folder).as_posix(), path.stat().st_size) for path in found]


def prepare(name: str, repo: str, params: Params, outputs: Outputs, *, work: Path, public: bool) -> Published:
    """Write the folder that would be uploaded.

    Args:
        name: Of a model, as `find_embedder` takes it, or a folder of an export or of triplets.
        repo: Id on the Hub, owner/name.
        params: Those it was made with.
        outputs: Where the pipeline's outputs lie.
        work: Gets a folder of its name.
        public: Whether it is for everyone.

    Raises:
        DataError: There is no such thing, it holds what is no part of it, or it is to be public and a licence is not
            named.
    """
    _check_repo(repo)
    if (Path(name) / "training.parquet").is_file():
        return _prepare_triplets(Path(name), repo, params, work=work, public=public)
    export = find_export(name, params, outputs)
    embedder = export.original if export else find_embedder(name, params, outputs)
    strategies = [part for part in embedder.parts if part in params.grid.strategies]
    rights = read_rights(params, encoder=embedder.encoder, generated=bool(strategies), language=embedder.language)
    _check_rights(rights, public=public)
    source = export.folder if export else embedder.folder
    files = check_export_folder(source, export.record.spec) if export else check_model_folder(source)
    model = load_model(str(source)).encoder
    wrote = bool(strategies) and not answers_elsewhere(params)
    base_models = [embedder.encoder, *([GENERATOR] if wrote else [])]
    facts = read_facts(embedder, outputs, strategies=strategies, base_models=base_models)
    scores = read_card_scores(embedder, params, outputs)
    card = model_card(model, repo, embedder, params, facts=facts, scores=scores, rights=rights, export=export)
    shown = source.resolve().name if export else embedder.cell
    write_folder(files, source, work / shown, card=card)
    return Published(shown, work / shown, "model", rights, None if export else (embedder, model))


def _prepare_triplets(folder: Path, repo: str, params: Params, *, work: Path, public: bool) -> Published:
    rights = read_rights(params, encoder=None, generated=True)
    _check_rights(rights, public=public)
    files = check_triplet_folder(folder)
    card = triplet_card((folder / CARD).read_text(encoding="utf-8"), repo, rights)
    place = folder.resolve()
    name = f"{place.parent.name}-{place.name}" if place.name.isdigit() else place.name
    write_folder(files, folder, work / name, card=card)
    return Published(name, work / name, "dataset", rights, None)


def leaderboard(
    published: Published, repo: str, params: Params, outputs: Outputs, *, public: bool, revision: str = NO_REVISION
) -> Leaderboard | None:
    """Write the entry of a model for mteb's leaderboard beside its folder; None for exports and triplets.

    Args:
        published: From `prepare`.
        repo: Id on the Hub.
        params: Those it was made with.
        outputs: Where its results lie.
        public: Whether it is for everyone.
        revision: The commit on the Hub.
    """
    if published.embedder is None:
        return None
    embedder, model = published.embedder
    folder = published.folder.with_name(f"{published.name}.leaderboard")
    licence = published.rights.licence
    return write_leaderboard(
        folder, model, repo, embedder, params, outputs, licence=licence, public=public, revision=revision
    )


def _check_repo(repo: str) -> None:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    try:
        validate_repo_id(repo)
    except HFValidationError as error:
        raise DataError(
            f"{repo}: is no id on the Hub: write owner/name in letters, digits, '-', '_' and '.'"
        ) from error
    if "/" not in repo:
        raise DataError(f"{repo}: names no owner; write owner/name")


def _check_rights(rights: Rights, *, public: bool) -> None:
    if public and rights.unnamed:
        raise DataError(
            f"--public is refused while licences are not named: {'; '.join(rights.unnamed)}. Name them in the profile "
            "and compose it (nothing runs again), or publish without --public"
        )
