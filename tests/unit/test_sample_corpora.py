"""The sample corpora: formats, determinism, labels that hold, and nothing evaluated on in training."""

from __future__ import annotations

import csv
import statistics
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bootembed.sample import LANGUAGES, Frame, Lexicon, Oracle, SampleRows, parse, write_sample_corpora
from bootembed.sample.concepts import read_table
from bootembed.sample.sampling import Split, split_of

if TYPE_CHECKING:
    from pathlib import Path

WORDS = 100
LEXICON = Lexicon.load(WORDS)
SIZES = SampleRows(
    monolingual=400, parallel=200, nli=150, anchors=100, examples=8, triplets=30, instructions=80, sts=100, bitext=60
)


def write(folder: Path, language: str, sizes: SampleRows = SIZES, seed: int = 3) -> dict[str, bytes]:
    write_sample_corpora(language=language, output_dir=folder, seed=seed, content_words=WORDS, sizes=sizes)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sample")
    for language in LANGUAGES:
        write(folder / language, language)
    return {language: folder / language for language in LANGUAGES}


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t" if path.suffix == ".tsv" else ","))


def read(text: str, language: str) -> Frame:
    frame = parse(text, language, LEXICON)
    assert frame is not None, text
    return frame


def sentences_of(text: str) -> list[str]:
    """Split running text after its full stops."""
    return [f"{part}." for part in text.removesuffix(".").split(". ")]


def training_frames(folder: Path, language: str) -> list[Frame]:
    """Every sentence of every training file of a language, read."""
    texts = [(text, language) for text in lines(folder / "monolingual.txt") + lines(folder / "anchors.txt")]
    if language != "eng":
        texts += [(text, language) for text in lines(folder / f"parallel.{language}")]
        texts += [(text, "eng") for text in lines(folder / "parallel.eng")]
    for row in rows(folder / "nli.csv"):
        texts += [(row["premise"], language), (row["hypothesis"], "eng")]
    for row in rows(folder / "examples.csv") + rows(folder / "triplets.csv"):
        texts += [(text, language) for text in row.values()]
    for row in rows(folder / "instructions.csv"):
        source = row["prompt"].split(": ", 1)[1]
        texts += [(text, language) for text in (*sentences_of(source), row["completion"])]
    return [read(text, name) for text, name in texts]


def evaluation_frames(folder: Path, language: str, split: Split) -> list[Frame]:
    """Every sentence of the evaluation files of a split, read."""
    frames = [
        read(row[side], language) for row in rows(folder / f"sts.{split}.tsv") for side in ("sentence1", "sentence2")
    ]
    if language != "eng":
        frames += [read(text, language) for text in lines(folder / f"bitext.{split}.{language}")]
        frames += [read(text, "eng") for text in lines(folder / f"bitext.{split}.eng")]
    return frames


def test_files_and_sizes(corpora: dict[str, Path]) -> None:
    """Each file has the rows asked for; English has no parallel text with itself."""
    for language, folder in corpora.items():
        names = {"monolingual.txt", "nli.csv", "anchors.txt", "examples.csv", "triplets.csv", "instructions.csv"}
        names |= {"sts.validation.tsv", "sts.test.tsv"}
        if language != "eng":
            for stem in ("parallel", "bitext.validation", "bitext.test"):
                names |= {f"{stem}.{language}", f"{stem}.eng"}
        assert {path.name for path in folder.iterdir()} == names
        assert len(lines(folder / "monolingual.txt")) == SIZES.monolingual
        assert len(rows(folder / "nli.csv")) == 2 * SIZES.nli
        assert len(rows(folder / "triplets.csv")) == SIZES.triplets
        assert len(rows(folder / "instructions.csv")) == SIZES.instructions
        assert len(rows(folder / "sts.test.tsv")) == SIZES.sts
        assert all(b"\r" not in path.read_bytes() for path in folder.iterdir())


def test_evaluated_combinations_are_not_trained_on(corpora: dict[str, Path]) -> None:
    """No (subject, verb, object) of an evaluation file is in a training file of any language."""
    trained, evaluated = set(), {Split.VALIDATION: set(), Split.TEST: set()}
    for language, folder in corpora.items():
        frames = training_frames(folder, language)
        assert all(split_of(frame) is Split.TRAIN for frame in frames)
        trained |= {(frame.subject, frame.verb, frame.object) for frame in frames}
        for split, combinations in evaluated.items():
            found = evaluation_frames(folder, language, split)
            assert all(split_of(frame) is split for frame in found)
            combinations |= {(frame.subject, frame.verb, frame.object) for frame in found}
    assert not trained & evaluated[Split.TEST]
    assert not trained & evaluated[Split.VALIDATION]
    assert not evaluated[Split.TEST] & evaluated[Split.VALIDATION]


