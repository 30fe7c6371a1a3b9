"""What each table of a corpus holds, and how the rows of a `FileSpec` become its rows."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from bootembed import tables
from bootembed.corpora.readers import RawFile, delimiter_of, read_delimited, read_lines, read_moses
from bootembed.corpora.rows import Reason, Row
from bootembed.errors import ParamsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

    from bootembed.params import FileSpec

LABELS = ("entailment", "contradiction")
NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Layout:
    """A table of a corpus.

    Attributes:
        name: Its name in `corpora`, in reports and, with `.parquet`, as a file.
        schema: Its columns.
        texts: Columns that hold text.
        halves: The columns of a Moses pair's two files (the language's, the English), where a pair can give the table.
        verbatim: The text is taken as it is, and no row is set aside for its text: scores must be those of the
            published set.
    """

    name: str
    schema: pa.Schema
    texts: tuple[str, ...]
    halves: tuple[str, str] | None = None
    verbatim: bool = False


MONOLINGUAL = Layout("monolingual", tables.MONOLINGUAL, ("text",))
PARALLEL = Layout("parallel", tables.PARALLEL, ("english", "text"), halves=("text", "english"))
NLI = Layout("nli", tables.NLI, ("premise", "hypothesis"))
ANCHORS = Layout("anchors", tables.ANCHORS, ("text",))
EXAMPLES = Layout("examples", tables.EXAMPLES, ("anchor", "positive", "negative"))
INSTRUCTIONS = Layout("instructions", tables.INSTRUCTIONS, ("prompt", "completion"))
CORPUS_LAYOUTS = (MONOLINGUAL, PARALLEL, NLI, ANCHORS, EXAMPLES, INSTRUCTIONS)


def evaluation_layout(task: str, kind: Literal["sts", "bitext_mining"]) -> Layout:
    """The table of an evaluation task."""
    schema = tables.STS if kind == "sts" else tables.BITEXT_MINING
    texts = ("sentence1", "sentence2")
    return Layout(f"evaluation/{task}", schema, texts, halves=texts if kind == "bitext_mining" else None, verbatim=True)


def read_rows(spec: FileSpec, layout: Layout, *, folder: Path, language: str) -> Iterator[Row]:
    """Read the rows of one file (or Moses pair) for one table, in the file's order.

    Args:
        spec: The file; `{language}` in its paths stands for the language's key.
        layout: The table.
        folder: What the paths are relative to.
        language: The language's key.

    Yields:
        Rows whose values are the columns of `layout.schema`, or rows set aside with the reason.

    Raises:
        ParamsError: The file's format cannot give this table.
        DataError: The file is missing, empty, or not what was declared.
    """
    rows = _raw_rows(spec, layout, folder=folder, language=language)
    for row in itertools.islice(rows, spec.limit):
        yield row if row.reason else _interpreted(row, spec, layout)


def _raw_rows(spec: FileSpec, layout: Layout, *, folder: Path, language: str) -> Iterator[Row]:
    def raw_file(path: str) -> RawFile:
        name = path.replace("{language}", language)
        return RawFile(folder / name, name, spec.encoding)

    file = raw_file(spec.path)
    if spec.format == "lines":
        if len(layout.schema.names) > 1:
            raise _misfit(spec, layout, "lines hold one text each; use moses, csv or tsv")
        return read_lines(file, column=layout.texts[0])
    if spec.format == "moses":
        if layout.halves is None:
            raise _misfit(spec, layout, "a Moses pair gives parallel text or bitext mining; use csv or tsv")
        if spec.english_path is None:
            raise _misfit(spec, layout, "a Moses pair needs `english_path`, the file of its English half")
        own, english = layout.halves
        return read_moses(file, raw_file(spec.english_path), column=own, english_column=english)
    columns = {name: spec.columns.get(name, name) for name in _wanted_columns(spec, layout)}
    return read_delimited(file, columns, delimiter=delimiter_of(spec.format), quoting=spec.quoting)


def _wanted_columns(spec: FileSpec, layout: Layout) -> list[str]:
    """Our names of the columns that the file must have."""
    names = [name for name in layout.schema.names if name != "split"]
    if spec.pair_separator is not None:
        if layout.halves is None and "score" not in names:
            raise _misfit(spec, layout, "`pair_separator` is for the pairs of evaluation files; remove it")
        names = ["text", *(name for name in names if name not in layout.texts)]
    if spec.label is not None:
        names = [name for name in names if name != "label"]
    unknown = sorted(set(spec.columns) - set(names))
    if unknown:
        raise _misfit(spec, layout, f"`columns` names {unknown}, this table has {names}; correct or remove them")
    return names


def _misfit(spec: FileSpec, layout: Layout, remedy: str) -> ParamsError:
    return ParamsError(f"corpora: {spec.path}: format {spec.format!r} for the table {layout.name!r}: {remedy}")


def _interpreted(row: Row, spec: FileSpec, layout: Layout) -> Row:
    """The row with the values of the table's columns, or set aside because one cannot be understood."""
    if spec.pair_separator is not None:
        row = _with_pair(row, spec.pair_separator)
    if "score" in row.values and not row.reason:
        row = _with_score(row)
    if "label" in layout.schema.names and not row.reason:
        row = _with_label(row, spec)
    if "split" in layout.schema.names and not row.reason:
        row = replace(row, values={"split": spec.split, **row.values})
    return row


def _with_pair(row: Row, separator: str) -> Row:
    sentences = row.values["text"].split(separator)
    if len(sentences) != 2 or not all(sentence.strip() for sentence in sentences):
        return row.set_aside(Reason.NOT_A_PAIR, f"{len(sentences)} parts")
    others = {name: value for name, value in row.values.items() if name != "text"}
    return replace(row, values={"sentence1": sentences[0], "sentence2": sentences[1], **others})


def _with_score(row: Row) -> Row:
    try:
        score = float(row.values["score"])
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        return row.set_aside(Reason.SCORE, row.values["score"][:50])
    return replace(row, values={**row.values, "score": score})


def _with_label(row: Row, spec: FileSpec) -> Row:
    raw = str(spec.label or row.values["label"]).strip()
    label = spec.label_values.get(raw, raw.lower())
    if label == NEUTRAL:
        return row.set_aside(Reason.NEUTRAL)
    if label not in LABELS:
        return row.set_aside(Reason.LABEL, raw[:50])
    return replace(row, values={**row.values, "label": label})
