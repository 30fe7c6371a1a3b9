"""Settings and toy rows of judges."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from encoders import WORDS

from bootembed.core.tables import JUDGE_NLI, write_table
from bootembed.settings.judge import RateTriplets, TrainJudge

if TYPE_CHECKING:
    from pathlib import Path

READING = RateTriplets(batch_size=16, bf16=False)
_MARKS = {"entailment": "bada", "neutral": "kefe", "contradiction": "ligi"}  # the label's word ends its hypothesis


def judge_settings(**changes: Any) -> TrainJudge:
    """Of a judge that learns the toy rows in seconds."""
    values = {
        "source": "trained",
        "base": "base",
        "rows_per_label": 200,
        "unrelated_as_neutral": True,
        "held_out_share": 0.2,
        "validation_rows": 60,
        "r": 8,
        "lora_alpha": 16,
        "lora_dropout": 0.0,
        "num_train_epochs": 4,
        "learning_rate": 1.0e-2,
        "lr_scheduler_type": "linear",
        "warmup_steps": 2,
        "per_device_train_batch_size": 16,
        "gradient_accumulation_steps": 1,
        "max_length": 48,
        "max_grad_norm": 1.0,
        "save_steps": 5,
        "bf16": False,
    }
    return TrainJudge.model_validate(values | changes)


def toy_rows(count: int, *, seed: int = 0, split: str = "train", labels: Any = tuple(_MARKS)) -> list[dict[str, str]]:
    """Rows of `tables.JUDGE_NLI`, one a premise, whose label is the last word of the hypothesis."""
    rng = random.Random(seed)
    others = [word for word in WORDS if word not in _MARKS.values()]
    rows = []
    for number in range(count):
        label = labels[number % len(labels)]
        premise = " ".join(rng.sample(others, 5))
        hypothesis = f"{' '.join(rng.sample(others, 2))} {_MARKS[label]}"
        rows.append({"split": split, "premise": premise, "hypothesis": hypothesis, "label": label})
    return rows


def write_rows(folder: Path, **rows: list[dict[str, str]]) -> dict[str, Path]:
    """Tables of `judge_nli`: language -> path."""
    paths = {language: folder / f"{language}.parquet" for language in rows}
    for language, own in rows.items():
        write_table(own, JUDGE_NLI, paths[language])
    return paths
