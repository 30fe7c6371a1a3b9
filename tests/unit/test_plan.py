"""The plan of a profile: counts against real models, formulae against hand computations, checks against a false Hub."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from encoders import write_encoder
from gguf_files import write_gguf

from bootembed.adapters.arguments import LARGEST_LOGITS
from bootembed.base_models.gguf import convert_gguf
from bootembed.commands import main
from bootembed.core.errors import DataError
from bootembed.settings.load import validate_params
from bootembed.settings.models import BaseModelSpec, Launch, Pretraining, Scratch
from bootembed.workflow.plan import estimates, report, requirements, samples
from bootembed.workflow.plan.contents import check_contents
from bootembed.workflow.plan.estimates import GPUS, Device, Gpu
from bootembed.workflow.plan.gguf_size import gguf_size
from bootembed.workflow.plan.report import make_plan
from bootembed.workflow.plan.requirements import Machine, Repo
from bootembed.workflow.plan.sizes import ModelSize, _hub_answers, _scratch_config, config_of, model_size, published
from bootembed.workflow.plan.speed import Speed, measured_speed
from bootembed.workflow.plan.texts import Prompts, Rows, prompts_of, tokens_of
from bootembed.workflow.plan.work import disk_bytes, stage_counts, work_of

ROOT = Path(__file__).parents[2]
PRETRAINING = yaml.safe_load((ROOT / "pretraining/params.yaml").read_text())
LAPTOP = yaml.safe_load((ROOT / "params.yaml").read_text()) | {"base_models": PRETRAINING["base_models"]}
LAPTOP["launch"]["portable"] = False  # portable kernels have no bf16
PROFILES = sorted(path.stem for path in (ROOT / "conf/profile").glob("*.yaml"))
REVISION = "0" * 40
_TRAINED = ("train_task_adapter", "train_language_adapter", "train_xl_lora_adapter", "train_embedder")


def _params(**sections):
    return validate_params(LAPTOP | {key: LAPTOP[key] | value for key, value in sections.items()}, source="p")


# Two layers of one square linear layer each, 4 wide: small enough to check by hand.
SMALL = ModelSize(
    parameters=100,
    active=72,
    quantised=32,
    linear=((4, 4), (4, 4)),
    layers=2,
    hidden=4,
    key_value=2,
    heads=2,
    vocabulary=10,
    stored_bytes=4,
)


class TestSizes:
    @pytest.mark.parametrize(
        ("name", "generates", "parameters"),
        [
            ("google/gemma-3-27b-it", True, 27_432_406_640),  # vision tower included
            ("Qwen/Qwen3-4B-Instruct-2507", True, 4_022_468_096),
            ("FacebookAI/xlm-roberta-base", False, 278_043_648),
            ("jhu-clsp/mmBERT-base", False, 306_939_648),
            ("google/gemma-3-270m", True, 268_098_176),
            ("google/gemma-3-270m-it", True, 268_098_176),
            ("sentence-transformers/all-MiniLM-L6-v2", False, 22_713_216),
        ],
    )
    def test_published_dimensions_give_the_published_number_of_parameters(self, name, generates, parameters):
        assert model_size(published(name)["config"], generates=generates).parameters == parameters

    def test_gemma_is_adapted_in_its_language_model_only(self):
        size = model_size(published("google/gemma-3-27b-it")["config"], generates=True)
        assert len(size.linear) == 62 * 7
        assert size.quantised > sum(inputs * outputs for inputs, outputs in size.linear)  # its eyes too

    def test_a_real_generator(self, tiny_generator):
        from peft import LoraConfig, get_peft_model
        from transformers import AutoModelForCausalLM

        size = model_size(json.loads((tiny_generator / "config.json").read_text()), generates=True)
        model = AutoModelForCausalLM.from_pretrained(tiny_generator)
        assert size.parameters == sum(parameter.numel() for parameter in model.parameters())
        cache = model(input_ids=model.dummy_inputs["input_ids"][:1], use_cache=True).past_key_values
        tokens = model.dummy_inputs["input_ids"].shape[1]
        held = sum(layer.keys.numel() + layer.values.numel() for layer in cache.layers)
        assert estimates.cache_bytes(size, rows=1, tokens=tokens) == 2 * held
        adapted = get_peft_model(model, LoraConfig(r=3, target_modules="all-linear", task_type="CAUSAL_LM"))
        assert size.lora_parameters(3) == adapted.get_nb_trainable_parameters()[0]

    @pytest.mark.parametrize("architecture", ["xlm-roberta", "modernbert"])
    def test_a_real_encoder(self, architecture, tmp_path):
        from transformers import AutoModel

        folder = write_encoder(tmp_path / "encoder", architecture)
        size = model_size(json.loads((folder / "config.json").read_text()), generates=False)
        assert size.parameters == sum(p.numel() for p in AutoModel.from_pretrained(folder).parameters())
        assert (size.layers, size.hidden, size.vocabulary) == (3, 32, 0)

    def test_settings_of_a_scratch_model_are_the_model_they_make(self, tiny_generator):
        made = json.loads((tiny_generator / "config.json").read_text())
        training = Pretraining.model_validate(LAPTOP["base_models"]["generator"]["scratch"]["pretraining"])
        names = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size")
        scratch = Scratch(
            architecture="qwen3",
            max_position_embeddings=256,
            pretraining=training,
            **{name: made[name] for name in names},
        )
        assert model_size(_scratch_config(scratch), generates=True) == model_size(made, generates=True)

    @pytest.mark.parametrize("role", ["generator", "encoder"])
    def test_a_gguf_file_has_the_size_of_the_model_that_is_made_of_it(self, tmp_path, role):
        file = write_gguf(tmp_path / "a.gguf", quantised=True)
        convert_gguf(file, role, tmp_path / "model")
        generates = role == "generator"
        made = model_size(json.loads((tmp_path / "model/config.json").read_text()), generates=generates)
        assert gguf_size(file, generates=generates) == made

    def test_a_gguf_file_takes_part_in_the_plan_and_a_broken_one_is_told(self, tmp_path):
        params, file = tmp_path / "params.yaml", write_gguf(tmp_path / "a.gguf")
        generator = {"role": "generator", "source": "local", "path": str(file)}
        raw = LAPTOP | {"base_models": LAPTOP["base_models"] | {"generator": generator}}
        work = {}
        for share in (1.0, 0.999, 0.01):
            file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
            found = make_plan(validate_params(raw, source=str(params)), ROOT / "dvc.yaml", gpu="l4", tflops=1.0)
            [line] = [line for line in found.text.splitlines() if line.startswith("  generator: ")]
            [work[share]] = [line for line in found.text.splitlines() if line.startswith("  train_task_adapter: ")]
            told = "95,296 parameters (from its header)" if share == 1.0 else "size not known (not read: "
            assert told in line, line
            assert share == 1.0 or "fetch it again" in line
            assert ("nor is what generator does, of unknown size" in found.brief[0]) == (share < 1.0)
        assert "GPU" in work[1.0]
        assert "GPU" not in work[0.999]
        file.write_text("<html>404</html>")
        with pytest.raises(DataError, match="is no GGUF file"):
            gguf_size(file, generates=True)

    def test_of_models_of_unknown_size_no_sum_is_made(self, tmp_path):
        """It said `about 0 s` of models that were not there."""
        models = {
            key: {"role": spec["role"], "source": "local", "path": str(tmp_path / key)}
            for key, spec in LAPTOP["base_models"].items()
        }
        params = validate_params(LAPTOP | {"base_models": models}, source="p")
        told = make_plan(params, ROOT / "dvc.yaml", gpu="l4", tflops=1.0).brief[0]
        assert told == "time and disk space are not known, since the size of generator, tiny is not"


class TestEstimates:
    def test_weights(self):
        assert estimates.weight_bytes(SMALL, four_bit=False, bf16=True) == 200
        assert estimates.weight_bytes(SMALL, four_bit=False, bf16=False) == 400
        # 32 weights in 4.127 bits, the other 68 in 16
        assert estimates.weight_bytes(SMALL, four_bit=True, bf16=True) == pytest.approx(32 * 4.127 / 8 + 68 * 2)

    @pytest.mark.parametrize(("checkpointing", "kept"), [(True, 2 * 2 * 4 + 8 * 5.0), (False, 16 * 5.0)])
    def test_lora_training(self, checkpointing, kept):
        own = {"r": 2, "max_length": 16, "per_device_train_batch_size": 3, "load_in_4bit": False, "lora_dropout": 0.1}
        own |= {"bf16": True, "gradient_checkpointing": checkpointing}
        lora = _params(train_task_adapter=own).train_task_adapter
        # A: 2 x 4, B: 4 x 2, twice; of a layer 8 x (3.4 + 1.6) bytes a token; its input 2 x 4; 10 logits of 10 bytes
        tokens, adapter = 48, 32
        wanted = 200 + 16 * adapter + tokens * (kept + 100)
        assert estimates.lora_training_bytes(SMALL, lora) == pytest.approx(1.15 * wanted)
        large = replace(SMALL, vocabulary=1 << 25)  # of which only a piece is there at a time
        assert estimates.lora_training_bytes(large, lora) == pytest.approx(1.15 * (wanted - 4800 + 10 * LARGEST_LOGITS))
        flops = estimates.lora_training_flops(SMALL, lora, 1000, predicted=100)
        assert flops == (6 if checkpointing else 4) * (32 * 1000 + 40 * 100)  # the head is 10 x 4

    def test_what_is_not_quantised_trains_in_fp32(self):
        loras = [
            _params(train_task_adapter={"bf16": True, "load_in_4bit": four_bit}).train_task_adapter
            for four_bit in (True, False)
        ]
        four_bit, whole = (estimates.lora_training_bytes(SMALL, lora) for lora in loras)
        assert whole - four_bit == pytest.approx(1.15 * (200 - 32 * 4.127 / 8 - 68 * 4))

    def test_generation(self):
        local = {"batch_size": 5, "bf16": True, "load_in_4bit": False}
        own = {"max_prompt_tokens": 30, "max_new_tokens": 20, "transformers": local}
        settings = _params(generation=own).generation
        cache = 5 * 50 * 2 * 2 * 2 * 2  # rows, tokens, layers, keys and values, width, bytes
        wanted = 200 + 2 * 4 * 32 + cache + 5 * 30 * 4 * 8 + 5 * 10 * 6
        assert estimates.generation_bytes(SMALL, settings, r=2) == pytest.approx(1.15 * wanted)
        gpu = Gpu("toy", flops=1e6, bandwidth=1e4, memory=0)
        prompts = Prompts(10, prompt=30, answer=20, measured=False)
        device = Device(gpu, 1e3, bf16=4.0)
        seconds = estimates.generation_seconds(SMALL, settings, prompts, device=device, adapters=128)
        step = (200 + 128 + 5 * 40 * 16) / 3e3  # weights, adapter, half of the answers in the cache
        assert seconds == pytest.approx((0.3 + 0.7 / 4) * 2 * 10 * (32 * 30 + 72 * 20) / 1e3 + 2 * 20 * step)

    def test_embedder_training(self):
        own = {"per_device_train_batch_size": 8, "max_seq_length": 4, "bf16": True, "fp16": False}
        whole = _params(train_embedder=own).train_embedder
        kept, scores = 16 * 4.4, 2 * 2 * 4 * 12  # values of linear layers; layers, heads, tokens
        weights = 1600 + 2 * 32  # and their copies in 16 bits
        estimated = estimates.embedder_training_bytes
        assert estimated(SMALL, whole, fused=True) == pytest.approx(1.15 * (weights + 24 * 4 * kept))
        assert estimated(SMALL, whole, fused=False) == pytest.approx(1.15 * (weights + 24 * 4 * (kept + scores)))
        cached = _params(train_embedder=own | {"mini_batch_size": 2}).train_embedder
        assert estimated(SMALL, cached, fused=True) == pytest.approx(1.15 * (weights + 2 * 4 * kept))
        lora = {"r": 2, "lora_alpha": 2, "lora_dropout": 0.0, "target_modules": "all-linear"}
        adapted = _params(train_embedder=own | {"bf16": False, "lora": lora}).train_embedder
        assert estimated(SMALL, adapted, fused=True) == pytest.approx(1.15 * (400 + 32 * 16 + 24 * 4 * 16 * 5.2))

    def test_judge_training(self):
        own = {"r": 2, "lora_dropout": 0.1, "per_device_train_batch_size": 3, "max_length": 16, "bf16": True}
        wanted = 400 + 2 * 32 + 32 * 16 + 48 * 16 * (3.4 + 1.6)
        judge = _params(train_judge=own).train_judge
        assert estimates.judge_training_bytes(SMALL, judge) == pytest.approx(1.15 * wanted)


class TestWork:
    @pytest.fixture(autouse=True)
    def without_files(self, tmp_path, monkeypatch):
        """No corpora are here, whatever the checkout holds."""
        monkeypatch.chdir(tmp_path)

    def test_upper_bounds_from_the_parameters(self):
        params = _params()
        sizes = dict.fromkeys(params.base_models, SMALL)
        work = {item.stage: item for item in work_of(params, sizes, Device(GPUS["a100"], 1e6))}
        lora = params.train_task_adapter
        tokens = int(lora.train_examples * lora.num_train_epochs) * lora.max_length
        assert f"{tokens:,} tokens each" in work["train_task_adapter"].what
        assert work["train_task_adapter"].seconds == 2 * 4 * 72 * tokens / 1e6
        answers = params.generate_triplets.anchors * 2 * 3 * 2  # languages, strategies, polarities
        assert work["generate_triplets"].what.startswith(f"{answers:,} answers")
        rows = params.generate_triplets.anchors
        assert work["train_embedder"].what.startswith(f"36 x at most {rows:,} rows")
        assert work["evaluate_embedder"].what.startswith("38 embedders on 2 tasks")

    @pytest.mark.parametrize("most", [100, 1000])
    @pytest.mark.parametrize(("header", "rows"), [(True, 300), (False, 301)])
    def test_the_line_that_names_columns_is_no_row(self, most, header, rows, tmp_path, monkeypatch):
        monkeypatch.setattr(samples, "MOST_ROWS", most)
        (tmp_path / "raw/afr").mkdir(parents=True)
        (tmp_path / "raw/afr/t.tsv").write_text("".join(f"a{n}\tb{n}\n" for n in range(301)))
        raw = json.loads(json.dumps(LAPTOP))
        raw["prepare_corpora"] |= {"folder": "raw", "quoted_folder": "raw"}
        columns = {"text": "a0", "english": "b0"} if header else {"text": "1", "english": "2"}
        table = {"format": "tsv", "path": "t.tsv", "header": header, "columns": columns}
        raw["corpora"]["sample"]["parallel"] = [table]
        found = samples.Corpora(validate_params(raw, source="p")).sample("parallel", "afr")
        assert (found.there, len(found.rows), found.whole) == (rows, min(rows, most), rows < most)

    def test_what_is_computed_in_bf16_takes_a_part_of_the_time_and_nothing_else_does(self):
        """Of a processor four times as fast in bf16: products take 0.7 of a step's time."""
        half = _params(
            **{stage: {"bf16": True, "fp16": False} if "embed" in stage else {"bf16": True} for stage in _TRAINED}
        )
        sizes = dict.fromkeys(half.base_models, SMALL)
        device = Device(GPUS["cpu"], 1e6, bf16=4.0)
        whole, short = ({item.stage: item.seconds for item in work_of(p, sizes, device)} for p in (_params(), half))
        for stage, seconds in whole.items():
            share = 0.3 + 0.7 / 4 if stage in _TRAINED else 1.0
            assert short[stage] == (None if seconds is None else pytest.approx(share * seconds)), stage

    @pytest.mark.parametrize(
        ("half", "ratio", "told"),
        [
            (False, 4.0, "4.0 x as fast as in fp32: the same work may take 0.5 of the time with precision=bf16"),
            (True, 0.3, "0.3 x as fast as in fp32: set to false train_task_adapter.bf16"),
            (False, 0.3, None),
            (False, 1.5, None),
            (True, 4.0, None),
        ],
    )
    def test_precision_is_advised_from_what_this_processor_measured(self, monkeypatch, half, ratio, told):
        monkeypatch.setattr(report, "measured_speed", lambda launch, jobs: Speed(fp32=1e11, bf16=ratio * 1e11))
        monkeypatch.setattr(requirements, "this_machine", lambda: Machine(None, 64e9, four_bit=False))
        plan = make_plan(_params(train_task_adapter={"bf16": half, "load_in_4bit": False}), ROOT / "dvc.yaml")
        advice = [line for line in plan.brief if line.startswith("in bf16")]
        assert [told in line for line in advice] == ([True] if told else [])

    def test_both_speeds_are_those_of_processes_with_the_kernels_asked_for(self):
        portable, usual = (measured_speed(Launch(processes=1, threads=1, portable=value), 1) for value in (True, False))
        assert min(portable.fp32, portable.bf16, usual.fp32, usual.bf16) > 1e8

    def test_a_scratch_model_is_pretrained_on_packed_rows(self):
        training = _params().base_models["generator"].scratch.pretraining
        work = work_of(_params(), dict.fromkeys(_params().base_models, SMALL), Device(GPUS["a100"], 1e6))
        (told,) = [item.what for item in work if item.what.startswith("generator: ")]
        assert told == f"generator: {training.max_steps * training.per_device_train_batch_size * 128:,} tokens"

    @pytest.mark.parametrize(("limit", "longest"), [(128, 128), (8192, 512)])
    def test_no_text_is_taken_to_be_longer_than_the_limit(self, limit, longest):
        params = _params(evaluate_embedder={"max_seq_length": limit})
        work = work_of(params, dict.fromkeys(params.base_models, SMALL), Device(GPUS["a100"], 1e6))
        (told,) = [item.what for item in work if item.stage == "evaluate_embedder"]
        assert f"{longest} tokens assumed as the longest" in told

    def test_generators_of_several_seeds_are_made_one_after_another(self):
        sizes = dict.fromkeys(_params().base_models, SMALL)
        device = Device(GPUS["a100"], 1e6)
        params = [validate_params(LAPTOP | {"generator_seeds": count}, source="p") for count in (1, 3)]
        one, three = ({item.stage: item.seconds for item in work_of(p, sizes, device)} for p in params)
        for stage in ("train_task_adapter", "train_language_adapter", "build_xl_lora_data", "train_xl_lora_adapter",
                      "generate_triplets"):  # fmt: skip
            assert three[stage] == pytest.approx(3 * one[stage])
        assert three["build_base_models"] == one["build_base_models"]
        # three texts a row of each strategy's three training sets; of the baselines' one: two, three and two
        texts = (3 * 3 * 3 + 2 + 3 + 2) / (3 * 3 + 2 + 3 + 2)
        assert three["train_embedder"] == pytest.approx(texts * one["train_embedder"])
        assert disk_bytes(params[1], sizes) > disk_bytes(params[0], sizes)

    def test_the_judge_is_counted_where_it_is_trained(self):
        sizes = dict.fromkeys(_params().base_models, SMALL)
        raw = json.loads(json.dumps(LAPTOP))
        raw["corpora"]["sample"]["judge_nli"] = [{"format": "csv", "path": "judge.csv"}]
        raw["train_judge"] |= {"source": "trained", "base": "tiny", "num_train_epochs": 2}
        params = validate_params(raw, source="p")
        device = Device(GPUS["a100"], 1e6)
        assert not any(item.stage == "train_judge" for item in work_of(_params(), sizes, device))
        work = next(item for item in work_of(params, sizes, device) if item.stage == "train_judge")
        pairs = 2 * 3 * params.train_judge.rows_per_label * 2  # languages of this corpus, labels, epochs
        assert work.what.startswith(f"at most {pairs:,} pairs")
        assert work.seconds == 4 * 32 * pairs * params.train_judge.max_length / 1e6

    def test_a_judge_from_elsewhere_is_among_what_a_profile_needs(self, tmp_path):
        hub = _params(train_judge={"source": "hub", "id": "owner/judge", "revision": "unresolved"})
        assert requirements.repos_of(hub) == [Repo("owner/judge", "model", "unresolved")]
        local = _params(train_judge={"source": "local", "path": str(tmp_path / "judge")})
        check = next(check for check in requirements.check_files(local) if "judge" in check.what)
        assert (check.state, check.remedy) == ("missing", "set train_judge.path to a model folder")

    def test_adapters_of_others_are_among_what_a_profile_needs(self, tmp_path):
        given = {"positive": {"source": "hub", "id": "them/pos", "revision": REVISION}}
        given |= {"negative": {"source": "local", "path": str(tmp_path / "neg")}}
        params = _params(xl_lora_adapters=given, needed={"fetched_xl_lora_adapters": ["positive", "negative"]})
        assert requirements.repos_of(params) == [Repo("them/pos", "model", REVISION)]
        check = next(check for check in requirements.check_files(params) if "neg" in check.what)
        assert (check.state, check.remedy) == (
            "missing",
            "set xl_lora_adapters.negative.path to the folder of an adapter",
        )
        sizes = dict.fromkeys(params.base_models, SMALL)
        assert disk_bytes(params, sizes) > disk_bytes(_params(), sizes)

    def test_every_table_of_a_corpus_is_among_what_a_profile_needs(self):
        raw = json.loads(json.dumps(LAPTOP))
        hub = {"format": "hub", "revision": REVISION}
        raw["corpora"]["sample"] |= {table: [{**hub, "path": f"them/{table}"}] for table in ("triplets", "own_nli")}
        found = requirements.repos_of(validate_params(raw, source="p"))
        assert {repo.id for repo in found} == {"them/triplets", "them/own_nli"}

    def test_a_model_of_unknown_size_leaves_the_rest(self):
        params = _params()
        work = work_of(params, dict.fromkeys(params.base_models), Device(GPUS["a100"], 1e12))
        assert all(item.memory is None and item.seconds is None for item in work)
        assert disk_bytes(params, dict.fromkeys(params.base_models)) == 0

    def test_stages_are_those_of_the_pipeline_in_an_order_that_works(self):
        counts = stage_counts(_params(), ROOT / "dvc.yaml")
        assert counts["train_embedder"] == 14
        assert counts["generate_triplets"] == 6
        order = list(counts)
        assert order.index("write_sample_corpora") < order.index("prepare_corpora") < order.index("train_task_adapter")
        assert order.index("generate_triplets") < order.index("train_embedder") < order.index("report")


