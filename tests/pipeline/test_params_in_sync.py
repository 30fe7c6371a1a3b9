"""Parameters: the committed file is the composition of conf/, and every profile is valid."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from dvc.utils.hydra import compose_and_dump

from bootembed.params import load_params

ROOT = Path(__file__).parents[2]
PROFILES = sorted(path.stem for path in (ROOT / "conf/profile").glob("*.yaml"))


def _compose(profile, output):
    compose_and_dump(str(output), str(ROOT / "conf"), None, "config", "", [f"profile={profile}"])
    return output


def test_committed_params_are_those_of_the_laptop_profile(tmp_path):
    composed = yaml.safe_load(_compose("laptop", tmp_path / "params.yaml").read_text())
    committed = yaml.safe_load((ROOT / "params.yaml").read_text())
    assert committed == composed, (
        "params.yaml was edited by hand or is stale: python -m bootembed.compose_params laptop"
    )


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_is_valid_and_says_its_name(profile, tmp_path):
    assert load_params(_compose(profile, tmp_path / "params.yaml")).profile == profile
