"""Faults between base models and what uses them, each naming key, value and remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bootembed.settings.models import BaseModelSpec, Scratch
    from bootembed.settings.schema import Params

TEMPLATE_NAMES = ("gemma", "chatml", "llama3", "plain")
_ARCHITECTURES = {"generator": ("qwen3", "llama"), "encoder": ("xlm-roberta", "modernbert")}  # of scratch models


def model_faults(params: Params) -> list[str]:
    """Faults of base models."""
    faults = []
    generators = [key for key, spec in params.base_models.items() if spec.role == "generator"]
    if generators != ["generator"] and (generators or params.grid.strategies):
        told = "strategies need one" if params.grid.strategies else "at most one is used"
        faults.append(
            f"base_models: generators {generators}: {told}, under the key 'generator'; add or remove one, or set "
            "grid.strategies to []"
        )
    needed = {"hub": ("id", "revision"), "local": ("path",), "scratch": ("scratch",)}
    for key, spec in params.base_models.items():
        faults.extend(
            f"base_models.{key}.{field}: missing: source {spec.source!r} needs it"
            for field in needed[spec.source]
            if getattr(spec, field) is None
        )
        faults += _template_faults(f"base_models.{key}", spec)
        if spec.scratch is None:
            continue
        faults += _scratch_faults(f"base_models.{key}.scratch", spec.scratch, _ARCHITECTURES[spec.role])
        unknown = [name for name in spec.scratch.pretraining.languages if name not in params.languages]
        if unknown:
            faults.append(f"base_models.{key}.scratch.pretraining.languages: {unknown}: add them under `languages`")
    return faults


def _template_faults(key: str, spec: BaseModelSpec) -> list[str]:
    faults = []
    template = spec.chat_template
    if template is not None and (spec.role != "generator" or spec.source == "scratch"):
        faults.append(f"{key}.chat_template: only a generator from the Hub or a folder takes one; remove it")
    if template is not None and template not in TEMPLATE_NAMES and "{" not in template:
        faults.append(f"{key}.chat_template: {template!r}: give one of {TEMPLATE_NAMES} or Jinja")
    own = template is not None and template not in TEMPLATE_NAMES
    if own and not spec.end_of_turn:
        faults.append(f"{key}.end_of_turn: missing: a template in Jinja needs it")
    if not own and spec.end_of_turn is not None:
        faults.append(f"{key}.end_of_turn: {spec.end_of_turn!r}: only a template in Jinja takes it; remove it")
    if spec.file is not None and spec.source != "hub":
        faults.append(f"{key}.file: only source 'hub' takes it; name the file in path")
    return faults


def _scratch_faults(key: str, scratch: Scratch, architectures: tuple[str, ...]) -> list[str]:
    faults = []
    if scratch.architecture not in architectures:
        faults.append(
            f"{key}.architecture: {scratch.architecture!r} does not fit the role; choose one of {architectures}"
        )
    if scratch.hidden_size % scratch.num_attention_heads:
        faults.append(
            f"{key}.hidden_size: {scratch.hidden_size}: make it a multiple of num_attention_heads, which is "
            f"{scratch.num_attention_heads}"
        )
    return faults


def bf16_keys(params: Params) -> list[str]:
    """The keys that have something computed in bf16."""
    sections = (
        "train_task_adapter",
        "train_language_adapter",
        "train_xl_lora_adapter",
        "train_judge",
        "rate_triplets",
        "train_embedder",
        "evaluate_embedder",
    )
    halves = {section: getattr(params, section).bf16 for section in sections}
    halves["generation.transformers"] = params.generation.transformers.bf16
    for section in ("train_embedder_encoders", "train_embedder_recipes"):
        halves |= {f"{section}.{key}": own.get("bf16", False) for key, own in getattr(params, section).items()}
    for key, spec in params.base_models.items():
        if spec.scratch is not None:
            halves[f"base_models.{key}.scratch.pretraining"] = spec.scratch.pretraining.bf16
    return [f"{key}.bf16" for key, half in halves.items() if half]


def precision_faults(params: Params) -> list[str]:
    """bf16 with portable kernels, which have none: products took 80 times as long."""
    if not params.launch.portable:
        return []
    return [
        f"{key}: true: portable kernels have no bf16; set it or launch.portable to false" for key in bf16_keys(params)
    ]


def filter_faults(params: Params) -> list[str]:
    """Faults of the encoder and the judge that filter triplets."""
    filters, judge = params.generate_triplets.filters, params.train_judge
    key = filters.semantic.encoder
    spec = params.base_models.get(key)
    faults = []
    if params.grid.strategies and (spec is None or spec.role != "encoder"):
        encoders = [name for name, found in params.base_models.items() if found.role == "encoder"]
        faults.append(f"generate_triplets.filters.semantic.encoder: {key!r} is no encoder; choose one of {encoders}")
    if filters.judge.is_on and judge.source == "none":
        faults.append(
            "generate_triplets.filters.judge: there is no judge; set train_judge.source, or both thresholds to null"
        )
    if judge.source == "trained" and judge.base not in params.base_models:
        faults.append(f"train_judge.base: {judge.base!r} is no base model; choose one of {list(params.base_models)}")
    if judge.source == "trained" and not any(corpus.judge_nli for corpus in params.corpora.values()):
        faults.append(
            "train_judge.source: 'trained', but no corpus has `judge_nli`; name files of labelled pairs there"
        )
    return faults
