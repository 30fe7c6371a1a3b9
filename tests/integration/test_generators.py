"""Generators of the architectures that the project names: adapters, their composition and generation on each."""

from __future__ import annotations

import json

import pytest
import torch
from filter_settings import ALL
from generation_settings import GREEDY
from generators import ARCHITECTURES, write_generator_model
from toy import toy_nli

from bootembed.adapters.examples import entailment_examples
from bootembed.adapters.train import train_adapter
from bootembed.base_models.load import load_generator
from bootembed.core.errors import DataError, ParamsError
from bootembed.core.names import Polarity
from bootembed.generation.generator import GeneratorDescription, write_generator
from bootembed.prompts import build_messages, encode_example, encode_prompt, prompt_definition
from bootembed.settings.models import ComposeAdapter, Lora
from bootembed.strategies.adapter_composition import compose_adapters, read_adapter, write_adapter
from bootembed.triplets.generate import generate_triplets

DEFINITION = prompt_definition("entail_v1")
LORA = Lora(
    r=2,
    lora_alpha=4,
    lora_dropout=0.0,
    train_examples=8,
    num_train_epochs=1,
    learning_rate=1e-2,
    lr_scheduler_type="constant",
    warmup_steps=0,
    per_device_train_batch_size=4,
    gradient_accumulation_steps=1,
    max_length=200,
    max_grad_norm=1.0,
    save_steps=10,
    gradient_checkpointing=True,
    bf16=False,
    load_in_4bit=False,
)
GENERATION = GREEDY.model_copy(update={"max_new_tokens": 6, "max_prompt_tokens": 200})


def _train(base, folder, *, polarity=Polarity.POSITIVE, settings=LORA, seed=1):
    examples = entailment_examples(toy_nli(16, seed=seed), DEFINITION, polarity)
    trained = train_adapter(
        base, examples, settings, output_dir=folder, checkpoint_dir=folder.with_name(folder.name + ".work"), seed=seed
    )
    return trained.metrics


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_adapters_composition_and_generation(architecture, tmp_path):
    """`delta` against a model whose weights got every update by hand; then triplets with it."""
    from peft import PeftModel

    base = write_generator_model(tmp_path / "base", architecture)
    for number in range(3):
        metrics = _train(base, tmp_path / str(number), polarity=list(Polarity)[number % 2], seed=number)
        assert metrics["steps"] == 2
    task, target, english = (read_adapter(tmp_path / str(number)) for number in range(3))
    assert any(bool(task.update(module).any()) for module in task.factors)
    assert not [module for module in task.factors if "vision" in module or "projector" in module]
    layers = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
    assert len(task.factors) == 2 * len(layers)
    assert {module.rpartition(".")[2] for module in task.factors} == layers
    write_adapter(
        compose_adapters(task, target, english, ComposeAdapter(method="delta", reference="english", weight=0.7)),
        tmp_path / "composed",
    )

    by_hand, tokenizer = load_generator(base, bf16=False, load_in_4bit=False)
    before = {name: value.clone() for name, value in by_hand.state_dict().items()}
    composed = PeftModel.from_pretrained(by_hand, tmp_path / "composed").eval()
    ids = torch.tensor([encode_prompt(tokenizer, _messages())])
    with torch.no_grad():
        found = composed(input_ids=ids).logits
        plain = composed.unload().eval()
        assert all((value == before[name]).all() for name, value in plain.state_dict().items())
        without = plain(input_ids=ids).logits
        for module in task.factors:
            weight = plain.get_submodule(module.removeprefix("base_model.model.")).weight
            weight += task.update(module) + 0.7 * (target.update(module) - english.update(module))
        assert torch.allclose(found, plain(input_ids=ids).logits, atol=1e-5)
        assert not torch.allclose(found, without, atol=1e-5)

    description = GeneratorDescription("adapter_composition", "afr", "afr", "Afrikaans", "entail_v1")
    adapters = dict.fromkeys(Polarity, tmp_path / "composed")
    write_generator(description, adapters, tmp_path / "generator")
    triplets = generate_triplets(
        base,
        tmp_path / "generator",
        ["The farmer buys a book."] * 2,
        generation=GENERATION,
        filters=ALL,
        answer_cache_path=tmp_path / "answer_cache.jsonl",
        seed=1,
    )
    assert triplets.counts["candidates"] == 2
    assert all(verdict.candidate.positive is not None for verdict in triplets.verdicts)


