"""The champion of a registered model and its challenger, with the reason for each as a tag.

The champion keeps the alias until another version is better beyond noise. Of the versions registered together, only
the one with the highest mean is compared with it. The challenger is the version with the highest mean of all others on
the same validation set: the one that is above the champion by what may be noise, or else the second best. A version
that was rolled back from is neither, until its tag `rolled_back` is removed.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed import tracking
from bootembed.registry.candidates import Validation
from bootembed.registry.history import ROLLED_BACK, AliasHistory
from bootembed.registry.lookup import run_of
from bootembed.registry.verdict import compared, is_same_set, judge, not_comparable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

logger = logging.getLogger(__name__)
CHALLENGER = "challenger"
REASON = "champion_reason"  # tag of a version: why it is champion, or is not
SCORE = "validation_score"  # tag of a version
VALIDATION_FILE = "validation.json"  # artifact of a version's run


@dataclass(frozen=True)
class Contender:
    """A version that is registered now: its number, the name of recipe and encoder, and how it was validated."""

    number: str
    name: str
    validation: Validation


class Champion:
    """The alias of the champion of one registered model."""

    def __init__(self, client: Any, model: str, alias: str, contenders: Iterable[Contender] = ()) -> None:
        """Look at the versions as they are.

        Args:
            client: Of MLflow.
            model: The registered model.
            alias: Of the champion.
            contenders: Versions that are registered now.
        """
        self.history = AliasHistory(client, model, alias)
        self.versions = {str(one.version): one for one in client.search_model_versions(f"name='{model}'")}
        self._client, self._model, self._alias = client, model, alias
        self._contenders = list(contenders)
        self._validations: dict[str, Validation | None] = {one.number: one.validation for one in self._contenders}

    def choose(self) -> None:
        """Move the alias to the best contender if it is better beyond noise; tag every contender with the reason."""
        allowed = [one for one in self._contenders if ROLLED_BACK not in self.versions[one.number].tags]
        if not allowed:
            logger.info("%s: none was registered now that was not rolled back from before", self._model)
            return
        best = min(allowed, key=lambda one: (-one.validation.score, one.name))
        self._compare_with_holder(best)
        self._explain_others([one for one in allowed if one is not best], best)
        self.point_challenger()

    def _compare_with_holder(self, best: Contender) -> None:
        holder = self.history.holder()
        highest = f"its {best.validation.figures} is the highest of those registered together"
        if holder is None:
            self._promote(best, None, f"{highest}, and there was no champion")
        elif holder == best.number:
            if REASON not in self.versions[holder].tags:  # it was promoted before reasons were recorded
                self.explain(holder, highest)
        else:
            verdict = judge(best.validation, self._validation(holder), champion=f"version {holder}")
            if verdict.replaces:
                self._promote(best, holder, verdict.reason)
            else:
                self.explain(best.number, verdict.reason)
                what = (self._model, holder, self._alias, best.number, best.name, verdict.reason)
                logger.info("%s: version %s stays %s; version %s (%s) is not: %s", *what)

    def _promote(self, best: Contender, holder: str | None, reason: str) -> None:
        self.history.move(best.number, before=holder, action="promoted", reason=reason)
        self.explain(best.number, reason)
        if holder is not None:
            self.explain(holder, f"version {best.number} replaced it: {reason}")
        logger.info("%s: version %s (%s) is %s: %s", self._model, best.number, best.name, self._alias, reason)

    def _explain_others(self, others: Sequence[Contender], best: Contender) -> None:
        number = self.history.holder()
        present = None if number is None else self._validation(number)
        for one in others:
            if one.number == number:
                continue
            if present is None or not is_same_set(one.validation, present):
                reason = not_comparable(one.validation, f"version {number}")
            else:
                reason = compared(one.validation, present, f"version {number}")
                if one.validation.score > present.score:
                    reason += f", but of those registered together only version {best.number}, the best, is compared"
            self.explain(one.number, reason)

    def explain(self, number: str, reason: str) -> None:
        """Tag a version with why it is champion, or is not."""
        self._client.set_model_version_tag(self._model, number, REASON, reason)

    def point_challenger(self) -> None:
        """Point the alias `challenger` to the best version that is not the champion; without any there is none."""
        champion = self.history.holder()
        present = None if champion is None else self._validation(champion)
        for number in self._ranked():
            own = None if number == champion or present is None else self._validation(number)
            if own and present and is_same_set(own, present):
                self._client.set_registered_model_alias(self._model, CHALLENGER, number)
                return
        if AliasHistory(self._client, self._model, CHALLENGER).holder() is not None:
            self._client.delete_registered_model_alias(self._model, CHALLENGER)

    def _ranked(self) -> list[str]:
        """The versions that may be challenger, the best first, as their tags say."""
        scores = {number: float(one.tags[SCORE]) for number, one in self.versions.items() if SCORE in one.tags}
        allowed = [number for number in scores if ROLLED_BACK not in self.versions[number].tags]
        return sorted(allowed, key=lambda number: (-scores[number], int(number)))

    def _validation(self, number: str) -> Validation | None:
        """Read once, and only where it is needed; None if the version's run has none."""
        if number not in self._validations:
            self._validations[number] = _read_validation(self._client, self.versions[number])
        return self._validations[number]


def _read_validation(client: Any, version: Any) -> Validation | None:
    import mlflow

    run_id = version.run_id
    if run_of(client, version) is None or all(found.path != VALIDATION_FILE for found in client.list_artifacts(run_id)):
        return None
    mlflow.set_tracking_uri(tracking.tracking_uri())
    return Validation.from_json(mlflow.artifacts.load_dict(f"runs:/{run_id}/{VALIDATION_FILE}"))
