"""Training in several processes: which one this is, how they agree on a value, and how a stage starts them.

Each process trains on its share of every batch (distributed data parallel). Only the main process, which has rank 0,
writes checkpoints, outputs and MLflow runs. Ranks come from the environment, as torchrun and accelerate set it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any, TypeVar

from bootembed.core.errors import DataError, ParamsError

Value = TypeVar("Value")


def process_count() -> int:
    """Number of processes that train together: the world size; 1 if nothing started several."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_main_process() -> bool:
    """Whether this process has rank 0."""
    return os.environ.get("RANK", "0") == "0"


def wait_for_all() -> None:
    """Return when every process has called this; immediately if there is only one."""
    import torch

    if process_count() > 1 and torch.distributed.is_initialized():
        torch.distributed.barrier()


def broadcast_from_main(value: Value) -> Value:
    """The main process's `value`, in all processes; every process must call this."""
    import torch

    if process_count() == 1 or not torch.distributed.is_initialized():
        return value
    decided = [value]
    torch.distributed.broadcast_object_list(decided, src=0)
    return decided[0]


def batch_arguments(per_process: int) -> dict[str, Any]:
    """Arguments of a Hugging Face trainer for batches of `per_process` rows in each process.

    Batches are drawn as a single process would draw batches of the same total size, then split between the processes:
    the order of rows, and which rows share a batch, do not depend on the number of processes.
    """
    import torch

    count = process_count()
    return {
        "per_device_train_batch_size": per_process * count,
        "accelerator_config": {"split_batches": count > 1},
        "ddp_backend": None if count == 1 or torch.cuda.is_available() else "gloo",
        "use_cpu": not torch.cuda.is_available(),
    }


def check_batch(rows: int, per_process: int, *, key: str) -> None:
    """Refuse rows that several processes cannot share.

    Args:
        rows: Number of training rows.
        per_process: Rows of a batch in each process.
        key: The parameter that sets `per_process`.

    Raises:
        DataError: They are fewer than one batch of all processes.
    """
    if process_count() > 1 and rows < per_process * process_count():
        raise DataError(
            f"training set: {rows} rows are fewer than a batch of {per_process} for each of {process_count()} "
            f"processes; lower {key} or launch.processes"
        )


def started_processes(module: str, *, processes: int) -> bool:
    """Run this command again in several processes and wait for them, unless this is one of them already.

    Under torchrun nothing is started: torchrun's world size takes precedence over `processes`.

    A process that trains alone sees one GPU only. With several, a Hugging Face trainer would spread every batch over
    them (torch's `DataParallel`): batches would be that many times larger, with in-batch negatives of one GPU only.

    Args:
        module: Module of the command, as `python -m` takes it; it gets this process's arguments.
        processes: How many processes to start; for 1, this process goes on alone.

    Returns:
        Whether processes were started and have done all the work.

    Raises:
        ParamsError: There are fewer GPUs than processes.
        SystemExit: A process failed; it has shown its message.
    """
    if "WORLD_SIZE" in os.environ:
        return False
    if processes == 1:
        os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
        return False
    import torch

    if torch.cuda.is_available() and torch.cuda.device_count() < processes:
        raise ParamsError(
            f"launch.processes: {processes}: this machine has {torch.cuda.device_count()} GPUs and each process needs "
            "one; lower it"
        )
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
    status = subprocess.run([*command, "-m", module, *sys.argv[1:]], check=False).returncode
    if status:
        raise SystemExit(status)
    return True
