"""Parameters: the committed file is the composition of conf/, and every profile is valid."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from dvc.repo import Repo

from bootembed.core.errors import DataError, ParamsError
from bootembed.core.tables import write_table
from bootembed.evaluation.kinds.bitext_mining import NEAREST
from bootembed.evaluation.kinds.sts import PREDICTIONS
from bootembed.settings.load import load_params
from bootembed.workflow.compose import compose
from bootembed.workflow.places import refuse_other_profiles, registry_of, report_of, results_of
from stages import report

ROOT = Path(__file__).parents[2]
PROFILES = sorted(path.stem for path in (ROOT / "conf/profile").glob("*.yaml"))


def _compose(profile, output, *overrides):
    compose(profile, overrides, conf=ROOT / "conf", output=output)
    return output


@pytest.mark.parametrize(("profile", "file"), [("laptop", "params.yaml"), ("pretraining", "pretraining/params.yaml")])
def test_committed_params_are_those_of_their_profile(profile, file, tmp_path):
    composed = yaml.safe_load(_compose(profile, tmp_path / "params.yaml").read_text())
    committed = yaml.safe_load((ROOT / file).read_text())
    assert committed == composed, f"{file} was edited by hand or is stale: bootembed compose {profile} --output {file}"


def test_committed_base_models_have_the_architecture_that_built_them():
    pretraining = load_params(ROOT / "pretraining/params.yaml")
    for name, spec in load_params(ROOT / "params.yaml").base_models.items():
        config = json.loads((ROOT / str(spec.path) / "config.json").read_text())
        built = pretraining.base_models[name].scratch
        assert built is not None
        shape = {key: getattr(built, key) for key in ("hidden_size", "num_hidden_layers", "intermediate_size")}
        assert {key: config[key] for key in shape} == shape
        assert config["dtype"] == built.storage


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_is_valid_and_says_its_name(profile, tmp_path):
    assert load_params(_compose(profile, tmp_path / "params.yaml")).profile == profile


def _precisions(values, prefix=""):
    """Dotted key -> value of every parameter `bf16`, but those of models that are built once and kept."""
    found = {}
    for key, value in values.items():
        if key == "bf16":
            found[f"{prefix}{key}"] = value
        elif isinstance(value, dict) and key != "base_models":
            found |= _precisions(value, f"{prefix}{key}.")
    return found


@pytest.mark.parametrize("profile", PROFILES)
def test_one_word_has_a_whole_profile_computed_in_bf16(profile, tmp_path):
    composed = yaml.safe_load(_compose(profile, tmp_path / "params.yaml", "precision=bf16").read_text())
    found = _precisions(composed)
    assert all(found.values()), found
    assert len(found) >= 8
    assert not composed["launch"]["portable"]


@pytest.mark.parametrize("choice", ["hub", "hub_it"])
@pytest.mark.parametrize("profile", ["real", "real_long", "real_more"])
def test_models_of_the_real_profiles_can_come_from_the_hub(profile, choice, tmp_path):
    models = load_params(_compose(profile, tmp_path / "params.yaml", f"real_models={choice}")).base_models
    assert {name for name, spec in models.items() if spec.source == "hub" and spec.path is None} == set(models)
    assert all(spec.revision != "unresolved" for spec in models.values())
    tuned = choice == "hub_it"
    assert (models["generator"].id == "google/gemma-3-270m-it", models["generator"].chat_template is None) == (
        tuned,
        tuned,
    )


def test_a_mixture_can_be_left_out_though_it_has_settings(tmp_path):
    """As a strategy can: `real_more` leaves out mixtures that `real` sets."""
    params = load_params(_compose("real", tmp_path / "params.yaml", "grid.mixtures=[]"))
    assert not params.grid.mixtures
    assert "xl_lora_and_english_nli" in params.train_embedder_recipes
    with pytest.raises(ParamsError, match=r"xl_lora_and_english: no recipe .*did you mean 'xl_lora_and_english_nli'"):
        _compose("real", tmp_path / "params.yaml", "+train_embedder_recipes.xl_lora_and_english.temperature=0.1")
    with pytest.raises(ParamsError, match="xl_lora_and_untrained: no recipe"):
        _compose("real", tmp_path / "params.yaml", "+train_embedder_recipes.xl_lora_and_untrained.temperature=0.1")


def test_a_choice_that_there_is_not_names_those_that_there_are(tmp_path):
    with pytest.raises(ParamsError, match=r"precision=fp8: there is none; choose one of \['bf16'\]"):
        _compose("laptop", tmp_path / "params.yaml", "precision=fp8")
    with pytest.raises(ParamsError, match=r"train_embedder\.poolin: no parameter .* did you mean train_embedder\.pool"):
        _compose("laptop", tmp_path / "params.yaml", "precision=bf16", "train_embedder.poolin=mean")


def test_recipes_follow_from_strategies_and_baselines(tmp_path):
    overrides = ["grid.strategies=[xl_lora]", "grid.baselines=[untrained,english_nli]"]
    params = load_params(_compose("laptop", tmp_path / "params.yaml", *overrides))
    assert params.grid.recipes == ["xl_lora", "untrained", "english_nli"]


def test_an_encoder_goes_without_the_recipes_that_are_not_chosen_for_it(tmp_path):
    chosen = ["+base_models.other=${base_models.tiny}", "grid.encoders=[tiny,other]"]
    chosen += ["+grid.encoder_recipes.other=[untrained,xl_lora]"]
    params = load_params(_compose("laptop", tmp_path / "params.yaml", *chosen))
    cells = params.grid.embedder_cells
    assert [cell for cell in cells if cell.endswith("-other")] == [
        f"{recipe}-{language}-other" for recipe in ("xl_lora", "untrained") for language in params.grid.languages
    ]
    assert sum(cell.endswith("-tiny") for cell in cells) == len(params.grid.recipes) * len(params.grid.languages)


def test_dvc_composes_with_the_same_plugins():
    hydra = Repo(str(ROOT)).config["hydra"]
    assert hydra["enabled"]
    assert (ROOT / hydra["plugins_path"]).samefile(ROOT / "conf/plugins")


def test_every_recipe_has_an_entry_that_dvc_can_track(tmp_path):
    overrides = [
        "grid.baselines=[untrained,multilingual_distillation]",
        "+train_embedder_recipes.xl_lora.learning_rate=1.0",
    ]
    composed = yaml.safe_load(_compose("laptop", tmp_path / "params.yaml", *overrides).read_text())
    found = composed["train_embedder_recipes"]
    assert found["multilingual_distillation"] == {"objective": "distillation"}
    assert (found["in_context"], found["xl_lora"]) == ({}, {"learning_rate": 1.0})


def test_faults_name_the_file_of_the_profile(tmp_path):
    with pytest.raises(ParamsError, match=r"^\S*conf/profile/laptop\.yaml: train_embedder\.pooling: value 'max'"):
        _compose("laptop", tmp_path / "params.yaml", "train_embedder.pooling=max")


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_gives_a_graph(profile, tmp_path):
    """DVC resolves dvc.yaml for the profile, without cycles or stages that write the same file."""
    params = load_params(_compose(profile, tmp_path / "params.yaml"))
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    repo = Repo.init(str(tmp_path), no_scm=True)
    assert len(repo.index.graph) == len(repo.index.stages)
    names = {stage.name for stage in repo.index.stages}
    judged = {name for name in names if name.startswith("judge_triplets@")}
    assert len(judged) == len(params.grid.strategies) * len(params.judge_triplets.languages)
    for language in params.grid.languages:
        for encoder in params.grid.encoders:
            for recipe in params.grid.recipes_of(encoder):
                assert f"evaluate_embedder@{recipe}-{language}-{encoder}" in names
    outs = {Path(out.def_path).as_posix() for stage in repo.index.stages for out in stage.outs}
    results = re.compile(r"(metrics|results/\w+|models/(embedders|exports)|data/training_sets)/(\w+)/")
    assert {found[3] for found in map(results.match, outs) if found} == {profile}
    assert all(results.match(path) for path in outs if path.startswith(("metrics", "results")))
    exported = params.grid.exports
    places = [place for name, place in results_of(profile).items() if exported or not name.startswith("export")]
    assert not [place for place in places if not any(place in Path(path).parents for path in outs)]


def test_where_results_lie_is_read_from_the_pipeline(tmp_path, monkeypatch):
    """Of folders of cells, of files of cells, and of single files."""
    text = (ROOT / "dvc.yaml").read_text()
    for own, other in (
        ("embedders: models/", "embedders: m/"),
        ("exports: models/", "exports: m/"),
        ("metrics/", "x/"),
    ):
        text = text.replace(own, other)
    (tmp_path / "dvc.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    found = results_of("laptop")
    assert [str(found[name]) for name in ("embedders", "scores", "exports", "corpora")] == [
        "m/embedders/laptop", "x/laptop/scores", "x/laptop/exports", "data/corpora/target",
    ]  # fmt: skip
    assert (report_of("laptop"), registry_of("real")) == (Path("x/laptop/report.html"), Path("x/real/registry.json"))
    for folder in ("m/embedders", "m/exports"):
        refuse_other_profiles(f"{folder}/laptop/cell", "laptop")
        with pytest.raises(DataError, match="run `bootembed compose real`"):
            refuse_other_profiles(f"{folder}/real/cell", "laptop")


def test_profiles_reported_in_turn_show_only_their_own(tmp_path, monkeypatch):
    """By the command of dvc.yaml, on scores of a cell that both profiles have."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    few = ["grid.languages=[afr]", "grid.strategies=[]", "grid.baselines=[untrained]", "judge_triplets.languages=[]"]
    scores, shown = {"laptop": 0.123, "miniature": 0.456}, {}
    for profile in ("laptop", "miniature", "laptop"):
        params = load_params(_compose(profile, tmp_path / "params.yaml", *few))
        _write_results(profile, scores[profile], params.languages)
        (tmp_path / ".dvc").exists() or Repo.init(no_scm=True)
        [stage] = [stage for stage in Repo().index.stages if stage.name == "report"]
        told = CliRunner().invoke(report.main, shlex.split(stage.cmd)[3:], catch_exceptions=False)
        assert told.exit_code == 0, told.output
        for other, score in scores.items():
            text = Path(f"metrics/{profile}/report.md").read_text()
            assert (f"`{other}`" in text, f"{score}" in text) == (other == profile,) * 2
        files = {path.name: path.read_bytes() for path in Path("metrics", profile).iterdir() if path.is_file()}
        assert shown.setdefault(profile, files) == files


