"""Results of a published model for mteb's leaderboard: in the layout of mteb's results repository, and no others.

mteb's leaderboard compares models on the data that mteb publishes. So scores on anything else stay out, and are listed
with the reason: the user's own tasks, and mteb's tasks scored on local files, which may be another version of the data.
"""

from __future__ import annotations

import json
import logging
import shutil
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.publishing.embedder import scores_folder
from bootembed.publishing.model_meta import model_meta, python_source
from bootembed.publishing.published_data import why_not_published

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bootembed.publishing.embedder import Embedder, Outputs
    from bootembed.settings.schema import Params

NO_REVISION = "no_revision_available"  # mteb's word for it
_NO_TASKS = {"model_meta.json"}


@dataclass(frozen=True)
class Leaderboard:
    """What was written.

    Attributes:
        folder: `results/<owner>__<name>/<revision>/` in it is for mteb's results repository, the Python file for
            mteb's registry of models.
        tasks: Tasks whose scores are in the results.
        left_out: Task -> why its scores are not.
    """

    folder: Path
    tasks: list[str]
    left_out: Mapping[str, str]


def write_leaderboard(
    folder: Path,
    model: Any,
    repo: str,
    embedder: Embedder,
    params: Params,
    outputs: Outputs,
    *,
    licence: str | None,
    public: bool,
    revision: str = NO_REVISION,
) -> Leaderboard:
    """Write results and registry entry of a model, in place of what is in the folder.

    Args:
        folder: Where to.
        model: The loaded Sentence Transformers model.
        repo: Id on the Hub, owner/name: the model's name for mteb.
        embedder: What it is.
        params: Those it was made with.
        outputs: Where its results lie.
        licence: Key of the Hub.
        public: Whether its weights are open.
        revision: The commit on the Hub.
    """
    import mteb

    logging.getLogger("mteb").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module=r"mteb\.")  # deprecations inside mteb's own code
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    meta = model_meta(model, repo, embedder, params, licence=licence, public=public, revision=revision)
    source = scores_folder(outputs.mteb / embedder.cell / str(embedder.identity), embedder.content)
    assert source is not None  # `find_embedder` saw to it
    cache = mteb.ResultCache(folder)
    tasks, left_out = [], {}
    for file in sorted(path for path in source.glob("*.json") if path.name not in _NO_TASKS):
        result, reason = _publishable(file, embedder.language, params)
        if reason:
            left_out[file.stem] = reason
            continue
        tasks.append(file.stem)
        path = cache.get_task_result_path(file.stem, meta)
        path.parent.mkdir(parents=True, exist_ok=True)
        result.to_disk(path)
        _write_beside(path.parent, source, meta, tasks)
    name = repo.partition("/")[2]
    (folder / f"{name.lower().replace('-', '_').replace('.', '_')}_models.py").write_text(
        python_source(meta, params, embedder.language)
    )
    (folder / "README.md").write_text(_about(tasks, left_out, revision), encoding="utf-8")
    return Leaderboard(folder, tasks, left_out)


def _publishable(file: Path, language: str, params: Params) -> tuple[Any, str]:
    """A result with the splits that mteb reports, or why there is none."""
    import mteb
    from mteb.results import TaskResult

    if reason := why_not_published(file.stem, language, params):
        return None, reason
    result, task = TaskResult.from_disk(file), mteb.get_task(file.stem)
    if missing := sorted(set(task.metadata.eval_splits) - set(result.scores)):
        return None, f"mteb reports its splits {task.metadata.eval_splits}; not scored: {missing}"
    if result.dataset_revision != task.metadata.revision:
        return None, f"its data are of revision {result.dataset_revision}, and mteb's are of {task.metadata.revision}"
    splits = {split: result.scores[split] for split in task.metadata.eval_splits}
    return result.model_copy(update={"scores": splits}), ""


def _write_beside(folder: Path, source: Path, meta: Any, tasks: list[str]) -> None:
    """The model's metadata and the settings of the runs, which mteb keeps beside results."""
    text = json.dumps(meta.to_dict(), default=str, indent=4)
    (folder / "model_meta.json").write_text(text, encoding="utf-8")
    settings = source / "run_settings.jsonl"
    if settings.is_file():
        lines = settings.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if json.loads(line)["task"] in tasks]
        (folder / settings.name).write_text("".join(kept), encoding="utf-8")


def _about(tasks: list[str], left_out: Mapping[str, str], revision: str) -> str:
    lines = ["# For mteb's leaderboard", ""]
    if tasks:
        lines += [f"Results to add to mteb's results repository: {', '.join(tasks)}.", ""]
    else:
        lines += ["No results: no task was scored on the data that mteb publishes (`format: mteb` in `corpora`).", ""]
    if revision == NO_REVISION:
        lines += ["Not uploaded yet: `--upload` writes this folder again, with the commit as revision.", ""]
    if left_out:
        lines += ["Left out:", "", *(f"- {task}: {reason}" for task, reason in left_out.items()), ""]
    return "\n".join(
        [*lines, "The Python file is for `mteb/models/model_implementations`; complete what it asks for.", ""]
    )
