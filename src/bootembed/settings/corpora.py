"""Parameters of raw corpora and their cleaning."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from bootembed.core.errors import suggest
from bootembed.core.names import Role
from bootembed.core.nli import LABELS, NEUTRAL
from bootembed.settings.base import Fraction, Revision, Section, Slug


def _as_name(value: Any) -> Any:
    """The number of a column, or a label that is a number, as text."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _known_label(value: str) -> str:
    known = [*LABELS, NEUTRAL]
    if value not in known:
        raise ValueError(f"no label of ours{suggest(value, known)}; ours are {', '.join(known)}")
    return value


Name = Annotated[str, BeforeValidator(_as_name)]
Label = Annotated[str, AfterValidator(_known_label)]
Near = Annotated[float, Field(ge=0.5, lt=1.0)]


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
    content_words: int = Field(ge=60, description="Number of concepts used from the lexicon.")
    sizes: SampleSizes


class FileSpec(Section):
    """One raw file (pair of files, folder, dataset): how it is read, and which of its columns mean what.

    `path` is relative to the folder of the corpus; `{language}` in it stands for the language's key. Files that end in
    .gz, .bz2, .xz, .zst or .zip are decompressed; `archive.zip!member` names a file in an archive.
    """

    format: Literal["lines", "moses", "tmx", "csv", "tsv", "jsonl", "parquet", "datasets", "hub", "mteb"]
    path: str | None = Field(None, min_length=1, description="File or folder; of format hub the dataset's id.")
    english_path: str | None = Field(None, description="Moses, or with `key`: the English half of the pair.")
    key: Name | None = Field(None, description="Column that joins the rows of `path` with those of `english_path`.")
    columns: dict[str, Name] = Field(
        default_factory=dict,
        description="Our column name -> the file's; of TMX the tag of the language. For NLI as triplets: `entailment` "
        "and `contradiction`.",
    )
    where: dict[Name, Name] = Field(
        default_factory=dict, description="The file's column -> value; rows with another value are skipped."
    )
    split: Literal["train", "validation", "test"] = Field(
        "train", description="Evaluation files and `judge_nli`: their split."
    )
    part: Literal["document", "query", "relevance"] | None = Field(None, description="Retrieval files: their content.")
    label: Literal["entailment", "contradiction"] | None = Field(None, description="NLI files without a label column.")
    label_values: dict[Name, Label] = Field(default_factory=dict, description="The file's label -> ours.")
    pair_separator: str | None = Field(None, description="STS files with both sentences in one column.")
    quoting: bool | None = Field(
        None, description="CSV and TSV: whether quotes enclose fields; null: of CSV they do, of TSV they do not."
    )
    delimiter: str | None = Field(
        None, pattern=r'^[^"\r\n\x00]$', description="CSV and TSV: between fields, if another."
    )
    header: bool = Field(
        True, description="CSV and TSV: the first line names the columns; false: `columns` and `where` take numbers."
    )
    encoding: str = "utf-8"
    config: str | None = Field(None, description="Format hub: the dataset's configuration.")
    source_split: str = Field("train", description="Formats datasets and hub: split to read.")
    data_file: str | None = Field(None, description="Format hub: read only this file of the dataset.")
    revision: Revision | None = Field(
        None, description="Format hub: pinned commit, 40 hex digits; `unresolved` fails when it is read."
    )
    limit: int | None = Field(None, ge=1, description="Maximum number of rows to read.")
    name: str | None = Field(None, min_length=1, description="What it is and whose, for the report and cards.")
    licence: str | None = Field(None, min_length=1, description="Its licence, for the report and cards.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.format != "mteb" and self.path is None:
            raise ValueError(f"format {self.format!r} needs `path`")
        if self.format == "hub" and self.revision is None:
            raise ValueError("format 'hub' needs `revision`: an unpinned dataset can change")
        if self.format not in ("csv", "tsv") and (self.delimiter or not self.header):
            raise ValueError("`delimiter` and `header` are for the formats csv and tsv; remove them")
        return self


class CorpusSpec(Section):
    """The raw files of a corpus, by kind. Every kind is optional."""

    monolingual: list[FileSpec] = Field(default_factory=list)
    parallel: list[FileSpec] = Field(default_factory=list)
    nli: list[FileSpec] = Field(default_factory=list, description="Premises in the language, hypotheses in English.")
    own_nli: list[FileSpec] = Field(default_factory=list, description="Both in the language.")
    judge_nli: list[FileSpec] = Field(
        default_factory=list,
        description="NLI that trains (split `train`) and measures (`validation`) the judge of triplets; neutral rows "
        "count, hypotheses may be in any language.",
    )
    anchors: list[FileSpec] = Field(default_factory=list)
    examples: list[FileSpec] = Field(default_factory=list)
    instructions: list[FileSpec] = Field(default_factory=list)
    triplets: list[FileSpec] = Field(
        default_factory=list,
        description="Triplets that somebody else wrote, to train on: anchors in the language, the rest in any.",
    )
    evaluation: dict[str, list[FileSpec]] = Field(default_factory=dict, description="Task name -> files.")

    @model_validator(mode="after")
    def _judge_splits(self) -> Self:
        if any(spec.split == "test" for spec in self.judge_nli):
            raise ValueError("`judge_nli` takes the splits train and validation; choose one of them")
        return self


class Language(Section):
    """A configured language."""

    name: str = Field(min_length=1, description="English name; prompts use it.")
    script: str = Field(pattern=r"^[A-Z][a-z]{3}$", description="ISO 15924, e.g. Latn; Zyyy: any.")
    role: Role
    folder: str = Field(description="Folder of its raw data below `prepare_corpora.folder`.")
    corpus: str = Field(description="Key of `corpora`.")


class FastTextIdentifier(Section):
    """A fastText model whose labels are languages, such as GlotLID's or OpenLID's."""

    path: str = Field(min_length=1, description="Below `prepare_corpora.folder`.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="Of the file; another one is refused.")
    least_probability: Fraction = Field(description="Of another language, to contradict a text.")


class PrepareCorpora(Section):
    """Cleaning of raw corpora. Every check can be turned off."""

    folder: str = Field(description="Folder of the raw corpora.")
    quoted_folder: Annotated[str, Field(description="The same for the commands of dvc.yaml; Hydra derives it.")] = ""
    repair_mojibake: bool = Field(description="Repair UTF-8 text that was decoded with another encoding.")
    min_characters: int = Field(ge=1)
    max_characters: int = Field(ge=1)
    max_length_ratio: float = Field(
        gt=1.0, description="Parallel rows: longer / shorter side, in letters; an ideograph is 4."
    )
    min_distinct_share: Fraction = Field(
        description="Distinct character 4-grams / all, in texts with at least 40; 0: no check."
    )
    min_script_share: Fraction = Field(description="Letters of the language's script / all letters; 0: no check.")
    check_language: bool = Field(description="Reject text that is surely in another language.")
    identifier: FastTextIdentifier | None = Field(description="For languages that heliport cannot check.")
    near_duplicates: Near | None = Field(
        description="Jaccard similarity of character 5-grams above which a row repeats an earlier one; null: no check."
    )
    near_evaluation: Near | None = Field(
        description="The same, to a sentence of an evaluation set; null: only exact and normalised matches."
    )
    max_rows: int = Field(ge=1, description="Rows kept per table, chosen at random with `seed`.")
    max_anchors: int = Field(ge=1, description="The same for anchors.")
    distinct_anchors: bool = Field(description="Reject anchors that repeat an earlier one.")
