"""Parameters are validated at load: each fault is one line with key, value and remedy."""

from __future__ import annotations

import copy
import importlib
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bootembed.core.errors import ParamsError
from bootembed.settings.load import load_params, validate_params
from bootembed.settings.schema import Params

ROOT = Path(__file__).parents[2]
VALID = yaml.safe_load((ROOT / "params.yaml").read_text())
VALID["base_models"] = yaml.safe_load((ROOT / "pretraining/params.yaml").read_text())["base_models"]


def _set(path, value):
    raw = copy.deepcopy(VALID)
    *parents, last = path.split(".")
    place = raw
    for part in parents:
        place = place[part]
    place[last] = value
    return raw


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("train_embedder.temperatur", 0.05, ["train_embedder.temperatur", "unknown key", "did you mean 'temperature'"]),
        ("languages.afr.nam", "x", ["languages.afr.nam", "did you mean 'name'"]),
        ("train_embedder.temperature", "warm", ["train_embedder.temperature", "'warm'"]),
        ("train_task_adapter.r", 0, ["train_task_adapter.r", "0", "greater than or equal to 1"]),
        ("train_task_adapter.lr_scheduler_type", "cosin", ["lr_scheduler_type", "'cosin'"]),
        ("grid.languages", ["afr", "huasa"], ["grid.languages[1]", "'huasa'", "`languages`"]),
        ("grid.recipes", ["xl_lora"], ["grid.recipes", "set it to ['in_context'"]),
        (
            "grid.strategies",
            ["xl_lor"],
            ["grid.strategies[0]: 'xl_lor' is not known (did you mean 'xl_lora'?)"],
        ),
        ("generation.engine", "rai", ["generation.engine: 'rai' is not known (did you mean 'ray'?); choose one of ["]),
        (
            "train_embedder.objective",
            "contrast",
            ["train_embedder.objective: 'contrast'", "mean 'contrastive'"],
        ),
        (
            "evaluate_embedder.tasks.SampleSTS.kind",
            "sst",
            ["evaluate_embedder.tasks.SampleSTS.kind: 'sst'", "did you mean 'sts'"],
        ),
        (
            "train_embedder_recipes.xl_lora",
            {"learning_rat": 1.0},
            ["train_embedder_recipes.xl_lora.learning_rat: unknown key (did you mean 'learning_rate'?); remove it"],
        ),
        (
            "train_embedder_recipes.xl_lora",
            {"learning_rate": -1.0},
            ["train_embedder_recipes.xl_lora.learning_rate: value -1.0: Input should be greater than 0"],
        ),
        (
            "train_embedder_recipes.xl_lora",
            {"objective": "distil"},
            ["train_embedder_recipes.xl_lora.objective: 'distil' is not known (did you mean 'distillation'?)"],
        ),
        ("train_embedder_recipes.xllora", {}, ["train_embedder_recipes.xllora: no recipe (did you mean 'xl_lora'?)"]),
        ("grid.encoders", ["tinny"], ["grid.encoders[0]", "'tinny'", "base_models"]),
        (
            "grid.adapter_languages",
            {"eng": "english", "afr": "target"},
            ["adapter_composition", "ind", "compose again"],
        ),
        ("grid.adapter_languages", {"afr": "target", "ind": "target"}, ["adapter_composition", "eng"]),
        ("build_xl_lora_data.source_languages", [], ["xl_lora", "source_languages", "name a source language"]),
        ("build_xl_lora_data.source_languages", ["afr"], ["'afr'", "role 'source'"]),
        ("judge_triplets.languages", ["swa"], ["judge_triplets.languages", "'swa'", "remove it"]),
        ("corpora.sample.anchors", [], ["corpora.sample.anchors: empty: 'in_context' needs it for 'afr'; name a file"]),
        ("corpora.sample.examples", [], ["corpora.sample.examples: empty: 'in_context' needs it for 'ind'"]),
        ("corpora.sample.instructions", [], ["corpora.sample.instructions: empty: 'adapter_composition' needs it"]),
        ("corpora.sample_english.nli", [], ["sample_english.nli: empty: 'english_nli' needs it for 'eng'", "`grid`"]),
        ("corpora.sample_english.nli", [], ["sample_english.nli: empty: 'adapter_composition' needs it for 'eng'"]),
        ("corpora.sample.parallel", [], ["empty: 'translation_pairs' needs it for 'ind'"]),
        (
            "base_models.generator.scratch.pretraining.languages",
            ["eng"],
            ["base_models.generator.scratch.pretraining.parallel_share: 0.4: none of ['eng'] has a file", "to 0"],
        ),
        ("corpora.sample.parallel", [], ["corpora.sample.parallel: empty: 'translation_pairs' needs it for 'afr'"]),
        ("languages.afr.corpus", "sampel", ["languages.afr.corpus", "'sampel'", "did you mean 'sample'"]),
        (
            "register_models.validation_task",
            {"ind": "SampelSTS"},
            ["validation_task.ind", "choose one of ['SampleSTS'"],
        ),
        ("generate_triplets.filters.semantic.encoder", "generator", ["semantic.encoder", "'generator'", "['tiny']"]),
        ("generate_triplets.filters.judge.min_entailment", 0.5, ["filters.judge", "no judge", "train_judge.source"]),
        ("corpora.sample.judge_nli", [{"format": "csv", "path": "x", "split": "test"}], ["train and validation"]),
        (
            "generate_triplets.filters.several_sentences",
            "off",
            ["several_sentences", "'off'", "'reject', 'cut' or 'keep'"],
        ),
        (
            "generation.openai.models.positive",
            "{lang}",
            ["openai.models", "{lang}", "{language} and {seed}"],
        ),
        (
            "generation.openai.extra_body",
            {"model": "x"},
            ["generation.openai.extra_body: value {'model': 'x'}: ['model'] cannot", "remove them"],
        ),
        ("generation.openai.api_key_env", "sk-1 2", ["api_key_env", "pattern"]),
        ("train_embedder.learning_rate", float("inf"), ["train_embedder.learning_rate", "finite"]),
        ("seed", 2**32, ["seed", "less than"]),
        ("base_models.tiny.source", "hub", ["base_models.tiny.id", "missing", "'hub'"]),
        ("base_models.tiny.role", "generator", ["base_models: generators ['generator', 'tiny']: strategies need one"]),
    ],
)
def test_fault_names_key_value_and_remedy(path, value, told):
    with pytest.raises(ParamsError) as caught:
        validate_params(_set(path, value), source="params.yaml")
    message = str(caught.value)
    assert message.startswith("params.yaml: ")
    assert all(part in message for part in told), message


