"""Where data and results of a profile lie, as dvc.yaml tells the commands of stages: for commands that read them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from bootembed.core.errors import DataError
from bootembed.workflow.project import require_project

# Stage, and an option of its command; of what is a cell's, the folder of all cells is meant.
_RESULTS = {
    "embedders": ("register_models", "--embedders-dir"),
    "corpora": ("export_embedder", "--corpora"),
    "training_sets": ("report", "--input training_sets"),
    "mteb": ("report", "--results-dir"),
    "scores": ("report", "--scores-dir"),
    "triplets": ("report", "--triplets-dir"),
    "fit": ("report", "--input fit"),
    "exported": ("export_embedder", "--output-dir"),
    "exports": ("export_embedder", "--metrics"),
}
_GIVEN_BY_PATH = (_RESULTS["embedders"], _RESULTS["training_sets"], _RESULTS["exported"])
_VARIABLE = re.compile(r"\$\{([\w.]+)\}")


def results_of(profile: str) -> dict[str, Path]:
    """Folders by the names that `publishing.embedder.Outputs` has for them.

    Raises:
        DataError: The present folder is that of no pipeline.
    """
    pipeline = _pipeline()
    return {name: _place(pipeline, *said, profile) for name, said in _RESULTS.items()}


def report_of(profile: str) -> Path:
    """The page to read. Raises as `results_of`."""
    return _place(_pipeline(), "report", "--html", profile)


def registry_of(profile: str) -> Path:
    """Which recipe is the champion of each language, by the stage `register_models`. Raises as `results_of`."""
    return _place(_pipeline(), "register_models", "--output", profile)


def _pipeline() -> Any:
    require_project()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C it takes a tenth of the time
    return yaml.load(Path("dvc.yaml").read_text(encoding="utf-8"), Loader=loader)


def _place(pipeline: Any, stage: str, option: str, profile: str) -> Path:
    """The value of an option in the command of a stage, up to what differs between cells."""
    definition = pipeline["stages"][stage]
    found = re.search(rf"{option}[ =](\S+)", definition.get("do", definition)["cmd"])
    if found is None:
        raise DataError(f"dvc.yaml: the command of stage {stage} has no {option}")
    values = {f"paths.{name}": path for name, path in pipeline["vars"][0]["paths"].items()} | {"profile": profile}
    return Path(_VARIABLE.sub(lambda name: values.get(name[1], name[0]), found[1]).partition("/${")[0])


def current_profile() -> str:
    """The profile of params.yaml in the present folder.

    Raises:
        DataError: There is no pipeline or no params.yaml, or it is none of this project.
    """
    require_project()
    file = Path("params.yaml")
    content = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None
    if not isinstance(content, dict) or "profile" not in content:
        raise DataError(f"{file.absolute()}: names no profile, in whose folders results lie; run `bootembed compose`")
    return str(content["profile"])


def refuse_other_profiles(name: str, profile: str) -> None:
    """Refuse the path of a result of another profile: a cell of this one may have the same name.

    Raises:
        DataError: It is one; or as `results_of`.
    """
    place, pipeline = Path(name).resolve(), _pipeline()
    for given in _GIVEN_BY_PATH:
        of_all = _place(pipeline, *given, profile).parent.resolve()
        if place != of_all and place.is_relative_to(of_all):
            other = place.relative_to(of_all).parts[0]
            if other != profile:
                raise DataError(f"{name}: is no result of profile {profile}; first run `bootembed compose {other}`")
