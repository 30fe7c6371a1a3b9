"""The method in miniature under portable arithmetic: writes a hash of what each step computed, for `test_golden.py`.

A process of its own, because kernels are chosen when numpy and torch are loaded.
"""

# ruff: noqa: E402 - the arithmetic comes first

from bootembed.core.arithmetic import prepare_arithmetic

prepare_arithmetic(threads=1, portable=True)

import hashlib
import json
from pathlib import Path

from asking import ask
from encoders import sentences, write_encoder
from generators import write_generator_model
from safetensors.numpy import load_file
from sentence_transformers import SentenceTransformer
from toy import toy_nli

from bootembed.adapters.examples import entailment_examples
from bootembed.adapters.train import train_adapter
from bootembed.core.names import Polarity
from bootembed.embedder.train import train_embedder
from bootembed.evaluation.statistics import compare, resample_correlations
from bootembed.prompts import prompt_definition
from bootembed.settings.embedder import TrainEmbedder
from bootembed.settings.models import Lora

LORA = Lora(
    r=8, lora_alpha=16, lora_dropout=0.1, train_examples=96, num_train_epochs=1, learning_rate=5e-3,
    lr_scheduler_type="cosine", warmup_steps=2, per_device_train_batch_size=12, gradient_accumulation_steps=1,
    max_length=200, max_grad_norm=1.0, save_steps=100, gradient_checkpointing=False, bf16=False, load_in_4bit=False,
)  # fmt: skip
EMBEDDER = TrainEmbedder(
    objective="contrastive", distillation_english_share=0.25, pooling="mean_first_last", temperature=0.05,
    num_train_epochs=2, learning_rate=1e-3, warmup_steps=2, lr_scheduler_type="linear", per_device_train_batch_size=24,
    texts_per_forward=10, max_seq_length=24, bf16=False, fp16=False,
)  # fmt: skip


def main() -> dict[str, str]:
    """Run the chain in the working directory; step -> the first half of a SHA-256.

    Paths are relative, as in the pipeline: an adapter names its base model, and its hash decides the seeds of answers.
    """
    folder = Path()
    generator = write_generator_model(folder / "generator", "qwen3", width=64)
    encoder = write_encoder(folder / "encoder", "modernbert")
    rows = toy_nli(96, seed=3)
    adapters = {}
    for polarity in Polarity:
        adapters[polarity] = folder / "adapters" / polarity
        examples = entailment_examples(rows, prompt_definition("entail_v1"), polarity)
        work = folder / "work"
        train_adapter(generator, examples, LORA, output_dir=adapters[polarity], checkpoint_dir=work, seed=5)
    premises = list(dict.fromkeys(row["premise"] for row in rows))[:12]
    answers = ask(generator, adapters, premises, folder / "answers.jsonl")
    texts = [[answer.text for answer in answers[polarity]] for polarity in Polarity]
    words = sentences(96)
    triplets = [
        {"anchor": text, "positive": " ".join(reversed(text.split())), "negative": f"{text.split()[0]} {other}"}
        for text, other in zip(words, sentences(96, seed=1), strict=True)
    ]
    train_embedder(
        encoder, triplets, EMBEDDER, recipe="xl_lora", language="afr", encoder="tiny", scoring_max_seq_length=40,
        output_dir=folder / "embedder", checkpoint_dir=folder / "work", seed=5,
    )  # fmt: skip
    vectors = SentenceTransformer(str(folder / "embedder"), device="cpu").encode(words)
    similarities = [(vectors[n] @ vectors[n - d]).item() for d in (1, 2) for n in range(2, len(words))]
    half = len(similarities) // 2
    systems = {"one": similarities[:half], "other": similarities[half:]}
    resampled = resample_correlations(list(range(half)), systems, resamples=200, seed=1)
    found = compare(resampled["one"], resampled["other"])
    return {
        "initial weights": _hash(_weights(generator / "model.safetensors"), _weights(encoder / "model.safetensors")),
        "adapters": _hash(*(_weights(adapter / "adapter_model.safetensors") for adapter in adapters.values())),
        "answers": _hash(json.dumps(texts).encode()),
        "embedder": _hash(_weights(next((folder / "embedder").rglob("model.safetensors")))),
        "embeddings": _hash(vectors.tobytes()),
        "scores": _hash(repr([found, resampled["one"].value]).encode()),
    }


def _weights(path: Path) -> bytes:
    return b"".join(tensor.tobytes() for _, tensor in sorted(load_file(path).items()))


def _hash(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()[:32]


if __name__ == "__main__":
    Path("hashes.json").write_text(json.dumps(main(), indent=2) + "\n", encoding="utf-8")
