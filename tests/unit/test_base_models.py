"""Base models from the Hub: what is fetched, what is refused, and that converted weights are the same weights."""

from __future__ import annotations

import shutil

import pytest
from encoders import write_encoder

from bootembed.base_models.build import build_base_model
from bootembed.core.errors import DataError
from bootembed.settings.models import BaseModelSpec

REVISION = "0" * 40


def _spec(**other):
    return BaseModelSpec(role="encoder", source="hub", id="org/name", **({"revision": REVISION} | other))


def _build(spec, tmp_path):
    return build_base_model(spec, [], output_dir=tmp_path / "out", checkpoint_dir=tmp_path / "work", seed=0)


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A model of the Hub whose weights are pickled, and the patterns that were asked for."""
    import torch
    from safetensors.torch import load_file

    folder = write_encoder(tmp_path / "published", "modernbert")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    shutil.move(folder / "model.safetensors", tmp_path / "original.safetensors")

    def snapshot_download(_id, *, revision, local_dir, allow_patterns, token):
        assert token is False, "the environment has none"
        assert revision == REVISION
        chosen = [file for file in folder.iterdir() if any(file.match(pattern) for pattern in allow_patterns)]
        for file in chosen:
            shutil.copy(file, local_dir)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    return folder


def test_pickled_weights_are_converted_where_the_profile_says_so(published, tmp_path):
    import torch
    from safetensors.torch import load_file
    from transformers import AutoModel

    _build(_spec(pickled_weights=True), tmp_path)
    assert not list((tmp_path / "out").glob("*.bin"))
    wanted = load_file(tmp_path / "original.safetensors")
    found = AutoModel.from_pretrained(tmp_path / "out").state_dict()
    assert wanted
    assert all(torch.equal(found[name], tensor) for name, tensor in wanted.items())


def test_pickled_weights_are_not_even_fetched_otherwise(published, tmp_path):
    with pytest.raises(DataError, match=r"org/name@0{40}: holds no \.safetensors weights"):
        _build(_spec(), tmp_path)
    assert not list((tmp_path / "out").glob("*.bin"))


def test_a_pickle_that_runs_code_is_refused(published, tmp_path):
    import os

    import torch

    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path}/ran",)

    torch.save({"x": Evil()}, published / "pytorch_model.bin")
    with pytest.raises(DataError, match=r"pytorch_model\.bin: is not read"):
        _build(_spec(pickled_weights=True), tmp_path)
    assert not (tmp_path / "ran").exists()


def test_an_unresolved_revision_is_never_fetched(published, tmp_path):
    with pytest.raises(DataError, match=r"org/name: its revision is 'unresolved'.*repo_type='model'"):
        _build(_spec(revision="unresolved"), tmp_path)


class TestFilesThatAreNotWhole:
    def build(self, folder, tmp_path):
        spec = BaseModelSpec(role="encoder", source="local", path=str(folder))
        return build_base_model(spec, [], output_dir=tmp_path / "out", checkpoint_dir=tmp_path / "work", seed=0)

    @pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
    def test_pointers(self, tmp_path, name):
        folder = write_encoder(tmp_path / "model", "modernbert")
        (folder / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 9\n")
        with pytest.raises(DataError, match=rf"{name}: is a pointer of Git LFS .* `git lfs pull`"):
            self.build(folder, tmp_path)

    @pytest.mark.parametrize("share", [0.0001, 0.01, 0.9, 1.1])
    def test_weights_that_are_cut_off_or_too_long(self, tmp_path, share):
        folder = write_encoder(tmp_path / "model", "modernbert")
        data = (folder / "model.safetensors").read_bytes()
        (folder / "model.safetensors").write_bytes((data * 2)[: int(len(data) * share)])
        with pytest.raises(DataError, match=r"model\.safetensors: is .*fetch it again"):
            self.build(folder, tmp_path)

    def test_other_files_and_shards(self, tmp_path):
        folder = write_encoder(tmp_path / "model", "modernbert")
        config = (folder / "config.json").read_text()
        (folder / "config.json").write_text(config[:-9])
        with pytest.raises(DataError, match=r"config\.json: is not whole, or is no JSON"):
            self.build(folder, tmp_path)
        (folder / "config.json").write_text(config)
        (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "one", "b": "two"}}')
        with pytest.raises(DataError, match=r"names 2 files that are not there, first one; fetch them too"):
            self.build(folder, tmp_path)
