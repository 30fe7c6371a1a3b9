"""The tokenizer of a scratch model: byte-level BPE, which can encode any text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

PLAIN_ROLE = "text"  # of a pretraining document that is running text instead of a chat
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
_SPECIAL_TOKENS = ["<pad>", "<bos>", "<|end|>", "<|user|>", "<|assistant|>", "<mask>", "<unk>"]


def train_tokenizer(sentences: Iterable[str], vocab_size: int, *, max_length: int, chat: bool) -> Any:
    """Train a `PreTrainedTokenizerFast`.

    Args:
        sentences: Training text.
        vocab_size: Maximum number of tokens, including special ones.
        max_length: The model's longest input, in tokens.
        chat: True for a generator (chat template, encoding adds no tokens), False for an encoder (encoding adds BOS and
            end token, which serve as CLS and SEP).
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=not chat)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        special_tokens=_SPECIAL_TOKENS,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sentences, trainer)
    if not chat:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<bos> $A <|end|>",
            pair="<bos> $A <|end|> $B:1 <|end|>:1",
            special_tokens=[(token, tokenizer.token_to_id(token)) for token in ("<bos>", "<|end|>")],
        )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<bos>",
        eos_token="<|end|>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
        cls_token=None if chat else "<bos>",
        sep_token=None if chat else "<|end|>",
        model_max_length=max_length,
        clean_up_tokenization_spaces=False,
    )
    if chat:
        fast.chat_template = CHAT_TEMPLATE
    return fast
