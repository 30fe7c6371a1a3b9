"""How a user's files become tables of a corpus: their columns are found by name, and the first rows are read."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError, suggest
from bootembed.core.nli import LABELS, NEUTRAL
from bootembed.corpora.layouts import ANCHORS, EXAMPLES, NLI, PARALLEL, TRIPLETS, Layout, read_rows
from bootembed.detection import Detected, detect
from bootembed.evaluation.prepare import evaluation_layout
from bootembed.settings.corpora import FileSpec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bootembed.corpora.rows import Row

_READ = 1000  # rows
_SHOWN = 3
_FIELD_SHOWN = 40  # letters
_ENGLISH = ("english", "en", "eng")
_NAMES = {
    "english": _ENGLISH,
    "premise": ("premise", "sentence1", "sentence_a", "sent0", "anchor"),
    "hypothesis": ("hypothesis", "sentence2", "sentence_b"),
    "label": ("label", "gold_label", "entailment_judgment"),
    "entailment": ("entailment", "sent1", "positive"),
    "contradiction": ("contradiction", "hard_neg", "negative"),
    "anchor": ("anchor", "sent0"),
    "positive": ("positive", "sent1"),
    "negative": ("negative", "hard_neg"),
    "score": ("score", "similarity"),
}
_SEPARATORS = ("\n", "\t")
_LABELS = {"e": "entailment", "c": "contradiction", "n": NEUTRAL}
LAYOUTS = {"text": ANCHORS, "parallel": PARALLEL, "nli": NLI, "examples": EXAMPLES, "triplets": TRIPLETS}


@dataclass(frozen=True)
class Request:
    """A file that the user names for a table.

    Attributes:
        option: What the user calls it: `text`, `parallel`, `nli`, `examples`, `triplets`, `validation`, or a task.
        path: The file; of a Moses pair the language's half.
        english_path: The English half of a Moses pair.
        kind: Of an evaluation task: its kind.
    """

    option: str
    path: Path
    english_path: Path | None = None
    kind: str | None = None


@dataclass(frozen=True)
class Source:
    """A file as it will be read.

    Attributes:
        request: What the user named.
        entry: Its entry in `corpora`, without its path.
        rows: The first rows that could be read, by column.
        rejected: Reason -> how many of the first rows.
        read: How many were looked at.
    """

    request: Request
    entry: dict[str, Any]
    rows: list[dict[str, Any]]
    rejected: dict[str, int]
    read: int

    def described(self) -> list[str]:
        """Lines for the user: how the file is read, and its first rows as read."""
        said = {name: repr(value) if name == "pair_separator" else str(value) for name, value in self.entry.items()}
        options = ", ".join(f"{name} {value}" for name, value in said.items() if name != "columns")
        columns = ", ".join(f"{ours} <- {theirs}" for ours, theirs in self.entry.get("columns", {}).items())
        unread = ", ".join(f"{count} {reason}" for reason, count in self.rejected.items())
        told = f"{self.request.option}: {self.request.path} ({options}{'; ' + columns if columns else ''})"
        first = [
            " | ".join(str(value)[:70] for name, value in row.items() if name != "split") for row in self.rows[:_SHOWN]
        ]
        return [told, *(f"  {line}" for line in first), *([f"  of {self.read} rows: {unread}"] if unread else [])]


def read_source(
    request: Request, columns: Mapping[str, str], labels: Mapping[str, str], *, language: str, names: tuple[str, ...]
) -> Source:
    """Find out how a file is read, and read its first rows.

    Args:
        request: The file.
        columns: Our column -> the file's, as far as the user said so.
        labels: The file's label -> ours, as far as the user said so.
        language: The language's key.
        names: What columns of the language may be called, in small letters.

    Raises:
        DataError: The file cannot be read, or its columns are not certain; the message says which option to use.
    """
    layout = LAYOUTS.get(request.option) or evaluation_layout(request.option, request.kind or "bitext_mining")
    found = Detected(request.path, "moses") if request.english_path else detect(request.path)
    entry: dict[str, Any] = {"format": found.format, **found.options}
    if pair := _pair_in_one_column(found, layout, names):
        entry |= {"columns": pair[0], "pair_separator": pair[1]}
    elif found.columns:
        entry["columns"] = _find_columns(found, layout, columns, request, names)
    elif found.format == "tmx" and columns:
        entry["columns"] = dict(columns)
    if layout is NLI and "label" in entry.get("columns", {}):
        entry |= _label_values(found, entry["columns"]["label"], labels, request)
    rows = _first_rows(request, entry, layout, language)
    kept = [row.values for row in rows if row.reason is None]
    rejected: dict[str, int] = {}
    for row in rows:
        if row.reason and row.reason != NEUTRAL:
            rejected[str(row.reason)] = rejected.get(str(row.reason), 0) + 1
    if not kept:
        detail = next((f"; e.g. line {row.line}: {row.detail}" for row in rows if row.detail), "")
        raise DataError(
            f"{request.path}: none of its first {len(rows)} rows can be read as {request.option}: {rejected}{detail}"
        )
    return Source(request, entry, kept, rejected, len(rows))


def _pair_in_one_column(found: Detected, layout: Layout, names: tuple[str, ...]) -> tuple[dict[str, str], str] | None:
    """Columns and separator of a file of scored pairs whose sentences share a column, as in SemRel."""
    texts = [name for name in found.columns if name.lower() in ("text", *names)]
    scores = [name for name in found.columns if name.lower() in _NAMES["score"]]
    if "score" not in layout.schema.names or len(texts) != 1 or len(scores) != 1:
        return None
    values = [str(row[texts[0]]) for row in found.rows]
    separators = [mark for mark in _SEPARATORS if values and all(value.count(mark) == 1 for value in values)]
    return ({"text": texts[0], "score": scores[0]}, separators[0]) if len(separators) == 1 else None


def _find_columns(
    found: Detected, layout: Layout, given: Mapping[str, str], request: Request, names: tuple[str, ...]
) -> dict[str, str]:
    """Our column -> the file's: as the user said, by name, or the only one that is left."""
    wanted = _wanted(found, layout, given)
    if unknown := [ours for ours in given if ours not in wanted]:
        hint = suggest(unknown[0], wanted)
        raise DataError(
            f"--column {request.option}.{unknown[0]}: there is no such column{hint}; choose from {', '.join(wanted)}"
        )
    chosen = {ours: theirs for ours, theirs in given.items() if ours in wanted}
    for theirs in chosen.values():
        if theirs.partition(".")[0] not in found.columns:
            hint = suggest(theirs, found.columns)
            raise DataError(f"{request.path}: has no column {theirs!r}{hint}; it has {', '.join(found.columns)}")
    for ours in wanted:
        fitting = [name for name in found.columns if name.lower() in _called(ours, layout, names)]
        if ours not in chosen and len(fitting) == 1:
            chosen[ours] = fitting[0]
    missing = [ours for ours in wanted if ours not in chosen]
    left = [name for name in found.columns if name not in chosen.values()]
    if len(missing) == 1 and len(left) == 1:
        chosen[missing[0]] = left[0]
    elif missing:
        options = " ".join(f"--column {request.option}.{ours}=NAME" for ours in missing)
        raise DataError(f"{request.path}: which columns are {', '.join(missing)}? It has {_told(found)}. Say {options}")
    return {ours: chosen[ours] for ours in wanted}


