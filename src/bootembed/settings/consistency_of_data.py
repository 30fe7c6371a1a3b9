"""Faults between languages, corpora and evaluation tasks, each naming key, value and remedy."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from bootembed.core.errors import suggest
from bootembed.core.names import ENGLISH, Role

if TYPE_CHECKING:
    from bootembed.settings.corpora import Language
    from bootembed.settings.schema import Params


def language_faults(params: Params) -> list[str]:
    """Faults of languages and of the corpora that they name."""
    faults = []
    limits = params.prepare_corpora
    if limits.min_characters > limits.max_characters:
        faults.append(
            f"prepare_corpora.min_characters: {limits.min_characters} is more than max_characters, "
            f"{limits.max_characters}: no text would be kept; lower it"
        )
    quoted = shlex.quote(limits.folder)
    if limits.quoted_folder != quoted:
        faults.append(f"prepare_corpora.quoted_folder: must be {quoted!r}, which composing derives from `folder`")
    english = params.languages.get(ENGLISH)
    if english is None or english.role is not Role.ENGLISH:
        faults.append(f"languages.{ENGLISH}: missing; the method pivots on English: add it with role 'english'")
    for key, language in params.languages.items():
        faults += _code_faults(key, language)
        if language.corpus not in params.corpora:
            hint = suggest(language.corpus, list(params.corpora))
            faults.append(f"languages.{key}.corpus: {language.corpus!r} is not a key of `corpora`{hint}; add it there")
    sampled = params.write_sample_corpora.languages
    if sampled and set(sampled) != set(params.languages):
        faults.append(f"write_sample_corpora.languages: {sampled} differs from the keys of `languages`; list the same")
    faults += [
        f"judge_triplets.languages: {language!r}: only target languages of sample corpora can be judged; remove it, or "
        "add it to grid.languages and write_sample_corpora.languages"
        for language in params.judge_triplets.languages
        if language not in params.grid.languages or language not in sampled
    ]
    return faults


def _code_faults(key: str, language: Language) -> list[str]:
    """Faults of a language's code and script."""
    import langcodes

    from bootembed.core.text import is_known_script

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


def evaluation_faults(params: Params) -> list[str]:
    """Faults of evaluation tasks, their data and the choice of the champion."""
    tasks = params.evaluate_embedder.tasks
    faults = [
        f"evaluate_embedder.tasks.{task}.subset: {key!r} is no language"
        f"{suggest(key, list(params.languages))}; correct it"
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
            f"{suggest(task, list(tasks))}; add it there"
            for task in corpus.evaluation
            if task not in tasks
        )
        chosen = params.register_models.validation_task.get(key)
        if chosen is None:  # no model of this language is registered
            continue
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
