"""The typed form of `params.yaml`: every hyper-parameter, what it means and what values are legal.

`load_params` is the only door: it rejects unknown keys and wrong types, checks the parts against each other (does every
strategy have the adapters it needs? has every language data?) and reports all faults at once, each with key, value
and remedy. Sections are named after the stages that read them.
"""

from __future__ import annotations

import difflib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from bootembed.errors import ParamsError

ENGLISH = "eng"
UNTRAINED = "untrained"  # where a recipe is named: the base encoder as it is
Slug = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
Schedule = Literal["constant", "linear", "cosine", "constant_with_warmup"]
NewWordStart = Literal["pieces", "positives"]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Attention = Literal["auto", "sdpa", "flash_attention_2", "eager"]
TaskKind = Literal["sts", "bitext_mining", "classification", "clustering", "retrieval"]
Dimension = Annotated[int, Field(ge=1)]
Near = Annotated[float, Field(ge=0.5, lt=1.0)]
UNRESOLVED = "unresolved"  # a revision that the user has yet to look up
Revision = Annotated[str, Field(pattern=r"^([0-9a-f]{40}|unresolved)$")]


class Strategy(StrEnum):
    """How triplets are synthesised (paper, section 3)."""

    IN_CONTEXT = "in_context"
    ADAPTER_COMPOSITION = "adapter_composition"
    XL_LORA = "xl_lora"


class Baseline(StrEnum):
    """A recipe for training data that needs no generator."""

    UNSUPERVISED_SIMCSE = "unsupervised_simcse"
    ENGLISH_NLI = "english_nli"
    TRANSLATION_PAIRS = "translation_pairs"
    MULTILINGUAL_DISTILLATION = "multilingual_distillation"


class Polarity(StrEnum):
    """Which side of a triplet an adapter writes: the entailment or the contradiction."""

    POSITIVE = "positive"
    NEGATIVE = "negative"


class Role(StrEnum):
    """What a language is for: the pivot, a source of cross-lingual supervision, or a target to build embedders for."""

    ENGLISH = "english"
    SOURCE = "source"
    TARGET = "target"


