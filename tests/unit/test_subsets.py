"""Which subset of one of mteb's tasks is a language's, and what the message says where none is."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bootembed.core.errors import ParamsError
from bootembed.evaluation.kind import task_kind
from bootembed.evaluation.tasks import subset_of

SUBSETS = {
    "hau-fra": ["hau-Latn", "fra-Latn"],
    "swh-eng": ["swh-Latn", "eng-Latn"],
    "fra-hau": ["fra-Latn", "hau-Latn"],
}
TASK = SimpleNamespace(metadata=SimpleNamespace(name="Some", hf_subsets_to_langscripts=SUBSETS))


@pytest.mark.parametrize(
    ("kind", "code", "message"),
    [
        (
            "bitext_mining",
            "hau-Latn",
            r"no subset for 'hau-Latn'; it has 'hau-Latn' only with other languages, in 'hau-fra' or 'fra-hau', not "
            r"with 'eng-Latn' alone\. .* name a subset of another code in `evaluate_embedder\.tasks\.Some\.subset`",
        ),
        ("sts", "swh-Latn", r"only with other languages, in 'swh-eng', not alone\."),
        ("bitext_mining", "hau-Arab", r"no subset for 'hau-Arab'; did you mean the language 'hau-Latn'\?"),
    ],
)
def test_no_hint_names_what_was_asked_for(kind: str, code: str, message: str) -> None:
    with pytest.raises(ParamsError, match=message) as caught:
        subset_of(TASK, task_kind(kind), code, named=None)
    assert f"did you mean the language {code!r}" not in str(caught.value)


def test_translations_with_english_are_found_either_way() -> None:
    assert subset_of(TASK, task_kind("bitext_mining"), "swh-Latn", named=None) == "swh-eng"
    assert subset_of(TASK, task_kind("sts"), "hau-Latn", named="fra-hau") == "fra-hau"
