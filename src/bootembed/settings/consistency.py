"""Faults between sections, each naming key, value and remedy."""

from __future__ import annotations

from itertools import permutations

from bootembed.core.errors import ParamsError, suggest
from bootembed.core.names import MIXED, Baseline, Polarity, Role
from bootembed.core.plugins import load_plugin, plugin_names, unknown_plugin
from bootembed.prompts import prompt_definition
from bootembed.settings.consistency_of_data import evaluation_faults, language_faults
from bootembed.settings.consistency_of_models import filter_faults, model_faults, precision_faults
from bootembed.settings.consistency_of_recipes import baseline_faults, pretraining_faults, strategy_faults
from bootembed.settings.schema import Grid, Params


def inconsistencies(params: Params) -> list[str]:
    """Faults between sections, each naming key, value and remedy."""
    unknown = _unknown_plugins(params)
    return [
        *unknown,
        *_axis_faults(params.grid),
        *_grid_faults(params),
        *language_faults(params),
        *_adapter_faults(params),
        *model_faults(params),
        *_prompt_faults(params),
        *baseline_faults(params),
        *pretraining_faults(params),
        *([] if unknown else [*strategy_faults(params), *_plugin_faults(params), *_served_faults(params)]),
        *evaluation_faults(params),
        *filter_faults(params),
        *precision_faults(params),
    ]


def _unknown_plugins(params: Params) -> list[str]:
    """Engines, strategies, objectives and task kinds that are the name of no module."""
    objectives = {"train_embedder.objective": params.train_embedder.objective}
    for recipe, own in params.train_embedder_recipes.items():
        key = f"train_embedder_recipes.{recipe}"
        objectives |= {f"{key}.objectives.{part}": name for part, name in own.get("objectives", {}).items()}
        if "objective" in own:
            objectives[f"{key}.objective"] = own["objective"]
    named = {
        "bootembed.generation.engines": {"generation.engine": params.generation.engine},
        "bootembed.strategies": {f"grid.strategies[{i}]": name for i, name in enumerate(params.grid.strategies)},
        "bootembed.embedder.objectives": objectives,
        "bootembed.evaluation.kinds": {
            f"evaluate_embedder.tasks.{task}.kind": spec.kind for task, spec in params.evaluate_embedder.tasks.items()
        },
    }
    found = [unknown_plugin(package, name, key=key) for package, keys in named.items() for key, name in keys.items()]
    return [fault for fault in found if fault is not None]


def _axis_faults(grid: Grid) -> list[str]:
    axes = {
        axis: [str(v) for v in getattr(grid, axis)]
        for axis in ("languages", "strategies", "baselines", "encoders", "exports")
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
    expected = [str(r) for r in (*grid.strategies, *grid.baselines, *grid.mixture_names)]
    faults += [
        f"grid.exports: {name!r} is no key of `exports`{suggest(name, list(params.exports))}; choose of "
        f"{list(params.exports)}"
        for name in grid.exports
        if name not in params.exports
    ]
    if list(grid.recipes) != expected:
        faults.append(f"grid.recipes: must be the strategies, the baselines and the mixtures; set it to {expected}")
    parts = [str(r) for r in (*grid.strategies, *grid.baselines) if r != Baseline.UNTRAINED]
    faults += [
        f"grid.mixtures: {list(pair)}: {recipe!r} is no other recipe of the grid with a training set"
        f"{suggest(recipe, parts)}; choose two of {parts}"
        for pair in grid.mixtures
        for recipe in {part for part in pair if part not in parts or pair.count(part) > 1}
    ]
    faults += _encoder_recipe_faults(grid)
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
        f"train_embedder_encoders.{encoder}: no encoder of the grid{suggest(encoder, list(grid.encoders))}; correct or "
        "remove it"
        for encoder in params.train_embedder_encoders
        if encoder not in grid.encoders
    ]
    known = _known_recipes(grid)
    faults += [
        f"train_embedder_recipes.{recipe}: no recipe{suggest(recipe, known)}; correct or remove it"
        for recipe in params.train_embedder_recipes
        if recipe not in known
    ]
    return faults


