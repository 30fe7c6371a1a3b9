"""The oracle: reads generated sentences with the grammar and judges them against their anchors, exactly."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootembed.sample.concepts import LANGUAGES, check_language
from bootembed.sample.grammar import parse
from bootembed.sample.semantics import Relation, relation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bootembed.sample.frame import Frame
    from bootembed.sample.lexicon import Lexicon


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the oracle makes of one text.

    Attributes:
        well_formed: whether the text is a sentence of the grammar in any sample language.
        language: that language, or None.
        relation: of the text as hypothesis to the anchor as premise; None if either is not a sentence.
    """

    well_formed: bool
    language: str | None
    relation: Relation | None


class Oracle:
    """Judges texts over one lexicon.

    Args:
        lexicon: the words texts may use; other words make a text ill-formed.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon

    def judge(self, anchor: str, anchor_language: str, text: str, expected_language: str | None = None) -> Judgement:
        """Judge one text against its anchor.

        Args:
            anchor: the premise.
            anchor_language: the language the premise is in.
            text: the hypothesis, in any sample language.
            expected_language: the language to try first; the anchor's unless given.

        Raises:
            ValueError: a language has no sample grammar.
        """
        premise = parse(anchor, anchor_language, self._lexicon)
        language, hypothesis = self._read(text, expected_language or anchor_language)
        judged = None
        if premise is not None and hypothesis is not None:
            judged = relation(premise, hypothesis, self._lexicon)
        return Judgement(hypothesis is not None, language, judged)

    def precision(
        self,
        anchors: Sequence[str],
        positives: Sequence[str],
        negatives: Sequence[str],
        anchor_language: str,
        answer_language: str,
    ) -> dict[str, float]:
        """Score generated triplets; all shares are of all rows, in [0, 1] (0 for no rows).

        Args:
            anchors: premises in the anchor language.
            positives: one generated entailment per anchor.
            negatives: one generated hard negative per anchor.
            anchor_language: language of the anchors.
            answer_language: language the answers should be in.

        Returns:
            ``positive_precision``: well-formed in the answer language and entailed. A positive that means the
            same as its anchor counts only if the languages differ: it is then a translation, else a copy.
            ``negative_precision``: well-formed in the answer language and a contradiction.
            ``well_formed_positive``, ``well_formed_negative``: a sentence of any sample language.
            ``right_language_positive``, ``right_language_negative``: a sentence of the answer language.
            ``positive_<relation>``, ``negative_<relation>``: how many rows stand in each relation (same,
            entailment, contradiction, neutral), in whatever language; ``..._unjudged``: how many in none.

        Raises:
            ValueError: the columns differ in length, or a language has no sample grammar.
        """
        if not len(anchors) == len(positives) == len(negatives):
            raise ValueError(
                f"{len(anchors)} anchors, {len(positives)} positives and {len(negatives)} negatives; "
                "give one positive and one negative per anchor"
            )
        good = {Relation.ENTAILMENT}
        if answer_language != anchor_language:
            good.add(Relation.SAME)
        scores: dict[str, float] = {}
        for polarity, texts, wanted in (
            ("positive", positives, good),
            ("negative", negatives, {Relation.CONTRADICTION}),
        ):
            judgements = [
                self.judge(anchor, anchor_language, text, answer_language)
                for anchor, text in zip(anchors, texts, strict=True)
            ]
            scores |= _summary(judgements, polarity, wanted, answer_language)
        return scores

    def judge_triplets(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
        """`precision` of rows of `tables.GENERATED_TRIPLETS`, all of one pair of languages; nothing for no rows."""
        if not rows:
            return {}
        anchors, positives, negatives = ([row[side] for row in rows] for side in ("anchor", "positive", "negative"))
        return self.precision(anchors, positives, negatives, rows[0]["language"], rows[0]["answer_language"])

    def _read(self, text: str, expected: str) -> tuple[str | None, Frame | None]:
        check_language(expected)
        for language in (expected, *(other for other in LANGUAGES if other != expected)):
            frame = parse(text, language, self._lexicon)
            if frame is not None:
                return language, frame
        return None, None


def _summary(judgements: Sequence[Judgement], polarity: str, wanted: set[Relation], language: str) -> dict[str, float]:
    rows = max(len(judgements), 1)
    right = [judgement for judgement in judgements if judgement.language == language]
    counts = Counter(judgement.relation for judgement in judgements)
    return {
        f"{polarity}_precision": sum(judgement.relation in wanted for judgement in right) / rows,
        f"well_formed_{polarity}": sum(judgement.well_formed for judgement in judgements) / rows,
        f"right_language_{polarity}": len(right) / rows,
        **{f"{polarity}_{name}": float(counts[name]) for name in Relation},
        f"{polarity}_unjudged": float(counts[None]),
    }
