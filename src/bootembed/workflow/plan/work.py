"""The work of a profile: its stages with their cells, and what each kind trains or writes, from parameters alone."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from bootembed.base_models import PACKED_LENGTH
from bootembed.core.names import MIXED, Baseline, Polarity
from bootembed.generation.engine import describe_engine
from bootembed.judge.labels import LABELS
from bootembed.strategies import load_strategy
from bootembed.workflow.plan import estimates, texts
from bootembed.workflow.plan.samples import Corpora

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bootembed.settings.embedder import TrainEmbedder
    from bootembed.settings.generation import Generation
    from bootembed.settings.models import BaseModelSpec, Lora
    from bootembed.settings.schema import Params
    from bootembed.workflow.plan.estimates import Device
    from bootembed.workflow.plan.sizes import ModelSize
    from bootembed.workflow.plan.texts import Examples, Prompts

_LONGEST = 512  # tokens of a text that is scored, where the length limit is above it
# A processor's heap keeps what was freed (MALLOC_* of `workflow.project`), most of all where a generator trains on rows
# of changing lengths: by how much, at most, in benchmarks/results/real_bf16.json.
_KEPT, _KEPT_OF_ADAPTERS = 1.3, 2.3


@dataclass(frozen=True)
class Work:
    """What all cells of one stage need.

    Attributes:
        stage: Name in dvc.yaml.
        what: Rows and tokens in words.
        memory: Bytes that models need in a cell at its peak, of a GPU or of the machine; None if there is no estimate.
        seconds: Of all cells together, one after the other.
        measured: Whether the length of the texts is known; otherwise they are counted at their limit.
    """

    stage: str
    what: str
    memory: float | None = None
    seconds: float | None = None
    measured: bool = True


def stage_counts(params: Params, pipeline: Path) -> dict[str, int]:
    """Stages in an order in which they can run, with the number of their cells, as DVC resolves them.

    Args:
        params: The profile.
        pipeline: dvc.yaml.
    """
    import networkx
    from dvc.repo import Repo

    logging.getLogger("dvc").setLevel(logging.WARNING)  # it announces every new repository
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(pipeline, folder)
        (Path(folder) / "params.yaml").write_text(yaml.safe_dump(params.model_dump(mode="json")), encoding="utf-8")
        graph = Repo.init(folder, no_scm=True).index.graph
        names = [stage.name.split("@")[0] for stage in networkx.dfs_postorder_nodes(graph) if stage.name]
    return dict(Counter(names))


def work_of(params: Params, sizes: Mapping[str, ModelSize | None], device: Device) -> list[Work]:
    """The work of every stage that runs a model, in the order of the pipeline. Rows are upper bounds.

    Args:
        params: The profile.
        sizes: Key of `base_models` -> size, None if not known.
        device: The GPU and its speed.
    """
    corpora = Corpora(params)
    found = [*_pretraining(params, sizes, device), *_judge(params, corpora, sizes, device)]
    if params.grid.strategies:
        found += _of_strategies(params, corpora, sizes["generator"], device)
    return found + _embedders(params, corpora, sizes, device)


def _of_strategies(params: Params, corpora: Corpora, generator: ModelSize | None, device: Device) -> Iterator[Work]:
    grid, needed = params.grid, params.needed
    adapters = [
        (
            "train_task_adapter",
            params.train_task_adapter,
            [texts.task_examples(params, corpora, polarity) for polarity in needed.task_adapters],
        ),
        (
            "train_language_adapter",
            params.train_language_adapter,
            [texts.language_examples(params, corpora, language) for language in grid.adapter_languages],
        ),
        (
            "train_xl_lora_adapter",
            params.train_xl_lora_adapter,
            [texts.xl_lora_examples(params, corpora, polarity) for polarity in needed.xl_lora_adapters],
        ),
    ]
    for stage, lora, examples in adapters:
        if examples:
            yield _adapters(stage, lora, examples * params.generator_seeds, generator, device)
    if needed.xl_lora_data:
        sources = params.build_xl_lora_data.source_languages
        prompts = [texts.parallel_prompts(params, corpora, language) for language in sources]
        yield _generated("build_xl_lora_data", params, prompts, size=generator, device=device)
    cells = [(strategy, language) for strategy in grid.strategies for language in grid.languages]
    prompts = [texts.prompts_of(params, corpora, strategy, language) for strategy, language in cells]
    yield _generated("generate_triplets", params, prompts, size=generator, device=device)


def _pretraining(params: Params, sizes: Mapping[str, ModelSize | None], device: Device) -> Iterator[Work]:
    for key, spec in params.base_models.items():
        size = sizes[key]
        if spec.scratch is None or size is None:
            continue
        tokens = _pretraining_tokens(spec)
        seconds = estimates.full_training_flops(size, tokens) / device.reached(bf16=spec.scratch.pretraining.bf16)
        yield Work("build_base_models", f"{key}: {tokens:,} tokens", None, seconds)


def _pretraining_tokens(spec: BaseModelSpec) -> int:
    assert spec.scratch is not None, "asked for scratch models only"
    training = spec.scratch.pretraining
    row = min(spec.scratch.max_position_embeddings, PACKED_LENGTH)
    return training.max_steps * training.per_device_train_batch_size * row


def _judge(params: Params, corpora: Corpora, sizes: Mapping[str, ModelSize | None], device: Device) -> Iterator[Work]:
    """The judge's training; what it reads afterwards is little beside it."""
    judge = params.train_judge
    if judge.source != "trained":
        return
    sources = sum(bool(params.corpora[language.corpus].judge_nli) for language in params.languages.values())
    count = int(sources * len(LABELS) * judge.rows_per_label * judge.num_train_epochs)
    rows = texts.judge_pairs(params, corpora, count=count)
    size = sizes[str(judge.base)]
    tokens = rows.tokens(judge.max_length)
    seconds = None if size is None else estimates.frozen_training_flops(size, tokens) / device.reached(bf16=judge.bf16)
    memory = None if size is None else _held(estimates.judge_training_bytes(size, judge), device)
    what = f"at most {count:,} pairs of {_told(rows.measured)} {rows.tokens_a_row(judge.max_length):.0f} tokens"
    yield Work("train_judge", what, memory, seconds, rows.measured)


