"""Engine `ray`: the batches of engine `transformers`, computed by workers on one machine or on a cluster of Ray.

Answers stream back to this process, which alone writes the answer cache. A worker that dies loses its batch, which
Ray gives to its successor. Workers read the models by their paths and import this package: every machine of a cluster
needs both in the same place (docs/engines.md).
"""

from __future__ import annotations

import json
import logging
import math
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import ParamsError, UserError
from bootembed.core.names import Polarity
from bootembed.generation.answer_cache import Answer
from bootembed.generation.engine import EngineFacts, parameters_of
from bootembed.generation.local import LocalEngine
from bootembed.generation.resident import Batch, Prompt, ResidentGenerator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from bootembed.settings.generation import Generation, RaySettings

logger = logging.getLogger(__name__)
# Restarts of a worker, and retries of a batch: a batch that always kills its worker must not do so for ever.
_RETRIES = 3


def create(
    settings: Generation, base_model_dir: Path, adapters: Mapping[Polarity, Path], **_names: str | int
) -> RayWorkersEngine:
    """The engine on a base model folder and adapter folders, which need no names."""
    return RayWorkersEngine(base_model_dir, adapters, settings)


def describe(settings: Generation) -> EngineFacts:
    """What the workers read."""
    return EngineFacts(parameters_of(settings, "transformers", "ray"))


class RayWorkersEngine(LocalEngine):
    """Batches computed by Ray Data's actors, each with the generator in memory."""

    def run(self, batches: Sequence[Batch]) -> Iterator[dict[str, Answer]]:
        """Answer batches in the order in which workers finish them.

        Raises:
            ParamsError: Workers cannot load the model, lack memory or die again and again, or the machine has too
                few GPUs.
        """
        _keep_quiet()
        import ray

        started = not ray.is_initialized()
        if started:
            _start(self.settings.ray)
        try:
            yield from self._stream(batches)
        except ray.exceptions.ActorDiedError as error:
            raise ParamsError(
                f"generation.ray: workers died {_RETRIES + 1} times on the same work; the answers so far are in the "
                "answer cache. If the system ran out of memory, lower generation.transformers.batch_size or "
                f"generation.ray.workers. Ray says: {str(error).strip().splitlines()[0]}"
            ) from error
        finally:
            if started:
                ray.shutdown()

    def _stream(self, batches: Sequence[Batch]) -> Iterator[dict[str, Answer]]:
        import ray.data

        settings = self.settings.ray
        # One block a batch: a block is what a worker gets, and gives back, at a time.
        rows = ray.data.from_items([{"batch": _pack(batch)} for batch in batches], override_num_blocks=len(batches))
        answered = rows.map_batches(
            _Worker,
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(
                size=min(settings.workers, len(batches)), max_tasks_in_flight_per_actor=2
            ),
            fn_constructor_args=(self.base_model_dir.absolute(), _absolute(self.adapters), self.settings),
            num_cpus=settings.cpus_per_worker,
            num_gpus=settings.gpus_per_worker,
            max_restarts=_RETRIES,
            max_task_retries=_RETRIES,
        )
        for block in answered.iter_batches(batch_size=None, prefetch_batches=0, batch_format="numpy"):
            for error, answers in zip(block["error"], block["answers"], strict=True):
                if error:
                    raise ParamsError(str(error))
                yield {key: Answer(**answer) for key, answer in json.loads(answers).items()}


class _Worker:
    """What runs in a worker's process; a user's mistake is returned as a row: Ray would hide it in a traceback."""

    def __init__(self, base_model_dir: Path, adapters: Mapping[Polarity, Path], settings: Generation) -> None:
        self._fault = ""
        if not settings.ray.gpus_per_worker:
            os.environ["CUDA_VISIBLE_DEVICES"] = ""  # Ray shows a GPU to workers that asked for none
        try:
            self._generator = ResidentGenerator(base_model_dir, adapters, settings)
        except UserError as error:
            self._fault = str(error)

    def __call__(self, rows: dict[str, Any]) -> dict[str, list[str]]:
        answers: dict[str, Any] = {}
        for packed in rows["batch"] if not self._fault else []:
            try:
                for piece in self._generator.answer(_unpack(packed)):
                    answers |= {key: asdict(answer) for key, answer in piece.items()}
            except UserError as error:
                self._fault = str(error)
        return {"error": [self._fault], "answers": [json.dumps(answers)]}


def _keep_quiet() -> None:
    """Report nothing to Ray's makers; Ray reads this when it is imported and started."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"


def _start(settings: RaySettings) -> None:
    import ray
    from ray.data import DataContext

    if os.environ.get("RAY_ADDRESS"):
        _join(os.environ["RAY_ADDRESS"])
    else:
        ray.init(
            address="local",
            # Also where the machine has fewer: workers then share cores instead of waiting for ever.
            num_cpus=math.ceil(settings.workers * settings.cpus_per_worker) + 1,
            include_dashboard=False,
            logging_level=logging.WARNING,
        )
        _check_gpus(settings, ray.cluster_resources().get("GPU", 0.0))
    DataContext.get_current().enable_progress_bars = False
    logger.info("Ray has %s", ray.cluster_resources())


def _join(address: str) -> None:
    import ray

    try:
        ray.init(address=address, logging_level=logging.WARNING)
    except (ConnectionError, ray.exceptions.AuthenticationError) as error:
        raise ParamsError(
            f"RAY_ADDRESS: {address}: cannot join this cluster: {error}. Check that it runs and has this version of "
            "Ray; where it asks for a token, set RAY_AUTH_MODE=token and give the token as Ray's documentation says; "
            "unset RAY_ADDRESS to use this machine alone"
        ) from error


def _check_gpus(settings: RaySettings, there: float) -> None:
    wanted = settings.workers * settings.gpus_per_worker
    if wanted > there:
        raise ParamsError(
            f"generation.ray: {settings.workers} workers with {settings.gpus_per_worker:g} GPUs each need {wanted:g}, "
            f"this machine has {there:g}; lower `workers` or `gpus_per_worker` (0: CPU), or name a cluster in "
            "RAY_ADDRESS"
        )


def _absolute(adapters: Mapping[Polarity, Path]) -> dict[Polarity, Path]:
    return {polarity: folder.absolute() for polarity, folder in adapters.items()}


def _pack(batch: Batch) -> str:
    return json.dumps(asdict(batch))


def _unpack(packed: str) -> Batch:
    batch = json.loads(packed)
    return Batch(Polarity(batch["polarity"]), [Prompt(**prompt) for prompt in batch["prompts"]], batch["common"])
