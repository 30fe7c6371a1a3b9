"""The sentences and tables of a model card, for readers who know neither the project nor its words."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING

from bootembed.core.markdown import Markdown, escape, table
from bootembed.core.names import ENGLISH, UNTRAINED, Baseline
from bootembed.publishing.facts import filters_on
from bootembed.publishing.rights import GENERATOR, generator_name, model_name
from bootembed.strategies import answer_language, load_strategy

if TYPE_CHECKING:
    from bootembed.publishing.embedder import Embedder
    from bootembed.publishing.export import Export
    from bootembed.publishing.facts import Facts
    from bootembed.publishing.rights import Rights
    from bootembed.publishing.scores import EvaluationSet, Scores
    from bootembed.settings.schema import Params

_FIT = {
    "tokens_per_word": "tokens a word",
    "times_english": "tokens, times English",
    "unknown_share": "unknown tokens",
    "lost_share": "characters lost",
    "bits_per_byte": "bits a byte",
    "times_english_bits": "bits, times English",
}
_BASELINES = {
    Baseline.UNTRAINED: "the encoder before finetuning",
    Baseline.UNSUPERVISED_SIMCSE: "sentences of {language}, each its own positive by dropout",
    Baseline.ENGLISH_NLI: "English premises, each with a sentence that follows from it and one that contradicts it",
    Baseline.TRANSLATION_PAIRS: "sentences of {language} and their English translations",
    Baseline.MULTILINGUAL_DISTILLATION: "sentences of {language} and their English translations",
    Baseline.HUMAN_TRIPLETS: "premises in {language}, each with a sentence that follows from it and one that "
    "contradicts it, written by people",
    Baseline.PUBLISHED_TRIPLETS: "triplets that others wrote, of which the anchors are sentences of {language}",
}
_TAUGHT = {
    "composed": "a task adapter composed with a language adapter",
    "xl_lora": "adapters trained across languages",
}
_PAPER = "[Basoz et al. 2026](https://arxiv.org/abs/2603.01732)"


def recipe_text(embedder: Embedder, params: Params, facts: Facts) -> str:
    """How the model was made."""
    encoder = escape(model_name(embedder.encoder, params.base_models[embedder.encoder]))
    parts = embedder.parts
    recipes = f"recipe{'s' if len(parts) > 1 else ''} {' and '.join(f'`{part}`' for part in parts)}"
    after = f", after {_PAPER}" if facts.filtered else ""
    made = f"Made by bootembed{after}: the encoder {encoder}, finetuned on {facts.rows:,} rows of the {recipes}."
    return " ".join([made, *(f"`{part}`: {_rows_of(part, embedder, params)}." for part in parts)])


def _rows_of(recipe: str, embedder: Embedder, params: Params) -> str:
    if recipe not in params.grid.strategies:
        return _BASELINES[Baseline(recipe)].format(language=params.languages[embedder.language].name)
    adapters = load_strategy(recipe).ADAPTERS
    other = "adapters" if adapters else "examples in its prompt"
    taught = next((told for kind, told in _TAUGHT.items() if kind in adapters), other)
    key = answer_language(recipe, embedder.language)
    answers = "English" if key == ENGLISH else params.languages[key].name
    return (
        f"a language model ({escape(generator_name(params))}) with {taught} wrote for each anchor, a sentence of "
        f"{params.languages[embedder.language].name}, a positive (true if the anchor is) and a hard negative (false if "
        f"the anchor is true), both in {answers}"
    )


def limits(embedder: Embedder, params: Params, facts: Facts, scores: Scores) -> list[str]:
    """What a user must know before use."""
    found = [warning for fit in facts.fits.values() for warning in fit["warnings"]]
    if embedder.language in params.judge_triplets.languages:
        found.append(
            f"A grammar of {params.write_sample_corpora.content_words} content words wrote the training and evaluation "
            "sentences: a test bed for the method, of little use on real text."
        )
    if facts.filtered:
        found.append("A language model wrote the positives and hard negatives. Nobody reviewed them by hand.")
    if Baseline.PUBLISHED_TRIPLETS in embedder.parts:
        found.append("Others wrote its triplets; nobody reviewed them here.")
    if any(which.own_data for which in scores.sets):
        found.append("Scores on own data cannot be compared with those of a leaderboard.")
    found.append("Other languages, long documents and domains that the sources lack were not tested.")
    return found


def score_table(scores: Scores, export: Export | None = None) -> str:
    """This model, its original if it is an export, its recipe over seeds and the baselines, by evaluation set."""
    heads = ["", *(f"{which.task}, {which.metric}" for which in scores.sets)]
    rows = [["its original" if export else "this model", *(f"{scores.embedder[which]:.3f}" for which in scores.sets)]]
    if export and export.task_scores:
        own = [export.score(which) for which in scores.sets]
        rows.insert(0, ["this model", *("" if score is None else f"{score:.3f}" for score in own)])
    for cell in (scores.recipe, *scores.baselines):
        name = f"{cell.recipe}, all seeds" if cell is scores.recipe else f"baseline {cell.recipe}"
        rows.append([name, *(cell.shown(which) for which in scores.sets)])
    return table(heads, rows)


def score_note(embedder: Embedder, scores: Scores, export: Export | None = None) -> str:
    """How to read the table, and which baselines are better."""
    which_one = "its original" if export else "this model"
    notes = [
        f"Mean ± standard deviation of n embedders with different seeds; {which_one} is {embedder.choice}. A "
        "difference of about a deviation may be chance."
    ]
    if export and not export.task_scores:
        notes.insert(0, "**This export was not scored.**")
    if UNTRAINED not in [cell.recipe for cell in scores.baselines]:
        notes.append("The encoder before finetuning was not scored, so that the gain by training is not known.")
    for which in scores.sets:
        own = mean(scores.recipe.scores[which])
        better = [cell.recipe for cell in scores.baselines if cell.scores.get(which) and mean(cell.scores[which]) > own]
        if better:
            names = ", ".join(f"`{name}`" for name in better)
            notes.append(f"**Higher than this recipe on {escape(which.task)}, by the mean: {names}.**")
    return " ".join(notes)


def baselines(embedder: Embedder, params: Params, scores: Scores) -> list[str]:
    """What the baselines in the table are trained on."""
    language = params.languages[embedder.language].name
    return [
        f"`{cell.recipe}`: {_BASELINES[Baseline(cell.recipe)].format(language=language)}." for cell in scores.baselines
    ]


def evaluation_set(which: EvaluationSet) -> str:
    """What a task is, and whose data it has."""
    data = which.own_data or "mteb's task, on the data that mteb publishes"
    return f"{escape(which.task)} ({which.kind}, split {which.split}): {data}."


def training_data(embedder: Embedder, params: Params, facts: Facts) -> str:
    """Rows, filters with their counts, and how the encoder was trained."""
    settings = params.embedder_settings(embedder.recipe, embedder.encoder)
    lines = [
        f"{facts.rows:,} rows ({', '.join(facts.columns)}); objective {settings.objective}, "
        f"{settings.num_train_epochs:g} epochs in batches of {settings.per_device_train_batch_size}, learning rate "
        f"{settings.learning_rate:g}, pooling {escape(settings.pooling)}."
    ]
    for found in facts.filtered:
        rejected = [
            f"{reason.replace('_', ' ')} {count:,} ({count / found.candidates:.1%})"
            for reason, count in found.rejected.items()
        ]
        told = f"rejected: {', '.join(rejected)}" if rejected else "none was rejected"
        lines.append(f"`{found.strategy}`: the filters kept {found.kept:,} of {found.candidates:,} triplets; {told}.")
    if facts.filtered:
        names = (name.replace("_", " ") for name in filters_on(params.generate_triplets.filters))
        lines.append(f"Filters: {', '.join(names)}.")
    return "\n\n".join(lines)


def fit_section(embedder: Embedder, params: Params, facts: Facts) -> str:
    """How well the tokenizers and the generator know the language."""
    if not facts.fits:
        return "Not measured (stage `measure_fit`)."
    used = [name for name in _FIT if any(name in fit for fit in facts.fits.values())]
    rows = []
    for key, fit in facts.fits.items():
        what = GENERATOR if key == GENERATOR else "encoder"
        rows.append([what, model_name(key, params.base_models[key]), *(_measure(m, fit.get(m)) for m in used)])
    about = (
        "Measured on anchors. Few tokens a word and few bits a byte, near those of English, and no unknown tokens mean "
        "that a model knows the language."
    )
    return f"{about}\n\n{table(['', 'model', *(_FIT[name] for name in used)], rows)}"


def _measure(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1%}" if name.endswith("_share") else f"{value:.2f}"


def licences(rights: Rights) -> str:
    """The model's own, and those that bind it."""
    own = f"This model: {rights.licence}." if rights.licence else "This model: not named: set `publish.licence`."
    wrote = any(right.what == GENERATOR for right in rights.parts)
    of = "the generator, which travel with what it wrote, of the encoder" if wrote else "the encoder"
    note = f"{own} The terms of {of} and of the corpora bind it too."
    rows = [[right.what, right.name, Markdown(right.shown)] for right in rights.parts]
    return f"{note}\n\n{table(['what', 'name', 'licence'], rows)}"
