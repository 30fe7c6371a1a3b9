"""One interface to base models of all sources: each becomes a folder in Hugging Face format."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootembed.base_models.gguf import SUFFIX, convert_gguf
from bootembed.core.content import describe_file
from bootembed.core.errors import DataError
from bootembed.core.hub import require_resolved
from bootembed.core.weights import check_model_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bootembed.settings.models import BaseModelSpec

logger = logging.getLogger(__name__)
_PICKLED = "pytorch_model.bin"
_WEIGHTS_AND_TEXT = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.txt", "*.model", "*.jinja"]


def build_base_model(
    spec: BaseModelSpec,
    documents: Sequence[dict[str, Any]],
    *,
    output_dir: Path,
    checkpoint_dir: Path,
    seed: int,
) -> dict[str, float]:
    """Fill the folder of a base model and return metrics (empty unless the model is trained here).

    Args:
        spec: Where the model comes from.
        documents: Pretraining documents; only `scratch` reads them.
        output_dir: Folder to fill; it must be empty or missing.
        checkpoint_dir: Folder for resuming a killed pretraining or download; removed at the end.
        seed: For training a scratch model.

    Raises:
        DataError: The model cannot be fetched, a local folder is missing or its files are not whole, there are no
            safetensors weights, a GGUF file cannot be read, or a generator's template is missing or does not fit.
    """
    output_dir.mkdir(parents=True, exist_ok=True)
    if spec.source != "scratch":
        if spec.source == "hub":
            _download(spec, output_dir, checkpoint_dir)
        else:
            _copy(spec, output_dir)
        if spec.role == "generator":
            _check_template(spec, output_dir)
        return {}
    from bootembed.base_models.scratch import build_scratch_model

    assert spec.scratch is not None, "params validation demands it"
    metrics = build_scratch_model(
        spec.role, documents, spec.scratch, output_dir=output_dir, checkpoint_dir=checkpoint_dir, seed=seed
    )
    shutil.rmtree(checkpoint_dir, ignore_errors=True)
    return metrics


def _check_template(spec: BaseModelSpec, folder: Path) -> None:
    from bootembed.base_models.chat import give_template, has_template
    from bootembed.prompts import NO_TEMPLATE

    if spec.chat_template is not None:
        give_template(folder, spec.chat_template, spec.end_of_turn)
    elif not has_template(folder):
        raise DataError(NO_TEMPLATE)


def _download(spec: BaseModelSpec, output_dir: Path, checkpoint_dir: Path) -> None:
    """Fetch a pinned revision; pickled weights are downloaded only if the profile says so.

    Files are fetched into a folder for this revision below `checkpoint_dir`, where they outlive a killed run: DVC
    empties `output_dir` before it runs a stage again, and large models are tens of gigabytes.
    """
    from bootembed.base_models.download import download_model

    assert spec.id is not None, "params validation demands it"
    assert spec.revision is not None, "params validation demands it"
    require_resolved(spec.id, spec.revision, kind="model")
    wanted = [*_WEIGHTS_AND_TEXT, _PICKLED] if spec.pickled_weights else _WEIGHTS_AND_TEXT
    if spec.file is not None:
        wanted = [spec.file]
    arrived = checkpoint_dir / f"{spec.id.replace('/', '--')}-{spec.revision}"
    arrived.mkdir(parents=True, exist_ok=True)
    download_model(spec.id, spec.revision, arrived, patterns=wanted)
    if spec.file is not None:
        convert_gguf(arrived / spec.file, spec.role, output_dir)
        shutil.rmtree(checkpoint_dir)
        return
    for path in sorted(arrived.iterdir()):
        shutil.move(path, output_dir / path.name)
    shutil.rmtree(checkpoint_dir)
    if (output_dir / _PICKLED).is_file():
        _to_safetensors(output_dir / _PICKLED)
    _require_weights(output_dir, f"{spec.id}@{spec.revision}")


def _to_safetensors(pickled: Path) -> None:
    """Replace pickled weights by the same tensors as safetensors; the loader reads tensors only and runs no code.

    Raises:
        DataError: The file holds anything but tensors.
    """
    import pickle

    import torch
    from safetensors.torch import save_file

    if fault := describe_file(pickled, expected="zip"):
        raise DataError(f"{pickled}: {fault}")
    try:
        weights = torch.load(pickled, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise DataError(f"{pickled}: is not read: it is damaged or holds more than tensors: {error}") from error
    copies = {name: tensor.clone().contiguous() for name, tensor in weights.items()}  # no shared memory
    save_file(copies, pickled.with_name("model.safetensors"), metadata={"format": "pt"})
    pickled.unlink()


def _copy(spec: BaseModelSpec, output_dir: Path) -> None:
    source = Path(str(spec.path)).expanduser()
    if source.suffix == SUFFIX or source.is_file():
        convert_gguf(source, spec.role, output_dir)
        return
    if not source.is_dir():
        raise DataError(
            f"{source}: no such folder; set `path` of the base model to a Hugging Face model folder or a .gguf file"
        )
    _require_weights(source, str(source))
    for file in _files(source):
        target = output_dir / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)


def _files(folder: Path) -> list[Path]:
    return sorted({file for pattern in _WEIGHTS_AND_TEXT for file in folder.rglob(pattern)})


def _require_weights(folder: Path, name: str) -> None:
    if not any(folder.rglob("*.safetensors")):
        raise DataError(f"{name}: holds no .safetensors weights; pickled weights are not loaded, convert them first")
    if not (folder / "config.json").is_file():
        raise DataError(f"{name}: holds no config.json; name the folder of the model itself")
    check_model_files(_files(folder))