class TestTexts:
    """Estimates from files that are here: `words` in a sentence, eight NLI rows of four premises."""

    @staticmethod
    def _raw(folder, words):
        """Corpora of two target languages and English; without `words` none is written."""
        raw = json.loads(json.dumps(LAPTOP))
        raw["prepare_corpora"] |= {"folder": str(folder), "quoted_folder": str(folder)}
        raw["base_models"] = {"generator": raw["base_models"]["generator"], "tiny": raw["base_models"]["tiny"]}
        raw["generate_triplets"] |= {"anchors": 8}
        raw["build_baseline_data"] |= {"rows": 8}
        raw["train_task_adapter"] |= {"train_examples": 4}
        for language in ("eng", "afr", "ind") if words else ():
            (folder / language).mkdir(parents=True)
            sentences = [f"{number} " + "woord " * words for number in range(8)]
            for name in ("anchors.txt", "parallel.eng", f"parallel.{language}"):
                (folder / language / name).write_text("\n".join(sentences))
            labels = ("entailment", "contradiction")
            nli = [f"{sentences[number // 2]},{text},{labels[number % 2]}" for number, text in enumerate(sentences)]
            (folder / language / "nli.csv").write_text("\n".join(["premise,hypothesis,label", *nli]))
        return raw

    def _work(self, folder, words):
        params = validate_params(self._raw(folder, words), source="p")
        work = work_of(params, dict.fromkeys(params.base_models, SMALL), Device(GPUS["a100"], 1e6))
        return {item.stage: item for item in work}

    def test_short_texts_take_less_than_long_ones_and_these_no_more_than_their_limit(self, tmp_path):
        short, long, endless, unknown = (self._work(tmp_path / str(words), words) for words in (2, 6, 10_000, None))
        for stage in ("train_task_adapter", "train_embedder"):
            assert short[stage].seconds < long[stage].seconds < endless[stage].seconds <= unknown[stage].seconds
            assert " about " in short[stage].what
            assert " about " not in unknown[stage].what
            assert (short[stage].measured, unknown[stage].measured) == (True, False)
        assert endless["train_task_adapter"].seconds == unknown["train_task_adapter"].seconds

    def test_only_what_is_not_here_is_counted_at_its_limit(self, tmp_path):
        work = self._work(tmp_path, 2)
        assert work["train_task_adapter"].measured
        assert not work["train_language_adapter"].measured  # there are no instructions
        assert not work["generate_triplets"].measured  # and no examples for prompts

    def test_examples_that_a_batch_shares_are_computed_once_for_it(self, tmp_path):
        raw = self._raw(tmp_path, 2)
        raw["in_context"] |= {"examples": 3, "examples_language": "english"}
        found = []
        for selection in ("random", "similar"):
            raw["in_context"] |= {"selection": selection}
            params = validate_params(raw, source="p")
            found.append(prompts_of(params, samples.Corpora(params), "in_context", "afr"))
        shared, own = found
        assert shared.measured and own.measured
        assert shared.prompt < own.prompt <= params.generation.max_prompt_tokens

    def test_premises_without_both_labels_are_no_rows(self, tmp_path):
        raw = self._raw(tmp_path, 2)
        raw["grid"] |= {
            "strategies": [],
            "baselines": ["untrained", "english_nli"],
            "recipes": ["untrained", "english_nli"],
        }
        (tmp_path / "eng/nli.csv").write_text(
            "premise,hypothesis,label\na b,c d,entailment\na b,e f,contradiction\ng h,i j,entailment\n"
        )
        params = validate_params(raw, source="p")
        work = work_of(params, dict.fromkeys(params.base_models, SMALL), Device(GPUS["a100"], 1e6))
        (told,) = [item.what for item in work if item.stage == "train_embedder"]
        assert " at most 1 rows, about " in told

    def test_a_dataset_of_the_hub_is_not_fetched(self, tmp_path, monkeypatch):
        raw = self._raw(tmp_path, 2)
        raw["corpora"]["sample"]["anchors"] = [{"format": "hub", "path": "org/name", "revision": REVISION}]
        monkeypatch.setattr(samples, "read_rows", lambda *_, **__: pytest.fail("read"))
        assert samples.Corpora(validate_params(raw, source="p")).sample("anchors", "afr") is None

    @pytest.mark.parametrize("text", ["", "a", "ọ̀rọ̀ " * 5, "말 " * 500])
    def test_a_text_has_no_more_tokens_than_its_limit(self, text):
        assert 0 < tokens_of(text, limit=16) <= 16
        assert Rows(3, [[text, text]], 2).tokens(16) <= Rows(3, None, 2).tokens(16) == 3 * 2 * 16