def _write_results(profile, score, languages):
    folders = results_of(profile)
    for folder in [*folders.values(), Path("data/evaluation")]:
        folder.mkdir(parents=True, exist_ok=True)
    found = {"0-0": {"scores": {"SampleSTS": {"validation": score, "test": score}}, "geometry": {}}}
    (folders["scores"] / "untrained-afr-tiny.json").write_text(json.dumps({"embedders": found}))
    answers = folders["mteb"] / "untrained-afr-tiny/0-0"
    write_table([], PREDICTIONS, answers / "predictions.parquet")
    write_table([], NEAREST, answers / "nearest.parquet")
    (folders["fit"] / "afr.json").write_text("{}")
    for key, language in languages.items():
        folder = Path("data/corpora") / language.role / key
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").write_text(json.dumps({"tables": {}, "language_check": "", "warnings": []}))


@pytest.mark.parametrize("profile", ["paper", "single_gpu", "published"])
def test_names_of_mteb_are_its_own(profile, tmp_path):
    """Each task of a profile for the Hub has one subset of each language that is to be scored on it."""
    from bootembed.evaluation.kind import task_kind
    from bootembed.evaluation.tasks import mteb_task, subset_of

    params = load_params(_compose(profile, tmp_path / "params.yaml"))
    for language in params.grid.languages:
        configured = params.languages[language]
        for name in params.corpora[configured.corpus].evaluation:
            spec = params.evaluate_embedder.tasks[name]
            if spec.implementation == "mteb":
                code = f"{language}-{configured.script}"
                kind = task_kind(spec.kind)
                assert subset_of(mteb_task(name, kind), kind, code, named=spec.subset.get(language))


