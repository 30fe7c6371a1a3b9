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
