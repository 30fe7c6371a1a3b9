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
from typing import TYPE_CHECKING

from bootembed.core.arithmetic import prepare_arithmetic
from bootembed.core.portable_kernels import replace_kernels
from bootembed.workflow.workers import JOBS_WITHOUT_GPU

if TYPE_CHECKING:
    from bootembed.settings.models import Launch

_SECONDS = 0.5


def measured_flops(launch: Launch) -> float:
    """Operations a second of all stages that `bootembed run` has at a time, in products of the sizes of small encoders.

    Attention, norms and the optimiser are slower: hours are right within a factor of two or so.

    Args:
        launch: Threads of a stage, and whether its kernels are portable, which may halve the speed.
    """
    threads = launch.threads or max(1, (os.cpu_count() or 1) // JOBS_WITHOUT_GPU)
    command = [sys.executable, "-m", "bootembed.workflow.plan.speed", str(threads), str(int(launch.portable))]
    with ExitStack() as stack:
        running = [
            stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            for _ in range(JOBS_WITHOUT_GPU)
        ]
        return sum(float(process.communicate()[0]) for process in running)


def _reached() -> float:
    import torch

    replace_kernels()
    rows, columns = torch.rand(2048, 384), torch.rand(384, 1536)
    torch.mm(rows, columns)
    done, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < _SECONDS:
        torch.mm(rows, columns)
        done += 1
    return 2 * rows.numel() * columns.shape[1] * done / spent


if __name__ == "__main__":
    prepare_arithmetic(threads=int(sys.argv[1]), portable=sys.argv[2] == "1")
    sys.stdout.write(str(_reached()))
