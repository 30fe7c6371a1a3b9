"""Licences of what is published: its own, of the corpora, of the generator and of the encoder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bootembed.core.names import Role
from bootembed.generation.engine import describe_engine
from bootembed.settings.publish import ENDPOINT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bootembed.settings.models import BaseModelSpec
    from bootembed.settings.schema import Params

GENERATOR = "generator"
_UNNAMED = re.compile(r"unknown|\bnot (looked up|stated|named|known)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Right:
    """The licence of one thing.

    Attributes:
        what: Where it matters: `corpus`, `generator` or `encoder`.
        name: Its name.
        licence: In words; empty if nobody named it.
        remedy: The parameter to set.
    """

    what: str
    name: str
    licence: str
    remedy: str

    @property
    def is_named(self) -> bool:
        """Whether its licence is known; `not looked up` and the like are none."""
        return bool(self.licence) and not _UNNAMED.search(self.licence)

    @property
    def shown(self) -> str:
        """The licence, or what to set."""
        return self.licence or f"not named: set `{self.remedy}`"


@dataclass(frozen=True)
class Rights:
    """All licences that what is published depends on.

    Attributes:
        licence: Its own, a key of the Hub; None if nobody named it.
        parts: Those of what it was made from.
    """

    licence: str | None
    parts: Sequence[Right]

    @property
    def unnamed(self) -> list[str]:
        """What is not named yet, each with the parameter to set; empty if all is."""
        own = [] if self.licence else ["its own licence (set `publish.licence`)"]
        return own + [
            f"{right.what} {right.name!r} (set `{right.remedy}`)" for right in self.parts if not right.is_named
        ]


def read_rights(params: Params, *, encoder: str | None, generated: bool, language: str | None = None) -> Rights:
    """What the parameters say.

    Args:
        params: The parameters.
        encoder: Key of the base encoder; None for triplets.
        generated: Whether a generator wrote training data.
        language: Of an embedder, whose corpora count too; None for triplets.
    """
    licence = params.publish.licence or params.generate_triplets.card.licence
    corpora = corpus_licences(params, language) or {"of this profile": ""}
    parts = [Right("corpus", name, named, "publish.sources") for name, named in corpora.items()]
    if generated:
        parts.append(_of_model(params, GENERATOR, GENERATOR))
    if encoder is not None:
        parts.append(_of_model(params, encoder, "encoder"))
    return Rights(None if _UNNAMED.search(licence) else licence, parts)


def corpus_licences(params: Params, language: str | None) -> dict[str, str]:
    """Corpus -> licence: named by files of the language's corpora and of those that are no target, then by the lists.

    Evaluation sets do not count: nothing is made of them. A later one of the same name takes the place of an earlier.
    """
    keys = (
        [] if language is None else [k for k, v in params.languages.items() if v.role != Role.TARGET or k == language]
    )
    corpora = [params.corpora[params.languages[key].corpus] for key in keys]
    kinds = [own for corpus in corpora for name, own in corpus if name != "evaluation"]
    of_files = {file.name: file.licence or "" for files in kinds for file in files if file.name}
    listed = (*params.generate_triplets.card.sources, *params.publish.sources)
    return of_files | {source.name: source.licence for source in listed}


def _of_model(params: Params, key: str, what: str) -> Right:
    name = generator_name(params) if what == GENERATOR else model_name(key, params.base_models[key])
    if what == GENERATOR and answers_elsewhere(params):
        key = ENDPOINT
    return Right(what, name, params.publish.base_models.get(key, ""), f"publish.base_models.{key}")


def generator_name(params: Params) -> str:
    """What readers call the language model that wrote: of an engine that asks another model, that one."""
    facts = describe_engine(params.generation)
    if answers_elsewhere(params):
        return str(facts.parameters.get(f"{params.generation.engine}.model", facts.other_model))
    return model_name(GENERATOR, params.base_models[GENERATOR])


def answers_elsewhere(params: Params) -> bool:
    """Whether another model than the base model `generator` answers."""
    return bool(describe_engine(params.generation).other_model)


def model_name(key: str, spec: BaseModelSpec) -> str:
    """What readers call a base model: its id on the Hub, or the key and where it came from."""
    if spec.source == "hub":
        return f"{spec.id} ({spec.file})" if spec.file else str(spec.id)
    if spec.source == "local":
        return Path(str(spec.path)).name
    return f"{key}, built from scratch"