def _messages():
    return build_messages(DEFINITION, "The farmer buys a book.", polarity=Polarity.POSITIVE, language="English")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_prompts_have_one_bos_and_no_thought_and_training_continues_them(architecture, tmp_path):
    tokenizer = load_generator(write_generator_model(tmp_path, architecture), bf16=False, load_in_4bit=False)[1]
    prompt = encode_prompt(tokenizer, _messages())
    ids, mask = encode_example(tokenizer, _messages(), "Somebody buys a book.")
    assert ids[: len(prompt)] == prompt
    if tokenizer.bos_token_id is not None:
        assert prompt[0] == tokenizer.bos_token_id
        assert ids.count(tokenizer.bos_token_id) == 1
    text = tokenizer.decode(prompt)
    assert text.rpartition("<think>")[2].strip() in ("", "</think>") or "<think>" not in text
    learned = tokenizer.decode([token for token, learn in zip(ids, mask, strict=True) if learn])
    assert learned.startswith("Somebody buys a book.")
    assert ids[-1] in {tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids("<end_of_turn>")}


def test_four_bit_training_composition_and_generation(tmp_path):
    """For real, on whatever device there is: bitsandbytes has kernels for CPUs too."""
    from bitsandbytes.nn import Linear4bit
    from peft import PeftModel

    base = write_generator_model(tmp_path / "base", "llama", width=64)
    settings = LORA.model_copy(update={"load_in_4bit": True, "num_train_epochs": 13, "bf16": True})
    for number in range(3):
        metrics = _train(base, tmp_path / str(number), polarity=list(Polarity)[number % 2], settings=settings, seed=1)
        assert metrics["last_loss"] < metrics["first_loss"]
    task, target, english = (read_adapter(tmp_path / str(number)) for number in range(3))
    assert len(task.factors) == 14
    composition = ComposeAdapter(method="delta", reference="english", weight=0.5)
    write_adapter(compose_adapters(task, target, english, composition), tmp_path / "composed")

    model, tokenizer = load_generator(base, bf16=False, load_in_4bit=True)
    ids = torch.tensor([encode_prompt(tokenizer, _messages())], device=model.device)
    assert sum(isinstance(module, Linear4bit) for module in model.modules()) == 14
    layer = model.model.layers[0].mlp.down_proj
    assert layer.weight.quant_type == "nf4"
    assert layer.weight.quant_state.nested
    assert layer.compute_dtype == torch.bfloat16
    assert layer.weight.data.nbytes == 64 * 128 // 2
    with torch.no_grad():
        before = model.eval()(input_ids=ids).logits
    # Loaded anew: on a CPU a state_dict() after inference requantises bitsandbytes' weights, and PEFT asks for one.
    model, _ = load_generator(base, bf16=False, load_in_4bit=True)
    composed = PeftModel.from_pretrained(model, tmp_path / "composed").eval()
    for module in task.factors:
        own = composed.get_submodule(module)
        (a, b), scaling = (own.lora_A["default"].weight, own.lora_B["default"].weight), own.scaling["default"]
        exact = task.update(module) + 0.5 * (target.update(module) - english.update(module))
        assert torch.allclose(scaling * (b @ a), exact.to(b.device), atol=1e-5)
    with torch.no_grad():
        assert not torch.allclose(composed(input_ids=ids).logits, before, atol=1e-3)
        with composed.disable_adapter():
            assert torch.equal(composed(input_ids=ids).logits, before)

    description = GeneratorDescription("adapter_composition", "afr", "afr", "Afrikaans", "entail_v1")
    write_generator(description, dict.fromkeys(Polarity, tmp_path / "composed"), tmp_path / "generator")
    four_bit = GENERATION.transformers.model_copy(update={"load_in_4bit": True})
    triplets = generate_triplets(
        base,
        tmp_path / "generator",
        ["The farmer buys a book."] * 2,
        generation=GENERATION.model_copy(update={"transformers": four_bit}),
        filters=ALL,
        answer_cache_path=tmp_path / "answer_cache.jsonl",
        seed=1,
    )
    assert triplets.counts["candidates"] == 2


