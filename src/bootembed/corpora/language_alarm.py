"""What to say of a table whose rows seem to be in another language than it is said to be in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bootembed.core.language_id import in_other_language
from bootembed.core.text import script_share

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

_LARGE_SHARE = 0.05
_FEWEST = 3


def language_alarm(table: str, language: str, found: Counter[str], rows: int) -> str | None:
    """A warning with both remedies, where more than a few percent of the rows are in other languages; else None.

    Args:
        table: What the rows are.
        language: Key of the language that they should be in.
        found: Other languages that rows are in, by the identifier.
        rows: How many rows were looked at.
    """
    if found.total() < max(_FEWEST, _LARGE_SHARE * rows):
        return None
    shown = ", ".join(f"{count} {other}" for other, count in found.most_common(3))
    return (
        f"{table}: {found.total()} of {rows} rows are not in `{language}` by the identifier ({shown}). Either the file "
        "is not what it is said to be: correct its entry in `corpora` or `languages`. Or the identifier is wrong: look "
        "at the rows, and set `prepare_corpora.check_language` to false."
    )


def evaluation_alarm(task: str, texts: Sequence[str], language: str, script: str) -> str | None:
    """A warning where the texts of an evaluation set are in another script or language; else None."""
    share = script_share(" ".join(texts), script)
    if share < 0.5:
        return (
            f"{task}: {share:.0%} of the letters are of the script {script}, so the texts cannot be in `{language}`; "
            "scores say nothing of it. Correct its entry in `corpora`, or the script in `languages`."
        )
    others = [in_other_language(text, language, script) for text in texts]
    found = [other for other in others if other is not None]
    if len(found) < max(_FEWEST, _LARGE_SHARE * len(texts)):
        return None
    likely = max(set(found), key=found.count)
    return (
        f"{task}: {len(found)} of {len(texts)} texts are not in `{language}` by the identifier, most of them in "
        f"`{likely}`. Look at them: if they are, correct its entry in `corpora`; if not, take this as the identifier's "
        "mistake. Nothing was left out."
    )
