"""A rollback gives the champion's alias back, keeps the history, and is not undone by registering again."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from registered import MODEL, aliases, candidate, under
from stores import BOTH

from bootembed import tracking
from bootembed.commands import main
from bootembed.registry.versions import register


def _roll_back(*words):
    return CliRunner().invoke(main, ["rollback", *words])


def _history():
    tags = tracking.client().get_registered_model(MODEL).tags
    return [json.loads(tags[key]) for key in sorted(tags) if key.startswith("champion.")]


@pytest.fixture
def three(registry):
    """Three champions, one after the other."""
    found = [candidate(registry, recipe, score, seed=n) for n, (recipe, score) in enumerate(
        [("english_nli", 0.5), ("in_context", 0.7), ("xl_lora", 0.9)], start=1
    )]  # fmt: skip
    for one in found:
        register([one], MODEL, alias="champion")
    assert aliases() == {"champion": "3", "challenger": "2"}
    return found


def test_several_rollbacks_go_back_several_champions(three):
    done = _roll_back(MODEL, "--reason", "it confuses names of places")
    assert done.exit_code == 0, done.output
    assert "version 2 is champion again, in place of version 3; before it: version 1" in done.output
    assert aliases() == {"champion": "2", "challenger": "1"}, "what was rolled back from is no challenger"
    for version in ("2", "3"):
        told = tracking.client().get_model_version(MODEL, version).tags["champion_reason"]
        assert told.startswith("rolled back from version 3 to version 2 on ")
        assert told.endswith(": it confuses names of places")
        assert f"Champion or not: {told}." in tracking.client().get_model_version(MODEL, version).description

    register(three, MODEL, alias="champion")
    assert aliases()["champion"] == "2", "registering the same again does not undo it"

    assert _roll_back(MODEL).exit_code == 0
    assert aliases() == {"champion": "1"}
    refused = _roll_back(MODEL)
    assert refused.exit_code == 1
    assert (
        refused.output == f"Error: {MODEL}: version 1 is the first champion; there is no earlier one to roll back to\n"
    )
    assert aliases() == {"champion": "1"}
    moves = [(move["action"], move["before"], move["version"]) for move in _history()]
    assert moves == [
        ("promoted", None, "1"), ("promoted", "1", "2"), ("promoted", "2", "3"),
        ("rolled_back", "3", "2"), ("rolled_back", "2", "1"),
    ]  # fmt: skip
    assert [move["reason"] for move in _history()[3:]] == ["it confuses names of places", "no reason was given"]


@BOTH
def test_another_version_that_is_better_beyond_noise_ends_a_rollback(three, registry):
    _roll_back(MODEL)
    register([*three, candidate(registry, "mixture", 0.71, seed=5)], MODEL, alias="champion")
    assert aliases() == {"champion": "2", "challenger": "4"}
    register([*three, candidate(registry, "translation_pairs", 0.8, seed=6)], MODEL, alias="champion")
    assert under("champion").tags["recipe"] == "translation_pairs"
    assert _roll_back(MODEL).exit_code == 0
    assert aliases()["champion"] == "2"


def test_an_alias_moved_by_hand_and_a_deleted_version_are_no_hindrance(three):
    client = tracking.client()
    client.set_registered_model_alias(MODEL, "champion", "1")
    assert _roll_back(MODEL).exit_code == 0
    assert aliases()["champion"] == "3"
    client.delete_model_version(MODEL, "2")
    client.set_registered_model_alias(MODEL, "champion", "3")
    assert "first champion" not in _roll_back(MODEL).output
    assert aliases()["champion"] == "1"


def test_without_a_champion_or_a_model_there_is_nothing_to_roll_back(three):
    near = _roll_back("bootembed-afrr")
    assert (near.exit_code, f"did you mean '{MODEL}'?" in near.output) == (1, True)
    tracking.client().delete_registered_model_alias(MODEL, "champion")
    none = _roll_back(MODEL)
    assert (none.exit_code, "no version is champion" in none.output) == (1, True)


def test_a_model_beyond_the_first_hundred_is_found(store):
    client = tracking.client()
    for number in range(101):
        client.create_registered_model(f"a{number:03}")
    client.create_registered_model(MODEL)
    assert f"{MODEL}: no version is champion" in _roll_back(MODEL).output