def test_the_paper_profile_has_the_settings_of_the_official_code(tmp_path):
    """Against github.com/mbasoz/xllora-embedding at 7dc4a39 and a1b7007: lora_training.py and the scripts."""
    params = load_params(_compose("paper", tmp_path / "params.yaml"))
    for lora in (params.train_task_adapter, params.train_language_adapter, params.train_xl_lora_adapter):
        assert (lora.r, lora.lora_alpha, lora.lora_dropout, lora.load_in_4bit) == (8, 16, 0.05, True)
        assert (lora.train_examples, lora.num_train_epochs, lora.learning_rate) == (10_000, 3, 2e-4)
        assert (lora.per_device_train_batch_size, lora.gradient_accumulation_steps) == (16, 4)
        assert (lora.max_length, lora.max_grad_norm, lora.gradient_checkpointing) == (512, 0.3, True)
        assert (lora.lr_scheduler_type, lora.warmup_steps, params.seed) == ("constant", 15, 42)
    generation, embedder = params.generation, params.train_embedder
    assert (generation.transformers.batch_size, generation.max_prompt_tokens, generation.max_new_tokens) == (
        128,
        256,
        128,
    )
    assert (embedder.num_train_epochs, embedder.per_device_train_batch_size, embedder.learning_rate) == (3, 512, 5e-5)
    assert (embedder.max_seq_length, embedder.temperature, embedder.fp16) == (32, 0.05, True)
    assert (embedder.pooling, params.embedder_settings("untrained", params.grid.encoders[0]).pooling) == (
        "mean_first_last",
        "mean",
    )
    assert params.grid.languages == ["afr", "hau", "hin", "ind", "kor", "mar", "tel"]


