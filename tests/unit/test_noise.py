"""Logs of stages: known noise of libraries is left out, all else stays."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import logging, warnings
from bootembed.cli import _guarded

def stage():
    warnings.warn("`is_gradient_checkpointing` is deprecated and will be removed in v6.", FutureWarning)
    warnings.warn("something else is deprecated", FutureWarning)
    model = logging.getLogger("sentence_transformers.base.model")
    for message in ("No device provided, using cpu", "Saving model to x", "Loading SentenceTransformer model from x."):
        model.info(message)
    model.warning("Ignoring `device=cpu`")
    words = logging.getLogger("sentence_transformers.sentence_transformer.modules.word_weights")
    words.info("9 of 10 words without a weighting value. Set weight to 1")
    logging.getLogger("bitsandbytes.backends.cpu.ops").warning("Failed to load CPU gemm_4bit_forward from x: %s", 1)
    logging.getLogger("bitsandbytes.cextension").error("Failed to load a library")
    logging.getLogger("bootembed.x").info("Saving model to %s", "y")

_guarded(stage)()
"""


def test_known_noise_is_left_out_and_nothing_else():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert [line.partition(": ")[2] for line in done.stderr.splitlines()] == [
        "FutureWarning: something else is deprecated",
        "Ignoring `device=cpu`",
        "Failed to load a library",
        "Saving model to y",
    ]
