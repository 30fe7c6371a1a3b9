"""Adapters that others trained: what is taken, what is refused, and that the stage puts them where training would."""

from __future__ import annotations

import fnmatch
import json
import shlex
import shutil
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from dvc.repo import Repo
from generators import write_generator_model
from safetensors.torch import load_file, save_file

from bootembed.adapters import fetch
from bootembed.adapters.fetch import fetch_adapter
from bootembed.core.errors import DataError
from bootembed.core.hashing import content_hash
from bootembed.settings.models import FetchedAdapter
from bootembed.workflow.compose import compose
from stages import assemble_generator, fetch_xl_lora_adapter

ROOT = Path(__file__).parents[2]
BASE_ID, COMMIT = "google/gemma-3-27b-it", "a" * 40
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A generator with a vision tower."""
    return write_generator_model(tmp_path_factory.mktemp("base") / "generator", "gemma3")


@pytest.fixture(scope="module")
def trained(base, tmp_path_factory):
    """A LoRA adapter of all its linear layers, the tower's included, as the authors of the paper train it."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(3)
    lora = LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False)
    folder = tmp_path_factory.mktemp("trained") / "adapter"
    get_peft_model(AutoModelForCausalLM.from_pretrained(base), lora).save_pretrained(folder)
    _change_config(folder, base_model_name_or_path=BASE_ID)
    return folder


@pytest.fixture
def adapter(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "adapter")


def _change_config(folder, **values):
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(config | values))


def _rename(folder, *pairs):
    weights = load_file(folder / WEIGHTS)
    for old, new in pairs:
        weights = {name.replace(old, new): weight for name, weight in weights.items()}
    save_file(weights, folder / WEIGHTS)


def _fetch(folder, generator, out, *, base_id=BASE_ID, numbers=1, **own):
    spec = FetchedAdapter(source="local", path=str(folder), **own)
    folders = [out / str(number) for number in range(numbers)]
    return fetch_adapter(spec, generator, base_id=base_id, output_dirs=folders, checkpoint_dir=out / "work")


def _logits(base, adapter):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base)
    if adapter is not None:
        model = PeftModel.from_pretrained(model, adapter)
    with torch.no_grad():
        return model.eval()(input_ids=torch.arange(5, 15)[None]).logits


@pytest.mark.parametrize(
    "renamed",
    [
        pytest.param([], id="as here"),
        pytest.param([("vision_tower.encoder", "vision_tower.vision_model.encoder")], id="tower of transformers 4"),
        pytest.param([("model.model.language_model.", "model.language_model.model.")], id="transformers 4.51"),
    ],
)
def test_a_fetched_adapter_answers_as_the_original_and_holds_nothing_of_the_tower(
    renamed, trained, adapter, base, tmp_path
):
    _rename(adapter, *renamed)
    metrics = _fetch(adapter, base, tmp_path / "out", numbers=2)
    fetched = tmp_path / "out/0"
    assert torch.equal(_logits(base, fetched), _logits(base, trained))
    assert not torch.equal(_logits(base, fetched), _logits(base, None))
    names = list(load_file(fetched / WEIGHTS))
    assert names
    assert not [name for name in names if "vision" in name]
    assert metrics == {
        "rank": 2,
        "weights": len(names),
        "weights_left_out": len(load_file(adapter / WEIGHTS)) - len(names),
    }
    assert content_hash(fetched) == content_hash(tmp_path / "out/1")
    assert sorted(path.name for path in fetched.iterdir()) == [CONFIG, WEIGHTS]


def test_an_adapter_of_text_alone_is_taken_byte_by_byte(adapter, base, tmp_path):
    _fetch(adapter, base, tmp_path / "first")
    metrics = _fetch(tmp_path / "first/0", base, tmp_path / "second")
    assert content_hash(tmp_path / "first/0") == content_hash(tmp_path / "second/0")
    assert metrics["weights_left_out"] == 0


def _remove(name):
    return lambda folder: (folder / name).unlink()


def _set(**values):
    return lambda folder: _change_config(folder, **values)


def _pickle(folder):
    (folder / WEIGHTS).rename(folder / "adapter_model.bin")


def _cut(folder):
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-9])


def _pointer(folder):
    (folder / WEIGHTS).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")


