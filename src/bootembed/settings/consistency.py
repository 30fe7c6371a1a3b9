"""Faults between sections, each naming key, value and remedy."""

from __future__ import annotations

from bootembed.core.errors import ParamsError
from bootembed.core.names import ENGLISH, Baseline, Polarity, Role, Strategy
from bootembed.core.plugins import load_plugin, plugin_names
from bootembed.settings.base import suggest
from bootembed.settings.corpora import Language
from bootembed.settings.embedder import TrainEmbedder, settings_of_recipe
from bootembed.settings.models import Scratch
from bootembed.settings.schema import Grid, Params

_ARCHITECTURES = {"generator": ("qwen3", "llama"), "encoder": ("xlm-roberta", "modernbert")}  # of scratch models
_NOT_YET_MODULES = {
    "bootembed.generation.engines": ["transformers"],
    "bootembed.strategies": ["in_context"],
}


def inconsistencies(params: Params) -> list[str]:
    """Faults between sections, each naming key, value and remedy."""
    return [
        *_plugin_faults(params),
        *_axis_faults(params.grid),
        *_grid_faults(params),
        *_language_faults(params),
        *_adapter_faults(params),
        *_model_faults(params),
        *_training_faults(params),
        *_evaluation_faults(params),
        *_filter_faults(params),
    ]


def _plugin_faults(params: Params) -> list[str]:
    """Names of engines, strategies, objectives and task kinds that no module bears."""
    objectives = {"train_embedder.objective": params.train_embedder.objective}
    for recipe, own in params.train_embedder_recipes.items():
        if own.objective is not None:
            objectives[f"train_embedder_recipes.{recipe}.objective"] = own.objective
    named = {
        "bootembed.generation.engines": {"generation.engine": params.generation.engine},
        "bootembed.strategies": {f"grid.strategies[{i}]": name for i, name in enumerate(params.grid.strategies)},
        "bootembed.embedder.objectives": objectives,
        "bootembed.evaluation.kinds": {
            f"evaluate_embedder.tasks.{task}.kind": spec.kind for task, spec in params.evaluate_embedder.tasks.items()
        },
    }
    faults = []
    for package, keys in named.items():
        later = _NOT_YET_MODULES.get(package, [])
        known = sorted({*plugin_names(package), *later})
        faults += [
            f"{key}: {name!r} is not known{suggest(name, known)}; choose one of {known}"
            for key, name in keys.items()
            if name not in known
        ]
    return faults


def _axis_faults(grid: Grid) -> list[str]:
    axes = {
        axis: [str(v) for v in getattr(grid, axis)] for axis in ("languages", "strategies", "baselines", "encoders")
    }
    faults = [
        f"grid.{axis}: {values}: something is named twice; name it once"
        for axis, values in axes.items()
        if len(set(values)) < len(values)
    ]
    if Baseline.UNTRAINED not in grid.baselines:
        faults.append(f"grid.baselines: {axes['baselines']}: add 'untrained', which every recipe is measured against")
    return faults


def _grid_faults(params: Params) -> list[str]:
    grid = params.grid
    faults = []
    if list(grid.recipes) != [*grid.strategies, *grid.baselines]:
        expected = [str(r) for r in (*grid.strategies, *grid.baselines)]
        faults.append(f"grid.recipes: must be the strategies followed by the baselines; set it to {expected}")
    if sorted(grid.polarities) != sorted(Polarity):
        faults.append(f"grid.polarities: {[str(p) for p in grid.polarities]}: list both positive and negative")
    for index, language in enumerate(grid.languages):
        configured = params.languages.get(language)
        if configured is None:
            hint = suggest(language, list(params.languages))
            faults.append(f"grid.languages[{index}]: {language!r} is not configured{hint}; add it under `languages`")
        elif configured.role is not Role.TARGET:
            faults.append(f"languages.{language}.role: {configured.role!s}: grid.languages needs role 'target'")
    for index, encoder in enumerate(grid.encoders):
        spec = params.base_models.get(encoder)
        if spec is None or spec.role != "encoder":
            faults.append(
                f"grid.encoders[{index}]: {encoder!r} is no encoder of `base_models`; add one of role 'encoder'"
            )
    faults += [
        f"train_embedder_recipes.{recipe}: missing, though in the grid; add it, with {{}} if nothing is its own"
        for recipe in grid.recipes
        if recipe not in params.train_embedder_recipes
    ]
    known = [*map(str, Strategy), *map(str, Baseline)]
    faults += [
        f"train_embedder_recipes.{recipe}: no recipe{suggest(recipe, known)}; correct or remove it"
        for recipe in params.train_embedder_recipes
        if recipe not in known
    ]
    return faults


def _language_faults(params: Params) -> list[str]:
    faults = []
    limits = params.prepare_corpora
    if limits.min_characters > limits.max_characters:
        faults.append(
            f"prepare_corpora.min_characters: {limits.min_characters} is more than max_characters, which is "
            f"{limits.max_characters}: no text would be kept; lower it"
        )
    english = params.languages.get(ENGLISH)
    if english is None or english.role is not Role.ENGLISH:
        faults.append(f"languages.{ENGLISH}: missing; the method pivots on English: add it with role 'english'")
    for key, language in params.languages.items():
        faults += _code_faults(key, language)
        if language.corpus not in params.corpora:
            hint = suggest(language.corpus, list(params.corpora))
            faults.append(f"languages.{key}.corpus: {language.corpus!r} is not a key of `corpora`{hint}; add it there")
        elif key in params.grid.languages and not params.corpora[language.corpus].anchors:
            faults.append(
                f"corpora.{language.corpus}.anchors: empty: target language {key!r} has no data; name a text file"
            )
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


