"""All parameters together: the axes of the experiment and one section per stage."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, ValidationInfo

from bootembed.core.names import MIXED, Baseline, Polarity, Role
from bootembed.settings.base import Pluggable, Revision, Section, Slug
from bootembed.settings.corpora import CorpusSpec, Language, PrepareCorpora, WriteSampleCorpora
from bootembed.settings.embedder import BuildBaselineData, MeasureFit, TrainEmbedder
from bootembed.settings.evaluation import EvaluateEmbedder, RegisterModels
from bootembed.settings.exports import ExportSpec
from bootembed.settings.generation import Generation, InContext, Prompts
from bootembed.settings.judge import RateTriplets, TrainJudge
from bootembed.settings.models import (
    BaseModelSpec,
    BuildXlLoraData,
    ComposeAdapter,
    LanguageAdapter,
    Launch,
    Lora,
    XlLoraAdapters,
)
from bootembed.settings.publish import Publish
from bootembed.settings.report import Report
from bootembed.settings.triplets import GenerateTriplets, JudgeTriplets


class Grid(Section):
    """The axes of the experiment; DVC expands its stages over them."""

    languages: list[Slug] = Field(min_length=1, description="Target languages, keys of `languages`.")
    strategies: list[Slug] = Field(description="Modules of `bootembed.strategies`.")
    baselines: list[Baseline]
    mixtures: list[Annotated[list[Slug], Field(min_length=2, max_length=2)]] = Field(
        description="Pairs of recipes whose training sets are put together."
    )
    recipes: list[Slug] = Field(description="Strategies, baselines, then mixtures; Hydra derives it from them.")
    mixture_cells: dict[str, dict[str, Slug]] = Field(description="For dvc.yaml; Hydra derives it.")
    encoders: list[Slug] = Field(min_length=1, description="Keys of `base_models` with role `encoder`.")
    encoder_recipes: dict[Slug, list[Slug]] = Field(
        default_factory=dict, description="Encoder -> the recipes it is finetuned with; one not named here: all."
    )
    embedder_cells: dict[str, dict[str, Slug]] = Field(description="For dvc.yaml; Hydra derives it.")
    exports: list[Slug] = Field(description="Keys of `exports`; what is made of each language's champion.")
    adapter_languages: dict[Slug, Role] = Field(description="Languages that get a language adapter -> their role.")

    @property
    def mixture_names(self) -> list[str]:
        """The mixtures as recipes."""
        return [MIXED.join(parts) for parts in self.mixtures]

    def recipes_of(self, encoder: str) -> list[str]:
        """The recipes that an encoder is finetuned with, in the order of `recipes`."""
        chosen = self.encoder_recipes.get(encoder, self.recipes)
        return [recipe for recipe in self.recipes if recipe in chosen]


class Needed(Section):
    """What is trained and assembled for the strategies; Hydra derives it from them. The stages' own cells."""

    task_adapters: list[Polarity]
    composed_adapters: list[Slug]
    xl_lora_data: list[Slug]
    xl_lora_adapters: list[Polarity]
    fetched_xl_lora_adapters: list[Polarity]
    strategies_without_adapters: list[Slug]
    adapted_generators: dict[str, dict[str, str]]
    judges: list[Slug]
    filter_judge: Slug
    rated_strategies: list[Slug]


def _valid_overrides(overrides: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
    common = info.data.get("train_embedder")  # missing if it has faults of its own
    if common is not None:
        common.overridden(overrides)
    return overrides


class Params(Pluggable):
    """All parameters; a strategy's own section stands under the name of the strategy."""

    plugins: ClassVar[str] = "bootembed.strategies"

    profile: Slug
    seed: int = Field(ge=0, lt=2**32, description="Seed of all random choices.")
    generator_seeds: int = Field(
        ge=1, description="Generators of each cell: adapters, examples and answers, each with a seed of its own."
    )
    revisions: dict[Slug, Revision] = Field(
        description="Name -> pinned commit on the Hub, for `${revisions.<name>}` in a profile."
    )
    grid: Grid
    needed: Needed
    languages: dict[Slug, Language]
    corpora: dict[Slug, CorpusSpec]
    write_sample_corpora: WriteSampleCorpora
    prepare_corpora: PrepareCorpora
    base_models: dict[Slug, BaseModelSpec]
    prompts: Prompts
    launch: Launch
    train_task_adapter: Lora
    train_language_adapter: LanguageAdapter
    build_xl_lora_data: BuildXlLoraData
    train_xl_lora_adapter: Lora
    xl_lora_adapters: XlLoraAdapters
    compose_adapter: ComposeAdapter
    train_judge: TrainJudge
    generation: Generation
    in_context: InContext
    generate_triplets: GenerateTriplets
    judge_triplets: JudgeTriplets
    rate_triplets: RateTriplets
    build_baseline_data: BuildBaselineData
    measure_fit: MeasureFit
    train_embedder: TrainEmbedder
    train_embedder_recipes: dict[Slug, Annotated[dict[str, Any], AfterValidator(_valid_overrides)]] = Field(
        description="Per-recipe overrides of `train_embedder`; missing fields are inherited."
    )
    train_embedder_encoders: dict[Slug, Annotated[dict[str, Any], AfterValidator(_valid_overrides)]] = Field(
        description="Per-encoder overrides, which go before those of a recipe: a decoder needs another pooling."
    )
    evaluate_embedder: EvaluateEmbedder
    report: Report
    register_models: RegisterModels
    exports: dict[Slug, ExportSpec]
    publish: Publish

    def embedder_settings(self, recipe: str, encoder: str) -> TrainEmbedder:
        """`train_embedder` with the overrides of one recipe and, before these, of one encoder."""
        of_recipe = self.train_embedder_recipes.get(recipe, {})
        return self.train_embedder.overridden(of_recipe | self.train_embedder_encoders.get(encoder, {}))
