"""The champion in a registry, exported by its alias: the folder embeds as the champion does, and names it."""

from __future__ import annotations

import numpy as np
from click.testing import CliRunner
from encoders import sentences
from registered import MODEL, candidate, under
from sentence_transformers import SentenceTransformer

from bootembed.commands import main
from bootembed.core.hashing import content_hash
from bootembed.exports.build import load_embedder
from bootembed.exports.record import Original, read_record
from bootembed.registry.versions import register

TEXTS = sentences(20)


def test_the_champion_is_exported_by_its_alias_and_embeds_the_same(store):
    best, other = candidate(store, "xl_lora", 0.7, seed=1), candidate(store, "english_nli", 0.6, seed=2)
    register([other, best], MODEL, alias="champion")
    expected, others = (SentenceTransformer(str(one.folder), device="cpu").encode(TEXTS) for one in (best, other))
    done = CliRunner().invoke(main, ["export", f"models:/{MODEL}@champion", "truncated", "short", "--dimensions", "8"])
    assert done.exit_code == 0, done.output
    found = load_embedder(store / "short").encode(TEXTS)
    assert found.shape == (len(TEXTS), 8)
    assert np.abs(found - expected[:, :8]).max() < 1e-4
    assert np.abs(found - others[:, :8]).max() > 1e-3
    version = f"models:/{MODEL}/{under('champion').version}"
    record = read_record(store / "short")
    assert (record.kind, record.original) == ("truncated", Original(content_hash(best.folder), version))
