"""What would stop a run on this machine, or slow it: each check says what it found and what to do."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootembed import tracking
from bootembed.core.errors import UserError
from bootembed.core.hub import hub_token
from bootembed.settings.load import load_params
from bootembed.workflow.plan.requirements import Check, check_disk, memory_here, this_machine

if TYPE_CHECKING:
    from collections.abc import Callable

_PYTHONS = ((3, 11), (3, 14))
_FEATURES = r"\bavx2\b|\bavx512f\b|\bavx512_vnni\b|\bavx512_bf16\b|\bamx_bf16\b|\basimd\b|\bsve\b"
_LEAST_DISK, _LEAST_MEMORY = 5e9, 2e9  # bytes: the environment aside, the default profile takes a part of each
_PATIENCE = 5.0  # seconds


def examine(project: Path) -> list[Check]:
    """All checks, in the order in which they are to be read.

    Args:
        project: Folder of dvc.yaml.
    """
    checks: list[Callable[[Path], list[Check]]] = [
        _python, _packages, _processor, _gpu, _memory, _disk, _hub, _mlflow, _dvc, _params,
    ]  # fmt: skip
    return [found for check in checks for found in check(project)]


def _python(_project: Path) -> list[Check]:
    what = f"Python {platform.python_version()}"
    fits = _PYTHONS[0] <= sys.version_info[:2] < _PYTHONS[1]
    return [Check("ok", what) if fits else Check("missing", what, "use Python 3.11, 3.12 or 3.13: `make install`")]


def _packages(project: Path) -> list[Check]:
    """Whether the pinned packages are there; another version than the pinned one is told, and does not stop a run."""
    file = project / "requirements.txt"
    if not file.is_file():
        return [Check("unknown", f"{file}: is not there, so that packages cannot be compared")]
    needed = file.read_text(encoding="utf-8").partition("# Development")[0]
    pins = dict(re.findall(r"^([\w.-]+)(?:\[\w+\])?==([\w.]+)", needed, flags=re.MULTILINE))
    found = {name: _version(name) for name in pins}
    absent = [name for name, version in found.items() if version is None]
    other = [f"{name} {found[name]} instead of {pin}" for name, pin in pins.items() if found[name] not in (None, pin)]
    if absent:
        return [Check("missing", f"packages: {', '.join(absent)} not installed", "make install")]
    if other:
        return [Check("unknown", f"packages: {', '.join(other)}: results may differ", "make install")]
    return [Check("ok", f"packages: all {len(pins)} of requirements.txt")]


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name).partition("+")[0]  # torch's build, such as +cpu
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor(_project: Path) -> list[Check]:
    described = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    name = re.search(r"model name\s*:\s*(.*)", described)
    features = sorted(set(re.findall(_FEATURES, described)))
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    limit = os.environ.get("OMP_NUM_THREADS")
    threads = f"{usable} usable of {os.cpu_count()} logical cores" + (f", OMP_NUM_THREADS={limit}" if limit else "")
    return [
        Check(
            "ok",
            f"processor: {name[1] if name else platform.processor()} ({', '.join(features) or 'features unknown'})",
        ),
        Check("ok", f"threads: {threads}"),
    ]


def _gpu(_project: Path) -> list[Check]:
    machine = this_machine()
    if machine.gpu is None:
        return [Check("ok", "GPU: none, everything runs on the CPU")]
    return [
        Check("ok", f"GPU: {machine.gpu}, {machine.memory / 1e9:.0f} GB, 4-bit {'yes' if machine.four_bit else 'no'}")
    ]


def _memory(_project: Path) -> list[Check]:
    import psutil

    total = memory_here()
    free = min(psutil.virtual_memory().available, total)
    what = f"memory: {free / 1e9:.1f} of {total / 1e9:.1f} GB available"
    if free < _LEAST_MEMORY:
        return [Check("missing", what, "end other programs: a cell of the default profile needs up to 1 GB")]
    return [Check("ok", what)]


def _disk(project: Path) -> list[Check]:
    return [check_disk(project, needed=_LEAST_DISK)]


def _hub(_project: Path) -> list[Check]:
    """Whether the Hub can be reached; the token is never shown. Only profiles that name the Hub need either."""
    from httpx2 import HTTPError, head
    from huggingface_hub import constants

    token = f"HF_TOKEN is {'set' if hub_token() else 'not set'}"
    if constants.HF_HUB_OFFLINE:
        return [Check("unknown", f"Hub: offline by HF_HUB_OFFLINE; {token}")]
    try:
        head(constants.ENDPOINT, timeout=_PATIENCE, follow_redirects=True)
    except (HTTPError, OSError) as error:
        told = f"Hub: {constants.ENDPOINT} cannot be reached ({type(error).__name__}); {token}"
        return [Check("unknown", told, "profiles that name no model or data set of the Hub do not need it")]
    return [Check("ok", f"Hub: {constants.ENDPOINT} answers; {token}")]


def _mlflow(_project: Path) -> list[Check]:
    if not tracking.is_on():
        return [Check("ok", "MLflow: off by BOOTEMBED_TRACKING")]
    place = tracking.missing_store()
    if place is not None and os.access(place.absolute().parent, os.W_OK):
        return [Check("ok", f"MLflow: {tracking.shown_uri()}, which the first run will make")]
    try:
        with tracking.short_patience():
            tracking.client().search_experiments(max_results=1)
    except Exception as error:  # the store is a foreign system: whatever it raises
        told = f"MLflow: {tracking.shown_uri()}: {tracking.without_passwords(error)}".splitlines()[0]
        return [Check("missing", told, "start it, set MLFLOW_TRACKING_URI, or BOOTEMBED_TRACKING=off")]
    return [Check("ok", f"MLflow: {tracking.shown_uri()}")]


def _dvc(project: Path) -> list[Check]:
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(project)) as repo:
            cache = Path(repo.cache.local.path)
            links: Any = repo.cache.local.cache_types
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache):
            pass
    except (DvcException, OSError) as error:
        return [Check("missing", f"DVC cache: {error}", "run in your clone, and make the cache writable")]
    return [Check("ok", f"DVC cache: {cache} ({' or '.join(links)})")]


def _params(project: Path) -> list[Check]:
    file = project / "params.yaml"
    if not file.is_file():
        return [Check("missing", f"{file}: is not there", "run in your clone: bootembed compose PROFILE")]
    try:
        params = load_params(file)
    except UserError as error:
        return [Check("missing", str(error), "bootembed compose PROFILE")]
    described = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else "avx2"
    if params.launch.portable and "avx2" not in described:
        return [Check("missing", f"{file}: launch.portable needs a processor with AVX2", "set it to false")]
    return [Check("ok", f"{file}: profile {params.profile}")]
