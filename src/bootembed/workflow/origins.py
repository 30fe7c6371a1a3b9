"""Where embedders came from, as dvc.lock and git know it.

A wrong origin is worse than none: dvc.lock is believed only where it describes the files that are there, and an input
is traced to a cell only if that cell wrote it with the same hash. MLflow is told; no output of a stage depends on it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import subprocess
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import yaml

from bootembed.core.hashing import content_hash
from bootembed.registry.origin import Data, Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)
_ROLES = {"build_base_models": "base_model", "prepare_corpora": "corpus", "prepare_evaluation": "evaluation_set"}
_CODE = ("src/", "stages/")
_LOCK = "dvc.lock"


class Lock:
    """What dvc.lock says of cells and their data."""

    def __init__(self, file: Path) -> None:
        """Read it; a project that DVC never ran has none.

        Args:
            file: dvc.lock; it need not exist.
        """
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C it takes a tenth of the time
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=loader) if file.is_file() else None
        self._folder = file.parent
        self._cells: dict[str, Any] = (content or {}).get("stages", {})
        self._present = _present_cells(file.parent) if self._cells else frozenset()
        self._makers = {
            out["path"]: (cell, out["md5"])
            for cell, found in self._cells.items()
            for out in found.get("outs", [])
            if "md5" in out
        }

    def origin(self, embedders: Path, results: Path) -> Origin | None:
        """Of the embedders of a recipe and encoder.

        Args:
            embedders: Their folder.
            results: Of scoring them.

        Returns:
            None if dvc.lock does not describe this folder as it is.
        """
        trained, digest = self._makers.get(embedders.as_posix(), ("", ""))
        if not trained or _dvc_hash(embedders) != digest:
            logger.warning("%s: is not what dvc.lock records, so that nothing is known of its data", embedders)
            return None
        data = [Data("embedders", embedders.as_posix(), digest, trained)]
        scored, digest = self._makers.get(results.as_posix(), ("", ""))
        if scored and _dvc_hash(results) == digest:
            data.append(Data("results", results.as_posix(), digest, scored))
        cells = list(self._cells_before(*(found.cell for found in data)))
        data += [found for cell in cells for found in self._inputs(cell, trained)]
        params = {cell: self._cells[cell].get("params", {}) for cell in sorted(cells)}
        return Origin(trained, content_hash(embedders), tuple(dict.fromkeys(data)), params)

    def _cells_before(self, *cells: str) -> Iterator[str]:
        """These cells and all that had a part in their inputs."""
        waiting, seen = list(cells), set(cells)
        while waiting:
            cell = waiting.pop(0)
            yield cell
            for path, digest in self._dependencies(cell):
                new = [maker for maker, _, _ in self._made(path, digest) if maker not in seen]
                seen.update(new)
                waiting += new

    def _inputs(self, cell: str, trained: str) -> Iterator[Data]:
        """What a cell read and has a role; of the cell that trained, what is no base model is the training set."""
        for path, digest in self._dependencies(cell):
            made = list(self._made(path, digest))
            if not made and path not in self._makers and self._begins_with(cell, path):  # else others wrote it since
                yield Data("source", path, digest, "")
            for maker, output, its_digest in made:
                role = _ROLES.get(maker.partition("@")[0], "training_set" if cell == trained else "")
                if role:
                    yield Data(role, output, its_digest, maker)

    def _begins_with(self, cell: str, path: str) -> bool:
        """Whether a cell made use of a source: base models depend on all of `pretraining`, and begin with one."""
        stage, _, key = cell.partition("@")
        if stage != "build_base_models":
            return True
        specs = [params.get(f"base_models.{key}", {}) for params in self._cells[cell].get("params", {}).values()]
        return any(PurePath(spec.get("path") or "") == PurePath(path) for spec in specs)

    def _dependencies(self, cell: str) -> Iterator[tuple[str, str]]:
        for found in self._cells[cell].get("deps", []):
            if "md5" in found and not found["path"].startswith(_CODE):
                yield found["path"], found["md5"]

    def _made(self, path: str, digest: str) -> Iterator[tuple[str, str, str]]:
        """The cells that made a dependency, or the folder that it lies in, or parts of it; with path and hash.

        Other profiles' cells write into the same folders, and stay in dvc.lock: parts are of cells that there are now.
        """
        for output, (maker, its_digest) in self._makers.items():
            is_within = maker in self._present and path.startswith(f"{output}/")
            is_part = maker in self._present and output.startswith(f"{path}/") and (self._folder / output).exists()
            if is_within or is_part or (output, its_digest) == (path, digest):
                yield maker, output, its_digest


def _present_cells(folder: Path) -> frozenset[str]:
    """The cells of dvc.yaml with the present parameters; none if DVC cannot read them."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(folder)) as repo:
            return frozenset(stage.addressing for stage in repo.index.stages if stage.path_in_repo == "dvc.yaml")
    except DvcException as error:
        logger.warning("%s: cannot be read, so that little is known of the data of models: %s", folder, error)
        return frozenset()


def way_back(cell: str | None, digest: str | None) -> str:
    """The command that gets the files of a version back, or what must be done before there is one.

    Args:
        cell: That trained its embedders; None if it is not known.
        digest: Of their folder, in dvc.lock.
    """
    if not cell or not digest:
        return "not recorded"
    if (commit := commit_with(digest)) is None:
        return f"dvc.lock with this version is in no commit here: commit it, and `dvc push {cell}`"
    return f"git checkout {commit} && dvc pull {cell}"


def commit_with(digest: str) -> str | None:
    """The first commit, of any branch or experiment, whose dvc.lock records a hash; None if there is none.

    Results are committed after they are made, so that this is seldom the commit that a version was made on.
    """
    found = _git("log", "--all", "--reverse", "--format=%H", f"-S{digest}", "--", _LOCK).split()
    return next((commit for commit in found if digest in lock_of(commit)), None)


def lock_of(commit: str) -> str:
    """The text of a commit's dvc.lock; empty where there is none, or no such commit."""
    return _git("show", f"{commit}:{_LOCK}")


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


def _dvc_hash(path: Path) -> str:
    """The hash of a file or folder as DVC computes it."""
    if path.is_file():
        return _md5(path)
    files = {file.relative_to(path).as_posix(): file for file in path.rglob("*") if file.is_file()}
    entries = [{"md5": _md5(file), "relpath": name} for name, file in sorted(files.items())]
    return hashlib.md5(json.dumps(entries).encode()).hexdigest() + ".dir"


def _md5(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "md5").hexdigest()