UNTRAINED = {"untrained": {"objective": "none", "pooling": "mean"}}
LORA = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.0, "target_modules": "all-linear"}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            {"generation.engine": "openai", "generator_seeds": 2, "generation.openai.models.positive": "{seed}"},
            ["generation.openai.models.negative: '{strategy}-{language}-negative': does not tell", "add {seed}"],
        ),
        (
            {"train_embedder.fp16": True, "train_embedder.bf16": True},
            ["train_embedder.fp16: value True: together with bf16", "set one"],
        ),
        (
            {
                "launch.portable": True,
                "rate_triplets.bf16": True,
                "evaluate_embedder.bf16": True,
                "train_embedder_recipes.xl_lora": {"bf16": True},
            },
            [
                "evaluate_embedder.bf16: true: portable kernels",
                "rate_triplets.bf16: true: portable kernels have no bf16; set it or launch.portable to false",
                "train_embedder_recipes.xl_lora.bf16: true: portable kernels",
            ],
        ),
        (
            {"train_embedder.lora": LORA, "train_embedder_recipes.xl_lora": {"trained_layers": 1}},
            ["train_embedder_recipes.xl_lora.trained_layers: value 1: together with lora", "set one"],
        ),
        (
            {"train_embedder.lora": LORA, "train_embedder_recipes.xl_lora": {"new_word_min_count": 1}},
            ["train_embedder_recipes.xl_lora.new_word_min_count: value 1: together with lora", "set one"],
        ),
        (
            {"train_judge.source": "trained", "train_judge.base": "bert"},
            [
                "train_judge.base: 'bert' is no base model",
                "train_judge.source: 'trained', but no corpus has `judge_nli`",
            ],
        ),
        (
            {"grid.mixtures": [["xl_lora", "english"], ["in_context", "in_context"]]},
            [
                "grid.mixtures: ['xl_lora', 'english']: 'english' is no other recipe of the grid with a training set",
                "grid.mixtures: ['in_context', 'in_context']: 'in_context' is no other recipe",
            ],
        ),
        ({"grid.mixtures": [["xl_lora"]]}, ["grid.mixtures.0", "at least 2"]),
        (
            {"grid.encoder_recipes": {"tyny": ["untrained"], "tiny": ["xl_lore"]}},
            [
                "grid.encoder_recipes.tyny: no encoder of the grid (did you mean 'tiny'?); correct or remove it",
                "grid.encoder_recipes.tiny: 'xl_lore' is no recipe of the grid (did you mean 'xl_lora'?)",
                "grid.encoder_recipes.tiny: ['xl_lore']: add 'untrained'",
            ],
        ),
        (
            {"train_embedder_encoders": {"tyny": {}}},
            ["train_embedder_encoders.tyny: no encoder of the grid (did you mean 'tiny'?); correct or remove it"],
        ),
        (
            {"train_embedder_encoders": {"tiny": {"learning_rat": 1}}},
            ["train_embedder_encoders.tiny.learning_rat: unknown key (did you mean 'learning_rate'?)"],
        ),
        ({"train_judge.source": "hub", "train_judge.id": "owner/name"}, ["train_judge", "needs ['revision']"]),
        (
            {"train_embedder.matryoshka_dimensions": [64, 64, 128]},
            ["train_embedder_recipes.xl_lora.matryoshka_dimensions: [64, 64, 128]: a dimension is named twice"],
        ),
        (
            {"train_embedder_recipes.xl_lora": {"objective": "contrastiv"}},
            ["objective: 'contrastiv' is not known (did you mean 'contrastive'?)"],
        ),
        (
            {"train_embedder_recipes.xl_lora": {"objective": "none"}},
            ["train_embedder_recipes.xl_lora.objective: 'none' ignores the training set; only untrained"],
        ),
        (
            {"train_embedder_recipes.untrained": {}},
            ["train_embedder_recipes.untrained.objective: 'contrastive' needs a training set", "set 'none'"],
        ),
        (
            {"grid.baselines": ["english_nli"], "grid.recipes": ["xl_lora", "english_nli"]},
            ["grid.baselines: ['english_nli']: add 'untrained', which every recipe is measured against"],
        ),
        (
            {"train_embedder_recipes.in_context": {"objective": "distillation"}},
            ["train_embedder_recipes.in_context.objective: 'distillation'", "only translation_pairs and"],
        ),
        (
            {
                "train_embedder.matryoshka_dimensions": [128, 64],
                "train_embedder_recipes.translation_pairs": {"objective": "distillation"},
            },
            ["train_embedder_recipes.translation_pairs.matryoshka_dimensions: [128, 64]", "set []"],
        ),
        ({"prompts.version": "entail_v9"}, ["prompts.version: 'entail_v9' is not defined; choose one of", "entail_v1"]),
        (
            {"compose_adapter.method": "factors", "train_language_adapter.r": 8},
            ["train_language_adapter: r 8", "train_task_adapter has 16", "'factors' needs them equal"],
        ),
        (
            {"base_models.tiny.scratch.architecture": "qwen3"},
            ["base_models.tiny.scratch.architecture: 'qwen3' does not fit the role; choose one of ('xlm-roberta'"],
        ),
        (
            {"base_models.generator.scratch.hidden_size": 129},
            ["base_models.generator.scratch.hidden_size: 129", "num_attention_heads, which is 2"],
        ),
        ({"grid.languages": ["afr", "ind", "afr"]}, ["grid.languages: ['afr', 'ind', 'afr']", "name it once"]),
        ({"grid.encoders": ["tiny", "tiny"]}, ["grid.encoders: ['tiny', 'tiny']", "name it once"]),
        (
            {
                "grid.baselines": ["untrained", "published_triplets"],
                "grid.recipes": ["in_context", "adapter_composition", "xl_lora", "untrained", "published_triplets"],
            },
            ["corpora.sample.triplets: empty: 'published_triplets' needs it for 'afr'; name a file there"],
        ),
        (
            {"xl_lora_adapters.positive": {"source": "local", "path": "theirs"}},
            ["xl_lora_adapters: ", "one is given and the other is null; give both"],
        ),
        (
            {"xl_lora_adapters.positive": {"source": "hub", "id": "them/adapter"}},
            ["xl_lora_adapters.positive: ", "source 'hub' needs ['revision']"],
        ),
        ({"prepare_corpora.min_characters": 5000}, ["prepare_corpora.min_characters: 5000", "1000", "lower it"]),
    ],
)
def test_what_a_late_stage_would_refuse_is_refused_before_the_first(values, told):
    raw = copy.deepcopy(VALID)
    for path, value in values.items():
        *parents, last = path.split(".")
        place = raw
        for part in parents:
            place = place[part]
        place[last] = value
    with pytest.raises(ParamsError) as caught:
        validate_params(raw, source="params.yaml")
    message = str(caught.value)
    assert all(line.startswith("params.yaml: ") for line in message.splitlines())
    assert all(part in message for part in told), message