class Section(BaseModel):
    """Base of every section: unknown keys are errors, values cannot be changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Grid(Section):
    """The axes of the experiment; DVC expands its stages over them."""

    languages: list[Slug] = Field(min_length=1, description="Target languages, keys of `languages`.")
    strategies: list[Strategy] = Field(min_length=1)
    baselines: list[Baseline]
    recipes: list[Strategy | Baseline] = Field(description="Exactly the strategies followed by the baselines.")
    encoders: list[Slug] = Field(min_length=1, description="Keys of `base_models` with role `encoder`.")
    polarities: list[Polarity] = Field(description="Both: a triplet needs a positive and a hard negative.")
    adapter_languages: dict[Slug, Role] = Field(description="Languages that get a language adapter -> their role.")


class SampleSizes(Section):
    """Rows per file of a sample corpus (`nli` counts premises, `sts` and `bitext` rows of each split)."""

    monolingual: int = Field(ge=1)
    parallel: int = Field(ge=1)
    nli: int = Field(ge=1)
    anchors: int = Field(ge=1)
    examples: int = Field(ge=1)
    triplets: int = Field(ge=0)
    instructions: int = Field(ge=1)
    sts: int = Field(ge=10)
    bitext: int = Field(ge=10)


class WriteSampleCorpora(Section):
    """The sample corpora of the `laptop` profile; an empty `languages` writes none."""

    languages: list[Slug]
    content_words: int = Field(ge=60, description="Concepts of the lexicon in use.")
    sizes: SampleSizes


class FileSpec(Section):
    """One raw file (pair of files, folder, dataset): how it is read, and which of its columns mean what.

    `path` is relative to the folder of the corpus; `{language}` in it stands for the language's key. Files that end in
    .gz, .xz, .zst or .zip are decompressed; `archive.zip!member` names a file in an archive.
    """

    format: Literal["lines", "moses", "tmx", "csv", "tsv", "jsonl", "parquet", "datasets", "hub", "mteb"]
    path: str | None = Field(None, min_length=1, description="File or folder; of format hub the dataset's id.")
    english_path: str | None = Field(None, description="Moses, or with `key`: the English half of the pair.")
    key: str | None = Field(None, description="Column that joins the rows of `path` with those of `english_path`.")
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="Our column name -> the file's. NLI as triplets: `entailment` and `contradiction`.",
    )
    where: dict[str, str] = Field(
        default_factory=dict, description="The file's column -> value: rows with another value are passed over."
    )
    split: Literal["train", "validation", "test"] = Field("train", description="Evaluation files: split they hold.")
    part: Literal["document", "query", "relevance"] | None = Field(None, description="Retrieval files: what they hold.")
    label: Literal["entailment", "contradiction"] | None = Field(None, description="NLI files without a label column.")
    label_values: dict[str, str] = Field(default_factory=dict, description="The file's label -> ours.")
    pair_separator: str | None = Field(None, description="STS files holding both sentences in one column.")
    quoting: bool = Field(True, description="False: quotes are ordinary characters (TSV of parallel news, KorSTS).")
    encoding: str = "utf-8"
    config: str | None = Field(None, description="Format hub: the dataset's configuration.")
    source_split: str = Field("train", description="Formats datasets and hub: split to read.")
    data_file: str | None = Field(None, description="Format hub: read this file of the dataset only.")
    revision: Revision | None = Field(
        None, description="Format hub: pinned commit, 40 hex digits; `unresolved` fails when it is read."
    )
    limit: int | None = Field(None, ge=1, description="Read at most so many rows.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.format != "mteb" and self.path is None:
            raise ValueError(f"format {self.format!r} needs `path`")
        if self.format == "hub" and self.revision is None:
            raise ValueError("format 'hub' needs `revision`: a dataset that is not pinned changes under the results")
        return self


class CorpusSpec(Section):
    """The raw files of a corpus, by what they give. Anything left out is simply not there."""

    monolingual: list[FileSpec] = Field(default_factory=list)
    parallel: list[FileSpec] = Field(default_factory=list)
    nli: list[FileSpec] = Field(default_factory=list)
    anchors: list[FileSpec] = Field(default_factory=list)
    examples: list[FileSpec] = Field(default_factory=list)
    instructions: list[FileSpec] = Field(default_factory=list)
    evaluation: dict[str, list[FileSpec]] = Field(default_factory=dict, description="Task name -> files.")


class Language(Section):
    """A configured language."""

    name: str = Field(min_length=1, description="English name; prompts use it.")
    script: str = Field(pattern=r"^[A-Z][a-z]{3}$", description="ISO 15924, e.g. Latn; Zyyy: any.")
    role: Role
    folder: str = Field(description="Folder of its raw data below `prepare_corpora.folder`.")
    corpus: str = Field(description="Key of `corpora`.")


class PrepareCorpora(Section):
    """Cleaning of raw corpora. Every threshold can be set so that nothing is set aside for it."""

    folder: str = Field(description="Where raw corpora lie.")
    repair_mojibake: bool = Field(description="Put right text whose UTF-8 was once read as another encoding.")
    min_characters: int = Field(ge=1)
    max_characters: int = Field(ge=1)
    max_length_ratio: float = Field(gt=1.0, description="Parallel rows: longer side / shorter side, in characters.")
    min_distinct_share: Fraction = Field(
        description="Distinct character 4-grams / all, in texts of 40 or more; 0: repetitive text is kept."
    )
    min_script_share: Fraction = Field(description="Letters of the language's script / all letters; 0: no check.")
    check_language: bool = Field(description="Set aside what is plainly in another language (CLD2, offline).")
    near_duplicates: Near | None = Field(
        description="Jaccard similarity of character 5-grams from which a row repeats an earlier one; null: no check."
    )
    near_evaluation: Near | None = Field(
        description="The same to a sentence of an evaluation set; null: exact and normalised matches only."
    )
    max_rows: int = Field(ge=1, description="Rows kept per table, chosen at random with `seed`.")
    max_anchors: int = Field(ge=1, description="The same for anchors.")


class Pretraining(Section):
    """Scratch models: the mix of documents and the optimiser. Shares are of documents, and need not add up to 1."""

    languages: list[Slug] = Field(min_length=1, description="Languages the model reads; all others stay unknown to it.")
    documents: int = Field(ge=1)
    monolingual_share: float = Field(ge=0)
    parallel_share: float = Field(ge=0)
    nli_share: float = Field(ge=0, description="Few-shot English NLI in the chat format.")
    english_weight: float = Field(gt=0, description="How much more English than any other language.")
    max_steps: int = Field(ge=1)
    per_device_train_batch_size: int = Field(ge=1)
    learning_rate: float = Field(gt=0, description="AdamW, for embeddings, norms and biases.")
    muon_learning_rate: float = Field(gt=0, description="Muon, for the hidden matrices.")
    warmup_steps: int = Field(ge=0)
    bf16: bool = Field(description="Compute in bfloat16; weights stay in fp32. Faster on GPUs and on AVX-512 CPUs.")


class Scratch(Section):
    """Architecture and pretraining of a model built here."""

    architecture: Literal["qwen3", "llama", "xlm-roberta", "modernbert"]
    vocab_size: int = Field(ge=300)
    hidden_size: int = Field(ge=16)
    num_hidden_layers: int = Field(ge=1)
    num_attention_heads: int = Field(ge=1)
    intermediate_size: int = Field(ge=16)
    max_position_embeddings: int = Field(ge=32)
    pretraining: Pretraining


class BaseModelSpec(Section):
    """A base model: from the Hub, from a local folder, or built from scratch. Downstream sees no difference."""

    role: Literal["generator", "encoder"]
    source: Literal["hub", "local", "scratch"]
    id: str | None = Field(None, description="Hub id (source: hub).")
    revision: Revision | None = Field(
        None, description="Pinned commit, 40 hex digits (source: hub); `unresolved` fails when it is fetched."
    )
    pickled_weights: bool = Field(
        False, description="Source hub: the revision has no safetensors; convert its pytorch_model.bin."
    )
    path: str | None = Field(None, description="Folder in Hugging Face format (source: local).")
    scratch: Scratch | None = None


class Prompts(Section):
    """The wording of the generation prompt, shared by adapter training and generation."""

    version: Slug = Field(description="Key of the prompt definitions in `bootembed.prompts`.")


class Lora(Section):
    """LoRA and its training; keys as in PEFT's `LoraConfig` and Transformers' `TrainingArguments`."""

    r: int = Field(ge=1)
    lora_alpha: int = Field(ge=1)
    lora_dropout: Fraction
    train_examples: int = Field(ge=1, description="At most so many rows, chosen at random with `seed`.")
    num_train_epochs: float = Field(gt=0)
    learning_rate: float = Field(gt=0)
    lr_scheduler_type: Schedule
    warmup_steps: int = Field(ge=0)
    per_device_train_batch_size: int = Field(ge=1)
    gradient_accumulation_steps: int = Field(ge=1)
    max_length: int = Field(ge=16, description="Tokens; longer examples are set aside and counted.")
    max_grad_norm: float = Field(gt=0)
    save_steps: int = Field(ge=1, description="Checkpoint every so many optimiser steps; a killed run resumes there.")
    gradient_checkpointing: bool = Field(description="Compute activations twice rather than keep them.")
    bf16: bool
    load_in_4bit: bool = Field(description="Weights of the base model as 4-bit NormalFloat (QLoRA).")
    attention: Attention = Field("auto", description="Implementation; auto: the fastest that can be.")


class LanguageAdapter(Lora):
    """A language adapter: LoRA on text of one language."""

    data: Literal["instructions", "monolingual"] = Field(description="Instruction text (paper: Aya) or plain text.")


class Launch(Section):
    """How stages use a machine."""

    processes: int = Field(
        ge=1, description="Of a training stage, one a GPU; batch sizes are per process. torchrun's number goes before."
    )
    threads: int | None = Field(
        None, ge=1, description="CPU threads of a process; the same bytes need the same number. null: all."
    )


class BuildXlLoraData(Section):
    """Training rows of XL-LoRA."""

    source_languages: list[Slug] = Field(description="Languages of role `source`.")
    nli_rows: int = Field(ge=0, description="NLI premises per source language and polarity.")
    parallel_rows: int = Field(ge=0, description="Parallel rows per source language that go through the task adapters.")


class ComposeAdapter(Section):
    """Composition of a task adapter with language adapters (AdaMergeX; design section 1.2)."""

    method: Literal["delta", "svd", "factors"] = Field(
        description="Add weight updates exactly, compressed, or add factors."
    )
    reference: Literal["english", "none"] = Field(description="Subtract the English language adapter, or not.")
    weight: float = Field(description="Lambda.")


class TransformersEngine(Section):
    """Engine `transformers`: the generator in this process; the workers of engine `ray` hold the same."""

    batch_size: int = Field(ge=1, description="Prompts computed together, at most; halved where memory runs out.")
    bf16: bool
    load_in_4bit: bool
    attention: Attention = Field("auto", description="Implementation; auto: the fastest that can be.")


class RayEngine(Section):
    """Engine `ray`: workers on one machine or a cluster, each with the generator of section `transformers`."""

    workers: int = Field(ge=1)
    cpus_per_worker: float = Field(gt=0)
    gpus_per_worker: float = Field(ge=0, description="0: workers compute on CPUs.")


class ServedModels(Section):
    """Names under which an endpoint serves the adapters; `{strategy}` and `{language}` are filled in."""

    positive: str = Field(min_length=1)
    negative: str = Field(min_length=1)

    @model_validator(mode="after")
    def _fillable(self) -> Self:
        for polarity in Polarity:
            self.name_of(polarity, strategy="", language="")
        return self

    def name_of(self, polarity: Polarity, *, strategy: str, language: str) -> str:
        """The name for the adapter of one polarity, strategy and language.

        Raises:
            ValueError: It holds another placeholder.
        """
        template: str = getattr(self, polarity)
        try:
            return template.format_map({"strategy": strategy, "language": language})
        except (KeyError, ValueError, IndexError, AttributeError) as error:
            raise ValueError(f"{template!r}: the placeholders are {{strategy}} and {{language}} ({error})") from error


class Prices(Section):
    """Of a million tokens, in any currency."""

    prompt: float = Field(ge=0)
    completion: float = Field(ge=0)


class OpenAIEngine(Section):
    """Engine `openai`: an OpenAI-compatible endpoint. `BOOTEMBED_ENDPOINT` in the environment overrides `base_url`."""

    base_url: str = Field(min_length=1, description="With its /v1, where the server has one; no password in it.")
    api: Literal["chat", "completions"] = Field(
        description="`chat`: the server renders prompts; `completions`: they are rendered here and sent as text."
    )
    model: str = Field(min_length=1, description="Name of the base model, for strategies without adapters.")
    models: ServedModels
    serves_generator: bool = Field(
        description="The endpoint serves this project's generator, whose hashes then name it; false: another model."
    )
    api_key_env: str = Field(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="Variable of the environment with the key; may be unset."
    )
    max_concurrent_requests: int = Field(ge=1, le=1000)
    timeout_seconds: float = Field(gt=0, description="Of one attempt.")
    max_attempts: int = Field(ge=1, description="Of one request.")
    backoff_seconds: float = Field(ge=0, description="Upper end of the first random wait; each next one is doubled.")
    max_wait_seconds: float = Field(ge=0, description="No wait is longer, whatever the server asks for.")
    extra_body: dict[str, Any] = Field(description="Fields to add to requests or, as null, to take out of them.")
    price_per_million: Prices | None = Field(description="For the cost in logs and metrics.")

    @field_validator("base_url")
    @classmethod
    def _holds_no_secret(cls, url: str) -> str:
        if "@" in url or "?" in url:
            raise ValueError(
                "holds a user name, password or query, which dvc.lock and MLflow would show; put the address without "
                "it there, and a key into the variable that api_key_env names"
            )
        return url

    @model_validator(mode="after")
    def _leaves_request_whole(self) -> Self:
        taken = sorted({"model", "messages", "prompt", "stream", "n"} & set(self.extra_body))
        if taken:
            raise ValueError(f"extra_body: {taken} cannot be set here; take them out")
        return self


class Generation(Section):
    """Engine and sampling of `generate_triplets` (and of the parallel rows of XL-LoRA's data)."""

    engine: Literal["transformers", "ray", "openai"] = Field(
        description="What answers prompts; it reads its own section."
    )
    do_sample: bool
    temperature: float = Field(gt=0)
    top_p: float = Field(gt=0, le=1)
    top_k: int = Field(ge=0, description="0: no limit.")
    max_new_tokens: int = Field(ge=1)
    max_prompt_tokens: int = Field(ge=16, description="Longer prompts are set aside and counted, never cut.")
    transformers: TransformersEngine
    ray: RayEngine
    openai: OpenAIEngine

    @property
    def prices(self) -> Prices | None:
        """What tokens of the chosen engine cost, if that is told."""
        return self.openai.price_per_million if self.engine == "openai" else None

    @property
    def in_force(self) -> dict[str, Any]:
        """Dotted name -> value of what the chosen engine reads, for people to read; addresses and prices left out."""
        engines = {"transformers": ["transformers"], "ray": ["transformers", "ray"], "openai": ["openai"]}
        sections = engines[self.engine]
        values = self.model_dump(mode="json", exclude={"openai": {"base_url", "api_key_env", "price_per_million"}})
        common = {name: value for name, value in values.items() if not isinstance(value, dict)}
        return common | {f"{s}.{name}": value for s in sections for name, value in values[s].items()}


class InContext(Section):
    """Few-shot prompting."""

    examples: int = Field(ge=0, description="Examples (shots) in each prompt.")
    examples_language: Literal["target", "english"] = Field(description="Language of the examples.")
    selection: Literal["random", "similar", "diverse"] = Field(
        description="The same random or mutually different examples for all anchors, or the most similar for each."
    )
    order: Literal["random", "most_similar_last"] = Field(description="Of the examples in a prompt.")
    pool: int = Field(ge=1, description="`similar` and `diverse` choose among so many rows, drawn with `seed`.")


class Semantic(Section):
    """The check of meaning by an encoder; off while both thresholds are null."""

    encoder: Slug = Field(description="Key of `base_models`, role `encoder`; used untrained.")
    pooling: Literal["mean", "mean_first_last"]
    max_seq_length: int = Field(ge=4)
    batch_size: int = Field(ge=1)
    min_positive_similarity: float | None = Field(ge=-1, le=1, description="Cosine of anchor and positive, at least.")
    min_margin: float | None = Field(
        ge=-2, le=2, description="Cosine of anchor and positive less that of anchor and negative, at least."
    )

    @property
    def is_on(self) -> bool:
        """Whether any threshold is set."""
        return self.min_positive_similarity is not None or self.min_margin is not None


class Filters(Section):
    """Filters of generated triplets, in the order of `triplets.filters.Reason`."""

    max_characters: int = Field(ge=1)
    max_length_ratio: float = Field(gt=1.0, description="Answer longer than so many times its anchor: over-long.")
    strip_quotes: bool = Field(description="Take quotes around a whole answer away.")
    refusal: bool = Field(description="Set answers aside that begin as a refusal does.")
    chat_residue: bool = Field(
        description="Set answers aside with role markers, lead-ins, Markdown, JSON and the like."
    )
    several_sentences: Literal["reject", "cut", "keep"] = Field(
        description="An answer of several sentences: set it aside, cut it behind the first, or keep it."
    )
    wrong_language: bool = Field(description="Set answers aside that are plainly in another language than demanded.")
    max_similarity_to_anchor: float | None = Field(
        gt=0, le=1, description="Positives more similar to their anchor (difflib ratio of characters); null: any."
    )
    numbers_differ: bool = Field(description="Set positives aside with a number that the anchor does not hold.")
    names_differ: bool = Field(description="Set positives aside with a Latin name that the anchor does not hold.")
    only_negated: bool = Field(description="Set negatives aside that are the anchor and a negation word.")
    semantic: Semantic


class Source(Section):
    """A corpus that anchors or training text of the generator come from."""

    name: str = Field(min_length=1)
    licence: str = Field(min_length=1)


class Card(Section):
    """What the dataset card of generated triplets says beside what the run knows."""

    licence: str = Field(min_length=1, description="Licence key of the Hugging Face Hub, for the triplets.")
    sources: list[Source]


class GenerateTriplets(Section):
    """Synthesis of triplets."""

    anchors: int = Field(ge=1, description="Anchors per language.")
    filters: Filters
    card: Card
    oracle: bool = Field(description="Judge the triplets with the grammar of the sample corpora.")


class BuildBaselineData(Section):
    """Training sets of the baselines."""

    rows: int = Field(ge=1, description="At most so many rows a recipe, so that recipes compare at equal size.")


class EncoderLora(Section):
    """LoRA on an encoder, merged into its weights before it is saved; keys as in PEFT's `LoraConfig`."""

    r: int = Field(ge=1)
    lora_alpha: int = Field(ge=1)
    lora_dropout: Fraction
    target_modules: Literal["all-linear"] | Annotated[list[str], Field(min_length=1)] = Field(
        description="Every linear layer, or names of modules."
    )


class TrainEmbedder(Section):
    """Contrastive finetuning; keys as in Sentence Transformers."""

    objective: Literal["contrastive", "distillation"] = Field(
        description="Contrast within the batch (SimCSE), or with an English teacher's embeddings of translation pairs."
    )
    pooling: Literal["mean", "mean_first_last"]
    temperature: float = Field(gt=0)
    distillation_english_share: Fraction = Field(
        description="Distillation: share of a batch whose English side is trained on too."
    )
    trained_layers: int | None = Field(None, ge=0, description="Train embeddings and so many lower layers; null: all.")
    new_word_min_count: int | None = Field(
        None, ge=1, description="Anchors' words that occur so often get tokens of their own (WordPiece); null: none."
    )
    new_word_start: NewWordStart = Field(
        "pieces", description="Embedding of a new word: mean of its pieces, or of the positives' words it aligns with."
    )
    num_train_epochs: float = Field(gt=0)
    learning_rate: float = Field(gt=0)
    warmup_steps: int = Field(ge=0)
    lr_scheduler_type: Schedule
    per_device_train_batch_size: int = Field(ge=2)
    mini_batch_size: int | None = Field(None, ge=1, description="Set: cached contrastive loss with such mini-batches.")
    texts_per_forward: int | None = Field(
        None, ge=1, description="Texts that the encoder takes at once, those of similar length; null: a whole batch."
    )
    gather_across_devices: bool = Field(True, description="Several processes: in-batch negatives of all, or its own.")
    matryoshka_dimensions: list[Dimension] = Field(
        default_factory=list, description="Dimensions that embeddings can be cut to; the loss is summed over them."
    )
    lora: EncoderLora | None = Field(None, description="Set: train LoRA factors only, else all weights.")
    max_seq_length: int = Field(ge=4)
    bf16: bool
    fp16: bool
    attention: Attention = Field("auto", description="Implementation; auto: the fastest that can be.")


class RecipeSettings(Section):
    """What one recipe has otherwise than `train_embedder`; what is left out is as there."""

    objective: Literal["contrastive", "distillation"] | None = None
    trained_layers: int | None = Field(None, ge=0)
    new_word_min_count: int | None = Field(None, ge=1)
    new_word_start: NewWordStart | None = None
    num_train_epochs: float | None = Field(None, gt=0)
    learning_rate: float | None = Field(None, gt=0)
    warmup_steps: int | None = Field(None, ge=0)
    per_device_train_batch_size: int | None = Field(None, ge=2)
    texts_per_forward: int | None = Field(None, ge=1)
    max_seq_length: int | None = Field(None, ge=4)
    temperature: float | None = Field(None, gt=0)
    matryoshka_dimensions: list[Dimension] | None = None


class TaskSpec(Section):
    """An evaluation task."""

    kind: TaskKind
    implementation: Literal["bootembed", "mteb"] = Field(
        description="Ours, or mteb's own task class fed from our tables."
    )
    subset: dict[Slug, str] = Field(
        default_factory=dict,
        description="Language -> mteb's subset, where it is not the one of that language and script alone.",
    )


class EvaluateEmbedder(Section):
    """Scoring."""

    max_seq_length: int = Field(ge=4)
    batch_size: int = Field(ge=1)
    pooling_of_base: Literal["mean", "mean_first_last"] = Field(description="Pooling of untrained base encoders.")
    tasks: dict[str, TaskSpec]


class RegisterModels(Section):
    """The MLflow model registry."""

    name: str = Field(pattern=r"^[a-z0-9_-]*\{language\}[a-z0-9_-]*$", description="Registered model of a language.")
    alias: Slug
    validation_task: dict[str, str] = Field(description="Language -> task whose validation split chooses the champion.")


class Params(Section):
    """All parameters."""

    profile: Slug
    seed: int = Field(ge=0, lt=2**32, description="As far as NumPy's go.")
    revisions: dict[Slug, Revision] = Field(
        description="Pinned commits of the Hub by names of their own, for `${revisions.<name>}` in a profile."
    )
    grid: Grid
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
    compose_adapter: ComposeAdapter
    generation: Generation
    in_context: InContext
    generate_triplets: GenerateTriplets
    build_baseline_data: BuildBaselineData
    train_embedder: TrainEmbedder
    train_embedder_recipes: dict[Slug, RecipeSettings] = Field(
        description="Recipe -> its own settings; every recipe has an entry, most an empty one."
    )
    evaluate_embedder: EvaluateEmbedder
    register_models: RegisterModels


def settings_of_recipe(common: TrainEmbedder, own: RecipeSettings) -> TrainEmbedder:
    """`train_embedder` with what the recipe has otherwise."""
    return common.model_copy(update=own.model_dump(exclude_none=True))


_NOT_SHOWN = {"generation.openai.base_url", "generation.openai.api_key_env"}  # somebody may have put a secret there
_ARCHITECTURES = {"generator": ("qwen3", "llama"), "encoder": ("xlm-roberta", "modernbert")}  # of scratch models
_PARALLEL_RECIPES = (Baseline.TRANSLATION_PAIRS, Baseline.MULTILINGUAL_DISTILLATION)


def load_params(path: Path) -> Params:
    """Read and validate a parameter file.

    Raises:
        ParamsError: The file cannot be read, or holds faults; one line for each names key, value and remedy.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ParamsError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(raw, dict):
        raise ParamsError(f"{path}: expected a mapping of sections, found {type(raw).__name__}")
    return validate_params(raw, source=str(path))


def validate_params(raw: dict[str, Any], *, source: str) -> Params:
    """Validate composed parameters; `source` is named in the messages.

    Raises:
        ParamsError: As `load_params`.
    """
    try:
        params = Params.model_validate(raw)
    except ValidationError as error:
        lines = [_describe(fault, source) for fault in error.errors()]
        raise ParamsError("\n".join(lines)) from error
    faults = [f"{source}: {fault}" for fault in _inconsistencies(params)]
    if faults:
        raise ParamsError("\n".join(faults))
    return params


def _describe(fault: Any, source: str) -> str:
    """One validation fault as `file: key: value: remedy`."""
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return (
            f"{source}: {key}: unknown key{_suggest(str(fault['loc'][-1]), _known_keys(fault['loc'][:-1]))}; remove it"
        )
    if fault["type"] == "missing":
        return f"{source}: {key}: missing; add it (conf/config.yaml lists every key)"
    value = "" if key in _NOT_SHOWN else f"value {fault['input']!r}: "
    return f"{source}: {key}: {value}{fault['msg']}"


def _known_keys(location: tuple[Any, ...]) -> list[str]:
    """Field names of the section at `location`, following models and mappings of models."""
    section: Any = Params
    for part in location:
        fields = getattr(section, "model_fields", {})
        annotation = fields[part].annotation if part in fields else section
        arguments = [a for a in getattr(annotation, "__args__", ()) if getattr(a, "model_fields", None)]
        section = arguments[-1] if arguments else annotation
    return list(getattr(section, "model_fields", {}))


def _suggest(name: str, known: list[str]) -> str:
    """A `did you mean` clause, or nothing."""
    close = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _inconsistencies(params: Params) -> list[str]:
    """Faults between sections, each naming key, value and remedy."""
    return [
        *_axis_faults(params.grid),
        *_grid_faults(params),
        *_language_faults(params),
        *_adapter_faults(params),
        *_model_faults(params),
        *_training_faults(params),
        *_evaluation_faults(params),
        *_filter_faults(params),
    ]


def _axis_faults(grid: Grid) -> list[str]:
    axes = {
        axis: [str(v) for v in getattr(grid, axis)] for axis in ("languages", "strategies", "baselines", "encoders")
    }
    return [
        f"grid.{axis}: {values}: something is named twice; name it once"
        for axis, values in axes.items()
        if len(set(values)) < len(values)
    ]


def _grid_faults(params: Params) -> list[str]:
    grid = params.grid
    faults = []
    if list(grid.recipes) != [*grid.strategies, *grid.baselines]:
        expected = [str(r) for r in (*grid.strategies, *grid.baselines)]
        faults.append(f"grid.recipes: must be the strategies followed by the baselines; set it to {expected}")
    if sorted(grid.polarities) != sorted(Polarity):
        faults.append(f"grid.polarities: {[str(p) for p in grid.polarities]}: list both positive and negative")
    for index, language in enumerate(grid.languages):
        configured = params.languages.get(language)
        if configured is None:
            hint = _suggest(language, list(params.languages))
            faults.append(f"grid.languages[{index}]: {language!r} is not configured{hint}; add it under `languages`")
        elif configured.role is not Role.TARGET:
            faults.append(f"languages.{language}.role: {configured.role!s}: grid.languages needs role 'target'")
    for index, encoder in enumerate(grid.encoders):
        spec = params.base_models.get(encoder)
        if spec is None or spec.role != "encoder":
            faults.append(
                f"grid.encoders[{index}]: {encoder!r} is no encoder of `base_models`; add one of role 'encoder'"
            )
    faults += [
        f"train_embedder_recipes.{recipe}: missing, though in the grid; add it, with {{}} if nothing is its own"
        for recipe in grid.recipes
        if recipe not in params.train_embedder_recipes
    ]
    known = [*map(str, Strategy), *map(str, Baseline)]
    faults += [
        f"train_embedder_recipes.{recipe}: no recipe{_suggest(recipe, known)}; correct or remove it"
        for recipe in params.train_embedder_recipes
        if recipe not in known
    ]
    return faults


def _language_faults(params: Params) -> list[str]:
    faults = []
    limits = params.prepare_corpora
    if limits.min_characters > limits.max_characters:
        faults.append(
            f"prepare_corpora.min_characters: {limits.min_characters} is more than max_characters, which is "
            f"{limits.max_characters}: no text would be kept; lower it"
        )
    english = params.languages.get(ENGLISH)
    if english is None or english.role is not Role.ENGLISH:
        faults.append(f"languages.{ENGLISH}: missing; the method pivots on English: add it with role 'english'")
    for key, language in params.languages.items():
        faults += _code_faults(key, language)
        if language.corpus not in params.corpora:
            hint = _suggest(language.corpus, list(params.corpora))
            faults.append(f"languages.{key}.corpus: {language.corpus!r} is not a key of `corpora`{hint}; add it there")
        elif key in params.grid.languages and not params.corpora[language.corpus].anchors:
            faults.append(
                f"corpora.{language.corpus}.anchors: empty: target language {key!r} has no data; name a text file"
            )
    sampled = params.write_sample_corpora.languages
    if sampled and set(sampled) != set(params.languages):
        faults.append(f"write_sample_corpora.languages: {sampled} differs from the keys of `languages`; list the same")
    return faults


def _code_faults(key: str, language: Language) -> list[str]:
    """Faults of a language's code and script."""
    import langcodes

    from bootembed.corpora.cleaning import is_known_script

    faults = []
    if len(key) != 3 or not langcodes.tag_is_valid(key):
        code = langcodes.standardize_tag(key) if langcodes.tag_is_valid(key) else None
        hint = f" (did you mean {langcodes.Language.get(code).to_alpha3()!r}?)" if code else ""
        faults.append(f"languages.{key}: {key!r} is no ISO 639-3 code{hint}; use one of three letters, e.g. 'hau'")
    if not is_known_script(language.script):
        faults.append(
            f"languages.{key}.script: {language.script!r} is no ISO 15924 code that Unicode knows; use e.g. 'Latn', or "
            "'Zyyy' for any script"
        )
    return faults


def _adapter_faults(params: Params) -> list[str]:
    faults = []
    strategies = params.grid.strategies
    if Strategy.ADAPTER_COMPOSITION in strategies:
        needed = [
            *params.grid.languages,
            *([ENGLISH] if params.compose_adapter.reference == "english" else []),
        ]
        lacking = [language for language in needed if language not in params.grid.adapter_languages]
        if lacking:
            faults.append(
                f"grid.adapter_languages: {list(params.grid.adapter_languages)}: strategy 'adapter_composition' lacks "
                f"the language adapter of {', '.join(lacking)}; add it there or drop the strategy"
            )
    sources = params.build_xl_lora_data.source_languages
    if Strategy.XL_LORA in strategies and not sources:
        faults.append(
            "build_xl_lora_data.source_languages: empty: strategy 'xl_lora' lacks its adapter; name a source language"
        )
    for language in sources:
        configured = params.languages.get(language)
        if configured is None or configured.role is not Role.SOURCE:
            faults.append(
                f"build_xl_lora_data.source_languages: {language!r}: needs an entry in `languages` of role 'source'"
            )
    for language, role in params.grid.adapter_languages.items():
        configured = params.languages.get(language)
        if configured is None or configured.role is not role:
            faults.append(
                f"grid.adapter_languages.{language}: {role!s}: `languages` has no such language of this role; "
                "add it there or correct the role"
            )
    return faults


def _model_faults(params: Params) -> list[str]:
    faults = []
    generators = [key for key, spec in params.base_models.items() if spec.role == "generator"]
    if generators != ["generator"]:
        faults.append(f"base_models: generators {generators}: exactly one is needed, under the key 'generator'")
    needed = {"hub": ("id", "revision"), "local": ("path",), "scratch": ("scratch",)}
    for key, spec in params.base_models.items():
        faults.extend(
            f"base_models.{key}.{field}: missing: source {spec.source!r} needs it"
            for field in needed[spec.source]
            if getattr(spec, field) is None
        )
        if spec.scratch is None:
            continue
        faults += _scratch_faults(f"base_models.{key}.scratch", spec.scratch, _ARCHITECTURES[spec.role])
        unknown = [name for name in spec.scratch.pretraining.languages if name not in params.languages]
        if unknown:
            faults.append(f"base_models.{key}.scratch.pretraining.languages: {unknown}: add them under `languages`")
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


def _training_faults(params: Params) -> list[str]:
    """What a training stage would refuse, hours after the first stage began."""
    from bootembed.prompts import prompt_definition

    faults = []
    try:
        prompt_definition(params.prompts.version)
    except ParamsError as error:
        faults.append(str(error))
    task, language = params.train_task_adapter, params.train_language_adapter
    by_factors = Strategy.ADAPTER_COMPOSITION in params.grid.strategies and params.compose_adapter.method == "factors"
    if by_factors and (task.r, task.lora_alpha) != (language.r, language.lora_alpha):
        faults.append(
            f"train_language_adapter: r {language.r} and lora_alpha {language.lora_alpha}, but train_task_adapter has "
            f"{task.r} and {task.lora_alpha}: compose_adapter.method 'factors' needs them equal; or use 'delta'"
        )
    common = params.train_embedder
    if common.fp16 and common.bf16:
        faults.append("train_embedder.fp16: true together with train_embedder.bf16; set one of them to false")
    for recipe in params.grid.recipes:
        if recipe in params.train_embedder_recipes:
            own = settings_of_recipe(common, params.train_embedder_recipes[recipe])
            faults += [f"train_embedder_recipes.{recipe}: {fault}" for fault in _embedder_faults(own, recipe)]
    return faults


def _embedder_faults(settings: TrainEmbedder, recipe: Strategy | Baseline) -> list[str]:
    """Of the settings that one recipe has, its own and those of `train_embedder`."""
    faults = [
        f"{name}: {getattr(settings, name)} together with train_embedder.lora, which trains no embeddings; set one of "
        "the two to null"
        for name in ("trained_layers", "new_word_min_count")
        if settings.lora is not None and getattr(settings, name) is not None
    ]
    if settings.objective == "distillation":
        if recipe not in _PARALLEL_RECIPES:
            faults.append(
                "objective: 'distillation' needs sentences with their English translations; only "
                f"{' and '.join(_PARALLEL_RECIPES)} have them"
            )
        if settings.matryoshka_dimensions:
            faults.append(
                f"matryoshka_dimensions: {settings.matryoshka_dimensions}: the objective 'distillation' follows all "
                "dimensions of its teacher; set [] for this recipe"
            )
    return faults


def _evaluation_faults(params: Params) -> list[str]:
    tasks = params.evaluate_embedder.tasks
    faults = [
        f"evaluate_embedder.tasks.{task}.subset: {key!r} is no language"
        f"{_suggest(key, list(params.languages))}; correct it"
        for task, spec in tasks.items()
        for key in spec.subset
        if key not in params.languages
    ]
    faults += [
        f"evaluate_embedder.tasks.{task}.subset: only tasks of mteb have subsets; remove it"
        for task, spec in tasks.items()
        if spec.subset and spec.implementation == "bootembed"
    ]
    for key in params.grid.languages:
        corpus = params.corpora.get(params.languages[key].corpus) if key in params.languages else None
        if corpus is None:
            continue
        faults.extend(
            f"corpora.{params.languages[key].corpus}.evaluation: {task!r} is no task of `evaluate_embedder.tasks`"
            f"{_suggest(task, list(tasks))}; add it there"
            for task in corpus.evaluation
            if task not in tasks
        )
        chosen = params.register_models.validation_task.get(key)
        if chosen not in corpus.evaluation:
            faults.append(
                f"register_models.validation_task.{key}: {chosen!r} has no evaluation data for this language; "
                f"choose one of {list(corpus.evaluation)}"
            )
        elif not any(file.split == "validation" for file in corpus.evaluation[chosen]):
            faults.append(
                f"register_models.validation_task.{key}: {chosen!r} has no file of split 'validation'; add one: "
                "the champion is never chosen on test scores"
            )
    return faults


def _filter_faults(params: Params) -> list[str]:
    key = params.generate_triplets.filters.semantic.encoder
    spec = params.base_models.get(key)
    if spec is not None and spec.role == "encoder":
        return []
    encoders = [name for name, found in params.base_models.items() if found.role == "encoder"]
    return [f"generate_triplets.filters.semantic.encoder: {key!r} is no encoder; choose one of {encoders}"]
