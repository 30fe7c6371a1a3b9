"""What recipes need of the corpora: a table without files is a fault before anything runs, not in the middle of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bootembed.core.names import ENGLISH, Baseline

if TYPE_CHECKING:
    from bootembed.settings.schema import Params

TABLE_OF_BASELINE = {
    Baseline.UNSUPERVISED_SIMCSE: "anchors",
    Baseline.ENGLISH_NLI: "nli",
    Baseline.TRANSLATION_PAIRS: "parallel",
    Baseline.MULTILINGUAL_DISTILLATION: "parallel",
    Baseline.HUMAN_TRIPLETS: "own_nli",
    Baseline.PUBLISHED_TRIPLETS: "triplets",
}
"""Baseline -> the table of `corpora` that it is made from."""


_MIXED = ("monolingual", "parallel", "nli", "instructions")  # tables of a pretraining mix


def lacking(params: Params, table: str, languages: list[str], *, recipe: str) -> list[str]:
    """A fault for each language whose corpus names no file for a table that a recipe needs."""
    found = []
    for language in languages:
        configured = params.languages.get(language)
        corpus = params.corpora.get(configured.corpus) if configured else None
        if configured is not None and corpus is not None and not getattr(corpus, table):
            found.append(
                f"corpora.{configured.corpus}.{table}: empty: {recipe!r} needs it for {language!r}; name a file there, "
                "or remove the recipe from `grid`"
            )
    return found


def baseline_faults(params: Params) -> list[str]:
    """Tables that the chosen baselines lack."""
    faults = []
    for baseline in params.grid.baselines:
        languages = [ENGLISH] if baseline is Baseline.ENGLISH_NLI else params.grid.languages
        if baseline in TABLE_OF_BASELINE:
            faults += lacking(params, TABLE_OF_BASELINE[baseline], languages, recipe=str(baseline))
    return faults


def pretraining_faults(params: Params) -> list[str]:
    """Shares of a pretraining mix that no language of it has text for."""
    faults = []
    for key, spec in params.base_models.items():
        if spec.scratch is None:
            continue
        training = spec.scratch.pretraining
        for table in _MIXED:
            languages = [language for language in training.languages if language in params.languages]
            share = getattr(training, f"{table}_share")
            if share and len(lacking(params, table, languages, recipe=key)) == len(languages):
                faults.append(
                    f"base_models.{key}.scratch.pretraining.{table}_share: {share}: none of {languages} has a file in "
                    f"`corpora`, table {table}; name one, or set the share to 0"
                )
    return faults


def strategy_faults(params: Params) -> list[str]:
    """What every strategy needs: anchors, and of the trained adapters their texts."""
    grid, faults = params.grid, []
    for strategy in grid.strategies:
        faults += lacking(params, "anchors", grid.languages, recipe=strategy)
    if grid.strategies and params.needed.task_adapters:
        without = params.needed.strategies_without_adapters
        recipe = next((strategy for strategy in grid.strategies if strategy not in without), grid.strategies[0])
        faults += lacking(params, "nli", [ENGLISH], recipe=recipe)
    return faults