TOY_PLUGIN = """
from bootembed.settings.base import Section

class Settings(Section):
    volume: int
"""


@pytest.fixture
def toy_plugin(tmp_path, monkeypatch):
    """A function that adds the module `toy` to a package."""

    def add(package, content=TOY_PLUGIN):
        module = importlib.import_module(package)
        (tmp_path / "toy.py").write_text(content)
        monkeypatch.setattr(module, "__path__", [*module.__path__, str(tmp_path)])
        monkeypatch.setitem(sys.modules, f"{package}.toy", None)  # so that its import is undone afterwards
        del sys.modules[f"{package}.toy"]

    return add


@pytest.mark.parametrize(
    ("package", "section"),
    [
        ("bootembed.generation.engines", "generation."),
        ("bootembed.embedder.objectives", "train_embedder."),
        ("bootembed.strategies", ""),
    ],
)
def test_the_section_of_a_plugin_is_accepted_and_validated(package, section, toy_plugin):
    toy_plugin(package)
    params = validate_params(_set(f"{section}toy", {"volume": 3}), source="p")
    for part in f"{section}toy.volume".split("."):
        params = getattr(params, part)
    assert params == 3
    with pytest.raises(ParamsError, match=rf"^p: {section}toy\.volume: value 'loud': .*integer"):
        validate_params(_set(f"{section}toy", {"volume": "loud"}), source="p")
    with pytest.raises(ParamsError, match=rf"^p: {section}toy\.volum: unknown key \(did you mean 'volume'\?\);"):
        validate_params(_set(f"{section}toy", {"volume": 3, "volum": 3}), source="p")
    with pytest.raises(ParamsError, match=rf"^p: {section}toi: unknown key \(did you mean 'toy'\?\); remove it$"):
        validate_params(_set(f"{section}toi", {"volume": 3}), source="p")


