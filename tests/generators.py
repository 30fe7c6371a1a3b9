"""Tiny generators with random weights, of the real architectures, with chat templates of their families' structure.

The templates are short ones of our own; what they share with the originals is what code can stumble over: who writes
the BOS, that Gemma's and Cohere's names of the roles differ from ours, that Gemma knows no system turn, that Qwen's
thinking is switched, that Llama's turns have headers and a token of their own for their end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toy import toy_nli

if TYPE_CHECKING:
    from pathlib import Path

ARCHITECTURES = ["gemma3_text", "gemma3", "qwen3", "llama", "cohere", "cohere2"]
_ALTERNATE = (
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must alternate: user, assistant; there is no system turn.') }}{% endif %}"
)
_GEMMA = (
    "{{ bos_token }}" + _ALTERNATE + "<start_of_turn>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n"
    "{{ m['content'] | trim }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
_NO_THOUGHT = "<think>\\n\\n</think>\\n\\n"
_QWEN = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% if m['role'] == 'assistant' and loop.last %}{{ '" + _NO_THOUGHT + "' }}{% endif %}"
    "{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and enable_thinking is false %}{{ '" + _NO_THOUGHT + "' }}"
    "{% else %}{{ '<think>\\n' }}{% endif %}{% endif %}"
)
_LLAMA = (
    "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n"
    "{{ m['content'] | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
_COHERE = (
    "{{ bos_token }}{% for m in messages %}<|START_OF_TURN_TOKEN|>"
    "{{ '<|CHATBOT_TOKEN|>' if m['role'] == 'assistant' else '<|USER_TOKEN|>' }}{{ m['content'] }}"
    "<|END_OF_TURN_TOKEN|>{% endfor %}"
    "{% if add_generation_prompt %}<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>{% endif %}"
)
# Family -> template, BOS, EOS, padding token, end of a turn, further special tokens.
_FAMILIES: dict[str, tuple[str, str | None, str, str | None, str, list[str]]] = {
    "gemma": (_GEMMA, "<bos>", "<eos>", "<pad>", "<end_of_turn>", ["<start_of_turn>", "<image_soft_token>"]),
    "qwen": (_QWEN, None, "<|im_end|>", "<|endoftext|>", "<|im_end|>", ["<|im_start|>"]),
    "llama": (_LLAMA, "<|begin_of_text|>", "<|eot_id|>", None, "<|eot_id|>",
              ["<|start_header_id|>", "<|end_header_id|>"]),
    "cohere": (_COHERE, "<BOS_TOKEN>", "<|END_OF_TURN_TOKEN|>", "<PAD>", "<|END_OF_TURN_TOKEN|>",
               ["<|START_OF_TURN_TOKEN|>", "<|USER_TOKEN|>", "<|CHATBOT_TOKEN|>"]),
}  # fmt: skip


def write_generator_model(folder: Path, architecture: str, *, width: int = 32) -> Path:
    """Write a generator of `architecture` and its tokenizer; `width` is its hidden size."""
    import torch
    from transformers import GenerationConfig

    family = next(name for name in _FAMILIES if architecture.startswith(name))
    tokenizer = chat_tokenizer(family)
    torch.manual_seed(0)
    model = _model(architecture, tokenizer, width)
    ends = [tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids(_FAMILIES[family][4])]
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id, eos_token_id=list(dict.fromkeys(ends)), pad_token_id=tokenizer.pad_token_id
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def chat_tokenizer(family: str) -> Any:
    """Byte-level BPE with the special tokens and the template of a family; it puts its BOS before plain text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    template, bos, eos, pad, end, others = _FAMILIES[family]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=380,
        special_tokens=[token for token in dict.fromkeys([pad, bos, eos, end, *others]) if token],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator([row["premise"] for row in toy_nli(50)], trainer)
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", special_tokens=[(bos, tokenizer.token_to_id(bos))]
        )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=bos, eos_token=eos, pad_token=pad, model_max_length=512
    )
    fast.chat_template = template
    return fast


def _model(architecture: str, tokenizer: Any, width: int) -> Any:
    import transformers as t

    common = {
        "vocab_size": len(tokenizer),
        "hidden_size": width,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 2 * width,
        "max_position_embeddings": 512,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    windows = {"sliding_window": 16, "layer_types": ["sliding_attention", "full_attention"]}
    gemma = common | windows | {"head_dim": 16, "query_pre_attn_scalar": 16}
    if architecture == "gemma3":
        return t.Gemma3ForConditionalGeneration(_multimodal_gemma(gemma, tokenizer))
    return {
        "gemma3_text": lambda: t.Gemma3ForCausalLM(t.Gemma3TextConfig(**gemma)),
        "qwen3": lambda: t.Qwen3ForCausalLM(t.Qwen3Config(**common, head_dim=16, tie_word_embeddings=False)),
        "llama": lambda: t.LlamaForCausalLM(t.LlamaConfig(**common)),
        "cohere": lambda: t.CohereForCausalLM(t.CohereConfig(**common, use_qk_norm=True)),
        "cohere2": lambda: t.Cohere2ForCausalLM(t.Cohere2Config(**common, **windows)),
    }[architecture]()


def _multimodal_gemma(text: dict[str, Any], tokenizer: Any) -> Any:
    from transformers import Gemma3Config

    vision = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 28,
        "patch_size": 14,
    }
    image = tokenizer.convert_tokens_to_ids("<image_soft_token>")
    return Gemma3Config(
        text_config=text,
        vision_config=vision,
        mm_tokens_per_image=4,
        image_token_index=image,
        boi_token_index=image,
        eoi_token_index=image,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
