"""Checks of what a profile needs from outside: the Hub, files, a GPU, disk. Each says what to do about it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bootembed.core.hub import RepoKind, explain_hub_failure, gated_failure, hub_token, lookup_command
from bootembed.core.names import UNRESOLVED
from bootembed.corpora.layouts import CORPUS_LAYOUTS
from bootembed.corpora.streams import raw_file
from bootembed.generation.engine import describe_engine
from bootembed.workflow.plan.sizes import published

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bootembed.settings.corpora import CorpusSpec, FileSpec
    from bootembed.settings.models import FetchedAdapter
    from bootembed.settings.schema import Params

State = Literal["ok", "missing", "unknown"]
_TIMEOUT = 10.0  # seconds
_LIBRARIES = 1.1e9  # bytes that a process takes with its libraries and data, beside models


@dataclass(frozen=True)
class Check:
    """One requirement: whether it is met, what it is, and what to do if it is not."""

    state: State
    what: str
    remedy: str = ""


def shown(check: Check) -> str:
    """A check as a line."""
    return f"{check.state:<8} {check.what}" + (f" -> {check.remedy}" if check.remedy else "")


@dataclass(frozen=True)
class Repo:
    """A repository of the Hub that a profile reads."""

    id: str
    kind: RepoKind
    revision: str


@dataclass(frozen=True)
class Machine:
    """What is here.

    Attributes:
        gpu: The GPU's name; None if there is none.
        memory: Bytes of the GPU, or of the machine where there is none.
        four_bit: Whether 4-bit loading can work.
    """

    gpu: str | None
    memory: float
    four_bit: bool


def this_machine() -> Machine:
    """Look at the first GPU that this process may use."""
    import torch
    from transformers.utils import is_bitsandbytes_available

    if not torch.cuda.is_available():
        return Machine(None, memory_here(), False)
    found = torch.cuda.get_device_properties(0)
    return Machine(str(found.name), float(found.total_memory), bool(is_bitsandbytes_available()))


def memory_here(root: Path = Path("/sys/fs/cgroup")) -> float:
    """Bytes of this machine's memory, or of the container that this process is in, if its limit is lower."""
    import psutil

    limits = [float(psutil.virtual_memory().total)]
    for file in (root / "memory.max", root / "memory/memory.limit_in_bytes"):  # of cgroups v2, v1
        if file.is_file() and (told := file.read_text("utf-8").strip()).isdigit():
            limits.append(float(told))
    return min(limits)


def repos_of(params: Params) -> list[Repo]:
    """Repositories of the Hub in use, each once, models first."""
    models = [Repo(str(m.id), "model", str(m.revision)) for m in params.base_models.values() if m.source == "hub"]
    if params.train_judge.source == "hub":
        models.append(Repo(str(params.train_judge.id), "model", str(params.train_judge.revision)))
    models += [
        Repo(str(own.id), "model", str(own.revision)) for own in _adapters(params).values() if own.source == "hub"
    ]
    data = [Repo(str(spec.path), "dataset", str(spec.revision)) for _, spec in _files(params) if spec.format == "hub"]
    return list(dict.fromkeys([*models, *data]))


def _adapters(params: Params) -> dict[str, FetchedAdapter]:
    """Polarity -> the adapter of others."""
    return {name: getattr(params.xl_lora_adapters, name) for name in params.needed.fetched_xl_lora_adapters}


def check_repos(params: Params, *, ask: Callable[[Repo], Check] | None = None) -> list[Check]:
    """Whether each repository is pinned and can be read with the token that is set.

    Args:
        params: The profile.
        ask: How to ask the Hub; by default `ask_hub`.
    """
    return [_check_repo(repo, ask or ask_hub) for repo in repos_of(params)]


def _check_repo(repo: Repo, ask: Callable[[Repo], Check]) -> Check:
    if repo.revision == UNRESOLVED:
        return Check(
            "missing",
            f"{repo.kind} {repo.id}: its revision is not known",
            f"look it up with `{lookup_command(repo.id, kind=repo.kind)}` and set it in `revisions`",
        )
    found = ask(repo)
    known = published(repo.id)
    if found.state == "unknown" and known and known["gated"] and not hub_token():
        fault = gated_failure(repo.id, repo.kind)
        return Check("missing", f"{repo.kind} {repo.id}: {fault.cause}", fault.remedy)
    return found


def ask_hub(repo: Repo, *, endpoint: str | None = None) -> Check:
    """Ask the Hub whether the pinned commit is there and open to us.

    Args:
        repo: The repository.
        endpoint: Address of the Hub; by default HF_ENDPOINT or the public one.
    """
    from httpx2 import HTTPError
    from huggingface_hub import HfApi

    api, name = HfApi(endpoint=endpoint, token=hub_token()), f"{repo.kind} {repo.id}"
    try:
        api.repo_info(repo.id, repo_type=repo.kind, revision=repo.revision, timeout=_TIMEOUT)
        api.auth_check(repo.id, repo_type=repo.kind)
    except (HTTPError, OSError, ValueError) as error:
        fault = explain_hub_failure(error, repo.id, kind=repo.kind, otherwise="check again with a network")
        if fault.refused:
            return Check("missing", f"{name} at {repo.revision[:7]}: {fault.cause}", fault.remedy)
        return Check("unknown", f"{name}: could not be checked: {fault.cause}", fault.remedy)
    return Check("ok", f"{name} at {repo.revision[:7]}")


def _files(params: Params) -> Iterator[tuple[str, FileSpec]]:
    """Every raw file of every configured language, with the language's key."""
    for key, language in params.languages.items():
        for spec in _specs(params.corpora[language.corpus]):
            yield key, spec


