"""Base models built from scratch: small models of real architectures, trained on the prepared corpora."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch

from bootembed.base_models import PACKED_LENGTH
from bootembed.base_models.pretrain import pretrain
from bootembed.base_models.tokenizer import PLAIN_ROLE, train_tokenizer
from bootembed.core.errors import DataError
from bootembed.core.hashing import json_hash
from bootembed.core.seeding import derive_seed, seed_everything

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bootembed.settings.models import Scratch

_MASKED_SHARE = 0.3  # ModernBERT's
# ModernBERT has no dropout by default, so unsupervised SimCSE would compare a text with itself. As XLM-RoBERTa's.
_MODERNBERT_DROPOUT = {"embedding_dropout": 0.1, "mlp_dropout": 0.1}
IGNORED = -100  # label of a token that is not learned


@dataclass(frozen=True)
class _Training:
    """An untrained model and its data.

    Attributes:
        model: A transformers model.
        tokenizer: Its tokenizer.
        rows: Token ids, all rows of equal length.
        inputs: Numbers of rows and step -> inputs of the model, with labels.
    """

    model: Any
    tokenizer: Any
    rows: torch.Tensor
    inputs: Callable[[torch.Tensor, int], dict[str, torch.Tensor]]


def build_scratch_model(
    role: Literal["generator", "encoder"],
    documents: Sequence[dict[str, Any]],
    settings: Scratch,
    *,
    output_dir: Path,
    checkpoint_dir: Path,
    seed: int,
) -> dict[str, float]:
    """Train a tokenizer and a model on documents, save both as a Hugging Face folder, and return metrics.

    Args:
        role: A generator is a decoder that learns running text and answers, an encoder a masked language model.
        documents: Rows of `tables.DOCUMENTS` as `build_pretraining_documents` draws them.
        settings: Architecture and pretraining.
        output_dir: Gets model, tokenizer and, for a generator, the generation configuration.
        checkpoint_dir: For resuming; see `pretrain`.
        seed: Decides initial weights and batches.

    Raises:
        DataError: There are fewer tokens than one batch holds, or the architecture does not fit the role.
    """
    seed_everything(seed)
    prepare = _prepare_generator if role == "generator" else _prepare_encoder
    training = prepare(documents, settings, seed)
    model, rows = training.model, training.rows
    order = _order(len(rows), settings, seed)
    size = settings.pretraining.per_device_train_batch_size
    losses = pretrain(
        model,
        settings.pretraining,
        batch=lambda step: training.inputs(order[step * size : (step + 1) * size], step),
        checkpoint_dir=checkpoint_dir,
        identity=_identity(documents, settings, seed),
    )
    stored = model if role == "generator" else model.base_model
    stored.to(getattr(torch, settings.storage)).save_pretrained(output_dir)
    training.tokenizer.save_pretrained(output_dir)
    last = losses[-20:] or [float("nan")]
    return {
        "parameters": float(sum(parameter.numel() for parameter in model.parameters())),
        "vocabulary": float(len(training.tokenizer)),
        "corpus_tokens": float(rows.numel()),
        "final_loss": sum(last) / len(last),
    }


def _prepare_generator(documents: Sequence[dict[str, Any]], settings: Scratch, _seed: int) -> _Training:
    tokenizer = train_tokenizer(
        (message["content"] for row in documents for message in json.loads(row["text"])),
        settings.vocab_size,
        max_length=settings.max_position_embeddings,
        chat=True,
    )
    rendered = [_render_document(tokenizer, row["text"]) for row in documents]
    rows = _pack([ids for ids, _ in rendered], settings)
    labels = _pack([labels for _, labels in rendered], settings)

    def inputs(chosen: torch.Tensor, _step: int) -> dict[str, torch.Tensor]:
        return {"input_ids": rows[chosen], "labels": labels[chosen]}

    return _Training(_decoder(settings, tokenizer), tokenizer, rows, inputs)


def _prepare_encoder(documents: Sequence[dict[str, Any]], settings: Scratch, seed: int) -> _Training:
    """Parallel documents become one text of both sentences.

    A `parallel_share` above 0 is thus translation language modelling (Conneau & Lample 2019).
    """
    longest = settings.max_position_embeddings - 2
    texts = [_plain_text(row["text"]) for row in documents]
    tokenizer = train_tokenizer(texts, settings.vocab_size, max_length=longest, chat=False)
    rows = _pack(tokenizer(texts, truncation=True, max_length=longest)["input_ids"], settings)
    special = torch.tensor([tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id])

    def inputs(chosen: torch.Tensor, step: int) -> dict[str, torch.Tensor]:
        ids = rows[chosen]
        generator = torch.Generator().manual_seed(derive_seed(seed, "mask", step))
        masked = (torch.rand(ids.shape, generator=generator) < _MASKED_SHARE) & ~torch.isin(ids, special)
        return {
            "input_ids": ids.masked_fill(masked, tokenizer.mask_token_id),
            "labels": ids.masked_fill(~masked, IGNORED),
        }

    return _Training(_encoder(settings, tokenizer), tokenizer, rows, inputs)


def _identity(documents: Sequence[dict[str, Any]], settings: Scratch, seed: int) -> str:
    return json_hash([list(documents), settings.model_dump(), seed])


def _render_document(tokenizer: Any, text: str) -> tuple[list[int], list[int]]:
    """Token ids and labels: running text is learned whole, of a chat only the answers, as in instruction tuning."""
    messages = json.loads(text)
    if messages[0]["role"] == PLAIN_ROLE:
        ids: list[int] = tokenizer(
            tokenizer.bos_token + messages[0]["content"] + tokenizer.eos_token, add_special_tokens=False
        )["input_ids"]
        return ids, ids
    ids, labels = [tokenizer.bos_token_id], [IGNORED]
    for message in messages:
        turn = tokenizer(f"<|{message['role']}|>{message['content']}<|end|>", add_special_tokens=False)["input_ids"]
        ids += turn
        # The role token is given, not predicted.
        labels += [IGNORED, *turn[1:]] if message["role"] == "assistant" else [IGNORED] * len(turn)
    return ids, labels


def _plain_text(text: str) -> str:
    """A document as running text: of a chat the answers and what they answer, without the instruction's wording."""
    return " ".join(message["content"].split(": ", 1)[-1] for message in json.loads(text))