def test_every_evaluated_word_is_trained(corpora: dict[str, Path]) -> None:
    """Held out are combinations, not concepts."""
    folder = corpora["afr"].parent / "afr_more"
    write(folder, "afr", replace(SIZES, monolingual=4000))
    trained = {word for text in lines(folder / "monolingual.txt") for word in text.lower().split()}
    tested = {word for text in lines(folder / "bitext.test.afr") for word in text.lower().split()}
    assert tested <= trained


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_hold(corpora: dict[str, Path], language: str) -> None:
    """The oracle confirms every NLI label and every example; premises have both labels."""
    oracle = Oracle(LEXICON)
    table = rows(corpora[language] / "nli.csv")
    for row in table:
        judgement = oracle.judge(row["premise"], language, row["hypothesis"], "eng")
        assert (judgement.language, judgement.relation) == ("eng", row["label"]), row
    labels = [(row["premise"], row["label"]) for row in table]
    assert len(set(labels)) == len(labels)
    assert {label for _, label in labels} == {"entailment", "contradiction"}
    triplets = rows(corpora[language] / "examples.csv") + rows(corpora[language] / "triplets.csv")
    columns = ([row[name] for row in triplets] for name in ("anchor", "positive", "negative"))
    scores = oracle.precision(*columns, language, language)
    assert scores["positive_precision"] == scores["negative_precision"] == 1.0


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "eng"])
def test_bitext_is_parallel_and_distinct(corpora: dict[str, Path], language: str) -> None:
    """Line by line the same meaning; no meaning twice."""
    for stem in ("parallel", "bitext.validation", "bitext.test"):
        sides = (lines(corpora[language] / f"{stem}.{name}") for name in (language, "eng"))
        pairs = list(zip(*sides, strict=True))
        assert all(read(text, language) == read(english, "eng") for text, english in pairs)
        assert len(set(pairs)) == len(pairs)


@pytest.mark.parametrize("language", LANGUAGES)
def test_anchors_are_distinct_and_affirmative(corpora: dict[str, Path], language: str) -> None:
    """Anchors can be entailed from and contradicted."""
    texts = lines(corpora[language] / "anchors.txt")
    assert len(set(texts)) == len(texts)
    assert not any(read(text, language).negated for text in texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_instructions_are_carried_out(corpora: dict[str, Path], language: str) -> None:
    """Summaries follow from their text, negations deny it; the wording is the language's own."""
    wording = {row["kind"]: row[language].split(":")[0] for row in read_table("instructions")}
    kinds = {text: kind for kind, text in wording.items()}
    seen = set()
    for row in rows(corpora[language] / "instructions.csv"):
        instruction, source = row["prompt"].split(": ", 1)
        kind, sentences = kinds[instruction], sentences_of(source)
        seen.add((kind, len(sentences)))
        if kind == "summarise":
            first, summary = read(sentences[0], language), read(row["completion"], language)
            assert summary == Frame(
                first.subject, first.verb, None, first.object, first.object_count, negated=first.negated
            )
            assert summary != first
        else:
            assert read(row["completion"], language) == replace(read(source, language), negated=True)
    assert seen == {("summarise", 1), ("summarise", 2), ("negate", 1)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_scored_pairs_spread_and_defy_word_overlap(corpora: dict[str, Path], language: str) -> None:
    """Every fifth of the scale is filled; many contrasts share most of their words."""
    pairs = rows(corpora[language] / "sts.test.tsv") + rows(corpora[language] / "sts.validation.tsv")
    scores = [float(row["score"]) for row in pairs]
    filled = [sum(int(min(score, 4.99)) == fifth for score in scores) for fifth in range(5)]
    assert min(filled) >= 0.12 * len(pairs)
    assert all(0 <= score <= 5 for score in scores)
    overlaps = [overlap(row["sentence1"], row["sentence2"]) for row in pairs]
    assert statistics.correlation(overlaps, scores) < 0.65
    contrasts = [shared for shared, score in zip(overlaps, scores, strict=True) if score < 1.5]
    assert sum(shared >= 0.5 for shared in contrasts) > 0.25 * len(contrasts)


def overlap(a: str, b: str) -> float:
    first, second = (set(text.lower().removesuffix(".").split()) for text in (a, b))
    return len(first & second) / len(first | second)


def test_bytes_depend_on_seed_language_and_own_size_only(tmp_path: Path) -> None:
    """Two runs agree; another size of one file changes that file only; another seed changes all."""
    small = SampleRows(60, 40, 30, 20, 5, 5, 12, 15, 15)
    first = write(tmp_path / "a", "swa", small)
    assert write(tmp_path / "b", "swa", small) == first
    longer = write(tmp_path / "c", "swa", replace(small, monolingual=80))
    assert {name for name in first if first[name] != longer[name]} == {"monolingual.txt"}
    assert longer["monolingual.txt"].startswith(first["monolingual.txt"])
    other = write(tmp_path / "d", "swa", small, seed=4)
    assert all(first[name] != other[name] for name in first)


def test_monolingual_text_is_mostly_distinct(corpora: dict[str, Path]) -> None:
    """Repetition only where the lexicon runs out."""
    for folder in corpora.values():
        texts = lines(folder / "monolingual.txt")
        assert len(set(texts)) == len(texts)


def test_unknown_language_is_refused(tmp_path: Path) -> None:
    """The error lists the languages there are."""
    with pytest.raises(ValueError, match="choose one of eng"):
        write(tmp_path, "xho")


def test_empty_sizes_write_headers_only(tmp_path: Path) -> None:
    """A corpus that is not wanted is an empty file, not a missing one."""
    written = write(tmp_path, "por", SampleRows(0, 0, 0, 0, 0, 0, 0, 0, 0))
    assert written["monolingual.txt"] == b""
    assert written["nli.csv"] == b"premise,hypothesis,label\n"
    assert written["sts.test.tsv"] == b"sentence1\tsentence2\tscore\n"


def test_smallest_lexicon_writes_everything(tmp_path: Path) -> None:
    """Sixty content words are enough for every kind of file."""
    write_sample_corpora(language="ind", output_dir=tmp_path, seed=0, content_words=60, sizes=SIZES)
    assert len(lines(tmp_path / "monolingual.txt")) == SIZES.monolingual