def _told(found: Detected) -> str:
    """The columns of a file, and what the first row has in them where they have no names."""
    if found.options.get("header", True) or not found.rows:
        return ", ".join(map(repr, found.columns))
    fields = ", ".join(f"{number} ({str(text)[:_FIELD_SHOWN]!r})" for number, text in found.rows[0].items())
    return f"no header, and in its columns {fields}"


def _wanted(found: Detected, layout: Layout, given: Mapping[str, str]) -> list[str]:
    """Our columns that a file must have; NLI may be pairs with a label, or a column for each label."""
    if layout is NLI:
        named = [*given, *found.columns]
        triplets = all(any(name.lower() in (label, *_NAMES[label]) for name in named) for label in LABELS)
        return ["premise", *LABELS] if triplets else ["premise", "hypothesis", "label"]
    if layout.file_columns is not None:
        try:
            return layout.file_columns(FileSpec.model_validate({"format": "csv", "path": "x"}))
        except ValueError as error:
            raise DataError(f"{found.path}: {error}: describe such files in the profile (docs/own-data.md)") from error
    return [name for name in layout.schema.names if name != "split"]


def _called(ours: str, layout: Layout, names: tuple[str, ...]) -> tuple[str, ...]:
    """What a column may be called in a file."""
    own, english = layout.halves or ("", "")
    if ours == english:
        return (ours, *_ENGLISH)
    if ours in (own, "text"):
        return (ours, *names)
    return (ours, *_NAMES.get(ours, ()))


def _label_values(
    found: Detected, column: str, given: Mapping[str, str], request: Request
) -> dict[str, dict[str, str]]:
    """`label_values` for labels that are not our words."""
    known = dict.fromkeys((*LABELS, NEUTRAL))
    present = {str(row[column]).strip() for row in found.rows if str(row.get(column, "")).strip() not in ("", "-")}
    values = {label: given.get(label) or _LABELS.get(label.lower()) for label in present if label.lower() not in known}
    unclear = sorted(label for label, ours in values.items() if ours not in known)
    if unclear:
        options = " ".join(f"--label {label}=entailment|neutral|contradiction" for label in unclear)
        raise DataError(
            f"{request.path}: what do the labels {', '.join(unclear)} of column {column!r} mean? Say {options}"
        )
    return {"label_values": {label: str(ours) for label, ours in sorted(values.items())}} if values else {}


def _first_rows(request: Request, entry: Mapping[str, Any], layout: Layout, language: str) -> list[Row]:
    folder = request.path.absolute().parent
    english = {"english_path": str(request.english_path.absolute())} if request.english_path else {}
    spec = FileSpec.model_validate({**entry, **english, "path": request.path.name})
    return list(itertools.islice(read_rows(spec, layout, folder=folder, language=language), _READ))
