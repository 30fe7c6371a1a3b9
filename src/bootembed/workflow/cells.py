"""The DVC side of a fan-out: which cells there are, what each waits for, and how one is begun and recorded.

A cell that runs holds DVC's own locks on its paths, as `dvc repro` does: another fan-out or `dvc repro` is refused the
same cell, and we are refused what they run. Those locks are not thread-safe: one thread alone uses this module.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack, contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import UserError, suggest
from bootembed.workflow import lock_file
from bootembed.workflow.changes import Shared, is_changed
from bootembed.workflow.locks import hold, lock_paths, refusals_as
from bootembed.workflow.workers import Cell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType

logger = logging.getLogger(__name__)
_ALL = ("dvc.yaml",)  # the pipeline that `dvc repro` runs: not that of the base models
# Stages that take what is there: the command that runs one without DVC, and so records nothing as up to date.
TAKE_WHAT_THERE_IS = {"report": "bootembed report", "register_models": "bootembed register"}


class FanOutError(UserError):
    """Cells cannot be run, or failed."""


class BusyError(UserError):
    """Another process is running the cell, or what reads or writes the same paths."""


class State(Enum):
    """What is there of a cell that need not run."""

    UNCHANGED = "up to date"
    RESTORED = "from the run cache"


class Cells:
    """The cells of the targets, and if asked for of what these depend on, in an open DVC repository."""

    def __init__(self, repo: Any, targets: Sequence[str], *, with_inputs: bool = False) -> None:
        self._repo = repo
        self._targets = targets or _ALL
        self._with_inputs = with_inputs and bool(targets)
        self._running: dict[str, ExitStack] = {}  # cell -> locks on what it writes
        self._reading = ExitStack()  # cells share what they read: it stays locked until the last of them has ended
        self._files: tuple[bytes, bytes]  # as `_files` found them when the stages were read
        self._lock_file = lock_file.LockFile()
        self._shared = Shared()
        with hold(repo):
            index = self._read()
            self.needs = _needs(index.graph, self._stages)
            self.urgent = {name for name, stage in self._stages.items() if (stage.meta or {}).get("urgent")}

    def __enter__(self) -> Cells:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as all_locks:
            all_locks.push(self._reading)
            all_locks.push(self._lock_file.locks)
            for locks in self._running.values():
                all_locks.push(locks)
            self._write()

    @contextmanager
    def look(self) -> Iterator[Callable[[str], bool]]:
        """Tell in the block whether a cell is up to date: all of them at one moment, under one lock.

        What `begin` would refuse is not up to date.
        """
        with hold(self._repo), self._shared.one_moment(), ExitStack() as locks:
            yield self._is_unchanged(alone=self._lock_all(locks))

    def _lock_all(self, locks: ExitStack) -> bool:
        """Lock all that the cells read and write, for a look; whether no other process is at work on any of it.

        DVC writes its file of locks six times for each cell that it checks: a third of the time of a run that has
        nothing to do. Nobody takes such a lock while we hold the repository.
        """
        from dvc.lock import LockError

        try:
            stages = self._stages.values()
            locks.enter_context(
                lock_paths(self._repo, [item for stage in stages for item in [*stage.deps, *stage.outs]], [])
            )
        except LockError:
            return False
        return True

    def _is_unchanged(self, *, alone: bool) -> Callable[[str], bool]:
        from dvc.exceptions import DvcException

        def is_unchanged(name: str) -> bool:
            try:
                stage = self._stage(name)
                return not (is_changed(stage) if alone else stage.changed())
            except (DvcException, FanOutError, OSError):
                return False

        return is_unchanged

    def begin(self, name: str) -> Cell | State:
        """The cell to run, locked and its old outputs removed as `dvc repro` does; its state if it need not run.

        Raises:
            BusyError: Another process is at work on it.
            FanOutError: A dependency is missing.
        """
        with hold(self._repo):
            stage = self._stage(name)
            with refusals_as(BusyError):
                if not stage.changed():
                    return State.UNCHANGED
                if missing := sorted(str(dep) for dep in stage.deps if not dep.exists):
                    raise FanOutError(f"{', '.join(missing)}: is not there; `dvc status` says what makes it")
                self._running[name] = self._lock_paths(stage)
            stage.remove_outs(ignore_remove=False, force=False)
            if self._restore(stage):
                return State.RESTORED
            commands = stage.cmd if isinstance(stage.cmd, list) else stage.cmd.splitlines()
            if any(lock_file.NAME in command for command in commands):
                self._write()  # it reads of the cells before it
            return Cell(name, tuple(commands), stage.wdir, _inputs(stage))

    def end(self, cell: Cell, fault: str | None) -> str | None:
        """Record a cell unless `fault` says why it failed, and unlock it; None if it is recorded, else why not.

        It is in DVC's caches then. `write_due` or the end of the block writes it into dvc.lock.
        """
        from dvc.exceptions import DvcException

        try:
            with hold(self._repo), self._running.pop(cell.name) as locks:
                return fault or self._record(cell, locks)
        except (DvcException, FanOutError, OSError) as error:
            return f"not recorded: {error}"

    def write_due(self) -> float | None:
        """Write recorded cells into dvc.lock if it is time; seconds until it is, None if there is nothing to write."""
        if self._lock_file.wait_time() == 0:
            self._write()
        return self._lock_file.wait_time()

    def _write(self) -> None:
        if self._lock_file.wait_time() is None:
            return
        with hold(self._repo):
            unchanged = _files(self._repo) == self._files
            self._lock_file.write()
            if unchanged:  # else the pipeline is read again, with the next cell
                pipeline, _ = self._files  # the user may have changed it since: what was written is dvc.lock
                self._files = pipeline, _files(self._repo)[1]

    def _record(self, cell: Cell, locks: ExitStack) -> str | None:
        stage = self._stage(cell.name)
        now = _inputs(stage)
        names = now.keys() | cell.inputs.keys()
        if changed := sorted(name for name in names if now.get(name) != cell.inputs.get(name)):
            return f"{', '.join(changed)} changed while it ran; not recorded, run it again"
        self._commit(stage, locks)
        return None

    def _restore(self, stage: Any) -> bool:
        """Fetch the outputs from DVC's run cache; whether they were there."""
        from dvc.stage.cache import RunCacheNotFoundError

        try:
            self._repo.stage_cache.restore(stage)
        except RunCacheNotFoundError:
            return False
        with self._running.pop(stage.name) as locks:
            self._commit(stage, locks)
        return True

    def _commit(self, stage: Any, locks: ExitStack) -> None:
        """What `dvc commit --force` does, without reading the pipeline again: that takes a second of a large one."""
        stage.save()
        stage.commit()
        self._lock_file.add(stage, locks.pop_all())

    def _stage(self, name: str) -> Any:
        """The stage as it is now: the user may have changed dvc.yaml, another process may have recorded the cell."""
        if _files(self._repo) != self._files:
            self._read()
        if name not in self._stages:
            raise FanOutError(f"{name}: is no longer in dvc.yaml")
        return self._stages[name]

    def _read(self) -> Any:
        """Read all stages once, and return DVC's index of them."""
        from dvc.repo.index import Index

        self._files = _files(self._repo)
        index = Index.from_repo(self._repo)  # not the repository's own, which stays as it is while that is locked
        collected = (_collect(self._repo, index, target, with_inputs=self._with_inputs) for target in self._targets)
        self._stages = {stage.name: stage for stages in collected for stage in stages}
        self._shared.serve({id(stage): stage for stage in [*index.stages, *self._stages.values()]}.values())
        return index

    def _lock_paths(self, stage: Any) -> ExitStack:
        """Lock what a stage reads until all cells have ended, and what it writes until the result is closed."""
        with ExitStack() as locks:
            locks.enter_context(lock_paths(self._repo, [], stage.outs))
            self._reading.enter_context(lock_paths(self._repo, stage.deps, []))
            return locks.pop_all()


