"""LoRA adapters that others trained: from the Hub or a folder, and checked to be adapters of the generator.

PEFT loads an adapter of another model with a warning and leaves what has no place out, so that the generator answers
as if it had none. Here that is an error.
"""

from __future__ import annotations

import json
import logging
import re
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootembed.adapters import NOT_LANGUAGE
from bootembed.base_models.download import download_model
from bootembed.core.errors import DataError
from bootembed.core.hub import require_resolved
from bootembed.core.weights import check_model_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bootembed.settings.models import FetchedAdapter

logger = logging.getLogger(__name__)
_CONFIG, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def fetch_adapter(
    spec: FetchedAdapter,
    base_model_dir: Path,
    *,
    base_id: str | None,
    output_dirs: Sequence[Path],
    checkpoint_dir: Path,
) -> dict[str, float]:
    """Bring in an adapter, check it, and return metrics: its rank, and its weights kept and left out.

    Weights for a vision or audio tower are left out: they change no answer to a text, their names differ between
    versions of transformers, and vLLM refuses them.

    Args:
        spec: Where it comes from.
        base_model_dir: The generator in Hugging Face format; only its configuration is read.
        base_id: The generator's id on the Hub; None if it is not from there: then the name of the adapter's base model
            is compared with `spec.base` only.
        output_dirs: Folders to fill, all with the same adapter.
        checkpoint_dir: For resuming a killed download; removed at the end.

    Raises:
        DataError: It cannot be fetched, is not whole, has no safetensors weights, is no LoRA adapter, was trained on
            another model by its configuration, or its weights do not fit the generator; or that cannot be built.
    """
    source = f"{spec.id}@{spec.revision}" if spec.source == "hub" else str(spec.path)
    found = _fetched(spec, checkpoint_dir) if spec.source == "hub" else Path(str(spec.path)).expanduser()
    config = _read_config(found, source)
    _check_base(config, spec.base or base_id, source)
    first, *others = output_dirs
    first.mkdir(parents=True, exist_ok=True)
    kept, left_out = _write(found, config, first)
    _check_fit(first, base_model_dir, source)
    for folder in others:
        shutil.copytree(first, folder, dirs_exist_ok=True)
    shutil.rmtree(checkpoint_dir, ignore_errors=True)
    return {"rank": float(config["r"]), "weights": float(kept), "weights_left_out": float(left_out)}


def _fetched(spec: FetchedAdapter, checkpoint_dir: Path) -> Path:
    assert spec.id is not None, "params validation demands it"
    assert spec.revision is not None, "params validation demands it"
    require_resolved(spec.id, spec.revision, kind="model")
    folder = checkpoint_dir / f"{spec.id.replace('/', '--')}-{spec.revision}"
    folder.mkdir(parents=True, exist_ok=True)
    download_model(spec.id, spec.revision, folder, patterns=[_CONFIG, _WEIGHTS])
    return folder


def _read_config(folder: Path, source: str) -> dict[str, Any]:
    """The configuration of a LoRA adapter whose files are there and whole."""
    if not (folder / _CONFIG).is_file():
        raise DataError(f"{source}: holds no {_CONFIG}; name the folder or repository of a PEFT adapter itself")
    if not (folder / _WEIGHTS).is_file():
        raise DataError(f"{source}: holds no {_WEIGHTS}; pickled weights are not loaded, convert them first")
    check_model_files([folder / _CONFIG, folder / _WEIGHTS])
    config: dict[str, Any] = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
    kind, rank = config.get("peft_type"), config.get("r")
    if kind != "LORA":
        raise DataError(f"{source}: its {_CONFIG} is of the type {kind!r}, not LORA; choose a LoRA adapter")
    if not isinstance(rank, int) or rank < 1:
        raise DataError(f"{source}: its {_CONFIG} has the rank r {rank!r}, which is none; choose another adapter")
    if not config.get("target_modules"):
        raise DataError(f"{source}: its {_CONFIG} names no target_modules; choose another adapter")
    return config


def _check_base(config: dict[str, Any], wanted: str | None, source: str) -> None:
    named = str(config.get("base_model_name_or_path"))
    if wanted is not None and named.casefold() != wanted.casefold():  # as on the Hub
        raise DataError(
            f"{source}: is an adapter of {named!r}, and the generator is {wanted!r}; choose an adapter of this model, "
            f"or, if they are the same model, set `base: {named}` beside the adapter's source in xl_lora_adapters"
        )


def _write(found: Path, config: dict[str, Any], folder: Path) -> tuple[int, int]:
    """Write the adapter without what reads no text; how many weights that leaves, and how many are left out."""
    from safetensors.torch import load_file, save_file

    weights = load_file(found / _WEIGHTS)
    kept = {name: weight for name, weight in weights.items() if not re.fullmatch(NOT_LANGUAGE, name)}
    if len(kept) == len(weights):
        shutil.copyfile(found / _CONFIG, folder / _CONFIG)
        shutil.copyfile(found / _WEIGHTS, folder / _WEIGHTS)
        return len(kept), 0
    text = json.dumps(config | {"exclude_modules": NOT_LANGUAGE}, indent=2, sort_keys=True)
    (folder / _CONFIG).write_text(text + "\n", encoding="utf-8")
    save_file(kept, folder / _WEIGHTS, metadata={"format": "pt"})
    return len(kept), len(weights) - len(kept)


def _check_fit(folder: Path, base_model_dir: Path, source: str) -> None:
    """Attach the adapter to the generator's modules, without their weights, as generation does."""
    from peft import LoraConfig, PeftModelForCausalLM

    model = _without_weights(base_model_dir)
    try:
        with warnings.catch_warnings(action="ignore"):  # of what becomes an error here
            adapted = PeftModelForCausalLM(model, LoraConfig.from_pretrained(folder), low_cpu_mem_usage=True)
            result = adapted.load_adapter(folder, "default", torch_device="cpu", low_cpu_mem_usage=True)
    except (ValueError, RuntimeError, TypeError, KeyError) as error:
        cause = " ".join(str(error).split())[:300]
        raise DataError(f"{source}: does not fit the generator: {cause}; choose an adapter of this model") from error
    without_place, absent = list(result.unexpected_keys), list(result.missing_keys)
    if without_place or absent:
        raise DataError(
            f"{source}: does not fit the generator: {len(without_place)} weights have no place in it and {len(absent)} "
            f"are missing, e.g. {(without_place or absent)[0]}; choose an adapter of this model"
        )


def _without_weights(base_model_dir: Path) -> Any:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        config = AutoConfig.from_pretrained(base_model_dir, trust_remote_code=False)
        with torch.device("meta"):
            return AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        cause = str(error).partition("\n")[0]
        raise DataError(f"{base_model_dir}: cannot be built as a generator: {cause}; choose another model") from error
