"""A profile as text: a dozen lines that a user can read and change, and the files that they name."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from bootembed.core.errors import DataError
from bootembed.drafting.recipes import Choice, choose

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bootembed.drafting.evaluation import Task
    from bootembed.drafting.tables import Request, Source

SCRATCH = "scratch"


@dataclass(frozen=True)
class Draft:
    """All that a profile is written from.

    Attributes:
        language: Its key.
        name: Its English name.
        script: ISO 15924.
        sources: Option (`text`, `parallel`, `nli`, `examples`, `triplets`) -> the file as it is read.
        tasks: Evaluation sets, each with its file as it is read.
        encoder: Key and entry of `base_models`.
        generator: Entry of `base_models`; `scratch` for one from scratch; None without one.
        command: What the user typed.
        warnings: What the user should look at.
    """

    language: str
    name: str
    script: str
    sources: Mapping[str, Source]
    tasks: Sequence[tuple[Task, Source]]
    encoder: tuple[str, dict[str, Any]]
    generator: dict[str, Any] | str | None
    command: str
    warnings: Sequence[str]

    @property
    def folder(self) -> str:
        """Where the files are linked to; nothing else lies there, since DVC looks at all of it."""
        return f"data/raw/{self.language}"

    @property
    def choice(self) -> Choice:
        """The recipes that this data and these models allow."""
        texts = {"text"} if _sentences(self.sources) else set()
        return choose({*self.sources, *texts}, generator=self.generator is not None, scratch=self.generator == SCRATCH)

    @property
    def parts(self) -> list[str]:
        """What follows a task's name in the name of its file: the split, numbered where it has several files."""
        seen: Counter[tuple[str, str]] = Counter()
        found = []
        for task, _ in self.tasks:
            seen[task.request.option, task.split] += 1
            number = seen[task.request.option, task.split]
            found.append(task.split if number == 1 else f"{task.split}_{number}")
        return found

    @property
    def links(self) -> dict[str, Path]:
        """The name that the profile gives a file -> the file."""
        wanted = [(source.request, "") for source in self.sources.values()]
        wanted += [(task.request, part) for (task, _), part in zip(self.tasks, self.parts, strict=True)]
        found = {linked_name(request, part): request.path for request, part in wanted}
        for request, _ in wanted:
            if request.english_path:
                found[linked_name(request, "english")] = request.english_path
        return found

    @property
    def validated_by(self) -> str | None:
        """The task that chooses the champion."""
        return next((task.request.option for task, _ in self.tasks if task.split == "validation"), None)


def _sentences(sources: Mapping[str, Source]) -> dict[str, Any] | None:
    """The entry of the sentences of the language: those of the text, of the translations, or the triplets' anchors."""
    if "text" in sources:
        return _entry(sources["text"])
    translations = _entry(sources["parallel"]) if "parallel" in sources else None
    if translations and translations["format"] == "moses":
        return {"format": "lines", "path": translations["path"]}
    if translations and translations["format"] != "tmx":  # which has no columns
        return {**translations, "columns": {"text": translations["columns"]["text"]}}
    if "triplets" not in sources:
        return None
    triplets = _entry(sources["triplets"])
    return {**triplets, "columns": {"text": triplets["columns"]["anchor"]}}


def render(draft: Draft) -> str:
    """The text of the profile."""
    choice, language, key = draft.choice, draft.language, draft.encoder[0]
    generator = draft.generator if choice.strategies else None
    bases = ["base/small", *(["base/scratch_generator"] if generator == SCRATCH else [])]
    tables = [table for table in ("parallel", "examples", "triplets") if table in draft.sources]
    own = [(table, [_entry(draft.sources[table])]) for table in tables]
    sentences = _sentences(draft.sources)
    if sentences:
        own = [("monolingual", [sentences]), ("anchors", [sentences]), *own]
    lines = [
        "# @package _global_",
        f"# {draft.name}. Written by: {draft.command}",
        "# conf/profile/base/small.yaml has the settings, docs/own-data.md says what can be added.",
        f"defaults: {_flow(bases)}",
        f"profile: {_scalar(language)}",
        "grid:",
        f"  languages: {_flow([language])}",
        f"  strategies: {_flow(choice.strategies)}",
        f"  baselines: {_flow(choice.baselines)}",
        f"  encoders: [{key}]",
        "languages:",
        f"  {_flow({language: _language(draft)})[1:-1]}",
        "corpora:",
        *_english(draft.sources),
        f"  {_scalar(language)}:",
        *(f"    {table}: {_flow(entries)}" for table, entries in own),
        *_evaluation(draft),
        f"prepare_corpora: {{folder: {draft.folder}}}" + ("" if draft.sources else "  # holds no training text"),
        "base_models:",
        *([f"  generator: {_flow(generator)}"] if isinstance(generator, dict) else []),
        *(["  generator: {scratch: {pretraining: {parallel_share: 0.0}}}"] if _lacks_translations(draft) else []),
        f"  {key}: {_flow(draft.encoder[1])}",
    ]
    if "in_context" in choice.strategies and "examples" not in draft.sources:
        lines.append("in_context: {examples_language: english}")
    tasks = {task.request.option: task.entry for task, _ in draft.tasks}
    if tasks:
        lines.append(f"evaluate_embedder: {{tasks: {_flow(tasks)}}}")
    if draft.validated_by:
        lines.append(f"register_models: {_flow({'validation_task': {language: draft.validated_by}})}")
    return "\n".join(lines) + "\n"


