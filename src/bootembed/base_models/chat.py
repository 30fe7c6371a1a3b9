"""Chat templates for base models, which were never tuned on conversations and bring none.

Adapters learn a template as they learn their task. Without adapters a base model continues text: its folder therefore
also gets the template `plain`, few-shot text in which an answer ends with its line.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.prompts import PLAIN, ends_with_line, turns

if TYPE_CHECKING:
    from pathlib import Path

LINE_BREAK = "\n"
# The turns of the families, as their instruction-tuned models write them.
_GEMMA = (
    "{{ bos_token }}{% for m in messages %}<start_of_turn>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n"
    "{{ m['content'] | trim }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
_CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] | trim }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_LLAMA3 = (
    "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n"
    "{{ m['content'] | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
_PLAIN = (
    "{% for m in messages %}{% if m['role'] == 'assistant' %}{{ m['content'].split() | join(' ') }}{{ '\\n\\n' }}"
    "{% else %}{{ m['content'] | trim }}{{ '\\n' }}{% endif %}{% endfor %}"
)
TEMPLATES = {
    "gemma": (_GEMMA, "<end_of_turn>"),
    "chatml": (_CHATML, "<|im_end|>"),
    "llama3": (_LLAMA3, "<|eot_id|>"),
    PLAIN: (_PLAIN, LINE_BREAK),
}


def has_template(folder: Path) -> bool:
    """Whether the tokenizer of a folder in Hugging Face format brings a chat template."""
    if any((folder / name).exists() for name in ("chat_template.jinja", "chat_template.json")):
        return True
    config = folder / "tokenizer_config.json"  # of tokenizers before transformers 4.43
    return config.is_file() and bool(json.loads(config.read_text(encoding="utf-8")).get("chat_template"))


def give_template(folder: Path, chat_template: str, end_of_turn: str | None) -> None:
    """Add a chat template to the folder of a generator, and `plain` beside it.

    Args:
        folder: In Hugging Face format; its files are changed.
        chat_template: A name of `TEMPLATES`, or Jinja.
        end_of_turn: Token that ends a turn of one's own Jinja, or a line break.

    Raises:
        DataError: The tokenizer lacks a special token of the template, or the template does not end an answer as said.
    """
    from transformers import AutoTokenizer

    template, end = TEMPLATES.get(chat_template, (chat_template, end_of_turn))
    assert end is not None, "params validation demands it"
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    special = set(re.findall(r"<[|\w]+>", template)) | ({end} - {LINE_BREAK})
    missing = sorted(token for token in special if token not in tokenizer.get_vocab())
    if missing:
        raise DataError(
            f"base_models.generator.chat_template: {chat_template.partition(LINE_BREAK)[0]!r} needs the tokens "
            f"{missing}, which the tokenizer lacks; set 'plain', which needs none, or its family's template"
        )
    (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    more = folder / "additional_chat_templates"
    more.mkdir(exist_ok=True)
    (more / f"{PLAIN}.jinja").write_text(_PLAIN, encoding="utf-8")
    tokenizer.chat_template = template
    if not _ends_with(tokenizer, end):
        raise DataError(
            f"base_models.generator.end_of_turn: {end!r}: chat_template does not write it after an answer, so no "
            "adapter would learn to end one; write it there, or name what the template writes"
        )
    if end != LINE_BREAK:
        _end_at(folder, tokenizer.convert_tokens_to_ids(end))


def _ends_with(tokenizer: Any, end: str) -> bool:
    """Whether the template writes this after an answer, a line break as the last thing."""
    if end == LINE_BREAK:
        return ends_with_line(tokenizer)
    answered = tokenizer.apply_chat_template(turns("premise", "answer"), tokenize=False)
    return end in answered.rpartition("answer")[2]


def _end_at(folder: Path, token: int) -> None:
    """Let the model's generation settings name one more token that ends an answer."""
    path = folder / "generation_config.json"
    settings = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    own = settings.get("eos_token_id")
    if own is None:
        own = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("eos_token_id")
    ends = own if isinstance(own, list) else [own]
    settings["eos_token_id"] = [end for end in dict.fromkeys([*ends, token]) if end is not None]
    path.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")