def _known_recipes(grid: Grid) -> list[str]:
    """Recipes that may have settings: also those that the grid leaves out, so that leaving one out is one override."""
    single = [*plugin_names("bootembed.strategies"), *map(str, Baseline)]
    mixed = permutations((recipe for recipe in single if recipe != Baseline.UNTRAINED), 2)
    return [*grid.recipes, *single, *map(MIXED.join, mixed)]


def _encoder_recipe_faults(grid: Grid) -> list[str]:
    faults = [
        f"grid.encoder_recipes.{encoder}: no encoder of the grid{suggest(encoder, grid.encoders)}; correct or remove it"
        for encoder in grid.encoder_recipes
        if encoder not in grid.encoders
    ]
    for encoder, chosen in grid.encoder_recipes.items():
        faults += [
            f"grid.encoder_recipes.{encoder}: {recipe!r} is no recipe of the grid{suggest(recipe, grid.recipes)}; "
            f"choose of {grid.recipes}"
            for recipe in chosen
            if recipe not in grid.recipes
        ]
        if Baseline.UNTRAINED not in chosen:
            faults.append(
                f"grid.encoder_recipes.{encoder}: {chosen}: add 'untrained', which every recipe is measured against"
            )
    return faults


def _adapter_faults(params: Params) -> list[str]:
    return [
        f"build_xl_lora_data.source_languages: {language!r}: needs an entry in `languages` of role 'source'"
        for language in params.build_xl_lora_data.source_languages
        if language not in params.languages or params.languages[language].role is not Role.SOURCE
    ]


def _prompt_faults(params: Params) -> list[str]:
    try:
        prompt_definition(params.prompts.version)
    except ParamsError as error:
        return [str(error)]
    return []


def _served_faults(params: Params) -> list[str]:
    """Names of adapters at an endpoint that are the same for several generator seeds."""
    strategies = (load_plugin("bootembed.strategies", name, key="grid.strategies") for name in params.grid.strategies)
    if params.generation.engine != "openai" or not any(strategy.adapter_rank(params) for strategy in strategies):
        return []
    names = params.generation.openai.models
    return [
        f"generation.openai.models.{polarity}: {getattr(names, polarity)!r}: does not tell the adapters of "
        f"{params.generator_seeds} generator seeds apart; add {{seed}} to it, or set generator_seeds to 1"
        for polarity in Polarity
        if params.generator_seeds > 1 and not names.tells_seeds_apart(polarity)
    ]


def _plugin_faults(params: Params) -> list[str]:
    """Faults that the strategies and the objectives find, before the first stage begins instead of hours later."""
    faults = []
    for strategy in params.grid.strategies:
        faults += load_plugin("bootembed.strategies", strategy, key="grid.strategies").faults(params)
    for recipe, parts in _parts_of_recipes(params.grid).items():
        for encoder in (name for name in params.grid.encoders if recipe in params.grid.recipes_of(name)):
            settings = params.embedder_settings(recipe, encoder)
            for part in parts:
                name = settings.objectives.get(part, settings.objective)
                objective = load_plugin(settings.plugins, name, key="train_embedder.objective")
                found = [f"train_embedder_recipes.{recipe}.{fault}" for fault in objective.faults(settings, part)]
                faults += [fault for fault in found if fault not in faults]
    return faults


def _parts_of_recipes(grid: Grid) -> dict[str, list[str]]:
    """Recipe -> the recipes that wrote its rows: itself, or the parts of a mixture."""
    own = {str(recipe): [str(recipe)] for recipe in (*grid.strategies, *grid.baselines)}
    return own | {
        name: [str(part) for part in parts] for name, parts in zip(grid.mixture_names, grid.mixtures, strict=True)
    }
