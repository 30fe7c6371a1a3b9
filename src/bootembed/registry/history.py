"""Who held an alias, and why it moved: tags of the registered model, one a move, never changed.

The tag `champion.0003` holds the third move of the alias `champion` as JSON. The holders that a rollback can go back to
follow from the moves: a promotion puts a version on top of them, a rollback takes versions off the top.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

ROLLED_BACK = "rolled_back"  # tag of a version: when and why; while it is there the version is not promoted
Action = Literal["promoted", "rolled_back"]


@dataclass(frozen=True)
class Move:
    """One move of an alias.

    Attributes:
        action: What moved it.
        version: To which.
        before: The version that held it; None if none did.
        reason: A sentence.
        time: In UTC.
    """

    action: Action
    version: str
    before: str | None
    reason: str
    time: str


class AliasHistory:
    """The present and former holders of an alias of a registered model."""

    def __init__(self, client: Any, model: str, alias: str) -> None:
        """Read nothing yet.

        Args:
            client: Of MLflow.
            model: The registered model.
            alias: Whose holders.
        """
        self._client, self._model, self._alias = client, model, alias

    def holder(self) -> str | None:
        """The version under the alias; None if there is none."""
        number = self._client.get_registered_model(self._model).aliases.get(self._alias)
        return None if number is None else str(number)

    def moves(self) -> list[Move]:
        """All recorded moves, the oldest first."""
        tags = self._client.get_registered_model(self._model).tags
        return [Move(**json.loads(tags[key])) for key in sorted(tags) if key.startswith(f"{self._alias}.")]

    def move(self, version: str, *, before: str | None, action: Action, reason: str) -> None:
        """Point the alias to a version, and record that."""
        key = f"{self._alias}.{len(self.moves()) + 1:04d}"
        move = Move(action, version, before, reason, now())
        self._client.set_registered_model_alias(self._model, self._alias, version)
        self._client.set_registered_model_tag(self._model, key, json.dumps(asdict(move), ensure_ascii=False))


def now() -> str:
    """The time for tags: UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def former_holders(moves: Iterable[Move], present: str) -> list[str]:
    """The versions that a rollback can go back to, the last one first.

    Args:
        moves: All that are recorded, the oldest first. An alias moved by hand leaves no record of its own, but is the
            `before` of the next move.
        present: The holder now.
    """
    stack: list[str] = []
    for move in moves:
        if move.before is not None and stack[-1:] != [move.before]:
            stack.append(move.before)
        if move.action == "rolled_back" and move.version in stack:
            while stack[-1] != move.version:
                stack.pop()
        else:
            stack.append(move.version)
    return [number for number in reversed(stack) if number != present]