def _collect(repo: Any, index: Any, target: str, *, with_inputs: bool) -> list[Any]:
    """The stages of a target that run commands; those of the index if it has them, as DVC would read all again."""
    from dvc.exceptions import DvcException

    pipeline = repo.fs.abspath("dvc.yaml")
    own = [stage for stage in index.stages if stage.path == pipeline and stage.cmd]
    if target != "dvc.yaml":
        own = [stage for stage in own if target in (stage.name, stage.name.partition("@")[0])]
    if own and not with_inputs:
        return own
    try:
        found = [stage for stage in repo.stage.collect(target, with_deps=with_inputs) if stage.cmd]
        return [stage for stage in found if not with_inputs or stage.path_in_repo in _ALL]
    except DvcException as error:
        known = sorted({name for s in index.stages if s.cmd for name in (s.name, s.name.partition("@")[0])})
        raise FanOutError(
            f"{target}: {error}{suggest(target, known)}; `dvc stage list --name-only` lists the stages"
        ) from error


def _needs(graph: Any, stages: Mapping[str, Any]) -> dict[str, set[str]]:
    """Cell -> those of `stages` that it depends on, directly or not.

    Raises:
        FanOutError: One depends on something else that is out of date or missing: nothing is to be built on it.
    """
    import networkx

    above = {name: networkx.descendants(graph, stage) for name, stage in stages.items()}
    own = set(stages.values())
    with refusals_as(FanOutError):
        stale = {stage for stage in set().union(*above.values()) - own if stage.changed()}
    for name, needed in above.items():
        if old := sorted({str(stage.addressing).split("@")[0] for stage in needed & stale}):
            raise FanOutError(_refusal(name.split("@")[0], old))
    return {name: {stage.name for stage in needed & own} for name, needed in above.items()}


def _refusal(stage: str, old: Sequence[str]) -> str:
    """Why a stage is not run on inputs that are out of date, and what to do instead."""
    instead = f"; `{TAKE_WHAT_THERE_IS[stage]}` takes what there is" if stage in TAKE_WHAT_THERE_IS else ""
    them = "it" if len(old) == 1 else "them"
    return (
        f"{', '.join(old)}: out of date or not run, and {stage} depends on {them}; "
        f"--with-inputs runs {them} first{instead}"
    )


def _inputs(stage: Any) -> dict[str, str]:
    """What decides a stage's outputs: its command, and the content of its dependencies and parameters."""
    return {"command": str(stage.cmd)} | {str(dep): str(dep.get_hash().value) for dep in stage.deps}


def _files(repo: Any) -> tuple[bytes, bytes]:
    """What defines the stages: dvc.yaml and dvc.lock."""
    root = Path(repo.root_dir)
    lock = root / lock_file.NAME
    return (root / "dvc.yaml").read_bytes(), lock.read_bytes() if lock.exists() else b""