def test_the_published_profile_trains_and_scores_as_the_paper_profile(tmp_path):
    paper, published = (
        yaml.safe_load(_compose(profile, tmp_path / f"{profile}.yaml").read_text())
        for profile in ("paper", "published")
    )
    assert published["train_embedder"] == paper["train_embedder"] | {"mini_batch_size": 64}
    for section in ("seed", "evaluate_embedder", "register_models", "build_baseline_data", "train_embedder_encoders"):
        assert published[section] == paper[section]
    for recipe in ("untrained", "unsupervised_simcse", "english_nli"):
        assert published["train_embedder_recipes"][recipe] == paper["train_embedder_recipes"][recipe]
    assert published["train_embedder_recipes"]["published_triplets"] == paper["train_embedder_recipes"]["xl_lora"]
    assert published["grid"]["languages"] == paper["grid"]["languages"]
    assert published["grid"]["encoders"] == paper["grid"]["encoders"]
    assert published["base_models"] == {key: paper["base_models"][key] for key in published["grid"]["encoders"]}
    for key, language in published["languages"].items():
        assert language == paper["languages"][key]
    for language in published["grid"]["languages"]:
        corpus = published["languages"][language]["corpus"]
        own, theirs = published["corpora"][corpus], paper["corpora"][corpus]
        assert own["evaluation"] == theirs["evaluation"]
        assert [Path(file["path"]).name for table in ("triplets", "anchors") for file in own[table]] == [
            theirs["anchors"][0]["data_file"]
        ] * 2


def _cells(tmp_path, *overrides):
    _compose("laptop", tmp_path / "params.yaml", *overrides)
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    names = {stage.name for stage in Repo.init(str(tmp_path), no_scm=True).index.stages}
    return names, {name.partition("@")[0] for name in names}


def test_without_strategies_nothing_of_a_generator_runs(tmp_path):
    _, stages = _cells(tmp_path, "grid.strategies=[]", "grid.baselines=[untrained]", "~base_models.generator")
    assert not {name for name in stages if "adapter" in name or "triplets" in name or "xl_lora" in name}
    assert {"train_embedder", "evaluate_embedder", "measure_fit", "report", "register_models"} <= stages
    assert "assemble_generator" not in stages


