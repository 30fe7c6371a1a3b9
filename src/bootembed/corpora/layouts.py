"""What each table of a corpus holds, and how the rows of a `FileSpec` become its rows."""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bootembed.core import tables
from bootembed.core.errors import DataError, ParamsError
from bootembed.core.names import ENGLISH, LATIN
from bootembed.core.nli import LABELS
from bootembed.corpora.delimited import dialect_of, read_delimited
from bootembed.corpora.interpretation import with_label, with_pair, with_score
from bootembed.corpora.joined import join_rows
from bootembed.corpora.readers import read_lines, read_moses
from bootembed.corpora.records import read_hub_dataset, read_json_lines, read_parquet, read_saved_dataset
from bootembed.corpora.rows import KEY, SELECTOR, TITLE, Row, belongs_elsewhere
from bootembed.corpora.streams import raw_file
from bootembed.corpora.tmx import Side, read_tmx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from bootembed.settings.corpora import FileSpec

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Layout:
    """A table of a corpus.

    Attributes:
        name: Its name in `corpora`, in reports and, with `.parquet`, as a file.
        schema: Its columns.
        texts: Columns that hold text.
        halves: The columns of the language and of English, where parallel text can give the table.
        in_language: Columns that hold the language itself.
        in_english: Columns that hold English.
        mostly_in_language: Columns that should be in the language as a whole: single texts may be code, or names.
        near_duplicates: Whether rows that nearly repeat another are of no use. Not in NLI, where a hypothesis differs
            from another by little, nor of anchors.
        must_differ: Pairs of columns of which one must not repeat the other.
        verbatim: The text is taken as it is, and no row rejected for it: scores must be those of the published set.
        file_columns: Our names of the columns that a file must have; None: all but `split`. A ValueError refuses the
            file, and says what to correct.
        interpret: The values of a row with these columns -> those of a row of the table, without `split`.
    """

    name: str
    schema: pa.Schema
    texts: tuple[str, ...]
    halves: tuple[str, str] | None = None
    in_language: tuple[str, ...] = ()
    in_english: tuple[str, ...] = ()
    mostly_in_language: tuple[str, ...] = ()
    near_duplicates: bool = False
    must_differ: tuple[tuple[str, str], ...] = ()
    verbatim: bool = False
    file_columns: Callable[[FileSpec], list[str]] | None = None
    interpret: Callable[[dict[str, Any], FileSpec], dict[str, Any]] | None = None

    @property
    def own_texts(self) -> tuple[str, ...]:
        """Columns of text that are the language's own: one half, where rows are translations."""
        return self.halves[:1] if self.halves else self.texts


MONOLINGUAL = Layout("monolingual", tables.MONOLINGUAL, ("text",), in_language=("text",), near_duplicates=True)
PARALLEL = Layout(
    "parallel",
    tables.PARALLEL,
    ("english", "text"),
    halves=("text", "english"),
    in_language=("text",),
    in_english=("english",),
    near_duplicates=True,
    must_differ=(("text", "english"),),
)
NLI = Layout(
    "nli",
    tables.NLI,
    ("premise", "hypothesis"),
    in_language=("premise",),
    in_english=("hypothesis",),
    must_differ=(("premise", "hypothesis"),),
)
OWN_NLI = replace(NLI, name="own_nli", in_language=("premise", "hypothesis"), in_english=())
JUDGE_NLI = replace(NLI, name="judge_nli", schema=tables.JUDGE_NLI, in_english=())
OF_NLI = (NLI, OWN_NLI, JUDGE_NLI)
ANCHORS = Layout("anchors", tables.ANCHORS, ("text",), in_language=("text",))
EXAMPLES = Layout(
    "examples",
    tables.EXAMPLES,
    ("anchor", "positive", "negative"),
    in_language=("anchor", "positive", "negative"),
    must_differ=(("anchor", "positive"), ("anchor", "negative"), ("positive", "negative")),
)
TRIPLETS = replace(EXAMPLES, name="triplets", schema=tables.TRIPLETS, in_language=("anchor",))
INSTRUCTIONS = Layout(
    "instructions",
    tables.INSTRUCTIONS,
    ("prompt", "completion"),
    mostly_in_language=("prompt", "completion"),
    near_duplicates=True,
)
CORPUS_LAYOUTS = (MONOLINGUAL, PARALLEL, NLI, OWN_NLI, JUDGE_NLI, ANCHORS, EXAMPLES, INSTRUCTIONS, TRIPLETS)