def _lacks_translations(draft: Draft) -> bool:
    """Whether a generator from scratch has no translations to learn from."""
    return draft.generator == SCRATCH and bool(draft.choice.strategies) and "parallel" not in draft.sources


def _english(sources: Mapping[str, Source]) -> list[str]:
    """The corpus of English: NLI, and sentences for its language adapter, which are its premises."""
    if "nli" not in sources:
        return []
    nli = _entry(sources["nli"])
    kept = {key: value for key, value in nli.items() if key not in ("columns", "label_values")}
    sentences = kept | {"columns": {"text": nli["columns"]["premise"]}}
    return ["  english:", f"    monolingual: {_flow([sentences])}", f"    nli: {_flow([nli])}"]


def _language(draft: Draft) -> dict[str, str]:
    return {"name": draft.name, "script": draft.script, "role": "target", "folder": ".", "corpus": draft.language}


def _evaluation(draft: Draft) -> list[str]:
    files: dict[str, list[dict[str, Any]]] = {}
    for (task, source), part in zip(draft.tasks, draft.parts, strict=True):
        files.setdefault(task.request.option, []).append({**_entry(source, part), "split": task.split})
    return ["    evaluation:", *(f"      {name}: {_flow(entries)}" for name, entries in files.items())] if files else []


def _entry(source: Source, part: str = "") -> dict[str, Any]:
    request = source.request
    english = {"english_path": linked_name(request, "english")} if request.english_path else {}
    rest = {key: value for key, value in source.entry.items() if key != "format"}
    return {"format": source.entry["format"], "path": linked_name(request, part), **english, **rest}


def linked_name(request: Request, part: str = "") -> str:
    """The name under which a file is linked: what it is for, with the endings of the file itself."""
    path = request.english_path if part == "english" and request.english_path else request.path
    endings = "" if path.is_dir() else "".join(re.findall(r"\.[A-Za-z0-9]{1,8}", path.name)[-2:])
    ending = endings if re.fullmatch(r"\.\w+\.(gz|bz2|xz|zst|zip)", endings) else "".join(path.suffixes[-1:])
    return "_".join(filter(None, [request.option, part])) + ("" if path.is_dir() else ending)


def link(draft: Draft, folder: Path) -> None:
    """Link all files of a draft below a folder, under the names that the profile gives them; others' links go.

    Raises:
        DataError: Another file of the user's has one of these names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: path.resolve() for name, path in draft.links.items()}  # one may be named by its link there
    for place in [found for found in folder.rglob("*") if found.is_symlink()]:
        place.unlink()
    for name, file in files.items():
        _link(file, folder / name)


def _link(path: Path, place: Path) -> None:
    if path.is_dir():  # file by file: DVC does not follow a link to a folder
        for file in path.rglob("*"):
            if file.is_file():
                _link(file.resolve(), place / file.relative_to(path))
        return
    if place.exists():
        if place.resolve() != path:
            raise DataError(f"{place}: is there already, and no link; the link to {path} gets this name: move it")
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(path)


class _Dumper(yaml.SafeDumper):
    """Writes text with line breaks or tabs in double quotes, so that a value stays in one line."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = '"' if "\n" in value or "\t" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def _scalar(text: str) -> str:
    """A text as YAML reads it again: `yes` is a language, and needs quotes."""
    return _flow([text])[1:-1]


def _flow(value: Any) -> str:
    """A value in one line of YAML."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=True, width=10**9, allow_unicode=True, sort_keys=False
    )
    return text.strip()
