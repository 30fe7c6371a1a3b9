"""The card of a published set of triplets: what `generate_triplets` wrote, with its place on the Hub and all rights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bootembed.core.errors import DataError
from bootembed.core.markdown import Markdown, table

if TYPE_CHECKING:
    from bootembed.publishing.rights import Rights

_HERE = '"path/to/this/folder"'
_SOURCES, _FILTERS = "\n## Sources\n", "\n## Filters\n"


def triplet_card(text: str, repo: str, rights: Rights) -> str:
    """The card as it goes to the Hub.

    Args:
        text: The README of the set.
        repo: Id on the Hub, owner/name.
        rights: Licences; they take the place of the section on sources, which does not name the generator's.

    Raises:
        DataError: The text is no such card.
    """
    from huggingface_hub import DatasetCard

    if any(text.count(part) != 1 for part in (_HERE, _SOURCES, _FILTERS)):
        raise DataError(
            "README.md: is not the card that generate_triplets writes; run `bootembed run generate_triplets`"
        )
    before, _, rest = text.replace(_HERE, f'"{repo}"').partition(_SOURCES)
    rows = [[right.what, right.name, Markdown(right.shown)] for right in rights.parts]
    note = "The terms of the generator travel with what it wrote."
    sources = f"{_SOURCES}\n{note}\n\n{table(['what', 'name', 'licence'], rows)}\n"
    card = DatasetCard(before + sources + _FILTERS + rest.partition(_FILTERS)[2])
    card.data["license"] = rights.licence
    return str(card.content)