def test_a_plugin_without_settings_takes_no_section(toy_plugin):
    toy_plugin("bootembed.strategies", content="")
    with pytest.raises(ParamsError, match=r"^p: toy: unknown key; remove it$"):
        validate_params(_set("toy", {}), source="p")


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        ("generation.openai.base_url", "http://anna:hidden@localhost:8000/v1"),
        ("generation.openai.base_url", "https://localhost/v1?key=hidden"),
        ("generation.openai.api_key_env", "sk-hidden"),
    ],
)
def test_what_may_be_a_secret_is_refused_and_not_shown(path, secret):
    with pytest.raises(ParamsError) as caught:
        validate_params(_set(path, secret), source="params.yaml")
    assert str(caught.value).startswith(f"params.yaml: {path}: ")
    assert "hidden" not in str(caught.value)


def test_a_recipe_inherits_what_it_does_not_override():
    raw = _set("train_embedder_recipes", UNTRAINED | {"xl_lora": {"learning_rate": 1.0, "trained_layers": 0}})
    params = validate_params(raw, source="p")
    common = params.train_embedder
    assert params.embedder_settings("english_nli", "tiny") == common
    assert params.embedder_settings("xl_lora", "tiny") == common.model_copy(
        update={"learning_rate": 1.0, "trained_layers": 0}
    )


