"""What became of the triplets: the funnel of the filters, and how many of those kept are right."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING

from bootembed.report.page.elements import Axis, Cell, Column, Dot, Plot, Segment, Table, Tick, number
from bootembed.triplets.filters import TripletRejection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bootembed.report.page.facts import Facts

_SHARE = Axis.over([0.0, 100.0])
_POLARITIES = ("positive", "negative")


def funnel(facts: Facts) -> Table:
    """Anchors, and of these the share kept and the shares rejected by each filter; means over the generator seeds."""
    columns = [
        Column("strategy"), Column("language"), Column("anchors", numeric=True), Column("kept", numeric=True),
        Column("", plotted=True, axis=_percent()), Column("kept, %", numeric=True), Column("rejected"),
    ]  # fmt: skip
    rows = []
    for (strategy, language), seeds in facts.results.triplets.items():
        if not seeds:
            continue
        counts = {name: mean(found[name] for found in seeds) for name in ("candidates", "kept", *TripletRejection)}
        candidates = max(counts["candidates"], 1)
        rejected = sorted(((counts[r], str(r)) for r in TripletRejection if counts[r]), reverse=True)
        bars, left = [], 0.0
        for count, style in [
            (counts["kept"], "kept"),
            *((c, f"rejected-{n % 2}") for n, (c, _) in enumerate(rejected)),
        ]:
            bars.append(Segment(round(left, 2), round(100 * count / candidates, 2), style))
            left += 100 * count / candidates
        told = ", ".join(f"{count:.0f} {reason.replace('_', ' ')}" for count, reason in rejected)
        kept = 100 * counts["kept"] / candidates
        rows.append(
            [
                Cell(strategy), Cell(language), number(counts["candidates"], 0), number(counts["kept"], 0),
                Cell("", plot=Plot(bars=bars)), number(kept, 1), Cell(told or "none", style="words"),
            ]
        )  # fmt: skip
    return Table("Filters", columns, rows)


@dataclass(frozen=True)
class Judgement:
    """How many of the kept triplets a judge found right, with what it is and what it calls right."""

    title: str
    about: str
    table: Table


def judgements(facts: Facts) -> list[Judgement]:
    """One for each judge that has judged anything; a further judge is a further entry here."""
    judged = [_by_grammar(facts), _by_judge(facts)]
    return [judgement for judgement in judged if judgement.table.rows]


def _by_grammar(facts: Facts) -> Judgement:
    about = (
        "The sample corpora come from a grammar whose meanings are known. Right is a sentence of the language that the "
        "strategy demands, in the wanted relation to its anchor. The mean over the generator seeds, with a line from "
        "the least to the greatest."
    )
    shares = {
        (strategy, language, polarity): [metrics[f"{polarity}_precision"] for metrics in seeds if metrics]
        for (strategy, language), seeds in facts.results.oracle.items()
        for polarity in _POLARITIES
    }
    table = _table_of_shares("Kept triplets judged by the grammar", shares)
    return Judgement("Judged by the grammar of the sample corpora", about, table)


def _by_judge(facts: Facts) -> Judgement:
    own = ", ".join(f"{100 * m['accuracy']:.1f} % ({language})" for language, m in facts.judged.languages.items())
    about = (
        "An NLI cross-encoder: a positive is right if its anchor most probably entails it, a negative if its anchor "
        f"contradicts it. The judge errs too; on rows labelled by people it is right in {own or 'an unknown share'}. "
        "The mean over the generator seeds, with a line from the least to the greatest."
    )
    shares = {
        (strategy, language, polarity): [metrics[name] for metrics in seeds if name in metrics]
        for (strategy, language), seeds in facts.judged.triplets.items()
        for polarity, name in (
            ("positive", "positive_entailment_rate"),
            ("negative", "negative_contradiction_rate"),
        )
    }
    table = _table_of_shares("Kept triplets judged by an NLI cross-encoder", shares)
    return Judgement("Judged by an NLI cross-encoder", about, table)


def _table_of_shares(title: str, shares: Mapping[tuple[str, str, str], list[float]]) -> Table:
    rows = [[*map(Cell, key), *_share(values)] for key, values in shares.items() if values]
    columns = [Column("strategy"), Column("language"), Column("polarity")]
    columns += [Column("", plotted=True, axis=_percent()), Column("right, %", numeric=True)]
    return Table(title, columns, rows)


def _share(values: list[float]) -> list[Cell]:
    low, middle, high = 100 * min(values), 100 * mean(values), 100 * max(values)
    lines = [_SHARE.span(low, high, "strategy")]
    plot = Plot(_SHARE.grid, lines=lines, dots=[Dot(_SHARE.place(middle), "strategy")])
    return [Cell("", plot=plot), number(middle, 1)]


def _percent() -> list[Tick]:
    return [tick._replace(text=f"{tick.text} %") for tick in _SHARE.ticks if tick.at in (0.0, 100.0)]