def read_rows(
    spec: FileSpec, layout: Layout, *, folder: Path, language: str, script: str | None = None
) -> Iterator[Row]:
    """Read the rows of one file (Moses pair, folder, dataset) for one table, in the file's order.

    Args:
        spec: The file; `{language}` in its paths stands for the language's key.
        layout: The table.
        folder: What the paths are relative to.
        language: The language's key.
        script: Its script, by default its usual one: which of several variants of a text is taken (TMX).

    Yields:
        Rows whose values are the columns of `layout.schema`, or rows rejected with the reason. Rows that `spec.where`
        does not select belong to something else and are skipped.

    Raises:
        ParamsError: The file's format cannot give this table.
        DataError: The file is missing, empty, or not what was declared.
    """
    rows = _raw_rows(spec, layout, folder=folder, language=language, script=script)
    for row in itertools.islice(_selected(rows, spec, folder=folder, language=language), spec.limit):
        yield from [row] if row.reason else _interpreted(row, spec, layout)


def _selected(rows: Iterator[Row], spec: FileSpec, *, folder: Path, language: str) -> Iterator[Row]:
    """The rows that `spec.where` selects; a log line where these are none."""
    wanted = _selection(spec, language)
    place = folder / _named(spec.path, language)
    read = selected = 0
    for row in rows:
        read += 1
        if not belongs_elsewhere(row, wanted):
            selected += 1
            yield row
    if not read:
        raise DataError(f"{place}: holds no rows; put them there, or name another file")
    if not selected:
        logger.warning("%s: `where: %s` selects none of %d rows", place, spec.where, read)


def _selection(spec: FileSpec, language: str) -> dict[str, str]:
    """What the columns of `where` must hold."""
    return {f"{SELECTOR}{column}": value.replace("{language}", language) for column, value in spec.where.items()}


def _raw_rows(spec: FileSpec, layout: Layout, *, folder: Path, language: str, script: str | None) -> Iterator[Row]:
    if spec.format in ("lines", "moses", "tmx") and spec.where:
        raise _misfit(spec, layout, "it has no columns to select rows by; remove `where`")
    if spec.format in ("lines", "moses") and spec.columns:
        raise _misfit(spec, layout, "it has no columns; remove `columns`")
    if spec.format == "lines":
        if len(layout.schema.names) > 1:
            raise _misfit(spec, layout, "lines hold one text each; use moses, csv or tsv")
        name = _named(spec.path, language)
        return read_lines(raw_file(folder, name, encoding=spec.encoding), column=layout.texts[0])
    if spec.format in ("moses", "tmx"):
        return _parallel_rows(spec, layout, folder=folder, language=language, script=script)
    if spec.key is not None:
        return _joined_rows(spec, layout, folder=folder, language=language)
    columns = _wanted_columns(spec, layout)
    return _table_rows(spec, layout, _named(spec.path, language), columns, folder=folder, language=language)


def _table_rows(
    spec: FileSpec, layout: Layout, name: str, columns: dict[str, str], *, folder: Path, language: str
) -> Iterator[Row]:
    """The rows of a file, folder or dataset with columns."""
    texts = {*layout.texts, "text", TITLE, *LABELS}
    file = raw_file(folder, name, encoding=spec.encoding, holds="json" if spec.format == "jsonl" else "text")
    if spec.format == "jsonl":
        return read_json_lines(file, columns, texts)
    if spec.format == "parquet":
        return read_parquet(file.path, name, columns, texts)
    if spec.format == "datasets":
        return read_saved_dataset(file.path, name, columns, texts, split=spec.source_split)
    if spec.format == "hub":
        config = _named(spec.config, language) or None
        return read_hub_dataset(
            name,
            columns,
            texts,
            config=config,
            split=spec.source_split,
            revision=spec.revision or "",
            data_file=spec.data_file,
        )
    return read_delimited(file, columns, dialect_of(spec))


def _joined_rows(spec: FileSpec, layout: Layout, *, folder: Path, language: str) -> Iterator[Row]:
    """The rows of a file with those of the English file that have the same key; `where` selects those of the file."""
    if layout.halves is None or spec.english_path is None or spec.key is None:
        raise _misfit(spec, layout, "`key` joins `path` with `english_path` into parallel text or bitext mining")
    _refuse_unknown_columns(spec, layout, layout.halves)
    own, english = layout.halves
    wanted = {name: {KEY: spec.key, name: spec.columns.get(name, name)} for name in (own, english)}
    wanted[own] |= _selectors(spec)
    rows, english_rows = (
        _table_rows(spec, layout, _named(path, language), wanted[name], folder=folder, language=language)
        for path, name in ((spec.path, own), (spec.english_path, english))
    )
    selection = _selection(spec, language)
    return join_rows(rows, english_rows, column=own, english_column=english, selection=selection)