def _other_sizes(folder):
    save_file(
        {name: weight[:, :7].contiguous() for name, weight in load_file(folder / WEIGHTS).items()}, folder / WEIGHTS
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_remove(CONFIG), "holds no adapter_config.json; name the folder"),
        (_pickle, "holds no adapter_model.safetensors; pickled weights are not loaded"),
        (_cut, "bytes long, and its header says"),
        (_pointer, "Git LFS"),
        (_set(peft_type="IA3"), "is of the type 'IA3', not LORA"),
        (_set(r=0), "has the rank r 0"),
        (_set(target_modules=[]), "names no target_modules"),
        (_set(r=3), "does not fit the generator: .*size mismatch"),
        (_set(target_modules=["c_attn"]), "does not fit the generator: No modules were targeted"),
        (_set(base_model_name_or_path="google/gemma-3-12b-it"), f"of 'google/gemma-3-12b-it', .* is '{BASE_ID}'"),
        (lambda folder: _rename(folder, ("q_proj", "query")), "weights have no place in it and .* are missing"),
        (_other_sizes, "does not fit the generator"),
    ],
)
def test_what_is_no_adapter_of_the_generator_is_refused(change, told, adapter, base, tmp_path):
    change(adapter)
    with pytest.raises(DataError, match=told) as caught:
        _fetch(adapter, base, tmp_path / "out")
    assert str(adapter) in str(caught.value)


def test_a_generator_that_is_none_is_told(adapter, tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images/config.json").write_text('{"model_type": "siglip"}')
    with pytest.raises(DataError, match="images: cannot be built as a generator"):
        _fetch(adapter, tmp_path / "images", tmp_path / "out")


def test_another_name_of_the_same_model_can_be_given(adapter, base, tmp_path):
    _change_config(adapter, base_model_name_or_path="/home/them/gemma")
    with pytest.raises(DataError, match="set `base: /home/them/gemma`"):
        _fetch(adapter, base, tmp_path / "out")
    _fetch(adapter, base, tmp_path / "out", base="/home/them/gemma")
    _fetch(adapter, base, tmp_path / "local", base_id=None)  # a generator that has no id
    with pytest.raises(DataError, match="the generator is 'google/gemma'"):
        _fetch(adapter, base, tmp_path / "out", base="google/gemma")


def test_from_the_hub_only_the_two_files_are_fetched_at_their_commit(adapter, base, tmp_path, monkeypatch):
    (adapter / "training_args.bin").write_bytes(b"pickled")
    asked = []

    def download_model(model, revision, output_dir, *, patterns):
        asked.append((model, revision))
        for path in adapter.iterdir():
            if any(fnmatch.fnmatch(path.name, pattern) for pattern in patterns):
                shutil.copy(path, output_dir)

    monkeypatch.setattr(fetch, "download_model", download_model)
    spec = FetchedAdapter(source="hub", id="them/adapter", revision=COMMIT)
    out = {"output_dirs": [tmp_path / "out"], "checkpoint_dir": tmp_path / "work"}
    fetch_adapter(spec, base, base_id=BASE_ID, **out)
    assert asked == [("them/adapter", COMMIT)]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [CONFIG, WEIGHTS]
    assert not (tmp_path / "work").exists()
    unresolved = spec.model_copy(update={"revision": "unresolved"})
    with pytest.raises(DataError, match=r"them/adapter: its revision is 'unresolved'.*repo_info"):
        fetch_adapter(unresolved, base, base_id=BASE_ID, **out)
    assert len(asked) == 1


def test_the_stages_give_a_generator_whose_adapters_nobody_trained_here(adapter, base, tmp_path, monkeypatch):
    """The commands of dvc.yaml, with two generator seeds, up to the folder that writes triplets."""
    monkeypatch.chdir(tmp_path)
    given = [f"xl_lora_adapters.{side}={{source: local, path: adapter}}" for side in ("positive", "negative")]
    overrides = ["grid.strategies=[xl_lora]", "generator_seeds=2", *given]
    compose("laptop", overrides, conf=ROOT / "conf", output=Path("params.yaml"))
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    shutil.copytree(base, "models/base/generator")
    commands = {stage.name: stage.cmd for stage in Repo.init(str(tmp_path), no_scm=True).index.stages}
    for stage, cell in (
        (fetch_xl_lora_adapter, "fetch_xl_lora_adapter@positive"),
        (fetch_xl_lora_adapter, "fetch_xl_lora_adapter@negative"),
        (assemble_generator, "assemble_adapted_generator@xl_lora-afr"),
    ):
        result = CliRunner().invoke(stage.main, shlex.split(commands[cell])[3:])
        assert result.exit_code == 0, result.output
    for number in "01":
        for side in ("positive", "negative"):
            assert (tmp_path / f"models/generators/xl_lora-afr/{number}/{side}/{WEIGHTS}").is_file()
    assert not Path("work/fetch_xl_lora_adapter/positive").exists()