@pytest.mark.parametrize(
    ("strategy", "trained"),
    [
        ("in_context", set()),
        ("xl_lora", {"train_task_adapter", "build_xl_lora_data", "train_xl_lora_adapter"}),
        ("adapter_composition", {"train_task_adapter", "train_language_adapter", "compose_adapter"}),
    ],
)
def test_only_the_adapters_of_the_chosen_strategies_are_trained(strategy, trained, tmp_path):
    names, stages = _cells(tmp_path, f"grid.strategies=[{strategy}]")
    adapters = {name for name in stages if name.endswith("_adapter") or name == "build_xl_lora_data"}
    assert adapters == trained
    assembling = "assemble_adapted_generator" if trained else "assemble_generator"
    assert {name for name in names if name.startswith("assemble")} == {
        f"{assembling}@{strategy}-{language}" for language in ("afr", "ind")
    }


GIVEN = [
    f"xl_lora_adapters.{side}={{source: hub, id: them/adapter-{side}, revision: {'a' * 40}}}"
    for side in ("positive", "negative")
]


@pytest.mark.parametrize(
    ("strategies", "trained"),
    [
        ("[in_context,xl_lora]", set()),
        ("[adapter_composition,xl_lora]", {"train_task_adapter", "train_language_adapter", "compose_adapter"}),
    ],
)
def test_adapters_of_others_are_fetched_instead_of_trained(strategies, trained, tmp_path):
    names, stages = _cells(tmp_path, f"grid.strategies={strategies}", *GIVEN)
    adapters = {name for name in stages if name.endswith("_adapter") or name == "build_xl_lora_data"}
    assert adapters == {*trained, "fetch_xl_lora_adapter"}
    assert {"fetch_xl_lora_adapter@positive", "assemble_adapted_generator@xl_lora-ind"} <= names


def test_adapters_of_others_need_no_text_to_train_on(tmp_path):
    overrides = ["grid.strategies=[xl_lora]", "grid.baselines=[untrained]", "build_xl_lora_data.source_languages=[]"]
    overrides += ["corpora.sample_english.nli=[]", "corpora.sample.nli=[]", "corpora.sample_source.nli=[]"]
    _compose("laptop", tmp_path / "params.yaml", *overrides, *GIVEN)
    with pytest.raises(
        ParamsError, match=r"sample_english\.nli: empty: .*\n.*source_languages: empty: .*xl_lora_adapters"
    ):
        _compose("laptop", tmp_path / "params.yaml", *overrides)


def test_adapters_that_no_strategy_uses_are_not_fetched(tmp_path):
    assert "fetch_xl_lora_adapter" not in _cells(tmp_path, "grid.strategies=[in_context]", *GIVEN)[1]


@pytest.mark.parametrize(
    ("source", "threshold", "judges", "waited_for"),
    [
        ("none", "null", ["none"], "none"),
        ("trained", "null", ["nli", "none"], "none"),
        ("trained", "0.5", ["nli"], "nli"),
    ],
)
def test_generation_waits_for_the_judge_only_where_it_filters(source, threshold, judges, waited_for, tmp_path):
    overrides = [f"train_judge.source={source}", f"generate_triplets.filters.judge.min_entailment={threshold}"]
    params = load_params(_compose("real", tmp_path / "params.yaml", *overrides))
    assert params.needed.judges == judges
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    cells = {stage.name: stage for stage in Repo.init(str(tmp_path), no_scm=True).index.stages}
    deps = {Path(str(dep)).as_posix() for dep in cells["generate_triplets@xl_lora-ind"].deps}
    assert {path for path in deps if path.startswith("models/judges")} == {f"models/judges/{waited_for}"}
    rated = {name for name in cells if name.startswith("rate_triplets@")}
    assert len(rated) == (0 if source == "none" else len(params.grid.strategies))