@pytest.fixture
def hub(monkeypatch):
    """A server that answers as the Hub does for one open, one gated and one broken repository."""
    answers = {"org/open": (200, ""), "org/gated": (200, "GatedRepo"), "org/broken": (503, "")}

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self):
            name = "/".join(self.path.split("/")[3:5])
            status, fault = answers.get(name, (404, "RepoNotFound"))
            if "/revision/" in self.path and not self.path.split("?")[0].endswith(REVISION):
                status, fault = 404, "RevisionNotFound"
            if self.path.endswith("/auth-check"):
                status = 403 if fault == "GatedRepo" else status
            elif fault == "GatedRepo":
                fault = ""
            body = json.dumps({"id": name, "sha": REVISION}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if fault:
                self.send_header("X-Error-Code", fault)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class TestChecks:
    @pytest.mark.parametrize("kind", ["model", "dataset"])
    @pytest.mark.parametrize(
        ("name", "revision", "state", "told"),
        [
            ("org/open", REVISION, "ok", "at 0000000"),
            ("org/open", "1" * 40, "missing", "at 1111111: the {kind} has no such revision"),
            ("org/gated", REVISION, "missing", "the {kind} is gated and HF_TOKEN is not set"),
            ("org/none", REVISION, "missing", "there is no such {kind}, or it is private and HF_TOKEN is not set"),
            ("org/broken", REVISION, "unknown", "could not be checked: the Hub failed (HTTP status 503)"),
        ],
    )
    def test_what_the_hub_answers(self, hub, monkeypatch, kind, name, revision, state, told):
        monkeypatch.delenv("HF_TOKEN", raising=False)
        found = requirements.ask_hub(Repo(name, kind, revision), endpoint=hub)
        assert (found.state, told.format(kind=kind) in found.what) == (state, True), found
        assert bool(found.remedy) == (state != "ok")

    def test_no_connection_and_offline_mode_are_no_failure(self, hub, monkeypatch):
        repo = Repo("org/open", "model", REVISION)
        unchecked = "model org/open: could not be checked: "
        found = requirements.ask_hub(repo, endpoint="http://127.0.0.1:9")
        assert (found.state, found.what) == ("unknown", unchecked + "it cannot be reached")
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        found = requirements.ask_hub(repo, endpoint=hub)
        assert (found.state, found.what) == ("unknown", unchecked + "HF_HUB_OFFLINE is set")

    @pytest.mark.parametrize("token", [None, "hf_x"])
    def test_configurations_are_asked_for_with_the_environments_token_alone(self, monkeypatch, token):
        """The token that a login left on the machine is not used."""
        used = []
        monkeypatch.delenv("HF_TOKEN", raising=False)
        if token:
            monkeypatch.setenv("HF_TOKEN", token)

        def hf_hub_download(*_, token, **__):
            used.append(token)
            raise OSError("not there")

        monkeypatch.setattr("huggingface_hub.hf_hub_download", hf_hub_download)
        spec = BaseModelSpec(role="encoder", source="hub", id="org/name", revision=REVISION)
        assert config_of(spec) == (None, "the Hub")
        assert used == [token or False]

    def test_of_a_hub_that_cannot_be_reached_only_the_cache_is_read(self, monkeypatch, caplog):
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
        _hub_answers.cache_clear()
        spec = BaseModelSpec(role="encoder", source="hub", id="google/gemma-3-270m", revision=REVISION)
        assert config_of(spec)[1] == "the table of published sizes"
        assert not caplog.records, "of tries again, each half a minute"
        _hub_answers.cache_clear()

    def test_a_gated_model_needs_a_token_even_offline(self, monkeypatch):
        monkeypatch.delenv("HF_TOKEN", raising=False)
        generator = {"role": "generator", "source": "hub", "id": "google/gemma-3-27b-it", "revision": REVISION}
        params = _params(base_models={"generator": generator})
        offline = lambda repo: requirements.Check("unknown", "offline")  # noqa: E731
        [found] = requirements.check_repos(params, ask=offline)
        assert found.state == "missing"
        assert "HF_TOKEN" in found.remedy
        monkeypatch.setenv("HF_TOKEN", "hf_x")
        assert requirements.check_repos(params, ask=offline)[0].state == "unknown"

    def test_an_unresolved_revision_is_missing_and_never_asked_for(self):
        generator = {"role": "generator", "source": "hub", "id": "org/name", "revision": "unresolved"}
        [found] = requirements.check_repos(
            _params(base_models={"generator": generator}), ask=lambda _: pytest.fail("asked")
        )
        assert found.state == "missing"
        assert "repo_info('org/name', repo_type='model')" in found.remedy

    def test_files_of_the_users_own(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        raw = LAPTOP | {"write_sample_corpora": LAPTOP["write_sample_corpora"] | {"languages": []}}
        raw = raw | {"judge_triplets": {"languages": []}}
        raw = raw | {"base_models": raw["base_models"] | {"tiny": {"role": "encoder", "source": "local", "path": "e"}}}
        params = validate_params(raw, source="p")
        (tmp_path / "data/sample/afr").mkdir(parents=True)
        (tmp_path / "data/sample/afr/anchors.txt").touch()
        (tmp_path / "data/sample/ind").mkdir(parents=True)
        (tmp_path / "data/sample/ind/anchors.txt.dvc").touch()
        found = {check.what.split(":")[0]: check for check in requirements.check_files(params)}
        assert found["data/sample/afr/anchors.txt"].state == "ok"
        assert found["data/sample/ind/anchors.txt"].remedy == 'make sources ONLY="data/sample/ind"'
        assert found["e"].remedy == "put it there, or set base_models.tiny.path to a model folder or GGUF file"

    @pytest.mark.parametrize(
        ("machine", "four_bit", "state"),
        [
            (Machine(None, 0, False), True, "missing"),
            (Machine(None, 0, False), False, "ok"),
            (Machine("A100", 80e9, False), True, "missing"),
            (Machine("A100", 80e9, True), True, "ok"),
            (Machine("L4", 24e9, True), True, "missing"),
        ],
    )
    def test_the_gpu_holds_the_greatest_estimate(self, machine, four_bit, state):
        params = _params(generation={"transformers": LAPTOP["generation"]["transformers"] | {"load_in_4bit": four_bit}})
        assert requirements.check_memory(params, machine, needed=50e9, jobs=None).state == state

    @pytest.mark.parametrize(
        ("memory", "jobs", "state", "remedy"),
        [
            (20e9, 2, "ok", ""),
            (17e9, 2, "missing", "`--jobs 1`, here and of `bootembed run`: 9 GB a stage"),
            (17e9, 1, "ok", ""),
            (8e9, 1, "missing", "lower the batch sizes"),
            (8e9, None, "ok", ""),
        ],
    )
    def test_without_a_gpu_the_machine_holds_all_stages_at_a_time(self, memory, jobs, state, remedy):
        params = _params(generation={"transformers": LAPTOP["generation"]["transformers"] | {"load_in_4bit": False}})
        found = requirements.check_memory(params, Machine(None, memory, False), needed=8e9, jobs=jobs)
        assert found.state == state
        assert found.remedy.startswith(remedy) and bool(found.remedy) == bool(remedy)

    def test_the_limit_of_a_container_is_its_memory(self, tmp_path):
        whole = requirements.memory_here(tmp_path)
        (tmp_path / "memory.max").write_text("max\n")
        assert requirements.memory_here(tmp_path) == whole
        (tmp_path / "memory.max").write_text("1000\n")
        assert requirements.memory_here(tmp_path) == 1000

    def test_disk(self, tmp_path):
        assert requirements.check_disk(tmp_path, needed=1).state == "ok"
        assert requirements.check_disk(tmp_path, needed=1e18).state == "missing"
        unsure = requirements.check_disk(tmp_path, needed=1, unknown=["generator", "tiny"])
        assert unsure.state == "unknown" and "what generator, tiny takes, of unknown size" in unsure.what


class TestCommand:
    @pytest.mark.parametrize("profile", PROFILES)
    def test_every_profile_has_a_plan(self, profile, monkeypatch):
        monkeypatch.chdir(ROOT)
        monkeypatch.setattr(requirements, "this_machine", lambda: Machine(None, 64e9, False))
        result = CliRunner().invoke(main, ["plan", profile, "seed=7"])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        assert all(f"\n{title}\n" in result.output for title in ("Stages", "Models", "Work", "Needed"))
        missing = [line for line in result.output.splitlines() if line.startswith("  missing ")]
        assert result.exit_code == bool(missing)
        assert all(" -> " in line for line in missing)
        if profile in ("laptop", "miniature"):
            assert not missing

    def test_stages_at_a_time_are_those_asked_for(self, monkeypatch):
        asked = []
        monkeypatch.chdir(ROOT)
        monkeypatch.setattr(report, "measured_speed", lambda launch, jobs: asked.append(jobs) or Speed(1e11, 1e11))
        monkeypatch.setattr(requirements, "this_machine", lambda: Machine(None, 64e9, False))
        told = [CliRunner().invoke(main, ["plan", "miniature", *own]).output for own in ([], ["--jobs", "1"])]
        assert asked == [2, 1]
        assert "2 stages at a time at" in told[0] and "1 stage at a time at" in told[1]
        memory = [float(re.search(r"64 GB of memory, estimate (\d+) GB", output)[1]) for output in told]
        assert memory[0] == pytest.approx(2 * memory[1], abs=1)

    def test_hours_follow_the_speed(self, monkeypatch):
        monkeypatch.chdir(ROOT)

        def hours(*options):
            output = CliRunner().invoke(main, ["plan", "miniature", *options]).output
            return next(line for line in output.splitlines() if "effective TFLOPS" in line)

        assert "h100 at 2 effective TFLOPS" in hours("--gpu", "h100", "--tflops", "2")
        assert "h100 at 297 effective TFLOPS" in hours("--gpu", "h100")
        if requirements.this_machine().gpu is None:
            assert " on this processor, 2 stages at a time at " in hours()

    @pytest.mark.parametrize(("here", "told"), [(True, "about"), (False, "at most")])
    def test_the_sum_says_what_it_is(self, here, told, tmp_path, monkeypatch):
        monkeypatch.chdir(ROOT)
        for language in ("afr", "ind") if here else ():
            (tmp_path / language).mkdir()
            (tmp_path / language / "anchors.txt").write_text("Die boer koop 'n appel.\n" * 9)
        grid = ["grid.strategies=[]", "grid.baselines=[untrained,unsupervised_simcse]"]
        result = CliRunner().invoke(main, ["plan", "laptop", *grid, f"prepare_corpora.folder={tmp_path}"])
        (line,) = [line for line in result.output.splitlines() if "effective TFLOPS" in line]
        assert line.startswith(f"  {told} ")

    def test_an_unknown_profile_is_named(self, monkeypatch):
        monkeypatch.chdir(ROOT)
        result = CliRunner().invoke(main, ["plan", "lapdog"])
        assert result.exit_code == 1
        assert "profile 'lapdog': there is none" in result.output


class TestContents:
    @pytest.mark.parametrize(
        ("entry", "content", "told"),
        [
            ({"format": "tsv", "path": "a", "columns": {"text": "yor"}}, "en\tyor\nx\ty\n", None),
            ({"format": "tsv", "path": "a", "columns": {"text": "yo"}}, "en\tyor\nx\ty\n", "has no column 'yo'"),
            ({"format": "jsonl", "path": "a"}, "not json\n", "its first row cannot be read: malformed_json"),
            ({"format": "lines", "path": "a"}, "", "is empty"),
            ({"format": "lines", "path": "gone"}, "x\n", None),  # `check_files` tells that
        ],
    )
    def test_files_are_read_as_declared(self, entry, content, told, tmp_path):
        (tmp_path / "a").write_text(content)
        corpora = {name: {} for name in LAPTOP["corpora"]} | {"sample": {"anchors": [entry]}}
        raw = LAPTOP | {"corpora": corpora, "register_models": LAPTOP["register_models"] | {"validation_task": {}}}
        raw["grid"] = LAPTOP["grid"] | {"strategies": [], "baselines": ["untrained"], "recipes": ["untrained"]}
        raw |= {"write_sample_corpora": LAPTOP["write_sample_corpora"] | {"languages": []}}
        raw |= {"judge_triplets": {"languages": []}}
        raw |= {"base_models": {"tiny": {"role": "encoder", "source": "local", "path": "tiny"}}}
        folder = {"folder": str(tmp_path), "quoted_folder": str(tmp_path)}
        raw |= {"prepare_corpora": LAPTOP["prepare_corpora"] | folder}
        raw["languages"] = {key: own | {"folder": "."} for key, own in LAPTOP["languages"].items()}
        found = check_contents(validate_params(raw, source="p"))
        assert len(found) == (0 if told is None else 2)  # two languages have this corpus
        assert all(told in check.what and "table anchors" in check.remedy for check in found)