def _told(measured: bool) -> str:
    """What a number of tokens is: an estimate from texts that were read, or the limit."""
    return "about" if measured else "at most"


def _adapters(stage: str, lora: Lora, examples: Sequence[Examples], size: ModelSize | None, device: Device) -> Work:
    tokens, predicted = (
        sum(rows.tokens(lora.max_length) for rows in found) * lora.num_train_epochs
        for found in ([own.rows for own in examples], [own.answers for own in examples])
    )
    measured = all(own.rows.measured for own in examples)
    most, each = max(own.rows.count for own in examples), int(tokens) // len(examples)
    rows = f"{len(examples)} x at most {most:,} rows x {lora.num_train_epochs:g} epochs"
    what = f"{rows}, {_told(measured)} {each:,} tokens each"
    if size is None:
        return Work(stage, what, measured=measured)
    seconds = estimates.lora_training_flops(size, lora, tokens, predicted=predicted) / device.reached(bf16=lora.bf16)
    memory = _held(estimates.lora_training_bytes(size, lora), device, _KEPT_OF_ADAPTERS)
    return Work(stage, what, memory, seconds, measured)


def _held(memory: float, device: Device, kept: float = _KEPT) -> float:
    """Bytes that a cell holds at its peak, of those that its models use."""
    return memory if device.is_gpu else kept * memory


def _generated(
    stage: str, params: Params, prompts: Sequence[Prompts], *, size: ModelSize | None, device: Device
) -> Work:
    settings, r = params.generation, _rank_in_use(params)
    answers = sum(part.count for part in prompts)
    tokens = int(sum(part.count * part.answer for part in prompts))
    measured = all(part.measured for part in prompts)
    mean = tokens / answers if answers else settings.max_new_tokens
    what = f"{answers:,} answers of {_told(measured)} {mean:.0f} tokens: {tokens:,}"
    if describe_engine(settings).is_remote:
        return Work(stage, f"{what}, by the endpoint{_cost(settings, answers)}")
    if size is None or not answers:
        return Work(stage, what, measured=measured)
    adapters = 4 * size.lora_parameters(r)
    seconds = sum(
        estimates.generation_seconds(size, settings, part, device=device, adapters=adapters) for part in prompts
    )
    return Work(stage, what, _held(estimates.generation_bytes(size, settings, r=r), device), seconds, measured)


def _cost(settings: Generation, answers: int) -> str:
    """What an endpoint charges for prompts and answers of full length, if its prices are known."""
    prices = describe_engine(settings).prices
    if prices is None:
        return ""
    cost = (prices.prompt * settings.max_prompt_tokens + prices.completion * settings.max_new_tokens) * answers / 1e6
    return f", for at most {cost:,.2f} (unit of price_per_million)"


def _rank_in_use(params: Params) -> int:
    """Rank of the largest adapter that any strategy writes with."""
    return max(load_strategy(name).adapter_rank(params) for name in params.grid.strategies)


