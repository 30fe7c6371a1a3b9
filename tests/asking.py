"""Asking an engine on a tiny generator; a module of its own, so that a process to be killed can import it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generation_settings import GREEDY

from bootembed.core.names import Polarity
from bootembed.generation.answer_cache import AnswerCache
from bootembed.generation.answers import answer_premises
from bootembed.generation.engine import create_engine

if TYPE_CHECKING:
    from pathlib import Path

SAMPLING = GREEDY.model_copy(update={"do_sample": True, "top_p": 0.95, "max_new_tokens": 20})


def with_batches_of(size, settings=SAMPLING):
    return settings.model_copy(update={"transformers": settings.transformers.model_copy(update={"batch_size": size})})


def ask(base: Path, adapters: dict[Polarity, Path], anchors: list[str], answer_cache: Path, settings=SAMPLING, seed=7):
    return answer_premises(
        create_engine(settings, base, adapters, strategy="xl_lora", language="afr", number=0),
        anchors,
        settings,
        prompt_version="entail_v1",
        language="English",
        shots_of=lambda *_: (),
        answer_cache=AnswerCache(answer_cache),
        seed=seed,
    )


def random_adapters(base: Path, folder: Path) -> dict[Polarity, Path]:
    """An adapter of random weights a polarity: they answer differently, which is all that is asked of them here."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    for seed, polarity in enumerate(Polarity):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_pretrained(base)
        config = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
        get_peft_model(model, config).save_pretrained(folder / polarity)
    return {polarity: folder / polarity for polarity in Polarity}
