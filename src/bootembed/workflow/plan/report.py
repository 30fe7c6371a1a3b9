"""The plan of a profile as text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bootembed.core.durations import shown_duration
from bootembed.core.errors import DataError, ParamsError, suggest
from bootembed.settings.consistency_of_models import bf16_keys
from bootembed.workflow.plan import requirements
from bootembed.workflow.plan.contents import check_contents
from bootembed.workflow.plan.estimates import GPUS, USED_SHARE, Device, Gpu
from bootembed.workflow.plan.gguf_size import gguf_file, gguf_size
from bootembed.workflow.plan.samples import MOST_ROWS
from bootembed.workflow.plan.sizes import config_of, model_size
from bootembed.workflow.plan.speed import measured_speed
from bootembed.workflow.plan.texts import BYTES_A_TOKEN
from bootembed.workflow.plan.work import disk_bytes, stage_counts, work_of
from bootembed.workflow.workers import JOBS_WITHOUT_GPU

if TYPE_CHECKING:
    from bootembed.settings.models import BaseModelSpec
    from bootembed.settings.schema import Params
    from bootembed.workflow.plan.requirements import Machine
    from bootembed.workflow.plan.sizes import ModelSize
    from bootembed.workflow.plan.work import Work

_WORTH_TRYING = 2.0
_ASSUMED = (
    f"(about: by the first {MOST_ROWS:,} rows of each file, {BYTES_A_TOKEN:g} bytes a token, answers as long as "
    "anchors, none rejected; at most: by length limits, where a file is not here)"
)


@dataclass(frozen=True)
class Plan:
    """The text, whether all that can be checked is available, and in a few lines: totals and what is not there."""

    text: str
    complete: bool
    brief: list[str]


def make_plan(
    params: Params, pipeline: Path, *, gpu: str | None = None, tflops: float | None = None, jobs: int | None = None
) -> Plan:
    """Say what the profile needs, and which of it is available. Only configurations are downloaded.

    Args:
        params: The profile.
        pipeline: dvc.yaml.
        gpu: Key of `GPUS` to estimate hours for; by default the GPU of this machine, else one that fits the profile.
        tflops: Effective operations a second / 1e12; by default a share of the GPU's peak, and of this machine's
            processor what it reaches in a short measurement, `jobs` stages at a time.
        jobs: Stages at a time without a GPU; by default as many as `bootembed run` has.

    Raises:
        ParamsError: There are no figures of this GPU.
    """
    if gpu is not None and gpu not in GPUS:
        raise ParamsError(f"--gpu {gpu}: no figures of it{suggest(gpu, list(GPUS))}; choose one of {sorted(GPUS)}")
    jobs = jobs or JOBS_WITHOUT_GPU
    machine = requirements.this_machine()
    found = {key: _size(spec) for key, spec in params.base_models.items()}
    sizes = {key: size for key, (size, _) in found.items()}
    chosen = GPUS[gpu] if gpu else _default_gpu(params, machine)
    if tflops:
        device = Device(chosen, tflops * 1e12)
    elif chosen.name == "cpu" and not gpu:
        speed = measured_speed(params.launch, jobs)
        device = Device(chosen, speed.fp32, bf16=speed.bf16 / speed.fp32)
    else:
        device = Device(chosen, chosen.flops * USED_SHARE)
    work = work_of(params, sizes, device)
    disk = disk_bytes(params, sizes)
    unknown = [key for key, size in sizes.items() if size is None]
    totals = [*_totals(work, device, disk, jobs=jobs, unknown=unknown), *_precision(params, device)]
    answers = [
        *requirements.check_repos(params),
        *requirements.check_files(params),
        *check_contents(params),
        requirements.check_memory(params, machine, needed=_most_memory(work), jobs=None if device.is_gpu else jobs),
        requirements.check_disk(Path(), needed=disk, unknown=unknown),
    ]
    parts = [
        f"Profile {params.profile}",
        _section("Stages", [f"{count:>4}  {name}" for name, count in stage_counts(params, pipeline).items()]),
        _section("Models", [_model_line(key, params.base_models[key], *found[key]) for key in found]),
        _section("Work", [*(_work_line(item, gpu=device.is_gpu) for item in work), _ASSUMED]),
        _section("In all", totals),
        _section("Needed", [requirements.shown(check) for check in answers]),
    ]
    missing = [requirements.shown(check) for check in answers if check.state == "missing"]
    return Plan("\n\n".join(parts), not missing, [*totals, *missing])


def _most_memory(work: list[Work]) -> float | None:
    return max((item.memory for item in work if item.memory), default=None)


def _size(spec: BaseModelSpec) -> tuple[ModelSize | None, str]:
    generates = spec.role == "generator"
    if file := gguf_file(spec):
        try:
            return gguf_size(file, generates=generates), "its header"
        except DataError as error:
            return None, f"not read: {error}"
    config, source = config_of(spec)
    return (None if config is None else model_size(config, generates=generates)), source


def _default_gpu(params: Params, machine: Machine) -> Gpu:
    if machine.gpu is not None:
        name = machine.gpu.lower().replace(" ", "")
        return next((gpu for key, gpu in GPUS.items() if key in name), GPUS["a100"])
    return GPUS["a100" if requirements.wants_four_bit(params) else "cpu"]


def _section(title: str, lines: list[str]) -> str:
    return "\n".join([title, *(f"  {line}" for line in lines)])


def _model_line(key: str, spec: BaseModelSpec, size: ModelSize | None, source: str) -> str:
    name = {"hub": f"{spec.id} at {spec.revision}", "local": str(spec.path), "scratch": "trained here"}[spec.source]
    if size is None:
        return f"{key}: {name}; size not known ({source})"
    line = f"{key}: {name}; {size.parameters:,} parameters (from {source})"
    return f"{line}, download {size.download_bytes / 1e9:.1f} GB" if spec.source == "hub" else line


def _work_line(work: Work, *, gpu: bool) -> str:
    memory = "" if work.memory is None else f"; {'GPU ' * gpu}{work.memory / 1e9:.1f} GB"
    duration = "" if work.seconds is None else f"; {shown_duration(work.seconds)}"
    return f"{work.stage}: {work.what}{memory}{duration}"


def _precision(params: Params, device: Device) -> list[str]:
    """Whether all would be faster in the other precision; nothing changes it but the parameters."""
    chosen = bf16_keys(params)
    told = f"in bf16 this processor computes products {device.bf16:.1f} x as fast as in fp32:"
    if device.bf16 < 1 and chosen:
        return [f"{told} set to false {', '.join(chosen)}"]
    if device.bf16 >= _WORTH_TRYING and not chosen:
        share = device.flops / device.reached(bf16=True)
        return [f"{told} the same work may take {share:.1f} of the time with precision=bf16 (docs/models.md)"]
    return []


def _totals(work: list[Work], device: Device, disk: float, *, jobs: int, unknown: list[str]) -> list[str]:
    """Time and disk space; `unknown` are the models whose sizes are not known, `jobs` the stages at a time."""
    seconds = sum(item.seconds for item in work if item.seconds)
    if unknown and not seconds:
        return [f"time and disk space are not known, since the size of {', '.join(unknown)} is not"]
    left_out = f"; nor is what {', '.join(unknown)} does, of unknown size" if unknown else ""
    machine = f"one {device.gpu.name}" if device.is_gpu else f"this processor, {requirements.at_a_time(jobs)}"
    speed = f"{device.flops / 1e12:.3g} effective TFLOPS"
    told = "about" if all(item.measured for item in work if item.seconds) else "at most"
    return [
        f"{told} {shown_duration(seconds)} on {machine} at {speed} (scoring and data not counted{left_out})",
        f"{disk / 1e9:.1f} GB on disk, DVC's cache included",
    ]