def _named(path: str | None, language: str) -> str:
    return (path or "").replace("{language}", language)


def _parallel_rows(spec: FileSpec, layout: Layout, *, folder: Path, language: str, script: str | None) -> Iterator[Row]:
    """The rows of the formats that hold parallel text by their nature."""
    if layout.halves is None:
        raise _misfit(spec, layout, "this gives parallel text or bitext mining; use csv, tsv or jsonl")
    own, english = layout.halves
    name = _named(spec.path, language)
    file = raw_file(folder, name, encoding=spec.encoding, holds="xml" if spec.format == "tmx" else "text")
    if spec.format == "tmx":
        _refuse_unknown_columns(spec, layout, layout.halves)
        sides = ((own, language, script), (english, ENGLISH, LATIN))
        return read_tmx(file, *(Side(*side, spec.columns.get(side[0])) for side in sides))
    if spec.english_path is None:
        raise _misfit(spec, layout, "a Moses pair needs `english_path`, the file of its English half")
    english_file = raw_file(folder, _named(spec.english_path, language), encoding=spec.encoding)
    return read_moses(file, english_file, column=own, english_column=english)


def _wanted_columns(spec: FileSpec, layout: Layout) -> dict[str, str]:
    """Our names of the columns that the file must have -> the file's names."""
    names = [name for name in layout.schema.names if name != "split"]
    if layout.file_columns is not None:
        try:
            names = layout.file_columns(spec)
        except ValueError as error:
            raise _misfit(spec, layout, str(error)) from error
    if spec.pair_separator is not None:
        if layout.halves is None and "score" not in names:
            raise _misfit(spec, layout, "`pair_separator` is for the pairs of evaluation files; remove it")
        names = ["text", *(name for name in names if name not in layout.texts)]
    if layout in OF_NLI and _hypothesis_columns(spec):
        names = ["premise", *_hypothesis_columns(spec)]
    elif spec.label is not None:
        names = [name for name in names if name != "label"]
    _refuse_unknown_columns(spec, layout, names)
    return {name: spec.columns.get(name, name) for name in names} | _selectors(spec)


def _refuse_unknown_columns(spec: FileSpec, layout: Layout, known: Sequence[str]) -> None:
    unknown = sorted(set(spec.columns) - set(known))
    if unknown:
        raise _misfit(spec, layout, f"`columns` names {unknown}, this table has {list(known)}; correct or remove them")


def _selectors(spec: FileSpec) -> dict[str, str]:
    """The columns of `where`, as columns to read."""
    return {f"{SELECTOR}{name}": name for name in spec.where}


def _hypothesis_columns(spec: FileSpec) -> list[str]:
    """The labels that have a column of their own: NLI as triplets, SimCSE's `sent0,sent1,hard_neg`."""
    return [label for label in LABELS if label in spec.columns]


def _misfit(spec: FileSpec, layout: Layout, remedy: str) -> ParamsError:
    return ParamsError(f"corpora: {spec.path}: format {spec.format!r} for the table {layout.name!r}: {remedy}")


def _interpreted(row: Row, spec: FileSpec, layout: Layout) -> list[Row]:
    """The row with the table's columns, or rejected if one cannot be understood; NLI as triplets gives several."""
    if spec.where:
        own = {name: value for name, value in row.values.items() if not name.startswith(SELECTOR)}
        row = replace(row, values=own)
    split = {"split": spec.split} if "split" in layout.schema.names else {}
    if layout in OF_NLI and _hypothesis_columns(spec):
        given = split | {"premise": row.values["premise"]}
        labels = _hypothesis_columns(spec)
        return [replace(row, values=given | {"hypothesis": row.values[label], "label": label}) for label in labels]
    if spec.pair_separator is not None:
        row = with_pair(row, spec.pair_separator)
    if "score" in row.values and not row.reason:
        row = with_score(row)
    if layout in OF_NLI and not row.reason:
        row = with_label(row, spec, neutral=layout is JUDGE_NLI)
    if layout.interpret is not None and not row.reason:
        row = replace(row, values=layout.interpret(row.values, spec))
    return [replace(row, values=split | row.values) if split and not row.reason else row]
