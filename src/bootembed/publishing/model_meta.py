"""What mteb's registry knows of a model: `ModelMeta`, as an object and as the Python file that contributors add."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

from bootembed.publishing.rights import corpus_licences

if TYPE_CHECKING:
    from bootembed.publishing.embedder import Embedder
    from bootembed.settings.schema import Params

_MEBIBYTE = 1024**2
_FIELDS = (
    "name", "model_type", "languages", "revision", "open_weights", "release_date", "n_parameters",
    "n_embedding_parameters", "memory_usage_mb", "embed_dim", "license", "max_tokens", "reference", "framework",
    "use_instructions", "public_training_code", "public_training_data", "training_datasets", "adapted_from",
)  # fmt: skip
_SOURCE = '''"""{name}, finetuned by bootembed."""

from mteb.models.model_meta import ModelMeta, ScoringFunction
from mteb.models.sentence_transformer_wrapper import SentenceTransformerEncoderWrapper

{variable} = ModelMeta(
    loader=SentenceTransformerEncoderWrapper,
{fields}
    similarity_fn_name=ScoringFunction.{similarity},
)
# training_datasets: None says that nobody looked. Name the tasks of mteb whose data, of any split, are among the
# sources, or write set(). Sources: {sources}.
'''


def model_meta(
    model: Any, repo: str, embedder: Embedder, params: Params, *, licence: str | None, public: bool, revision: str
) -> Any:
    """The `ModelMeta` of a model; what only its author knows is None.

    Args:
        model: The loaded Sentence Transformers model.
        repo: Id on the Hub, owner/name.
        embedder: What it is.
        params: Those it was made with.
        licence: Key of the Hub; one that mteb does not know is left out.
        public: Whether its weights are open.
        revision: The commit on the Hub.
    """
    from mteb.models.model_meta import ModelMeta, ScoringFunction
    from mteb.models.sentence_transformer_wrapper import SentenceTransformerEncoderWrapper
    from mteb.types import Licenses

    from bootembed.publishing.model_card import token_limit

    spec = params.base_models[embedder.encoder]
    parameters = list(model.parameters())
    return ModelMeta(
        loader=SentenceTransformerEncoderWrapper,
        name=repo,
        model_type=["dense"],
        languages=[f"{embedder.language}-{params.languages[embedder.language].script}"],
        revision=revision,
        open_weights=public,
        release_date=None,  # mteb takes the day of the first commit
        n_parameters=sum(parameter.numel() for parameter in parameters),
        n_embedding_parameters=ModelMeta.from_sentence_transformer_model(model).n_embedding_parameters,
        memory_usage_mb=round(sum(one.numel() * one.element_size() for one in parameters) / _MEBIBYTE),
        embed_dim=model.get_embedding_dimension(),
        license=licence if licence in get_args(Licenses) else None,
        max_tokens=token_limit(model),
        reference=f"https://huggingface.co/{repo}",
        framework=["Sentence Transformers", "PyTorch", "safetensors"],
        use_instructions=False,
        public_training_code=None,
        public_training_data=None,
        training_datasets=None,
        adapted_from=spec.id if spec.source == "hub" else None,
        similarity_fn_name=ScoringFunction(model.similarity_fn_name),
    )


def python_source(meta: Any, params: Params, language: str) -> str:
    """A Python file that defines a `ModelMeta` of `model_meta`, as those of mteb's models; sources by language."""
    variable = re.sub(r"\W", "_", meta.name.partition("/")[2].lower())
    sources = corpus_licences(params, language)
    return _SOURCE.format(
        name=meta.name,
        variable=variable if variable[0].isalpha() else f"model_{variable}",
        fields="\n".join(f"    {field}={getattr(meta, field)!r}," for field in _FIELDS),
        similarity=meta.similarity_fn_name.name,
        sources="; ".join(" ".join(name.split()) for name in sources) or "not named",
    )
