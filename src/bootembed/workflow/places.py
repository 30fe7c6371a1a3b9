"""Where the results of a profile lie, as dvc.yaml has it: for commands that read them."""

from __future__ import annotations

from pathlib import Path

import yaml

from bootembed.core.errors import DataError

_RESULTS = {
    "embedders": "models/embedders/{}",
    "training_sets": "data/training_sets/{}",
    "mteb": "results/mteb/{}",
    "scores": "metrics/{}/scores",
    "triplets": "metrics/{}/triplets",
    "fit": "metrics/{}/fit",
    "exports": "metrics/{}/exports",
}
_GIVEN_BY_PATH = (_RESULTS["embedders"], _RESULTS["training_sets"], "models/exports/{}")


def results_of(profile: str) -> dict[str, Path]:
    """Folders by the names that `publishing.embedder.Outputs` has for them."""
    return {name: Path(place.format(profile)) for name, place in _RESULTS.items()}


def report_of(profile: str) -> Path:
    """The page to read."""
    return Path("metrics") / profile / "report.html"


def registry_of(profile: str) -> Path:
    """Which recipe is the champion of each language, by the stage `register_models`."""
    return Path("metrics") / profile / "registry.json"


def current_profile() -> str:
    """The profile of params.yaml in the present folder.

    Raises:
        DataError: There is no params.yaml, or it is none of this project.
    """
    file = Path("params.yaml")
    content = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None
    if not isinstance(content, dict) or "profile" not in content:
        raise DataError(f"{file.absolute()}: names no profile, in whose folders results lie; run `bootembed compose`")
    return str(content["profile"])


def refuse_other_profiles(name: str, profile: str) -> None:
    """Refuse the path of a result of another profile: a cell of this one may have the same name.

    Raises:
        DataError: It is one.
    """
    place = Path(name).resolve()
    for given in _GIVEN_BY_PATH:
        of_all = Path(given.format(profile)).parent.resolve()
        if place != of_all and place.is_relative_to(of_all):
            other = place.relative_to(of_all).parts[0]
            if other != profile:
                raise DataError(f"{name}: is no result of profile {profile}; first run `bootembed compose {other}`")
