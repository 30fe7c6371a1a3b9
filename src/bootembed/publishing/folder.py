"""The folder that goes to the Hub: copied from an output, free of whatever could run code, with its card."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from bootembed.core.errors import DataError
from bootembed.core.weights import check_model_files
from bootembed.exports.onnx import GRAPH, is_onnx
from bootembed.publishing.graph import GRAPH_FILES, check_graph

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from bootembed.settings.exports import ExportSpec

CARD = "README.md"
TRIPLET_FILES = ("training.parquet", "rejected.parquet", CARD)
_MODEL_KINDS = (".safetensors", ".json", ".txt", ".model", ".jinja", ".md")
_STATIC_KINDS = (".safetensors", ".json", ".md")
_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".npy", ".npz", ".h5")


def check_model_folder(folder: Path) -> list[Path]:
    """The files of a model, sorted, if all are of the kinds that a Sentence Transformers model needs.

    Raises:
        DataError: A file is a pickle, or of another unexpected kind, or no whole safetensors file; or there are none.
    """
    files = _model_files(folder, _MODEL_KINDS)
    if not any(file.suffix == ".safetensors" for file in files):
        raise DataError(f"{folder}: holds no weights as safetensors")
    return files


def check_export_folder(folder: Path, spec: ExportSpec) -> list[Path]:
    """The files of an export, sorted, if all are such as its kind has.

    Raises:
        DataError: As for a model; or it is to be ONNX, and its graph is not whole, reads other files than its own, or
            has weights beside it, which would be loaded instead.
    """
    if spec.kind == "static":
        _model_files(folder, _STATIC_KINDS)
    if spec.kind != "onnx":
        return check_model_folder(folder)
    graph = [folder / name for name in GRAPH_FILES if (folder / name).is_file()]
    others = _model_files(folder, _MODEL_KINDS, besides=graph)
    check_graph(folder / GRAPH)
    if not is_onnx(folder):
        raise DataError(f"{folder}: has weights beside its graph; export the model again")
    check_model_files(file for file in graph if file.suffix == ".json")
    return sorted([*others, *graph])


def _model_files(folder: Path, kinds: Sequence[str], *, besides: Sequence[Path] = ()) -> list[Path]:
    files = sorted(path for path in folder.rglob("*") if not path.is_dir() and path not in besides)
    for file in files:
        name = file.relative_to(folder)
        if file.suffix in _PICKLES:
            raise DataError(
                f"{folder}: {name} may hold a pickle, which runs code where it is loaded; save the model as safetensors"
            )
        if file.suffix not in kinds or any(part.startswith(".") for part in name.parts):
            raise DataError(f"{folder}: {name} is no file of a model ({', '.join(kinds)}); remove it")
    check_model_files(file for file in files if file.suffix in (".safetensors", ".json"))
    return files


def check_triplet_folder(folder: Path) -> list[Path]:
    """The files of a set of triplets, if it holds these and no others.

    Raises:
        DataError: A file is missing, or there is another one.
    """
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    if missing := sorted(set(TRIPLET_FILES) - found):
        raise DataError(f"{folder}: is no set of triplets: {missing[0]} is missing; give one of generate_triplets")
    if other := sorted(found - set(TRIPLET_FILES)):
        raise DataError(f"{folder}: {other[0]} is no file of a set of triplets ({', '.join(TRIPLET_FILES)}); remove it")
    return [folder / name for name in TRIPLET_FILES]


def write_folder(files: Iterable[Path], source: Path, target: Path, *, card: str) -> None:
    """Copy files into a folder in place of what is there, and put the card among them.

    Raises:
        DataError: The files lie in that very folder, or in or around it.
    """
    here, there = source.resolve(), target.resolve()
    if here.is_relative_to(there) or there.is_relative_to(here):
        raise DataError(f"{source}: is where the folder for the Hub is written; name another one with --work-dir")
    shutil.rmtree(target, ignore_errors=True)
    for file in files:
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)  # without the mode of the original, and of a link what it points to
    (target / CARD).write_text(card, encoding="utf-8")