def test_the_overrides_of_an_encoder_go_before_those_of_a_recipe():
    raw = _set("train_embedder_encoders", {"tiny": {"pooling": "mean", "seeds": 1}})
    raw["train_embedder_recipes"] = UNTRAINED | {"xl_lora": {"pooling": "last", "learning_rate": 1.0}}
    own = validate_params(raw, source="p").embedder_settings("xl_lora", "tiny")
    assert (own.pooling, own.seeds, own.learning_rate) == ("mean", 1, 1.0)


def test_parts_of_a_mixture_are_checked_with_their_own_objective():
    recipe = "xl_lora_and_translation_pairs"
    raw = _set("grid.mixtures", [["xl_lora", "translation_pairs"]])
    raw["grid"]["recipes"] += [recipe]
    raw["train_embedder_recipes"][recipe] = {"objectives": {"translation_pairs": "distillation"}}
    assert validate_params(raw, source="p").grid.mixture_names == [recipe]
    raw["train_embedder_recipes"][recipe] = {"objectives": {"xl_lora": "distillation"}}
    with pytest.raises(ParamsError, match=f"{recipe}.objective: 'distillation' needs sentences with their English"):
        validate_params(raw, source="p")


def test_an_override_can_be_null():
    raw = _set("train_embedder.trained_layers", 1)
    raw["train_embedder_recipes"] = UNTRAINED | {"xl_lora": {"trained_layers": None}}
    params = validate_params(raw, source="p")
    assert params.embedder_settings("xl_lora", "tiny").trained_layers is None
    assert params.embedder_settings("english_nli", "tiny").trained_layers == 1


def test_all_faults_are_told_at_once():
    raw = _set("train_embedder.temperatur", 1)
    raw["seed"] = "x"
    with pytest.raises(ParamsError) as caught:
        validate_params(raw, source="params.yaml")
    assert len(str(caught.value).splitlines()) == 2


def test_adapters_of_several_seeds_need_names_of_their_own_only_where_they_are_served():
    several = _set("generator_seeds", 3)
    assert validate_params(several, source="p").generator_seeds == 3
    several["generation"]["engine"] = "openai"
    with pytest.raises(ParamsError, match=r"models\.positive.*\n.*models\.negative"):
        validate_params(several, source="p")
    without_adapters = several | {"grid": several["grid"] | {"strategies": ["in_context"]}}
    without_adapters["grid"]["recipes"] = ["in_context", *several["grid"]["baselines"]]
    validate_params(without_adapters, source="p")


def test_champion_is_never_chosen_on_test_scores():
    raw = copy.deepcopy(VALID)
    for file in raw["corpora"]["sample"]["evaluation"]["SampleSTS"]:
        file["split"] = "test"
    with pytest.raises(ParamsError, match="never chosen on test scores"):
        validate_params(raw, source="params.yaml")


def test_subsets_are_of_known_languages_and_of_tasks_of_mteb():
    raw = copy.deepcopy(VALID)
    key = raw["grid"]["languages"][0]
    subsets = {key: "sw", f"{key}x": "ko"}
    raw["evaluate_embedder"]["tasks"]["MIRACL"] = {"kind": "retrieval", "implementation": "mteb", "subset": subsets}
    with pytest.raises(ParamsError, match=rf"tasks\.MIRACL\.subset: '{key}x' is no language \(did you mean '{key}'"):
        validate_params(raw, source="params.yaml")
    own = {"kind": "sts", "implementation": "bootembed", "subset": {key: "sw"}}
    raw["evaluate_embedder"]["tasks"]["MIRACL"] = own
    with pytest.raises(ParamsError, match=r"tasks\.MIRACL\.subset: only tasks of mteb have subsets"):
        validate_params(raw, source="params.yaml")


