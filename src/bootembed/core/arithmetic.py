"""The arithmetic of a process: threads, and kernels that give the same bits on every x86-64 processor with AVX2.

The libraries choose their kernels by processor when they are loaded, and kernels that add in another order differ in
the last bits; training makes whole digits of them. So `prepare_arithmetic` must run before numpy or torch is imported.
"""

from __future__ import annotations

import logging
import os
import sys

from bootembed.core.portable_kernels import PORTABLE_VARIABLE

logger = logging.getLogger(__name__)

# torch's own kernels; oneDNN; MKL, which takes other paths on processors of other vendors unless it is told COMPATIBLE
# (Intel, "Conditional Numerical Reproducibility"); NumPy's and SciPy's OpenBLAS; NumPy's own kernels beyond AVX2;
# `core.portable_kernels`.
PORTABLE_ENVIRONMENT = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_CBWR": "COMPATIBLE",
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    PORTABLE_VARIABLE: "1",
}
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def prepare_arithmetic(*, threads: int | None, portable: bool) -> dict[str, str]:
    """Set the environment of this process and its children; returns what was set, for the record of the run.

    Args:
        threads: CPU threads; None leaves the choice to the environment and the libraries. Results are the same bytes
            only for the same number.
        portable: The same bits on every processor with AVX2, for time (docs/reliability.md says how much).

    """
    chosen = dict.fromkeys(_THREADS, str(threads)) if threads is not None else {}
    if portable:
        chosen |= PORTABLE_ENVIRONMENT
    late = [name for name in ("numpy", "torch") if name in sys.modules]
    if late and any(os.environ.get(name) != value for name, value in chosen.items()):
        logger.warning("%s is loaded already: its kernels and threads stay as they are", " and ".join(late))
    os.environ.update(chosen)
    return chosen
