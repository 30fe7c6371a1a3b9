"""Adapter composition after AdaMergeX (Zhao et al. 2025, arXiv 2402.18913).

target-language task adapter = task adapter + weight * (target language adapter - reference language adapter)

A LoRA adapter stands for a weight update dW = (alpha / r) B A. `delta` adds the updates themselves: factors are
stacked, so the result is exact and has the sum of the ranks. `svd` compresses that to the task adapter's rank.
`factors` adds A to A and B to B, as AdaMergeX's published code does; the product then holds cross terms, so the
update is not the sum of the updates. All arithmetic is in fp32 and never touches the base model's weights.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.core.names import ENGLISH
from bootembed.settings.consistency_of_recipes import lacking
from bootembed.strategies import Parts

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from bootembed.settings.models import ComposeAdapter
    from bootembed.settings.schema import Params
    from bootembed.strategies import Inputs

ADAPTERS = ("task", "language", "composed")
ANSWERS_IN_ENGLISH = False
_CONFIG, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_A, _B = ".lora_A.weight", ".lora_B.weight"
# Variants of LoRA whose weight update is not (alpha / r) B A.
_OTHER_UPDATES = ("use_rslora", "use_dora", "lora_bias", "rank_pattern", "alpha_pattern", "modules_to_save")


def assemble(inputs: Inputs, _settings: None, *, seed: int) -> Parts:
    """The composed adapters of the language."""
    return Parts(adapters=inputs.adapters())


def adapter_rank(params: Params) -> int:
    """Rank of a composed adapter: exact composition (`delta`) adds the ranks of its parts."""
    if params.compose_adapter.method != "delta":
        return params.train_task_adapter.r
    languages = 2 if params.compose_adapter.reference == "english" else 1
    return params.train_task_adapter.r + languages * params.train_language_adapter.r


def faults(params: Params) -> list[str]:
    """Language adapters that are missing, and ranks that `factors` cannot add."""
    found = []
    english = [ENGLISH] if params.compose_adapter.reference == "english" else []
    adapters = params.grid.adapter_languages
    absent = [language for language in [*params.grid.languages, *english] if language not in adapters]
    if absent:
        found.append(
            f"grid.adapter_languages: {list(adapters)}: strategy 'adapter_composition' lacks the language adapter of "
            f"{', '.join(absent)}; compose again, which derives them"
        )
    found += lacking(params, params.train_language_adapter.data, list(adapters), recipe="adapter_composition")
    task, language = params.train_task_adapter, params.train_language_adapter
    if params.compose_adapter.method == "factors" and (task.r, task.lora_alpha) != (language.r, language.lora_alpha):
        found.append(
            f"train_language_adapter: r {language.r} and lora_alpha {language.lora_alpha}, but train_task_adapter has "
            f"{task.r} and {task.lora_alpha}: compose_adapter.method 'factors' needs them equal; or use 'delta'"
        )
    return found


@dataclass(frozen=True)
class Adapter:
    """A LoRA adapter: per module the factors A (r x in) and B (out x r), and the scaling alpha / r."""

    factors: dict[str, tuple[torch.Tensor, torch.Tensor]]
    scaling: float
    rank: int
    config: dict[str, Any]

    def update(self, module: str) -> torch.Tensor:
        """The weight update dW (out x in) of a module."""
        a, b = self.factors[module]
        return self.scaling * (b @ a)


def read_adapter(folder: Path) -> Adapter:
    """Read a PEFT LoRA folder in fp32.

    Raises:
        DataError: A file is missing, or the adapter is a variant whose update is not (alpha / r) B A.
    """
    from safetensors.torch import load_file

    try:
        config = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
        weights = load_file(folder / _WEIGHTS)
    except (OSError, ValueError) as error:
        raise DataError(f"{folder}: is no PEFT adapter in safetensors format: {error}") from error
    used = [name for name in _OTHER_UPDATES if config.get(name)]
    if used:
        raise DataError(f"{folder}: uses {', '.join(used)}; only plain LoRA can be composed, train it without")
    modules = sorted(name.removesuffix(_A) for name in weights if name.endswith(_A))
    factors = {name: (weights[name + _A].float(), weights[name + _B].float()) for name in modules}
    return Adapter(factors, scaling=config["lora_alpha"] / config["r"], rank=config["r"], config=config)


def compose_adapters(task: Adapter, target: Adapter, reference: Adapter | None, settings: ComposeAdapter) -> Adapter:
    """Compose task + weight * (target - reference); without `reference`, task + weight * target.

    Raises:
        DataError: The adapters cover different modules, or `factors` is asked for with differing rank or scaling.
    """
    parts = [(1.0, task), (settings.weight, target)]
    if reference is not None:
        parts.append((-settings.weight, reference))
    for _, adapter in parts[1:]:
        if adapter.factors.keys() != task.factors.keys():
            raise DataError("adapters to compose cover different modules; train them with the same base and targets")
    if settings.method == "factors":
        return _add_factors(parts)
    stacked = _stack(parts)
    return stacked if settings.method == "delta" else _compress(stacked, rank=task.rank)


def write_adapter(adapter: Adapter, folder: Path) -> None:
    """Write a PEFT LoRA folder that `PeftModel.from_pretrained` loads."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    weights = {}
    for name, (a, b) in adapter.factors.items():
        weights[name + _A], weights[name + _B] = a.contiguous(), b.contiguous()
    save_file(weights, folder / _WEIGHTS, metadata={"format": "pt"})
    config = adapter.config | {"r": adapter.rank, "lora_alpha": adapter.scaling * adapter.rank}
    (folder / _CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def relative_difference(composed: Adapter, exact: Adapter) -> float:
    """Frobenius norm of the difference of all weight updates, relative to that of `exact`."""
    difference = sum(float((composed.update(m) - exact.update(m)).square().sum()) for m in exact.factors)
    norm = sum(float(exact.update(m).square().sum()) for m in exact.factors)
    return float((difference / norm) ** 0.5) if norm else 0.0


def _stack(parts: list[tuple[float, Adapter]]) -> Adapter:
    import torch

    task = parts[0][1]
    factors = {
        name: (
            torch.cat([adapter.factors[name][0] for _, adapter in parts]),
            torch.cat([weight * adapter.scaling * adapter.factors[name][1] for weight, adapter in parts], dim=1),
        )
        for name in task.factors
    }
    return Adapter(factors, scaling=1.0, rank=sum(adapter.rank for _, adapter in parts), config=task.config)


def _compress(stacked: Adapter, *, rank: int) -> Adapter:
    """The best approximation of each update by rank `rank` (Eckart-Young), computed on the small factors."""
    import torch

    factors = {}
    for name, (a, b) in stacked.factors.items():
        q_b, r_b = torch.linalg.qr(b)
        q_a, r_a = torch.linalg.qr(a.T)
        u, s, v = torch.linalg.svd(r_b @ r_a.T)
        root = s[:rank].sqrt()
        factors[name] = ((root[:, None] * v[:rank]) @ q_a.T, q_b @ (u[:, :rank] * root))
    return Adapter(factors, scaling=1.0, rank=rank, config=stacked.config)


def _add_factors(parts: list[tuple[float, Adapter]]) -> Adapter:
    import torch

    task = parts[0][1]
    if any((adapter.rank, adapter.scaling) != (task.rank, task.scaling) for _, adapter in parts):
        raise DataError(
            "compose_adapter.method: 'factors' needs equal r and lora_alpha in all adapters; or use 'delta'"
        )
    factors = {}
    for name in task.factors:
        a = torch.stack([weight * adapter.factors[name][0] for weight, adapter in parts]).sum(0)
        b = torch.stack([weight * adapter.factors[name][1] for weight, adapter in parts]).sum(0)
        factors[name] = (a, b)
    return Adapter(factors, scaling=task.scaling, rank=task.rank, config=task.config)


def compose_folders(
    task: Path, target: Path, reference: Path, settings: ComposeAdapter, *, output_dir: Path
) -> dict[str, float]:
    """Compose adapters that lie in folders; metrics say how far the result is from the sum of the updates.

    `reference` is only read when `settings.reference` asks for it.
    """
    parts = [read_adapter(task), read_adapter(target)]
    english = read_adapter(reference) if settings.reference == "english" else None
    composed = compose_adapters(parts[0], parts[1], english, settings)
    exact = compose_adapters(parts[0], parts[1], english, settings.model_copy(update={"method": "delta"}))
    write_adapter(composed, output_dir)
    return {
        "rank": float(composed.rank),
        "relative_difference_to_exact": relative_difference(composed, exact),
    }