def _specs(corpus: CorpusSpec) -> Iterator[FileSpec]:
    for layout in CORPUS_LAYOUTS:
        yield from getattr(corpus, layout.name)
    for specs in corpus.evaluation.values():
        yield from specs


def check_files(params: Params) -> list[Check]:
    """Whether the base models, the identifier and raw files are there; the pipeline writes sample corpora."""
    found = [
        _there(
            Path(str(spec.path)).expanduser(),
            f"put it there, or set base_models.{key}.path to a model folder or GGUF file",
        )
        for key, spec in params.base_models.items()
        if spec.source == "local"
    ]
    if params.train_judge.source == "local":
        place = Path(str(params.train_judge.path)).expanduser()
        found.append(_there(place, "set train_judge.path to a model folder"))
    found += [
        _there(Path(str(own.path)).expanduser(), f"set xl_lora_adapters.{polarity}.path to the folder of an adapter")
        for polarity, own in _adapters(params).items()
        if own.source == "local"
    ]
    if params.write_sample_corpora.languages:
        return found
    folder = Path(params.prepare_corpora.folder)
    if own := params.prepare_corpora.identifier:
        found.append(_there(folder / own.path, "download the model, or leave out `prepare_corpora.identifier`"))
    paths = sorted(
        {
            raw_file(folder / params.languages[key].folder, name.replace("{language}", key)).path
            for key, spec in _files(params)
            if spec.format not in ("hub", "mteb")
            for name in (spec.path, spec.english_path)
            if name
        }
    )
    return found + [_there(path, _how_to_get(path)) for path in paths]


def _how_to_get(path: Path) -> str:
    pinned = Path(f"{path}.dvc")
    if pinned.is_file():
        return f'make sources ONLY="{path.parent.as_posix()}"'
    return "put it there, or correct `prepare_corpora.folder` or the file's entry in `corpora`"


def _there(path: Path, remedy: str) -> Check:
    return Check("ok", str(path)) if path.exists() else Check("missing", f"{path}: is not there", remedy)


def wants_four_bit(params: Params) -> bool:
    """Whether anything that the profile runs holds the generator in 4 bits."""
    trained = [
        *([params.train_task_adapter] if params.needed.task_adapters else []),
        *([params.train_language_adapter] if params.grid.adapter_languages else []),
        *([params.train_xl_lora_adapter] if params.needed.xl_lora_adapters else []),
    ]
    generates_here = bool(params.grid.strategies) and not describe_engine(params.generation).is_remote
    return any(lora.load_in_4bit for lora in trained) or (
        generates_here and params.generation.transformers.load_in_4bit
    )


def check_memory(params: Params, machine: Machine, *, needed: float | None, jobs: int | None) -> Check:
    """Whether the GPU has enough memory for the largest estimate, or without one the machine for `jobs` of them.

    Args:
        params: For whether 4-bit loading is asked for.
        machine: What is here.
        needed: Bytes of the most demanding stage; None if no size is known.
        jobs: Stages at a time; None if the estimate is for a GPU.
    """
    four_bit = wants_four_bit(params)
    if machine.gpu is None:
        if four_bit:
            wanted = "" if needed is None else f" of {needed / 1e9:.0f} GB or more, by the estimate"
            what = "no CUDA device, and 4-bit weights on a CPU are only for trying things out"
            return Check("missing", what, f"run on a machine with a GPU{wanted}, or set load_in_4bit to false")
        return _check_machine(machine.memory, needed, jobs)
    if four_bit and not machine.four_bit:
        return Check("missing", f"{machine.gpu}: 4-bit loading needs bitsandbytes", "pip install bitsandbytes")
    if needed is None:
        return Check("unknown", f"{machine.gpu}: no estimate, the size of the models is not known")
    what = f"{machine.gpu}: {machine.memory / 1e9:.0f} GB, estimate {needed / 1e9:.0f} GB"
    if machine.memory < needed:
        return Check("missing", what, "lower the batch sizes, max_length or max_prompt_tokens, or use a larger GPU")
    return Check("ok", what)


def at_a_time(jobs: int) -> str:
    """How many stages run beside one another, in words."""
    return f"{jobs} stage{'s' * (jobs > 1)} at a time"


def _check_machine(memory: float, needed: float | None, jobs: int | None) -> Check:
    what = "no GPU: everything runs on the CPU"
    if needed is None or jobs is None:
        return Check("ok", what)
    each = needed + _LIBRARIES
    what = f"{what}; {memory / 1e9:.0f} GB of memory, estimate {jobs * each / 1e9:.0f} GB, {at_a_time(jobs)}"
    if memory >= jobs * each:
        return Check("ok", what)
    fitting = int(memory // each)
    if fitting:
        return Check("missing", what, f"`--jobs {fitting}`, here and of `bootembed run`: {each / 1e9:.0f} GB a stage")
    return Check("missing", what, "lower the batch sizes, max_length or max_prompt_tokens, or use a larger machine")


def check_disk(folder: Path, *, needed: float, unknown: Sequence[str] = ()) -> Check:
    """Whether the disk of `folder` has `needed` bytes free, and what the models of `unknown` size take."""
    free = shutil.disk_usage(folder).free
    more = f" and what {', '.join(unknown)} takes, of unknown size" if unknown else ""
    what = f"disk: {free / 1e9:.0f} GB free, estimate {needed / 1e9:.0f} GB{more}"
    if free < needed:
        return Check("missing", what, f"free space below {os.fspath(folder.resolve())}, or move the project")
    return Check("unknown" if unknown else "ok", what)
