"""Writes the sample corpora of one language, in the raw formats the field uses."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bootembed.core.seeding import derive_seed
from bootembed.sample.concepts import check_language, read_table
from bootembed.sample.grammar import realise
from bootembed.sample.lexicon import Lexicon
from bootembed.sample.rewriting import MODIFIERS, contradictions, entailments, has_entailments
from bootembed.sample.sampling import FrameSampler, Split
from bootembed.sample.similarity_pairs import similarity_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from bootembed.sample.frame import Frame

NEGATED_SHARE = 0.12
DUPLICATE_PATIENCE = 20


@dataclass(frozen=True, slots=True)
class SampleRows:
    """How much of each corpus to write; 0 leaves the file with no rows.

    Attributes:
        monolingual: sentences.
        parallel: pairs with English.
        nli: premises; each has two rows, an entailment and a contradiction.
        anchors: sentences.
        examples: triplets for prompts.
        triplets: triplets to learn from.
        instructions: prompt and completion pairs.
        sts: scored pairs in each of validation and test.
        bitext: pairs with English in each of validation and test.
    """

    monolingual: int
    parallel: int
    nli: int
    anchors: int
    examples: int
    triplets: int
    instructions: int
    sts: int
    bitext: int


def write_sample_corpora(*, language: str, output_dir: Path, seed: int, content_words: int, sizes: SampleRows) -> None:
    """Write the raw corpora of one language.

    Files (UTF-8, LF; ``<lang>`` is the language's code):

    - ``monolingual.txt``: a sentence a line;
    - ``parallel.<lang>``, ``parallel.eng``: a Moses pair (not for English);
    - ``nli.csv``: premise (in the language), hypothesis (in English), label (entailment or contradiction, both for
      each premise);
    - ``anchors.txt``: affirmative sentences that have entailments;
    - ``examples.csv``, ``triplets.csv``: anchor, positive (entailed), negative (contradicting), all in the language;
    - ``instructions.csv``: prompt, completion: summaries and negations, all in the language;
    - ``sts.validation.tsv``, ``sts.test.tsv``: sentence1, sentence2, score in [0, 5], all in the language;
    - ``bitext.<split>.<lang>``, ``bitext.<split>.eng``: Moses pairs of distinct meanings (not for English).

    Every sentence of ``sts.*`` and ``bitext.*`` is of the validation or test split of `sampling`, every sentence of
    the other files, in either language and any role, of the train split: no training file of any language holds
    a (subject, verb, object) combination that is evaluated on.

    The bytes depend on the seed, the language, ``content_words`` and the file's own size only. Each file draws
    from a stream of its own, so another language or a longer file changes no other file. Sentences of one file
    are distinct as long as the lexicon yields new ones.

    Args:
        language: ISO 639-3 code of a sample language.
        output_dir: folder to write into; made if missing.
        seed: seed of the project.
        content_words: size of the lexicon, at least 60 (see `Lexicon.load`).
        sizes: how much to write.

    Raises:
        ValueError: unknown language, or too few content words.
    """
    check_language(language)
    lexicon = Lexicon.load(content_words)
    output_dir.mkdir(parents=True, exist_ok=True)
    writer = _Writer(language, lexicon, output_dir, seed)
    writer.monolingual(sizes.monolingual)
    writer.bitext("parallel", Split.TRAIN, sizes.parallel)
    writer.nli(sizes.nli)
    writer.anchors(sizes.anchors)
    writer.triplets("examples", sizes.examples)
    writer.triplets("triplets", sizes.triplets)
    writer.instructions(sizes.instructions)
    for split in (Split.VALIDATION, Split.TEST):
        writer.sts(split, sizes.sts)
        writer.bitext(f"bitext.{split}", split, sizes.bitext)


class _Writer:
    """Writes the files of one language; each method one corpus."""

    def __init__(self, language: str, lexicon: Lexicon, folder: Path, seed: int) -> None:
        self._language = language
        self._lexicon = lexicon
        self._folder = folder
        self._seed = seed

    def monolingual(self, count: int) -> None:
        sampler = self._sampler("monolingual", Split.TRAIN, negated=NEGATED_SHARE)
        self._lines("monolingual.txt", map(self._say, distinct(sampler.draw, count)))

    def bitext(self, name: str, split: Split, count: int) -> None:
        if self._language == "eng":
            return
        sampler = self._sampler(name, split, negated=NEGATED_SHARE)
        frames = distinct(sampler.draw, count)
        self._lines(f"{name}.{self._language}", map(self._say, frames))
        self._lines(f"{name}.eng", (realise(frame, "eng", self._lexicon) for frame in frames))

    def nli(self, count: int) -> None:
        rows = []
        for premise, entailed, contradicting in self._triplets("nli", count):
            for hypothesis, label in ((entailed, "entailment"), (contradicting, "contradiction")):
                rows.append((self._say(premise), realise(hypothesis, "eng", self._lexicon), label))
        self._csv("nli.csv", ("premise", "hypothesis", "label"), rows)

    def anchors(self, count: int) -> None:
        sampler = self._sampler("anchors", Split.TRAIN, modifiers=0.5)
        self._lines("anchors.txt", map(self._say, distinct(lambda: self._premise(sampler), count)))

    def triplets(self, name: str, count: int) -> None:
        rows = [tuple(map(self._say, triplet)) for triplet in self._triplets(name, count)]
        self._csv(f"{name}.csv", ("anchor", "positive", "negative"), rows)

    def instructions(self, count: int) -> None:
        wording = {row["kind"]: row[self._language] for row in read_table("instructions")}
        sampler = self._sampler("instructions", Split.TRAIN, modifiers=0.6, negated=NEGATED_SHARE)
        rows = []
        for index in range(count):
            kind, text, completion = self._instruction(index, sampler)
            rows.append((wording[kind].format(text=text), completion))
        self._csv("instructions.csv", ("prompt", "completion"), rows)

    def sts(self, split: Split, count: int) -> None:
        name = f"sts.{split}"
        sampler = self._sampler(name, split, modifiers=0.5)
        rows = [
            (self._say(first), self._say(second), f"{5 * score:.2f}")
            for first, second, score in similarity_pairs(sampler, count)
        ]
        self._csv(f"{name}.tsv", ("sentence1", "sentence2", "score"), rows, delimiter="\t")

    def _instruction(self, index: int, sampler: FrameSampler) -> tuple[str, str, str]:
        """The kind, input and completion of one instruction; summaries and negations take turns."""
        if index % 2:
            frame = sampler.draw_where(lambda drawn: not drawn.negated)
            return "negate", self._say(frame), self._say(replace(frame, negated=True))
        frame = sampler.draw_where(lambda drawn: count_modifiers(drawn) >= 2)
        text = self._say(frame)
        if index % 4:
            text = f"{text} {self._say(drop_one_modifier(frame, sampler.rng))}"
        return "summarise", text, self._say(essentials(frame))

    def _triplets(self, name: str, count: int) -> Iterable[tuple[Frame, Frame, Frame]]:
        """Distinct premises, each with an entailment and a contradiction, all of the train split."""
        sampler = self._sampler(name, Split.TRAIN, modifiers=0.5)
        for premise in distinct(lambda: self._premise(sampler), count):
            entailed = self._derive(sampler, entailments, premise)
            yield premise, entailed, self._derive(sampler, contradictions, premise)

    @staticmethod
    def _derive(sampler: FrameSampler, make: Callable[[Frame, random.Random, Lexicon], Frame], premise: Frame) -> Frame:
        """A derived frame of the sampler's split; premises have a modifier to drop, so there always is one."""
        while True:
            frame = sampler.within(lambda: make(premise, sampler.rng, sampler.lexicon))
            if frame is not None:
                return frame

    def _premise(self, sampler: FrameSampler) -> Frame:
        """An affirmative frame with a modifier and more than one way to generalise it."""
        return sampler.draw_where(
            lambda frame: count_modifiers(frame) >= 1 and has_entailments(frame, self._lexicon, at_least=2)
        )

    def _sampler(self, purpose: str, split: Split, *, modifiers: float = 0.4, negated: float = 0.0) -> FrameSampler:
        rng = random.Random(derive_seed(self._seed, "sample", self._language, purpose))
        return FrameSampler(self._lexicon, rng, split, modifiers=modifiers, negated=negated)

    def _say(self, frame: Frame) -> str:
        return realise(frame, self._language, self._lexicon)

    def _lines(self, name: str, lines: Iterable[str]) -> None:
        with (self._folder / name).open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(f"{line}\n" for line in lines)

    def _csv(self, name: str, header: Sequence[str], rows: Iterable[Sequence[str]], delimiter: str = ",") -> None:
        with (self._folder / name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)


def distinct(draw: Callable[[], Frame], count: int) -> list[Frame]:
    """Draw so many frames, each new if one of 20 draws is new (a small lexicon runs out in the end)."""
    seen: set[Frame] = set()
    frames = []
    for _ in range(count):
        frame = draw()
        for _ in range(DUPLICATE_PATIENCE):
            if frame not in seen:
                break
            frame = draw()
        seen.add(frame)
        frames.append(frame)
    return frames


def count_modifiers(frame: Frame) -> int:
    """How many of adjectives, place and time a frame has."""
    return sum(getattr(frame, slot) is not None for slot in MODIFIERS)


def essentials(frame: Frame) -> Frame:
    """The frame without its modifiers: who does what to how many of what."""
    return replace(frame, subject_adjective=None, object_adjective=None, place=None, time=None)


def drop_one_modifier(frame: Frame, rng: random.Random) -> Frame:
    """The frame without one of its modifiers, of which it must have at least one."""
    present = [slot for slot in MODIFIERS if getattr(frame, slot) is not None]
    return replace(frame, **{rng.choice(present): None})  # type: ignore[arg-type]
