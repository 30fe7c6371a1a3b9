"""An encoder folder as a Sentence Transformers model, from that library's own modules only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from bootembed.core.attention import attention_options
from bootembed.core.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import WeightedLayerPooling

    from bootembed.core.attention import Attention

Pooling = Literal["mean", "mean_first_last"]


def build_embedder(
    encoder_folder: Path,
    *,
    pooling: Pooling,
    max_seq_length: int,
    attention: Attention = "auto",
    half_precision: bool = False,
) -> SentenceTransformer:
    """Put pooling on top of a pretrained encoder.

    `mean_first_last` is SimCSE's `avg_first_last`: the mean over tokens of the average of the embedding layer's output
    (`hidden_states[0]`) and the last hidden state (after the final norm, where an architecture such as ModernBERT has
    one). The pooling is saved with the model, so `SentenceTransformer(path)` needs no code of ours.

    Args:
        encoder_folder: Model in Hugging Face format; of a Sentence Transformers folder only the encoder is used.
        pooling: How token embeddings become a sentence embedding.
        max_seq_length: Tokens; longer texts are cut. Lowered to what the encoder has positions for.
        attention: Its implementation; see `attention_options`.
        half_precision: Whether all that it embeds is computed in bf16 or fp16.

    Raises:
        DataError: The folder holds no model.
        ParamsError: The implementation of attention cannot be.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling as TokenPooling
    from transformers import AutoModel

    layers = pooling == "mean_first_last"
    part = _encoder_part(encoder_folder)
    try:
        # in float32 however they are stored: the optimiser needs it, and half precision is autocast's matter
        options: dict[str, Any] = {"dtype": torch.float32}
        options |= attention_options(attention, part, auto_class=AutoModel, half_precision=half_precision)
        transformer = Transformer(str(part), config_kwargs={"output_hidden_states": layers}, model_kwargs=options)
    except (OSError, ValueError) as error:
        raise DataError(f"{encoder_folder}: cannot be loaded as an encoder: {error}") from error
    transformer.max_seq_length = min(max_seq_length, _longest_input(transformer))
    size = transformer.get_embedding_dimension()
    modules = [transformer, *([_first_and_last_layer(transformer)] if layers else []), TokenPooling(size, "mean")]
    return SentenceTransformer(modules=modules)


def _encoder_part(folder: Path) -> Path:
    """The folder of the Transformer module, where `folder` is a Sentence Transformers model; else `folder`."""
    listing = folder / "modules.json"
    if not listing.is_file():
        return folder
    modules: list[dict[str, str]] = json.loads(listing.read_text(encoding="utf-8"))
    paths = [module["path"] for module in modules if module["type"].endswith(".Transformer")]
    if not paths:
        raise DataError(f"{listing}: lists no Transformer module; name a folder of a transformer encoder")
    return folder / paths[0]


def _longest_input(transformer: Transformer) -> int:
    """Tokens the encoder has positions for; RoBERTa's family loses the first ones to its padding index.

    XLM-RoBERTa and BERT keep a table of positions. Rotary ones (ModernBERT) end where the configuration says.
    """
    from torch.nn import Embedding

    longest = int(transformer.tokenizer.model_max_length)
    for module in transformer.model.modules():
        table, padding = getattr(module, "position_embeddings", None), getattr(module, "padding_idx", None)
        if isinstance(table, Embedding):
            return min(longest, table.num_embeddings - (padding + 1 if isinstance(padding, int) else 0))
    return min(longest, getattr(transformer.config, "max_position_embeddings", longest))


def _first_and_last_layer(transformer: Transformer) -> WeightedLayerPooling:
    """Layer weights 1, 0, ..., 0, 1, which no optimiser may change."""
    import torch
    from sentence_transformers.sentence_transformer.modules import WeightedLayerPooling

    count = int(transformer.config.num_hidden_layers)
    weights = torch.zeros(count + 1)
    weights[[0, -1]] = 1.0
    return WeightedLayerPooling(
        transformer.get_embedding_dimension(),
        num_hidden_layers=count,
        layer_start=0,
        layer_weights=torch.nn.Parameter(weights, requires_grad=False),
    )
