"""Estimates of memory and hours, from sizes and lengths: for planning, not measured on any GPU.

Memory is in bytes, work in floating point operations, time in seconds. Sources of the formulae:

- QLoRA (Dettmers et al. 2023, arXiv 2305.14314), section 3: NF4 takes 4 bits a weight, and double quantisation
  reduces the constants to 0.127 bits a weight.
- Korthikanti et al. 2022 (arXiv 2205.05198), section 4: 2 s b h bytes of activations a layer in 16 bits where only
  each layer's input is kept (full recomputation).
- Kaplan et al. 2020 (arXiv 2001.08361), section 2.1: 2 N operations a token forward, twice that backward.
- Adam keeps two moments of 4 bytes for each trained weight, beside the weight and its gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bootembed.adapters.arguments import LARGEST_LOGITS

if TYPE_CHECKING:
    from bootembed.settings.embedder import TrainEmbedder
    from bootembed.settings.evaluation import EvaluateEmbedder
    from bootembed.settings.generation import Generation
    from bootembed.settings.judge import TrainJudge
    from bootembed.settings.models import Lora
    from bootembed.workflow.plan.sizes import ModelSize
    from bootembed.workflow.plan.texts import Prompts

_NF4_BYTES = (4 + 0.127) / 8
_TRAINED_BYTES = 16  # fp32 weight, gradient and Adam's two moments
_LOGIT_BYTES = 10  # 2 as computed, 4 in fp32, 4 for the gradient
_TEXTS = 3  # of a triplet
# Bytes that the backward pass keeps for each value that goes into or comes out of a linear layer, in fp32 (False) or in
# 16 bits (True; norms stay in fp32): the most among Gemma 2 and 3, Llama, Qwen 3, Cohere, XLM-R and ModernBERT, by
# PyTorch's count of saved tensors (tests/integration/test_plan_memory.py).
_SAVED = {False: 6.0, True: 4.4}
_SAVED_BY_LORA = {False: 5.2, True: 3.4}
_SAVED_BY_DROPOUT = {False: 2.3, True: 1.6}  # LoRA's: another copy of its inputs, and a mask
_SAVED_SCORES = 12  # bytes for each head and pair of tokens, where attention is not one fused kernel
_RESERVE = 1.15  # the allocator's fragments, CUDA's context, buffers of kernels: an assumption
_PRODUCTS = 0.7  # of a step's time in fp32; a guess that fits benchmarks/results/bf16_*.json
USED_SHARE = 0.3
"""Share of a GPU's peak that training reaches: an assumption, to be replaced by a measured `--tflops`."""


@dataclass(frozen=True)
class Gpu:
    """Peaks of a device by its maker's data sheet: dense bfloat16 operations and bytes a second, bytes of memory."""

    name: str
    flops: float
    bandwidth: float
    memory: float


GPUS = {
    gpu.name: gpu
    for gpu in (
        Gpu("a100", 312e12, 2.04e12, 80e9),
        Gpu("h100", 989e12, 3.35e12, 80e9),
        Gpu("h200", 989e12, 4.8e12, 141e9),
        Gpu("l4", 121e12, 0.3e12, 24e9),
        Gpu("rtx4090", 165e12, 1.008e12, 24e9),
        Gpu("cpu", 0.3e12, 0.02e12, 0.0),  # two cores with AVX-512, a guess
    )
}


@dataclass(frozen=True)
class Device:
    """What runs the work.

    Attributes:
        gpu: Its peaks.
        flops: Operations a second that are taken to be reached; of a processor in fp32.
        bf16: A processor's products in bf16, as a multiple of those in fp32.
    """

    gpu: Gpu
    flops: float
    bf16: float = 1.0

    @property
    def is_gpu(self) -> bool:
        """Whether it has memory of its own."""
        return self.gpu.memory > 0

    def reached(self, *, bf16: bool) -> float:
        """Operations a second; what is not products is as fast in bf16 as in fp32."""
        return self.flops / (1 - _PRODUCTS + _PRODUCTS / self.bf16) if bf16 else self.flops


def weight_bytes(size: ModelSize, *, four_bit: bool, bf16: bool) -> float:
    """Weights as loaded: linear layers in NF4 if `four_bit`, all else in 2 or 4 bytes."""
    width = 2 if bf16 else 4
    if not four_bit:
        return float(size.parameters * width)
    return size.quantised * _NF4_BYTES + (size.parameters - size.quantised) * width


def lora_training_bytes(size: ModelSize, lora: Lora) -> float:
    """Peak memory of training one adapter: weights, adapter with its optimiser, activations and logits of one batch.

    Logits are counted a piece at a time (`adapters.answers_only`), which those of few architectures are not.

    With checkpointing every layer's input is kept (2 bytes a value), and one layer's activations are there while it is
    computed again; without, those of all layers are. Attention is taken to be fused: it keeps no scores. Of a 4-bit
    model the embeddings and norms are put into fp32 (`adapters.train`).
    """
    tokens = lora.per_device_train_batch_size * lora.max_length
    linear = _saved_by_lora(size, lora.lora_dropout, half=lora.bf16)
    kept = size.layers * 2 * size.hidden
    activations = kept + linear / size.layers if lora.gradient_checkpointing else linear
    used = (
        weight_bytes(size, four_bit=lora.load_in_4bit, bf16=lora.bf16 and not lora.load_in_4bit)
        + _TRAINED_BYTES * size.lora_parameters(lora.r)
        + tokens * activations
        + _LOGIT_BYTES * min(tokens * size.vocabulary, LARGEST_LOGITS)
    )
    return _RESERVE * used


