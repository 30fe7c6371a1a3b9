"""How fast this machine's processor computes, with a profile's threads and kernels and as many stages at a time as run.

Threads and kernels are chosen before torch is loaded, so each of these stages is a process of its own: this module as a
command.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bootembed.core.arithmetic import prepare_arithmetic
from bootembed.core.portable_kernels import replace_kernels

if TYPE_CHECKING:
    from bootembed.settings.models import Launch

_SECONDS = 0.5


@dataclass(frozen=True)
class Speed:
    """Operations a second in fp32 with a profile's kernels, and in bf16."""

    fp32: float
    bf16: float


def measured_speed(launch: Launch, jobs: int) -> Speed:
    """The speed of all stages that run at a time, together, in products of the sizes of small encoders.

    Attention, norms and the optimiser are slower: hours are right within a factor of two or so. bf16 is measured
    without portable kernels, which have none.

    Args:
        launch: Threads of a stage, and whether its kernels are portable, which may halve the speed.
        jobs: Stages at a time.
    """
    threads = launch.threads or max(1, (os.cpu_count() or 1) // jobs)
    return Speed(
        fp32=_of_all_stages(jobs, threads, portable=launch.portable, bf16=False),
        bf16=_of_all_stages(jobs, threads, portable=False, bf16=True),
    )


def _of_all_stages(jobs: int, threads: int, *, portable: bool, bf16: bool) -> float:
    command = [sys.executable, "-m", "bootembed.workflow.plan.speed", *map(str, (threads, int(portable), int(bf16)))]
    with ExitStack() as stack:
        running = [
            stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)) for _ in range(jobs)
        ]
        return sum(float(process.communicate()[0]) for process in running)


def _reached(*, bf16: bool) -> float:
    import torch

    replace_kernels()
    kind = torch.bfloat16 if bf16 else torch.float32
    rows, columns = torch.rand(2048, 384, dtype=kind), torch.rand(384, 1536, dtype=kind)
    torch.mm(rows, columns)
    done, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < _SECONDS:
        torch.mm(rows, columns)
        done += 1
    return 2 * rows.numel() * columns.shape[1] * done / spent


if __name__ == "__main__":
    prepare_arithmetic(threads=int(sys.argv[1]), portable=sys.argv[2] == "1")
    sys.stdout.write(str(_reached(bf16=sys.argv[3] == "1")))