def _embedders(params: Params, corpora: Corpora, sizes: Mapping[str, ModelSize | None], device: Device) -> list[Work]:
    grid = params.grid
    languages = len(grid.languages)
    sets = {
        recipe: [rows for language in grid.languages for rows in texts.training_sets(params, corpora, recipe, language)]
        for recipe in grid.recipes
    }
    counts = {(r, e): count for e in grid.encoders for r, count in embedders_of_recipes(params, e).items()}
    trained = {cell: count for cell, count in counts.items() if cell[0] != Baseline.UNTRAINED}
    own = {cell: params.embedder_settings(*cell) for cell in trained}
    tokens = {
        cell: sum(rows.tokens(own[cell].max_seq_length) for rows in sets[cell[0]]) * own[cell].num_train_epochs * count
        for cell, count in trained.items()
    }
    embedders = languages * sum(trained.values())
    measured = all(rows.measured for recipe, _ in trained for rows in sets[recipe])
    most = max((rows.count for found in sets.values() for rows in found), default=0)
    each = int(sum(tokens.values())) // max(embedders, 1)
    what = f"{embedders} x at most {most:,} rows, {_told(measured)} {each:,} tokens each"
    scored = f"{languages * sum(counts.values())} embedders on {len(params.evaluate_embedder.tasks)} tasks"
    known = [size for key in grid.encoders if (size := sizes[key]) is not None]
    if not known:
        return [Work("train_embedder", what), Work("evaluate_embedder", scored)]
    sized = {cell: size for cell in trained if (size := sizes[cell[1]]) is not None}
    training = [estimates.embedder_training_bytes(size, own[cell], fused=device.is_gpu) for cell, size in sized.items()]
    memory = _held(max(training), device) if training else None
    seconds = sum(_embedder_seconds(size, own[cell], tokens[cell], device) for cell, size in sized.items())
    longest = min(params.evaluate_embedder.max_seq_length, _LONGEST)
    scoring = max(estimates.scoring_bytes(size, params.evaluate_embedder, longest=longest) for size in known)
    return [
        Work("train_embedder", what, memory, seconds, measured),
        Work("evaluate_embedder", f"{scored} (texts not counted, {longest} tokens assumed as the longest)", scoring),
    ]


def _embedder_seconds(size: ModelSize, settings: TrainEmbedder, tokens: float, device: Device) -> float:
    of = estimates.frozen_training_flops if settings.lora else estimates.full_training_flops
    return of(size, tokens) / device.reached(bf16=settings.bf16)


def embedders_of_recipes(params: Params, encoder: str) -> dict[str, int]:
    """Recipe -> how many embedders its cell of an encoder has."""
    counts = {}
    for recipe in params.grid.recipes_of(encoder):
        generated = any(part in params.grid.strategies for part in recipe.split(MIXED))
        training_sets = params.generator_seeds if generated else 1
        seeds = 1 if recipe == Baseline.UNTRAINED else params.embedder_settings(recipe, encoder).seeds
        counts[recipe] = training_sets * seeds
    return counts


def disk_bytes(params: Params, sizes: Mapping[str, ModelSize | None]) -> float:
    """Bytes on disk: base models, embedders and adapters, each in the workspace and in DVC's cache, and a checkpoint.

    Where the file system can make reflinks, DVC keeps one copy only, and half of it is needed.
    """
    known = {key: size for key, size in sizes.items() if size is not None}
    base = sum(size.download_bytes for size in known.values())
    encoders = [known[key] for key in params.grid.encoders if key in known]
    embedders = sum(
        len(params.grid.languages) * sum(embedders_of_recipes(params, key).values()) * 4 * known[key].parameters
        for key in params.grid.encoders
        if key in known
    )
    checkpoint = max((12 * size.parameters for size in encoders), default=0)
    return 2.0 * (base + embedders + _adapter_bytes(params, known.get("generator"))) + checkpoint


def _adapter_bytes(params: Params, size: ModelSize | None) -> int:
    """Bytes of all adapters, with the copies that generators hold."""
    if size is None or not params.grid.strategies:
        return 0
    grid, r = params.grid, params.train_task_adapter.r
    needed = params.needed
    trained = len(needed.task_adapters) + len(needed.xl_lora_adapters) + len(grid.adapter_languages)
    trained += len(needed.fetched_xl_lora_adapters)  # their rank is not known, and taken to be the same
    cells = len(needed.composed_adapters) * len(Polarity)  # a composed adapter and its copy, and a copy of XL-LoRA's
    in_use = 2 * cells * size.lora_parameters(_rank_in_use(params))
    return 4 * params.generator_seeds * ((trained + cells) * size.lora_parameters(r) + in_use)
