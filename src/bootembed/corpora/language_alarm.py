"""What to say of a table whose rows seem to be in another language than it is said to be in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bootembed.core.text import script_share

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence

    from bootembed.corpora.identifiers import LanguageCheck

_LARGE_SHARE = 0.05
_FEWEST = 3
_MOST_SAMPLED = 500


class Sample:
    """Texts at equal distances of a stream whose length is not known: at most `_MOST_SAMPLED` of them."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._distance = 1
        self._seen = 0

    def add(self, text: str) -> None:
        """Take the text or leave it."""
        if self._seen % self._distance == 0:
            self.texts.append(text)
            if len(self.texts) > _MOST_SAMPLED:
                del self.texts[1::2]
                self._distance *= 2
        self._seen += 1


def language_alarm(
    table: str, language: str, found: Counter[str], rows: int, whole: Mapping[str, str] | None = None
) -> str | None:
    """A warning with both remedies, where more than a few percent of the rows are in other languages; else None.

    Args:
        table: What the rows are.
        language: Key of the language that they should be in.
        found: Other languages that rows are in, by the identifier.
        rows: How many rows were looked at.
        whole: Column -> the other language that its texts as a whole are in, though no single one may tell.
    """
    told = [f"as a whole, `{column}` is in `{other}`" for column, other in (whole or {}).items()]
    if found.total() >= max(_FEWEST, _LARGE_SHARE * rows):
        shown = ", ".join(f"{count} {other}" for other, count in found.most_common(3))
        told.append(f"{found.total()} of {rows} rows are not in `{language}` ({shown})")
    if not told:
        return None
    return (
        f"{table}: by the identifier, {'; '.join(told)}. Either the file is not what it is said to be: correct its "
        "entry in `corpora` or `languages`. Or the identifier is wrong: look at the rows, and set "
        "`prepare_corpora.check_language` to false."
    )


def evaluation_alarm(task: str, texts: Sequence[str], language: str, script: str, check: LanguageCheck) -> str | None:
    """A warning where the texts of an evaluation set are in another script or language; else None."""
    share = script_share(" ".join(texts), script)
    if share < 0.5:
        return (
            f"{task}: {share:.0%} of the letters are of the script {script}, so the texts cannot be in `{language}`; "
            "scores say nothing of it. Correct its entry in `corpora`, or the script in `languages`."
        )
    sample = Sample()
    for text in texts:
        sample.add(text)
    if whole := check.other_language_of_all(sample.texts, language, script):
        told = f"as a whole, the texts are in `{whole}`, not in `{language}`"
    else:
        others = (check.other_language(text, language, script) for text in texts)
        found = [other for other in others if other is not None]
        if len(found) < max(_FEWEST, _LARGE_SHARE * len(texts)):
            return None
        likely = max(set(found), key=found.count)
        told = f"{len(found)} of {len(texts)} texts are not in `{language}`, most of them in `{likely}`"
    return (
        f"{task}: by the identifier, {told}. Look at them: if they are, correct its entry in `corpora`; if not, take "
        "this as the identifier's mistake. Nothing was left out."
    )