def _pack(documents: list[list[int]], settings: Scratch) -> torch.Tensor:
    """Concatenate documents and cut them into rows of equal length, which need no padding."""
    length = min(settings.max_position_embeddings, PACKED_LENGTH)
    flat = [token for document in documents for token in document]
    count = len(flat) // length
    if count < settings.pretraining.per_device_train_batch_size:
        raise DataError(
            f"pretraining: {len(flat)} tokens are fewer than one batch; add text, or lower per_device_train_batch_size"
        )
    return torch.tensor(flat[: count * length]).view(count, length)


def _order(rows: int, settings: Scratch, seed: int) -> torch.Tensor:
    """Row numbers of all batches, one after another: as many shuffled epochs as the steps need."""
    needed = settings.pretraining.max_steps * settings.pretraining.per_device_train_batch_size
    generator = torch.Generator().manual_seed(derive_seed(seed, "order"))
    epochs = [torch.randperm(rows, generator=generator) for _ in range(needed // rows + 1)]
    return torch.cat(epochs)[:needed]


def _decoder(settings: Scratch, tokenizer: Any) -> Any:
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM

    families: dict[str, tuple[Any, Any]] = {
        "qwen3": (Qwen3Config, Qwen3ForCausalLM),
        "llama": (LlamaConfig, LlamaForCausalLM),
    }
    if settings.architecture not in families:
        raise DataError(f"architecture {settings.architecture!r} is not a decoder; choose one of {sorted(families)}")
    config_class, model_class = families[settings.architecture]
    config = config_class(
        **_common_config(settings, tokenizer),
        num_key_value_heads=settings.num_attention_heads,
        head_dim=settings.hidden_size // settings.num_attention_heads,
        tie_word_embeddings=True,
    )
    model = model_class(config)
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return model


def _encoder(settings: Scratch, tokenizer: Any) -> Any:
    from transformers import ModernBertConfig, ModernBertForMaskedLM, XLMRobertaConfig, XLMRobertaForMaskedLM

    common = _common_config(settings, tokenizer)
    if settings.architecture == "xlm-roberta":
        return XLMRobertaForMaskedLM(XLMRobertaConfig(**common, type_vocab_size=1))
    if settings.architecture == "modernbert":
        special = {"cls_token_id": tokenizer.bos_token_id, "sep_token_id": tokenizer.eos_token_id}
        return ModernBertForMaskedLM(
            ModernBertConfig(**common, **special, **_MODERNBERT_DROPOUT, reference_compile=False)
        )
    raise DataError(f"architecture {settings.architecture!r} is not an encoder; choose 'xlm-roberta' or 'modernbert'")


def _common_config(settings: Scratch, tokenizer: Any) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": settings.hidden_size,
        "num_hidden_layers": settings.num_hidden_layers,
        "num_attention_heads": settings.num_attention_heads,
        "intermediate_size": settings.intermediate_size,
        "max_position_embeddings": settings.max_position_embeddings,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
