"""Mean and spread over seeds: scores, gains and oracle precision of several finished DVC experiments.

Each REVISION is a DVC experiment's name or a git revision, e.g. of `dvc exp run -S seed=1 -n seed-1`.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmarks.revisions import read_runs
from bootembed.core.names import UNTRAINED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.revisions import Run

Figures = dict[tuple[str, ...], list[float]]


@click.command(help=__doc__)
@click.argument("revisions", nargs=-1, required=True)
@click.option("--output", type=click.Path(path_type=Path), required=True)
def main(revisions: tuple[str, ...], output: Path) -> None:
    """Read every revision's summary and write the tables as Markdown."""
    text = render(read_runs(revisions))
    output.write_text(text, encoding="utf-8")
    click.echo(text)


def render(runs: Sequence[Run]) -> str:
    """Markdown: one table of scores and one of oracle precision.

    Raises:
        ClickException: The runs have not the same scores.
    """
    _check_comparable(runs)
    scores = _collect_scores(runs)
    lines = [
        f"Runs: {', '.join(run.name for run in runs)}. Mean ± standard deviation over {len(runs)} runs.",
        "",
        "| language | encoder | task | recipe | score | gain over untrained | gain in every run |",
        "|" + "---|" * 7,
    ]
    for key in sorted(scores, key=lambda key: (key[:3], -statistics.mean(scores[key]))):
        base = scores[(*key[:3], UNTRAINED)]
        gains = [value - other for value, other in zip(scores[key], base, strict=True)]
        told = ["", ""] if key[3] == UNTRAINED else [_spread(gains, "+.3f"), "yes" if min(gains) > 0 else "no"]
        lines.append(f"| {' | '.join([*key, _spread(scores[key], '.3f'), *told])} |")
    lines += ["", "| language | strategy | polarity | oracle precision |", "|---|---|---|---|"]
    precision = _collect_precision(runs)
    lines += [f"| {' | '.join(key)} | {_spread(precision[key], '.1%')} |" for key in sorted(precision)]
    return "\n".join(lines) + "\n"


def _check_comparable(runs: Sequence[Run]) -> None:
    first = {key for key, _ in runs[0].scores()}
    for run in runs[1:]:
        different = first ^ {key for key, _ in run.scores()}
        if different:
            raise click.ClickException(
                f"{run.name}: one of it and {runs[0].name} lacks {len(different)} scores, e.g. that of "
                f"{', '.join(min(different))}; name runs that differ in their seed only"
            )


def _collect_scores(runs: Sequence[Run]) -> Figures:
    """(language, encoder, task, recipe) -> the test score of each run."""
    figures: Figures = defaultdict(list)
    for run in runs:
        for key, value in run.scores():
            figures[key].append(value)
    return figures


def _collect_precision(runs: Sequence[Run]) -> Figures:
    """(language, strategy, polarity) -> the oracle precision of each run and generator seed that has triplets."""
    figures: Figures = defaultdict(list)
    for run in runs:
        for language, strategies in run.summary["oracle_precision"].items():
            for strategy, polarities in strategies.items():
                for polarity, shares in polarities.items():
                    figures[(language, strategy, polarity)] += [share for share in shares if share is not None]
    return figures


def _spread(values: list[float], form: str) -> str:
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):{form}} ± {deviation:{form.lstrip('+')}}"


if __name__ == "__main__":
    main()
