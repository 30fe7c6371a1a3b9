"""The cells of the grid that make embedders, in the order in which reports have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bootembed.core.names import cell_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bootembed.settings.schema import Grid


@dataclass(frozen=True)
class GridCell:
    """One recipe for one language and encoder.

    Attributes:
        recipe: Strategy, baseline or mixture.
        kind: Which of the three.
        language: Code of the language.
        encoder: Key of the base encoder.
    """

    recipe: str
    kind: str
    language: str
    encoder: str

    @property
    def axes(self) -> tuple[str, str, str, str]:
        """Its place in the grid, in the order of the attributes."""
        return self.recipe, self.kind, self.language, self.encoder

    @property
    def name(self) -> str:
        """As in dvc.yaml and in names of files."""
        return cell_name(self.recipe, self.language, self.encoder)


def embedder_cells(grid: Grid) -> Iterator[GridCell]:
    """All of the grid, by language, encoder and recipe: baselines, strategies, mixtures."""
    kinds = (
        dict.fromkeys(grid.baselines, "baseline")
        | dict.fromkeys(grid.strategies, "strategy")
        | dict.fromkeys(grid.mixture_names, "mixture")
    )
    for language in grid.languages:
        for encoder in grid.encoders:
            chosen = grid.recipes_of(encoder)
            for recipe, kind in kinds.items():
                if recipe in chosen:
                    yield GridCell(str(recipe), kind, language, encoder)
