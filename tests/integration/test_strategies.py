"""Strategies as plugins: one file adds a strategy, and what is missing is named."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from encoders import write_encoder
from toy import toy_nli

from bootembed import strategies
from bootembed.core.errors import DataError, ParamsError
from bootembed.core.names import Polarity
from bootembed.core.plugins import plugin_names
from bootembed.core.tables import ANCHORS, EXAMPLES, GENERATED_TRIPLETS, REJECTED_TRIPLETS, read_table, write_table
from bootembed.settings.load import validate_params
from bootembed.strategies import Inputs, load_strategy
from stages import assemble_generator, generate_triplets

LAPTOP = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
PREMISES = sorted({row["premise"] for row in toy_nli(60, seed=9)})
TOY = """
from bootembed.core.tables import EXAMPLES, read_table
from bootembed.generation.shots import Example, ShotPool
from bootembed.strategies import Parts

ANSWERS_IN_ENGLISH = True


def assemble(inputs, settings, *, seed):
    rows = read_table(inputs["hints"], EXAMPLES)
    return Parts(shots=ShotPool([Example(**row) for row in rows], len(rows), seed=seed))


def adapter_rank(params):
    return 0


def faults(params):
    return [f"in_context.examples: {params.in_context.examples}: too many for 'toy'; set 1"]
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "toy.py").write_text(TOY)
    monkeypatch.setattr(strategies, "__path__", [*strategies.__path__, str(folder)])
    yield
    sys.modules.pop("bootembed.strategies.toy", None)


def _run(command, *words):
    return CliRunner().invoke(command, [*map(str, words)], catch_exceptions=False)


@pytest.mark.usefixtures("toy")
def test_one_file_adds_a_strategy_that_writes_triplets(tiny_generator, tmp_path):
    raw = LAPTOP | {"generation": LAPTOP["generation"] | {"max_new_tokens": 8}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(raw))
    write_table(({"text": text} for text in PREMISES[:4]), ANCHORS, tmp_path / "anchors.parquet")
    write_table([{"anchor": "a", "positive": "b", "negative": "c"}], EXAMPLES, tmp_path / "hints.parquet")
    cell = ["--strategy", "toy", "--language", "afr", "--params", tmp_path / "params.yaml"]
    hints = ["--input", f"hints={tmp_path / 'hints.parquet'}"]
    done = _run(assemble_generator.main, *cell, *hints, "--output-dir", tmp_path / "toy")
    assert done.exit_code == 0, done.output
    description = json.loads((tmp_path / "toy/0/generator.json").read_text())
    assert (description["strategy"], description["answer_language_name"]) == ("toy", "English")

    outputs = {
        "answer-cache": tmp_path / "answers.jsonl",
        "output-dir": tmp_path / "triplets",
        "metrics": tmp_path / "metrics.json",
        "generator": tmp_path / "toy",
        "anchors": tmp_path / "anchors.parquet",
        "base-model": tiny_generator,
        "encoder": write_encoder(tmp_path / "encoder", "bert"),
        "judge": tmp_path / "none",
    }
    (tmp_path / "none").mkdir()
    words = [word for name, path in outputs.items() for word in (f"--{name}", path)]
    done = _run(generate_triplets.main, *cell, *words)
    assert done.exit_code == 0, done.output
    folder = tmp_path / "triplets/0"
    rows = read_table(folder / "training.parquet", GENERATED_TRIPLETS)
    rows += read_table(folder / "rejected.parquet", REJECTED_TRIPLETS)
    assert sorted(row["anchor_id"] for row in rows) == [0, 1, 2, 3]


@pytest.mark.usefixtures("toy")
def test_the_faults_a_strategy_finds_are_those_of_the_parameters():
    grid = LAPTOP["grid"] | {"strategies": ["toy"], "recipes": ["toy", *LAPTOP["grid"]["baselines"]]}
    raw = LAPTOP | {"grid": grid, "train_embedder_recipes": LAPTOP["train_embedder_recipes"] | {"toy": {}}}
    with pytest.raises(ParamsError) as caught:
        validate_params(raw, source="p")
    assert str(caught.value) == f"p: in_context.examples: {raw['in_context']['examples']}: too many for 'toy'; set 1"


@pytest.mark.usefixtures("toy")
def test_a_missing_input_is_named_with_its_remedy(tmp_path):
    words = ["--strategy", "toy", "--language", "afr", "--input", f"anchors={tmp_path}", "--output-dir", tmp_path / "o"]
    done = _run(assemble_generator.main, *words)
    assert done.exit_code == 1
    assert "strategy 'toy': lacks its input 'hints'; add `--input hints=PATH`" in done.output
    assert "['anchors']" in done.output


def test_an_input_must_have_a_name_and_exist(tmp_path):
    words = ["--strategy", "in_context", "--language", "afr", "--output-dir", tmp_path / "o"]
    for given, told in ((str(tmp_path), "NAME=PATH"), (f"anchors={tmp_path / 'none'}", "does not exist")):
        done = _run(assemble_generator.main, *words, "--input", given)
        assert done.exit_code == 2
        assert told in done.output


@pytest.mark.parametrize("name", ["adapter_composition", "xl_lora"])
def test_strategies_with_adapters_take_those_of_both_polarities(name, tmp_path):
    parts = load_strategy(name).assemble(Inputs(name, {"adapters": tmp_path}, 2), None, seed=1)
    assert parts.adapters == {polarity: tmp_path / polarity / "2" for polarity in Polarity}
    with pytest.raises(DataError, match=f"strategy '{name}': lacks its input"):
        load_strategy(name).assemble(Inputs(name, {}, 0), None, seed=1)


def test_the_rank_in_use_is_that_of_the_method():
    task, language = LAPTOP["train_task_adapter"]["r"], LAPTOP["train_language_adapter"]["r"]
    ranks = {}
    for method, reference in (("delta", "english"), ("delta", "none"), ("svd", "english")):
        composed = LAPTOP["compose_adapter"] | {"method": method, "reference": reference}
        params = validate_params(LAPTOP | {"compose_adapter": composed}, source="p")
        ranks[method, reference] = load_strategy("adapter_composition").adapter_rank(params)
    assert ranks == {
        ("delta", "english"): task + 2 * language,
        ("delta", "none"): task + language,
        ("svd", "english"): task,
    }
    assert load_strategy("in_context").adapter_rank(params) == 0
    assert load_strategy("xl_lora").adapter_rank(params) == max(task, LAPTOP["train_xl_lora_adapter"]["r"])


def test_an_unknown_strategy_is_named():
    with pytest.raises(ParamsError, match=r"grid\.strategies: 'xl_lor' is not known \(did you mean 'xl_lora'\?\)"):
        load_strategy("xl_lor")


def test_asking_strategies_for_faults_loads_no_model_library():
    names = plugin_names("bootembed.strategies")
    assert len(names) >= 3
    script = "\n".join(
        [
            "import sys",
            *(f"import bootembed.strategies.{name}" for name in names),
            "print(sorted({'torch', 'transformers', 'peft', 'safetensors'} & set(sys.modules)))",
        ]
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
