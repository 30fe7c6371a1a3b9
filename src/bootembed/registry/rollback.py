"""Give the champion's alias back to the version that held it before."""

from __future__ import annotations

from dataclasses import dataclass

from bootembed.core.errors import DataError
from bootembed.registry.champion import Champion
from bootembed.registry.descriptions import describe
from bootembed.registry.history import ROLLED_BACK, former_holders, now
from bootembed.registry.lookup import connect, existing_model


@dataclass(frozen=True)
class Rollback:
    """From which version to which, and to which ones further rollbacks would go, in this order."""

    before: str
    version: str
    further: list[str]


def roll_back(model: str, *, alias: str, reason: str) -> Rollback:
    """Point `alias` to the version that held it before its holder; a version that was deleted is skipped.

    The holder gets the tag `rolled_back`. So registering the same models again does not undo the rollback, but another
    version that is better than the new holder beyond noise still replaces it.

    Args:
        model: The registered model.
        alias: Of the champion.
        reason: A sentence for the history.

    Raises:
        DataError: There is no such model, no holder, or no earlier one.
        StoreError: The store cannot be used.
    """
    client = connect()
    champion = Champion(client, existing_model(client, model).name, alias)
    holder = champion.history.holder()
    if holder is None:
        raise DataError(f"{model}: no version is {alias}, so that there is nothing to roll back")
    former = [number for number in former_holders(champion.history.moves(), holder) if number in champion.versions]
    if not former:
        raise DataError(f"{model}: version {holder} is the first {alias}; there is no earlier one to roll back to")
    target, told = former[0], f"rolled back from version {holder} to version {former[0]} on {now()}: {reason}"
    client.set_model_version_tag(model, holder, ROLLED_BACK, told)  # before the move, which registering could undo
    if ROLLED_BACK in champion.versions[target].tags:  # it had become champion again by hand
        client.delete_model_version_tag(model, target, ROLLED_BACK)
    champion.history.move(target, before=holder, action="rolled_back", reason=reason)
    for number in (holder, target):
        champion.explain(number, told)
    Champion(client, model, alias).point_challenger()  # with the tags as they are now
    describe(client, model, alias)
    return Rollback(holder, target, former[1:])