@pytest.mark.parametrize("content", ["", "[]", "a: [", "\x00"])
def test_unreadable_files_are_named(tmp_path, content):
    path = tmp_path / "params.yaml"
    path.write_text(content)
    with pytest.raises(ParamsError, match=r"params\.yaml"):
        load_params(path)


def _places(raw, prefix=()):
    for key, value in raw.items():
        yield (*prefix, key)
        if isinstance(value, dict):
            yield from _places(value, (*prefix, key))


@settings(max_examples=300, deadline=None)
@given(
    place=st.sampled_from(sorted(_places(VALID))),
    change=st.sampled_from(["delete", "rename", "none", "list", "text", "number", "mapping"]),
)
def test_any_damage_gives_valid_params_or_a_clear_error(place, change):
    raw = copy.deepcopy(VALID)
    parent = raw
    for part in place[:-1]:
        parent = parent[part]
    value = parent.pop(place[-1])
    other = {"none": None, "list": [value], "text": "x y", "number": -1, "mapping": {"a": value}}
    if change == "rename":
        parent[f"{place[-1]}x"] = value
    elif change != "delete":
        parent[place[-1]] = other[change]
    try:
        assert isinstance(validate_params(raw, source="p"), Params)
    except ParamsError as error:
        assert all(line.startswith("p: ") for line in str(error).splitlines())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("grid.languages", ["afr", False]),
        ("languages.afr.folder", False),
        ("corpora.sample.anchors", [{"format": "lines", "path": "a", "where": {"lang": False}}]),
        ("corpora.sample.anchors", [{"format": "lines", "path": "a", "where": {False: "x"}}]),
        ("corpora.sample.nli", [{"format": "csv", "path": "a", "label_values": {True: "entailment"}}]),
    ],
)
def test_a_word_that_yaml_reads_as_true_or_false_is_told(path, value):
    with pytest.raises(ParamsError, match=r"YAML reads an unquoted .*: put it into quotes"):
        validate_params(_set(path, value), source="params.yaml")


def test_a_misspelt_label_is_told_with_the_nearest_one():
    spec = {"format": "csv", "path": "a", "label_values": {0: "entailment", 1: "neutral", 2: "contradictoin"}}
    with pytest.raises(ParamsError, match=r"nli\.0\.label_values\.2: .*did you mean 'contradiction'\?\).*neutral"):
        validate_params(_set("corpora.sample.nli", [spec]), source="params.yaml")


def test_numbers_of_columns_and_labels_need_no_quotes():
    spec = {"format": "tsv", "path": "a", "header": False, "columns": {"text": 3}, "where": {2: "afr"}}
    params = validate_params(_set("corpora.sample.anchors", [spec]), source="params.yaml")
    [found] = params.corpora["sample"].anchors
    assert (found.columns, found.where) == ({"text": "3"}, {"2": "afr"})


def test_without_strategies_no_generator_anchors_or_nli_are_needed():
    raw = _set("grid.strategies", [])
    raw["grid"] |= {"baselines": ["untrained", "translation_pairs"], "recipes": ["untrained", "translation_pairs"]}
    raw["grid"]["adapter_languages"] = {}
    raw["needed"] = {name: type(own)() for name, own in raw["needed"].items()} | {"filter_judge": "none"}
    del raw["base_models"]["generator"]
    for table in ("anchors", "examples", "instructions", "nli"):
        raw["corpora"]["sample"][table] = raw["corpora"]["sample_english"][table] = []
    raw["register_models"]["validation_task"] = {}
    assert validate_params(raw, source="p").grid.strategies == []
