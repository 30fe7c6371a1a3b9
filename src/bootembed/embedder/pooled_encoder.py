"""An encoder folder as a Sentence Transformers model, from that library's own modules only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from bootembed.core.attention import attention_options
from bootembed.core.errors import DataError, ParamsError

if TYPE_CHECKING:
    from pathlib import Path

    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import WeightedLayerPooling, WordWeights

    from bootembed.core.attention import Attention

Pooling = Literal["mean", "mean_first_last", "mean_without_bos", "last"]


def build_embedder(
    encoder_folder: Path,
    *,
    pooling: Pooling,
    max_seq_length: int,
    attention: Attention = "auto",
    half_precision: bool = False,
    bidirectional: bool = False,
) -> SentenceTransformer:
    """Put pooling on top of a pretrained encoder.

    `mean_first_last` is SimCSE's `avg_first_last`: the mean over tokens of the average of the embedding layer's output
    (`hidden_states[0]`) and the last hidden state (after the final norm, where an architecture such as ModernBERT has
    one). `mean_without_bos` and `last` are for decoders: the first token of a causal one attends to itself only, so its
    state is the same for all texts, and the last one attends to all. The pooling is saved with the model, so
    `SentenceTransformer(path)` needs no code of ours.

    Args:
        encoder_folder: Model in Hugging Face format; of a Sentence Transformers folder only the encoder is used.
        pooling: How token embeddings become a sentence embedding.
        max_seq_length: Tokens; longer texts are cut. Lowered to what the encoder has positions for.
        attention: Its implementation; see `attention_options`.
        half_precision: Whether all that it embeds is computed in bf16 or fp16.
        bidirectional: Let the tokens of a decoder attend to later ones too.

    Raises:
        DataError: The folder holds no model.
        ParamsError: The implementation of attention cannot be, the decoder has no switch for its direction, or the
            tokenizer no BOS to leave out.
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
        switches = {"output_hidden_states": layers, **(_both_directions(part) if bidirectional else {})}
        transformer = Transformer(str(part), config_kwargs=switches, model_kwargs=options)
    except (OSError, ValueError) as error:
        raise DataError(f"{encoder_folder}: cannot be loaded as an encoder: {error}") from error
    transformer.max_seq_length = min(max_seq_length, longest_input(transformer.model, transformer.tokenizer))
    _take_text_as_it_is(transformer)
    if transformer.tokenizer.pad_token_id is None:
        transformer.tokenizer.pad_token = transformer.tokenizer.eos_token
    if bidirectional:
        _check_directions(transformer)
    size = transformer.get_embedding_dimension()
    between = {"mean_first_last": _first_and_last_layer, "mean_without_bos": _without_bos}.get(pooling)
    last = TokenPooling(size, "lasttoken" if pooling == "last" else "mean")
    return SentenceTransformer(modules=[transformer, *([between(transformer)] if between else []), last])


def _take_text_as_it_is(transformer: Transformer) -> None:
    """Drop a decoder's chat template: Sentence Transformers would make a user's turn of each text."""
    if "message" in transformer.modality_config:
        del transformer.modality_config["message"]
        transformer.input_formatter.supported_modalities = list(transformer.modality_config)
        transformer.tokenizer.chat_template = None


def _both_directions(folder: Path) -> dict[str, bool]:
    """The switch of a configuration: Gemma has its own, others have transformers' common one."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(folder).get_text_config()
    own = "use_bidirectional_attention"
    return {own: True} if hasattr(config, own) else {"is_causal": False}


def _check_directions(transformer: Transformer) -> None:
    """Refuse a model whose first state does not change with its last token, where there is no padding."""
    import torch

    texts = [transformer.preprocess([text]) for text in ("a b c d", "a b c e")]
    with torch.no_grad():
        first, second = (transformer.eval()(text)["token_embeddings"][0, 0] for text in texts)
    if torch.equal(first, second):
        raise ParamsError(
            "train_embedder.bidirectional: true, but transformers cannot let this architecture attend to later tokens; "
            "set it to false"
        )


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


def longest_input(model: Any, tokenizer: Any) -> int:
    """Tokens that a model has positions for; RoBERTa's family loses the first ones to its padding index.

    XLM-RoBERTa and BERT keep a table of positions. Rotary ones (ModernBERT) end where the configuration says.
    """
    from torch.nn import Embedding

    longest = int(tokenizer.model_max_length)
    for module in model.modules():
        table, padding = getattr(module, "position_embeddings", None), getattr(module, "padding_idx", None)
        if isinstance(table, Embedding):
            return min(longest, table.num_embeddings - (padding + 1 if isinstance(padding, int) else 0))
    return min(longest, getattr(model.config, "max_position_embeddings", longest))


def _without_bos(transformer: Transformer) -> WordWeights:
    """Weight 0 for the first special token and 1 for all others, by token id."""
    from sentence_transformers.sentence_transformer.modules import WordWeights

    bos = transformer.tokenizer.bos_token_id
    if bos is None:
        raise ParamsError("train_embedder.pooling: mean_without_bos, but the tokenizer has no BOS; set mean")
    size = max(len(transformer.tokenizer), int(transformer.model.get_input_embeddings().num_embeddings))
    weights = WordWeights([str(token) for token in range(size)], {str(bos): 0.0})
    weights.requires_grad_(False)
    return weights


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
