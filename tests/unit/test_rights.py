"""Licences of what is published: what counts as named, and which parameter names it."""

from __future__ import annotations

import shutil

import pytest
from published_project import ROOT, write_params

from bootembed.publishing.rights import Right, read_rights
from bootembed.settings.load import load_params
from bootembed.workflow.compose import compose


@pytest.fixture
def folder(tmp_path):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("licence", "named"),
    [
        ("CC BY-SA 4.0 and others", True),
        ("Gemma Terms of Use, https://ai.google.dev/gemma/terms", True),
        ("", False),
        ("unknown", False),
        ("not looked up", False),
        ("not stated; made from XNLI (CC BY-NC 4.0) and OPUS", False),
    ],
)
def test_what_nobody_looked_up_is_not_named(licence, named):
    assert Right("corpus", "c", licence, "publish.sources").is_named is named


def test_all_that_a_model_is_made_from_must_be_named(folder):
    card = {"licence": "unknown", "sources": [{"name": "news", "licence": "not looked up"}]}
    nothing = {"licence": None, "sources": [], "base_models": {}}
    params = write_params(folder, generate_triplets={"card": card}, publish=nothing)
    rights = read_rights(params, encoder="tiny", generated=True)
    assert rights.licence is None
    assert rights.unnamed == [
        "its own licence (set `publish.licence`)",
        "corpus 'news' (set `publish.sources`)",
        "generator 'generator' (set `publish.base_models.generator`)",
        "encoder 'tiny' (set `publish.base_models.tiny`)",
    ]
    assert rights.parts[1].shown == "not named: set `publish.base_models.generator`"
    named = {
        "licence": "cc-by-4.0",
        "sources": [{"name": "news", "licence": "CC BY 4.0"}],
        "base_models": {"generator": "Gemma Terms of Use", "tiny": "MIT"},
    }
    params = write_params(folder, publish=named)
    rights = read_rights(params, encoder="tiny", generated=True)
    assert (rights.licence, rights.unnamed) == ("cc-by-4.0", [])
    assert [right.licence for right in rights.parts] == ["CC BY 4.0", "Gemma Terms of Use", "MIT"]


def test_without_sources_the_corpora_are_not_named(folder):
    params = write_params(folder, generate_triplets={"card": {"licence": "mit", "sources": []}})
    assert read_rights(params, encoder=None, generated=False).unnamed == [
        "corpus 'of this profile' (set `publish.sources`)"
    ]


def test_a_model_that_an_endpoint_runs_is_the_generator(folder):
    overrides = ["grid.strategies=[in_context]", "generation.engine=openai", "generation.openai.model=some/model",
                 "generation.openai.serves_generator=false"]  # fmt: skip
    compose("laptop", overrides, conf=ROOT / "conf", output=folder / "params.yaml")
    [*_, generator] = read_rights(load_params(folder / "params.yaml"), encoder=None, generated=True).parts
    assert generator.what == "generator"
    assert generator.name == "some/model"
    assert not generator.is_named  # that of the generator says nothing of it
    params = write_params(folder, publish={"base_models": {"endpoint": "Its own terms", "generator": "MIT"}})
    assert read_rights(params, encoder=None, generated=True).parts[-1].licence == "Its own terms"


def test_a_licence_of_a_model_that_is_not_there_names_no_other(folder):
    params = write_params(folder, publish={"base_models": {"tyni": "MIT"}})
    unnamed = read_rights(params, encoder="tiny", generated=False).unnamed
    assert unnamed == ["encoder 'tiny' (set `publish.base_models.tiny`)"]