def judge_training_bytes(size: ModelSize, judge: TrainJudge) -> float:
    """Peak memory of training a judge: weights in fp32, LoRA with its optimiser and activations of one batch."""
    tokens = judge.per_device_train_batch_size * judge.max_length
    linear = _saved_by_lora(size, judge.lora_dropout, half=judge.bf16)
    weights = 4 * size.parameters + _TRAINED_BYTES * size.lora_parameters(judge.r)
    return _RESERVE * (weights + _copied_bytes(size, half=judge.bf16) + tokens * linear)


def _saved_by_lora(size: ModelSize, dropout: float, *, half: bool) -> float:
    """Bytes of activations a token in all layers."""
    return size.linear_values * (_SAVED_BY_LORA[half] + (_SAVED_BY_DROPOUT[half] if dropout else 0))


def _copied_bytes(size: ModelSize, *, half: bool) -> int:
    """The copies in 16 bits that autocast makes of linear layers whose weights are in fp32."""
    return 2 * size.body if half else 0


def cache_bytes(size: ModelSize, *, rows: int, tokens: int) -> float:
    """Keys and values of `rows` sequences of `tokens` tokens, 2 bytes a value; sliding windows are not discounted."""
    return float(rows * tokens * size.layers * 2 * size.key_value * 2)


def generation_bytes(size: ModelSize, settings: Generation, *, r: int) -> float:
    """Peak memory of generation: weights, both polarities' adapters, a batch's cache, widest layer and logits."""
    local, tokens = settings.transformers, settings.max_prompt_tokens + settings.max_new_tokens
    widest = max((inputs + outputs for inputs, outputs in size.linear), default=0)
    used = (
        weight_bytes(size, four_bit=local.load_in_4bit, bf16=local.bf16)
        + 2 * 4 * size.lora_parameters(r)
        + cache_bytes(size, rows=local.batch_size, tokens=tokens)
        + local.batch_size * settings.max_prompt_tokens * 2 * 2 * widest
        + local.batch_size * size.vocabulary * (2 + 4)
    )
    return _RESERVE * used


def embedder_training_bytes(size: ModelSize, settings: TrainEmbedder, *, fused: bool) -> float:
    """Peak memory of finetuning an encoder, whole or by LoRA, three texts a row; its weights are in fp32.

    With `mini_batch_size` activations are those of one mini-batch of one text a row: the cached loss goes through the
    texts one after the other.

    Args:
        size: The encoder.
        settings: Batch, lengths and what is trained.
        fused: Whether attention is one kernel that keeps no scores, as on GPUs.
    """
    texts = settings.mini_batch_size or _TEXTS * settings.per_device_train_batch_size
    half = settings.bf16 or settings.fp16
    if (lora := settings.lora) is None:
        trained, linear = size.parameters, size.linear_values * _SAVED[half]
    else:
        trained, linear = size.lora_parameters(lora.r), _saved_by_lora(size, lora.lora_dropout, half=half)
    weights = trained * _TRAINED_BYTES + (4 * size.parameters if lora else 0) + _copied_bytes(size, half=half)
    scores = 0 if fused else _SAVED_SCORES * size.layers * size.heads * settings.max_seq_length
    return _RESERVE * (weights + texts * settings.max_seq_length * (linear + scores))


def scoring_bytes(size: ModelSize, settings: EvaluateEmbedder, *, longest: int) -> float:
    """Peak memory of embedding one batch in fp32: weights, and a few copies of the widest layer's values."""
    length = min(settings.max_seq_length, longest)
    widest = max((inputs + outputs for inputs, outputs in size.linear), default=0)
    return _RESERVE * (4 * size.parameters + settings.batch_size * length * 4 * 2 * widest)


def lora_training_flops(size: ModelSize, lora: Lora, tokens: float, *, predicted: float) -> float:
    """6 N a token with checkpointing, 4 N without: forward, gradients of activations, and forward again.

    Gradients of frozen weights are not computed, so that the usual 6 N of full training is less here.

    Args:
        size: The generator.
        lora: Whether activations are computed again.
        tokens: Of prompts and answers.
        predicted: Of these, the tokens of answers: only they reach the output head.
    """
    return (6 if lora.gradient_checkpointing else 4) * (size.body * tokens + size.head * predicted)


def frozen_training_flops(size: ModelSize, tokens: float) -> float:
    """4 N a token: forward and gradients of activations, not those of frozen weights; no token is predicted."""
    return 4 * size.body * tokens


def full_training_flops(size: ModelSize, tokens: float) -> float:
    """6 N a token: forward, gradients of activations and of weights."""
    return 6 * size.active * tokens


def generation_seconds(
    size: ModelSize, settings: Generation, prompts: Prompts, *, device: Device, adapters: int
) -> float:
    """Time to generate: 2 N operations a token of prompts and answers, and what answers read of the memory.

    Each new token of a batch reads all weights and the batch's cache, half full on average. Of a prompt only the last
    token reaches the output head.

    Args:
        size: The generator.
        settings: Batch and kinds of weights.
        prompts: How many answers are to be written, and the lengths of both.
        device: Of its bandwidth, `USED_SHARE` is taken to be reached as well.
        adapters: Bytes of the adapter in use, read at each step too.
    """
    local = settings.transformers
    reading = weight_bytes(size, four_bit=local.load_in_4bit, bf16=local.bf16) + adapters
    tokens = int(prompts.prompt + prompts.answer // 2)
    step = (reading + cache_bytes(size, rows=local.batch_size, tokens=tokens)) / (device.gpu.bandwidth * USED_SHARE)
    batches = prompts.count / local.batch_size
    computed = 2 * prompts.count * (size.body * prompts.prompt + size.active * prompts.answer)
    return computed / device.reached(bf16=local.bf16) + batches * prompts.answer * step