def _adapter_faults(params: Params) -> list[str]:
    faults = []
    strategies = params.grid.strategies
    if Strategy.ADAPTER_COMPOSITION in strategies:
        needed = [
            *params.grid.languages,
            *([ENGLISH] if params.compose_adapter.reference == "english" else []),
        ]
        lacking = [language for language in needed if language not in params.grid.adapter_languages]
        if lacking:
            faults.append(
                f"grid.adapter_languages: {list(params.grid.adapter_languages)}: strategy 'adapter_composition' lacks "
                f"the language adapter of {', '.join(lacking)}; add it there or drop the strategy"
            )
    sources = params.build_xl_lora_data.source_languages
    if Strategy.XL_LORA in strategies and not sources:
        faults.append(
            "build_xl_lora_data.source_languages: empty: strategy 'xl_lora' lacks its adapter; name a source language"
        )
    for language in sources:
        configured = params.languages.get(language)
        if configured is None or configured.role is not Role.SOURCE:
            faults.append(
                f"build_xl_lora_data.source_languages: {language!r}: needs an entry in `languages` of role 'source'"
            )
    for language, role in params.grid.adapter_languages.items():
        configured = params.languages.get(language)
        if configured is None or configured.role is not role:
            faults.append(
                f"grid.adapter_languages.{language}: {role!s}: `languages` has no such language of this role; "
                "add it there or correct the role"
            )
    return faults


def _model_faults(params: Params) -> list[str]:
    faults = []
    generators = [key for key, spec in params.base_models.items() if spec.role == "generator"]
    if generators != ["generator"]:
        faults.append(f"base_models: generators {generators}: exactly one is needed, under the key 'generator'")
    needed = {"hub": ("id", "revision"), "local": ("path",), "scratch": ("scratch",)}
    for key, spec in params.base_models.items():
        faults.extend(
            f"base_models.{key}.{field}: missing: source {spec.source!r} needs it"
            for field in needed[spec.source]
            if getattr(spec, field) is None
        )
        if spec.scratch is None:
            continue
        faults += _scratch_faults(f"base_models.{key}.scratch", spec.scratch, _ARCHITECTURES[spec.role])
        unknown = [name for name in spec.scratch.pretraining.languages if name not in params.languages]
        if unknown:
            faults.append(f"base_models.{key}.scratch.pretraining.languages: {unknown}: add them under `languages`")
    return faults


def _scratch_faults(key: str, scratch: Scratch, architectures: tuple[str, ...]) -> list[str]:
    faults = []
    if scratch.architecture not in architectures:
        faults.append(
            f"{key}.architecture: {scratch.architecture!r} does not fit the role; choose one of {architectures}"
        )
    if scratch.hidden_size % scratch.num_attention_heads:
        faults.append(
            f"{key}.hidden_size: {scratch.hidden_size}: make it a multiple of num_attention_heads, which is "
            f"{scratch.num_attention_heads}"
        )
    return faults


def _training_faults(params: Params) -> list[str]:
    """What a training stage would refuse, hours after the first stage began."""
    from bootembed.prompts import prompt_definition

    faults = []
    try:
        prompt_definition(params.prompts.version)
    except ParamsError as error:
        faults.append(str(error))
    task, language = params.train_task_adapter, params.train_language_adapter
    by_factors = Strategy.ADAPTER_COMPOSITION in params.grid.strategies and params.compose_adapter.method == "factors"
    if by_factors and (task.r, task.lora_alpha) != (language.r, language.lora_alpha):
        faults.append(
            f"train_language_adapter: r {language.r} and lora_alpha {language.lora_alpha}, but train_task_adapter has "
            f"{task.r} and {task.lora_alpha}: compose_adapter.method 'factors' needs them equal; or use 'delta'"
        )
    common = params.train_embedder
    if common.fp16 and common.bf16:
        faults.append("train_embedder.fp16: true together with train_embedder.bf16; set one of them to false")
    for recipe in params.grid.recipes:
        if recipe in params.train_embedder_recipes:
            own = settings_of_recipe(common, params.train_embedder_recipes[recipe])
            faults += [f"train_embedder_recipes.{recipe}: {fault}" for fault in _embedder_faults(own, recipe)]
    return faults


def _embedder_faults(settings: TrainEmbedder, recipe: str) -> list[str]:
    """Of the settings that one recipe has, its own and those of `train_embedder`."""
    faults = [
        f"{name}: {getattr(settings, name)} together with train_embedder.lora, which trains no embeddings; set one of "
        "the two to null"
        for name in ("trained_layers", "new_word_min_count")
        if settings.lora is not None and getattr(settings, name) is not None
    ]
    if settings.objective not in plugin_names(settings.plugins):
        return faults  # `_plugin_faults` names it
    objective = load_plugin(settings.plugins, settings.objective, key="objective")
    return faults + list(objective.faults(settings, recipe))


def _evaluation_faults(params: Params) -> list[str]:
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


def _filter_faults(params: Params) -> list[str]:
    key = params.generate_triplets.filters.semantic.encoder
    spec = params.base_models.get(key)
    if spec is not None and spec.role == "encoder":
        return []
    encoders = [name for name, found in params.base_models.items() if found.role == "encoder"]
    return [f"generate_triplets.filters.semantic.encoder: {key!r} is no encoder; choose one of {encoders}"]
