"""Examples from the evaluation sets: what the untrained encoder and the chosen embedder make of the same sentences.

Nothing is embedded here: the answers are those that were written when the embedders were scored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.core.names import UNTRAINED, EmbedderId, cell_name
from bootembed.core.tables import read_table
from bootembed.evaluation.kinds.bitext_mining import NEAREST
from bootembed.evaluation.kinds.sts import PREDICTIONS
from bootembed.report.page.elements import Axis, Cell, Column, Dot, Plot, Segment, Table, language_tag, number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa

    from bootembed.report.page.facts import Facts
    from bootembed.report.scores import CellScore

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Examples:
    """Sentences of one task, before and after training; `note` says what is compared."""

    title: str
    note: str
    table: Table


def examples(facts: Facts) -> list[Examples]:
    """Of each language with a trained embedder and an evaluation set of sentence pairs; none if the page holds none."""
    found = []
    for language in facts.grid.languages if facts.settings.examples else ():
        choice = facts.chosen(language)
        if choice is not None:
            found += _pairs(facts, choice.best) + _neighbours(facts, choice.best)
    return found


def _pairs(facts: Facts, cell: CellScore) -> list[Examples]:
    """Pairs from the most to the least alike, by people, with the cosines of both models."""
    found = []
    for task, before, after in _answers(facts, cell, "predictions.parquet", PREDICTIONS):
        texts = _texts(facts, cell.language, task, before)
        if texts is None:
            continue
        order = sorted(range(len(before)), key=lambda n: (-before[n]["gold"], n))
        axis = Axis.over([*(row["similarity"] for row in before + after), 0.0, 1.0])
        rows = []
        for n in _spread(order, facts.settings.examples):
            was, now = before[n]["similarity"], after[n]["similarity"]
            left, right = sorted((axis.place(was), axis.place(now)))
            dots = [Dot(axis.place(was), "untrained"), Dot(axis.place(now), "strategy")]
            moved = [Segment(left, round(right - left, 2), "moved")]
            rows.append(
                [
                    *(Cell(texts[n][half], lang=language_tag(cell.language)) for half in ("sentence1", "sentence2")),
                    number(before[n]["gold"], 2), number(was, 2), number(now, 2),
                    Cell("", plot=Plot(axis.grid, lines=moved, dots=dots)),
                ]
            )  # fmt: skip
        heads = ["gold", "before", "after"]
        columns = [Column("sentence"), Column("and"), *(Column(head, numeric=True) for head in heads)]
        columns.append(Column("before ○  after ●", plotted=True, axis=axis.ticks))
        note = (
            f"Pairs of {task}, from the most to the least alike by its gold scores, with the cosine similarities of "
            f"the untrained encoder and of {_named(cell)}. A good model falls from top to bottom."
        )
        found.append(
            Examples(f"{facts.name(cell.language)}: how alike are two sentences?", note, Table(task, columns, rows))
        )
    return found


def _neighbours(facts: Facts, cell: CellScore) -> list[Examples]:
    """Sentences with the translation that each model finds nearest."""
    found = []
    for task, before, after in _answers(facts, cell, "nearest.parquet", NEAREST):
        texts = _texts(facts, cell.language, task, before)
        if texts is None:
            continue
        rows = []
        for n in _spread(range(len(before)), facts.settings.examples):
            nearest = [_nearest(texts, n, answer[n]) for answer in (before, after)]
            rows.append(
                [
                    Cell(texts[n]["sentence1"], lang=language_tag(cell.language)),
                    Cell(texts[n]["sentence2"], lang="en"),
                    *nearest,
                ]
            )
        columns = [Column(head) for head in ("sentence", "its translation", "nearest before", "nearest after")]
        note = (
            f"Sentences of {task}, and the English sentence of {len(texts)} nearest by the untrained encoder and by "
            f"{_named(cell)}."
        )
        found.append(Examples(f"{facts.name(cell.language)}: nearest neighbours", note, Table(task, columns, rows)))
    return found


def _named(cell: CellScore) -> str:
    return f"{cell.recipe} on {cell.encoder}, embedder {_first(cell)}"


def _first(cell: CellScore) -> EmbedderId:
    return min(cell.embedders)


def _nearest(texts: Rows, index: int, answer: dict[str, Any]) -> Cell:
    right = answer["nearest"] == index
    text = f"{texts[answer['nearest']]['sentence2']} ({answer['similarity']:.2f})"
    mark, style = ("\N{CHECK MARK}", "right") if right else ("\N{BALLOT X}", "wrong")
    return Cell(text, style=style, lang="en", mark=mark)


def _answers(facts: Facts, cell: CellScore, file: str, schema: pa.Schema) -> list[tuple[str, Rows, Rows]]:
    """Task -> answers of the untrained encoder and of the first embedder of a cell, on the same rows of one split."""
    untrained = cell_name(UNTRAINED, cell.language, cell.encoder)
    paths = [
        facts.folders.results / untrained / "0-0" / file,
        facts.folders.results / cell.name / str(_first(cell)) / file,
    ]
    if not all(path.is_file() for path in paths):
        return []
    before, after = (read_table(path, schema) for path in paths)
    found = []
    for task in dict.fromkeys(row["task"] for row in before):
        splits = {row["split"] for row in before if row["task"] == task}
        of = (task, "test" if "test" in splits else "validation")
        was, now = ([row for row in rows if (row["task"], row["split"]) == of] for rows in (before, after))
        if was and len(was) == len(now):
            found.append((task, was, now))
    return found


def _texts(facts: Facts, language: str, task: str, answers: Rows) -> Rows | None:
    """The sentences that were answered to; None where the evaluation set is not that any more, or has none."""
    path: Path = facts.folders.evaluation / language / f"{task}.parquet"
    if not path.is_file():
        return None
    rows = [row for row in read_table(path) if row["split"] == answers[0]["split"]]
    return rows if len(rows) == len(answers) and "sentence2" in rows[0] else None


def _spread(items: Sequence[int], count: int) -> list[int]:
    """At most `count` items, from the first to the last at equal steps."""
    chosen = min(count, len(items))
    return [items[n * (len(items) - 1) // max(chosen - 1, 1)] for n in range(chosen)]