def test_four_bit_is_refused_where_it_cannot_be(tmp_path, monkeypatch):
    base = write_generator_model(tmp_path, "llama")
    with monkeypatch.context() as patch:
        patch.setattr("bitsandbytes.supported_torch_devices", {"no such device"})
        with pytest.raises(ParamsError, match="load_in_4bit: true: bitsandbytes does not support this machine"):
            load_generator(base, bf16=False, load_in_4bit=True)
    monkeypatch.setattr("transformers.utils.is_bitsandbytes_available", lambda: False)
    with pytest.raises(ParamsError, match="load_in_4bit: true needs the package bitsandbytes"):
        load_generator(base, bf16=False, load_in_4bit=True)


@pytest.mark.parametrize(
    "change",
    [
        {"model_type": "not_yet_invented"},
        {
            "model_type": "own_code",
            "auto_map": {"AutoModelForCausalLM": "modeling_own.Own", "AutoConfig": "own.Config"},
        },
        {"model_type": "xlm-roberta-xxl"},
    ],
)
def test_what_is_no_generator_is_refused(tmp_path, change):
    base = write_generator_model(tmp_path, "llama")
    path = base / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError, match=r"cannot be loaded as a generator: .*; it must be a causal language model"):
        load_generator(base, bf16=False, load_in_4bit=False)


def test_checkpointing_of_activations_changes_memory_only(tmp_path, monkeypatch, recwarn):
    """And is off when it is off: TRL has it on by default."""
    import torch.utils.checkpoint

    base = write_generator_model(tmp_path / "base", "qwen3")
    calls, original = [], torch.utils.checkpoint.checkpoint

    def counted(*arguments, **keywords):
        calls.append(1)
        return original(*arguments, **keywords)

    monkeypatch.setattr("transformers.modeling_utils.checkpoint", counted)
    adapters, counts = [], []
    for checkpointing in (False, True):
        settings = LORA.model_copy(update={"gradient_checkpointing": checkpointing})
        _train(base, tmp_path / str(checkpointing), settings=settings)
        adapters.append(read_adapter(tmp_path / str(checkpointing)))
        counts.append(len(calls))
    assert counts[0] == 0
    assert counts[1] >= 4  # two layers, two steps
    for module in adapters[0].factors:
        assert torch.allclose(adapters[0].update(module), adapters[1].update(module), atol=1e-6)
    assert not [warning for warning in recwarn if "`gradient_checkpointing` is deprecated" in str(warning.message)]


@pytest.mark.parametrize("bf16", [False, True])
def test_a_batch_meets_the_output_layer_as_one_matrix(tiny_generator, bf16):
    """A copy of it for every row took seven eighths of the time in bf16."""
    model, _ = load_generator(tiny_generator, bf16=bf16, load_in_4bit=False)
    assert model.dtype is (torch.bfloat16 if bf16 else torch.float32)
    model.requires_grad_(False)  # as beneath adapters
    with torch.inference_mode(), torch.profiler.profile(record_shapes=True) as found:
        model(input_ids=torch.ones(3, 5, dtype=torch.long), logits_to_keep=1)
    products = {name: [e.input_shapes for e in found.events() if e.name == f"aten::{name}"] for name in ("mm", "bmm")}
    words, hidden = model.config.vocab_size, model.config.hidden_size
    assert [[3, hidden], [hidden, words]] in products["mm"]
    assert not any(words in shape for shapes in products["bmm"] for shape in shapes)
