"""From what a user names to a draft: every file is looked at, every model is found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bootembed.core.errors import DataError, ParamsError
from bootembed.core.names import ENGLISH
from bootembed.core.text import is_known_script, script_share
from bootembed.corpora.alarms import evaluation_alarm
from bootembed.corpora.identifiers import Heliport
from bootembed.drafting.evaluation import VALIDATION, Task, check_tasks, parse_task, validation_task
from bootembed.drafting.models import generator_entry, model_entry, model_key
from bootembed.drafting.profile import SCRATCH, Draft
from bootembed.drafting.tables import LAYOUTS, Request, Source, read_source
from bootembed.evaluation.prepare import evaluation_layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_IN_LANGUAGE = ("text", "parallel", "examples", "triplets")  # tables of the language; NLI is English
_LEAST_SHARE = 0.5  # of letters in the script, as in `prepare_corpora.min_script_share`


def draft_profile(
    language: str,
    name: str,
    script: str | None,
    files: Mapping[str, str | None],
    evaluation: Sequence[str],
    encoder: str,
    generator: str | None,
    columns: Mapping[str, str],
    labels: Mapping[str, str],
    *,
    command: str,
) -> Draft:
    """Draft a profile.

    Args:
        language: ISO 639-3 code.
        name: English name of the language.
        script: ISO 15924; None: the language's usual one.
        files: Option -> file, or OWN,ENGLISH; None where none is given.
        evaluation: `TASK=FILE` or `TASK:KIND=FILE`.
        encoder: Folder or id on the Hub.
        generator: The same, or a .gguf file, or `scratch`; None: none.
        columns: `TABLE.OURS` -> the file's column.
        labels: The file's label -> ours.
        command: What the user typed.

    Raises:
        ParamsError: The language or its script is not known, or an option names no table.
        DataError: A file or model cannot be used.
    """
    if language == ENGLISH:
        raise ParamsError("`eng` cannot be the target: English is the language that others are compared with")
    names = _names(language, name)
    given = {option: path for option, path in files.items() if path}
    if given.get("validation") and given["validation"] in (given.get("parallel"), given.get("text")):
        raise ParamsError(
            f"--validation {given['validation']}: is the text to train on, too; give other translations, which choose "
            "the best model"
        )
    tasks = [*([validation_task(Path(given.pop("validation")))] if "validation" in given else [])]
    tasks += [parse_task(text) for text in evaluation]
    check_tasks(tasks)
    known = [*LAYOUTS, "validation", *(task.request.option for task in tasks)]
    if unknown := [key for key in columns if key.partition(".")[0] not in known]:
        raise ParamsError(f"--column {unknown[0]}: write TABLE.OURS=THEIRS, TABLE one of {', '.join(known)}")

    def read(request: Request, called: str) -> Source:
        own = {key.partition(".")[2]: theirs for key, theirs in columns.items() if key.partition(".")[0] == called}
        return read_source(request, own, labels, language=language, names=names)

    sources = {option: read(_request(option, path), option) for option, path in given.items()}
    read_tasks = [(task, read(task.request, _called(task))) for task in tasks]
    if not {"text", "parallel", "triplets"} & set(sources):
        raise DataError("there is no text of the language; give --text FILE, --parallel FILE or --triplets FILE")
    script = _script(language, script, sources)
    own_generator = generator if generator in (None, SCRATCH) else generator_entry(str(generator))
    return Draft(
        language, name, script, sources, read_tasks,
        (model_key(encoder), model_entry(encoder, "encoder")), own_generator, command,
        list(_language_warnings(language, script, sources, read_tasks)),
    )  # fmt: skip


def _language_warnings(
    language: str, script: str, sources: Mapping[str, Source], tasks: Sequence[tuple[Task, Source]]
) -> Iterator[str]:
    """Of files whose first rows are in another language than the profile's."""
    check = Heliport()
    own = [(option, sources[option], LAYOUTS[option].in_language) for option in _IN_LANGUAGE if option in sources]
    for task, source in tasks:
        layout = evaluation_layout(task.request.option, str(task.entry["kind"]))
        own.append((task.request.option, source, layout.own_texts))
    for called, source, columns in own:
        texts = [str(row[column]) for row in source.rows for column in columns if row[column]]
        if alarm := evaluation_alarm(f"{called} ({source.request.path})", texts, language, script, check):
            yield alarm


def _called(task: Task) -> str:
    return "validation" if task.request.option == VALIDATION else task.request.option


def _request(option: str, path: str) -> Request:
    own, comma, english = path.partition(",")
    if comma and Path(own).is_file() and Path(english).is_file():
        return Request(option, Path(own), Path(english))
    return Request(option, Path(path))


def _names(language: str, name: str) -> tuple[str, ...]:
    """What a column of the language may be called."""
    import langcodes

    if len(language) != 3 or not language.islower() or not langcodes.tag_is_valid(language):
        code = langcodes.Language.get(language).to_alpha3() if langcodes.tag_is_valid(language) else None
        hint = f" (did you mean {code!r}?)" if code else ""
        raise ParamsError(f"{language!r} is no ISO 639-3 code{hint}; use one of three letters, e.g. 'yor'")
    short = langcodes.standardize_tag(language)
    return ("text", "sentence", language, short, name.lower())


def _script(language: str, given: str | None, sources: Mapping[str, Source]) -> str:
    """The script, checked with the language's own sentences."""
    import langcodes

    script = given or langcodes.Language.get(language).maximize().script or ""
    if not (script.istitle() and is_known_script(script)):
        raise ParamsError(
            f"--script {script or 'is missing'}: give an ISO 15924 code, e.g. Latn, or Zyyy for any script"
        )
    source = sources.get("text") or sources.get("parallel") or sources["triplets"]
    texts = [str(row.get("text") or row["anchor"]) for row in source.rows]
    if script_share(" ".join(texts), script) < _LEAST_SHARE:
        raise DataError(
            f"{source.request.path}: most letters are not of the script {script}; say --script, or check which column "
            f"is the language's: {texts[0][:60]!r}"
        )
    return script
