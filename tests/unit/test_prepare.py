# ruff: noqa: RUF001 - letters of other scripts are meant

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootembed.core.errors import DataError
from bootembed.core.language_id import in_other_language
from bootembed.core.names import Role
from bootembed.core.tables import (
    ANCHORS,
    EXAMPLES,
    INSTRUCTIONS,
    JUDGE_NLI,
    MONOLINGUAL,
    NLI,
    PARALLEL,
    REJECTED_ROWS,
    TEXT,
    TRIPLETS,
    read_table,
    write_table,
)
from bootembed.core.tables import schema as table_schema
from bootembed.core.text import clean_text, comparable
from bootembed.corpora.evaluation_sets import EvaluationTexts, read_evaluation_texts
from bootembed.corpora.identifiers import Heliport
from bootembed.corpora.prepare import PreparedCorpora, prepare_corpora
from bootembed.evaluation.kinds.bitext_mining import SCHEMA as BITEXT_MINING
from bootembed.evaluation.kinds.retrieval import SCHEMA as RETRIEVAL
from bootembed.evaluation.kinds.sts import SCHEMA as STS
from bootembed.evaluation.prepare import prepare_evaluation
from bootembed.report.corpora import corpora_section
from bootembed.settings.corpora import CorpusSpec, Language, PrepareCorpora
from bootembed.settings.evaluation import TaskSpec

TASKS = {
    "SomeSTS": TaskSpec(kind="sts", implementation="bootembed"),
    "SomeBitext": TaskSpec(kind="bitext_mining", implementation="bootembed"),
}
SETTINGS: dict[str, Any] = {
    "folder": "raw",
    "min_characters": 2,
    "max_characters": 40,
    "max_length_ratio": 3.0,
    "repair_mojibake": False,
    "min_distinct_share": 0.0,
    "min_script_share": 0.0,
    "check_language": False,
    "near_duplicates": None,
    "identifier": None,
    "near_evaluation": None,
    "max_rows": 1000,
    "max_anchors": 100,
    "distinct_anchors": True,
}
LINES = {"format": "lines", "path": "anchors.txt"}
PUBLISHED = {"anchor": "sent0", "positive": "sent1", "negative": "hard_neg"}
MOSES = {"format": "moses", "path": "bitext.{language}", "english_path": "bitext.eng", "split": "test"}


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    return folder


def write(folder: Path, name: str, *lines: str) -> None:
    (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def prepare(
    raw: Path,
    corpus: dict[str, Any],
    *,
    role: Role = Role.SOURCE,
    seed: int = 1,
    language: str = "hau",
    script: str = "Latn",
    **limits: object,
) -> PreparedCorpora:
    """The evaluation sets of Hausa and then the corpora, of Hausa unless said otherwise."""
    spec = CorpusSpec.model_validate(corpus)
    configured = Language(name="Hausa", script=script, role=role, folder=".", corpus="some")
    evaluation = raw.parent / "evaluation"
    prepare_evaluation(
        spec,
        TASKS,
        language="hau",
        configured=configured,
        check=Heliport(),
        input_dir=raw,
        output_dir=evaluation / "hau",
    )
    return prepare_corpora(
        spec,
        PrepareCorpora.model_validate(SETTINGS | limits),
        language=language,
        configured=configured,
        evaluation=read_evaluation_texts(evaluation, ["hau", "swh"]),
        check=Heliport(),
        input_dir=raw,
        output_dir=raw.parent / "out",
        seed=seed,
    )


def texts(raw: Path, name: str, schema: Any, *, folder: str = "out") -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in read_table(raw.parent / folder / f"{name}.parquet", schema)]


def test_every_table_is_written_and_empty_when_there_are_no_files(raw: Path) -> None:
    prepare(raw, {})
    schemas = {
        "monolingual": MONOLINGUAL,
        "parallel": PARALLEL,
        "nli": NLI,
        "own_nli": NLI,
        "judge_nli": JUDGE_NLI,
        "anchors": ANCHORS,
        "examples": EXAMPLES,
        "instructions": INSTRUCTIONS,
        "triplets": TRIPLETS,
        "rejected_rows": REJECTED_ROWS,
    }
    assert all(texts(raw, name, schema) == [] for name, schema in schemas.items())


def test_text_is_cleaned_and_unfit_rows_are_listed_with_file_and_line(raw: Path) -> None:
    write(raw, "mono.txt", "  cafe\u0301 \u00a0 au\x00lait\ufeff ", "x", "y" * 41, "", "twice", " twice", "Twice")
    result = prepare(raw, {"monolingual": [{"format": "lines", "path": "mono.txt"}]})
    assert texts(raw, "monolingual", MONOLINGUAL) == [("café au lait",), ("twice",), ("Twice",)]
    report = result.tables["monolingual"]
    assert (report.rows_in, report.kept) == (7, 3)
    assert report.rejected == {"duplicate": 1, "empty": 1, "too_long": 1, "too_short": 1}
    listed = read_table(raw.parent / "out" / "rejected_rows.parquet", REJECTED_ROWS)
    assert [(row["table"], row["reason"], row["file"], row["line"]) for row in listed] == [
        ("monolingual", "too_short", "mono.txt", 2),
        ("monolingual", "too_long", "mono.txt", 3),
        ("monolingual", "empty", "mono.txt", 4),
        ("monolingual", "duplicate", "mono.txt", 6),
    ]


def test_the_listed_text_is_clipped(raw: Path) -> None:
    write(raw, "mono.txt", "fine", "z" * 5000)
    prepare(raw, {"monolingual": [{"format": "lines", "path": "mono.txt"}]})
    (row,) = read_table(raw.parent / "out" / "rejected_rows.parquet", REJECTED_ROWS)
    assert row["text"] == "z" * 200


def test_parallel_rows_of_unequal_length_are_rejected(raw: Path) -> None:
    write(raw, "bitext.hau", "abcd", "ab", "abc")
    write(raw, "bitext.eng", "abc", "abcdefg", "abcdefghi")
    prepare(raw, {"parallel": [MOSES]})
    assert texts(raw, "parallel", PARALLEL) == [("abc", "abcd"), ("abcdefghi", "abc")]


def test_repeated_anchors_are_rejected_and_counted_across_files(raw: Path) -> None:
    write(raw, "anchors.txt", "sannu", "sannu", "ina kwana")
    write(raw, "more.txt", "ina kwana", "na gani")
    result = prepare(raw, {"anchors": [LINES, LINES | {"path": "more.txt"}]}, role=Role.TARGET)
    assert texts(raw, "anchors", ANCHORS) == [("sannu",), ("ina kwana",), ("na gani",)]
    assert result.tables["anchors"].rejected == {"duplicate": 2}


def test_repeated_anchors_stay_on_request(raw: Path) -> None:
    write(raw, "anchors.txt", "sannu", "sannu", "ina kwana")
    prepare(raw, {"anchors": [LINES]}, role=Role.TARGET, distinct_anchors=False)
    assert texts(raw, "anchors", ANCHORS) == [("sannu",), ("sannu",), ("ina kwana",)]


def test_anchors_are_sampled_by_seed_in_order_and_counted(raw: Path) -> None:
    sentences = [f"sentence {index:03}" for index in range(50)]
    write(raw, "anchors.txt", *sentences)
    result = prepare(raw, {"anchors": [LINES]}, max_anchors=10)
    first = texts(raw, "anchors", ANCHORS)
    assert len(first) == 10
    assert first == sorted(first)
    report = result.tables["anchors"]
    assert (report.rows_in, report.kept, report.not_sampled, report.rejected) == (50, 10, 40, {})
    prepare(raw, {"anchors": [LINES]}, max_anchors=10)
    assert texts(raw, "anchors", ANCHORS) == first
    prepare(raw, {"anchors": [LINES]}, max_anchors=10, seed=2)
    assert texts(raw, "anchors", ANCHORS) != first


def test_evaluation_sentences_are_removed_from_every_table(raw: Path) -> None:
    write(raw, "sts.tsv", "sentence1\tsentence2\tscore", "Ruwa yana zuba.\tYa tafi\t3", "Na  gani\tBa komai\t1")
    write(raw, "bitext.hau", "Sannu da zuwa")
    write(raw, "bitext.eng", "Welcome, friend!")
    write(raw, "anchors.txt", "RUWA YANA ZUBA!", "ya tafi", "sabon abu", "na gani")
    write(raw, "parallel.tsv", "english\ttext", "welcome friend\twani abu", "something\tsannu da zuwa", "new\tsabo")
    write(
        raw,
        "nli.csv",
        "premise,hypothesis,label",
        "Ba komai.,x y,entailment",
        "sabo,Welcome friend,entailment",
        "ab,cd,entailment",
    )
    write(raw, "examples.csv", "anchor,positive,negative", "aa,Ya tafi,cc", "aa,bb,cc")
    write(raw, "triplets.csv", "sent0,sent1,hard_neg", "aa,bb,Welcome friend!", "na gani,bb,cc", "aa,bb,cc")
    write(raw, "instructions.csv", "prompt,completion", "aa,ya tafi", "aa,bb")
    corpus = {
        "monolingual": [LINES],
        "parallel": [{"format": "tsv", "path": "parallel.tsv"}],
        "nli": [{"format": "csv", "path": "nli.csv"}],
        "anchors": [LINES],
        "examples": [{"format": "csv", "path": "examples.csv"}],
        "instructions": [{"format": "csv", "path": "instructions.csv"}],
        "triplets": [{"format": "csv", "path": "triplets.csv", "columns": PUBLISHED}],
        "evaluation": {
            "SomeSTS": [{"format": "tsv", "path": "sts.tsv", "split": "test"}],
            "SomeBitext": [MOSES],
        },
    }
    result = prepare(raw, corpus, role=Role.TARGET)
    assert texts(raw, "anchors", ANCHORS) == texts(raw, "monolingual", MONOLINGUAL) == [("sabon abu",)]
    assert texts(raw, "parallel", PARALLEL) == [("new", "sabo")]
    assert texts(raw, "nli", NLI) == [("ab", "cd", "entailment")]
    assert texts(raw, "examples", EXAMPLES) == [("aa", "bb", "cc")]
    assert texts(raw, "instructions", INSTRUCTIONS) == [("aa", "bb")]
    assert texts(raw, "triplets", TRIPLETS) == [("aa", "bb", "cc")]
    assert result.tables["anchors"].in_evaluation_set == {"hau/SomeSTS": {"normalised": 3}}
    assert result.tables["parallel"].in_evaluation_set == {"hau/SomeBitext": {"normalised": 2}}
    assert result.tables["nli"].in_evaluation_set == {
        "hau/SomeBitext": {"normalised": 1},
        "hau/SomeSTS": {"normalised": 1},
    }


def test_evaluation_sets_are_taken_verbatim(raw: Path) -> None:
    long = "e\u0301  " * 50
    write(raw, "sts.tsv", "sentence1\tsentence2\tscore", f"{long}\tx\t3", f"{long}\tx\t3")
    prepare(raw, {"evaluation": {"SomeSTS": [{"format": "tsv", "path": "sts.tsv", "split": "test"}]}})
    assert texts(raw, "SomeSTS", STS, folder="evaluation/hau") == [("test", long, "x", 3.0)] * 2


def test_an_evaluation_set_with_an_unreadable_row_is_refused(raw: Path) -> None:
    write(raw, "sts.tsv", "sentence1\tsentence2\tscore", "a\tb\t3", "a\tb\tbad")
    with pytest.raises(DataError, match=r"sts\.tsv: line 3: cannot be read .* score_is_no_number \(bad\)"):
        prepare(raw, {"evaluation": {"SomeSTS": [{"format": "tsv", "path": "sts.tsv", "split": "test"}]}})


def test_bitext_evaluation(raw: Path) -> None:
    write(raw, "bitext.hau", "sannu")
    write(raw, "bitext.eng", "hello")
    prepare(raw, {"evaluation": {"SomeBitext": [MOSES]}})
    assert texts(raw, "SomeBitext", BITEXT_MINING, folder="evaluation/hau") == [("test", "sannu", "hello")]


def test_report_and_metrics_add_up(raw: Path) -> None:
    write(raw, "anchors.txt", *[f"sentence {index}" for index in range(20)], "x", "")
    result = prepare(raw, {"anchors": [LINES]}, max_anchors=5)
    report = json.loads((raw.parent / "out" / "report.json").read_text())["tables"]["anchors"]
    assert report["rows_in"] == report["kept"] + sum(report["rejected"].values()) + report["not_sampled"]
    assert result.metrics["anchors.kept"] == 5
    assert result.metrics["anchors.rejected.too_short"] == 1
    assert all(isinstance(value, int | float) for value in result.metrics.values())


def test_every_row_counted_as_rejected_is_listed(raw: Path) -> None:
    (raw / "nli.tsv").write_bytes(
        b"premise\thypothesis\tlabel\nab\tcd\tentailment\nab\tcd\tentailment\nab\tcd\tneutral\nab\tcd\tYES\n"
        b"ab\tcd\nab\t\tentailment\n\xffb\tcd\tentailment\na\0b\t" + b"c" * 10_000_000 + b"\tcontradiction\n"
    )
    result = prepare(raw, {"nli": [{"format": "tsv", "path": "nli.tsv"}]})
    report = result.tables["nli"]
    listed = read_table(raw.parent / "out" / "rejected_rows.parquet", REJECTED_ROWS)
    assert [(row["reason"], row["line"]) for row in listed] == [
        ("duplicate", 3),
        ("neutral", 4),
        ("unknown_label", 5),
        ("wrong_number_of_fields", 6),
        ("empty", 7),
        ("undecodable", 8),
        ("too_long", 9),
    ]
    assert report.rejected == {row["reason"]: 1 for row in listed}
    assert (report.rows_in, report.kept) == (8, 1)


def test_outputs_are_the_same_bytes_each_time(raw: Path) -> None:
    write(raw, "anchors.txt", *[f"sentence {index}" for index in range(20)], "x")
    folder = raw.parent / "out"
    runs = []
    for _ in range(2):
        prepare(raw, {"anchors": [LINES]}, max_anchors=5)
        runs.append({path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()})
    assert runs[0] == runs[1]


def test_a_target_language_without_anchors_is_refused(raw: Path) -> None:
    write(raw, "anchors.txt", "x", "")
    with pytest.raises(DataError, match=r"'hau': no anchors are left of 2 rows \(1 empty, 1 too_short\)"):
        prepare(raw, {"anchors": [LINES]}, role=Role.TARGET)


def test_a_file_of_which_no_row_can_be_read_is_refused(raw: Path) -> None:
    write(raw, "nli.csv", "premise,hypothesis,label", "a,b,0", "c,d,2")
    with pytest.raises(DataError, match=r"nli\.csv: none of its 2 rows .*2 unknown_label; e\.g\. line 2.*label_values"):
        prepare(raw, {"nli": [{"format": "csv", "path": "nli.csv"}]})


@pytest.mark.parametrize(
    ("table", "lines", "message"),
    [
        ("parallel", ["text\tenglish", "A;B", "C;D", ""], "3 rows .*2 wrong_number_of_fields, 1 empty; e.g. line 2"),
        ("parallel", ["text\tenglish", "", "A;B"], "2 rows .*; e.g. line 3"),
        ("parallel", ["text\tenglish", "A\t", "B\t"], "2 rows .*2 empty; e.g. line 2"),
        ("nli", ["premise\thypothesis\tlabel", "a\tb\tneutral", "c\td\t2"], "1 neutral, 1 unknown_label; .* line 3"),
    ],
)
def test_blank_and_neutral_rows_do_not_make_a_file_readable(
    raw: Path, table: str, lines: list[str], message: str
) -> None:
    write(raw, "a.tsv", *lines)
    with pytest.raises(DataError, match=rf"a\.tsv: none of its {message}" if "rows" in message else message):
        prepare(raw, {table: [{"format": "tsv", "path": "a.tsv"}]})


def test_a_file_of_neutral_rows_is_read(raw: Path) -> None:
    write(raw, "a.tsv", "premise\thypothesis\tlabel", "", "a\tb\tneutral")
    report = prepare(raw, {"nli": [{"format": "tsv", "path": "a.tsv"}]}).tables["nli"]
    assert report.rejected == {"empty": 1, "neutral": 1}


def test_where_may_select_nothing_of_a_file_but_not_of_a_table(raw: Path, caplog: pytest.LogCaptureFixture) -> None:
    (raw / "a.csv").write_text("text,lang\nsannu,hau\nhabari,swh\n")
    some, none = ({"format": "csv", "path": "a.csv", "where": {"lang": lang}} for lang in ("{language}", "Hausa"))
    prepare(raw, {"monolingual": [some, none]})
    assert texts(raw, "monolingual", MONOLINGUAL) == [("sannu",)]
    assert "a.csv: `where: {'lang': 'Hausa'}` selects none of 2 rows" in caplog.text
    with pytest.raises(DataError, match=r"monolingual of 'hau': `where` selects no row of a\.csv \{'lang': 'Hausa'\}"):
        prepare(raw, {"monolingual": [none]})


@pytest.mark.parametrize("lines", [["a\tb\t3", "", "c\td\t1"], ["a\tb\t3", "c\t \t1"]])
def test_an_evaluation_set_with_an_empty_row_or_text_is_refused(raw: Path, lines: list[str]) -> None:
    write(raw, "sts.tsv", "sentence1\tsentence2\tscore", *lines)
    with pytest.raises(DataError, match=r"sts\.tsv: line 3: cannot be read as a row of evaluation/SomeSTS: empty"):
        prepare(raw, {"evaluation": {"SomeSTS": [{"format": "tsv", "path": "sts.tsv", "split": "test"}]}})


def test_an_evaluation_set_of_which_no_row_is_selected_is_refused(raw: Path) -> None:
    write(raw, "sts.tsv", "sentence1\tsentence2\tscore\tlang", "a\tb\t3\thau")
    form = {"format": "tsv", "path": "sts.tsv", "split": "test", "where": {"lang": "swh"}}
    with pytest.raises(DataError, match=r"sts\.tsv: no row for evaluation/SomeSTS; correct `where`"):
        prepare(raw, {"evaluation": {"SomeSTS": [form]}})


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.characters(exclude_categories=("Cs",)), max_size=30))
def test_cleaning_is_idempotent_and_keeps_what_is_compared(text: str) -> None:
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    assert comparable(cleaned) == comparable(text)
    assert comparable(comparable(text)) == comparable(text)


def test_vowel_signs_tell_words_apart() -> None:
    assert comparable("कि") != comparable("का")
    assert comparable("Ƙasa, TA!") == comparable("ƙasata")


def test_texts_of_punctuation_alone_equal_no_other() -> None:
    held = EvaluationTexts([("hau/SomeSTS", "...")], near_threshold=0.8)
    [same, other] = held.match(["...", "!!!"])
    assert same is not None
    assert same.task == "hau/SomeSTS"
    assert other is None


SENTENCE = "Tsohon manomi yana sayar da tuffa a kasuwa kowace safiya"
ENGLISH_SENTENCE = "The old farmer sells apples at the market every single morning"


def rejected(raw: Path) -> list[tuple[str, str, int]]:
    rows = read_table(raw.parent / "out" / "rejected_rows.parquet", REJECTED_ROWS)
    return [(row["reason"], row["detail"], row["line"]) for row in rows]


def test_mojibake_is_put_right_and_counted(raw: Path) -> None:
    write(raw, "mono.txt", "Ƙasa tana da kyau".encode().decode("latin-1"), "Ƙofa", "naïve café")
    spec = {"monolingual": [{"format": "lines", "path": "mono.txt"}]}
    result = prepare(raw, spec, repair_mojibake=True)
    assert texts(raw, "monolingual", MONOLINGUAL) == [("Ƙasa tana da kyau",), ("Ƙofa",), ("naïve café",)]
    assert result.tables["monolingual"].repaired == 1
    prepare(raw, spec)
    assert texts(raw, "monolingual", MONOLINGUAL)[0] != ("Ƙasa tana da kyau",)


def test_repetitive_text_is_rejected(raw: Path) -> None:
    write(raw, "mono.txt", "haka haka " * 12, SENTENCE, "ha ha ha ha")
    prepare(raw, {"monolingual": [{"format": "lines", "path": "mono.txt"}]}, max_characters=500, min_distinct_share=0.3)
    assert texts(raw, "monolingual", MONOLINGUAL) == [(SENTENCE,), ("ha ha ha ha",)]
    assert rejected(raw) == [("repetitive", "text: 0.04 distinct", 1)]


def test_each_side_is_held_to_its_language_and_script(raw: Path) -> None:
    rows = [
        (ENGLISH_SENTENCE, SENTENCE),
        (SENTENCE, SENTENCE),
        (ENGLISH_SENTENCE, ENGLISH_SENTENCE),
        (ENGLISH_SENTENCE, "Старый фермер продаёт яблоки на рынке каждое утро"),
        ("OK 123", "Ee, 123"),
        ("Number 12 - 34", "12 - 34"),
    ]
    write(raw, "p.tsv", "english\ttext", *("\t".join(row) for row in rows))
    checks = {"max_characters": 500, "check_language": True, "min_script_share": 0.5}
    result = prepare(raw, {"parallel": [{"format": "tsv", "path": "p.tsv"}]}, **checks)
    assert texts(raw, "parallel", PARALLEL) == [rows[0], rows[4]]
    assert rejected(raw) == [
        ("other_language", "english: tur", 3),  # the identifier does not know Hausa, but that this is no English
        ("other_language", "text: eng", 4),
        ("other_script", "text: 0.00 Latn", 5),
        ("no_letters", "text", 7),
    ]
    assert result.unchecked is None
    assert result.warnings == []


def test_a_corpus_in_another_language_raises_an_alarm(raw: Path) -> None:
    english = [f"Nobody knows where the {name} have gone today." for name in ("children", "farmers", "women", "girls")]
    write(raw, "anchors.txt", *english, *[SENTENCE] * 20)
    result = prepare(raw, {"anchors": [LINES]}, max_characters=500, check_language=True, distinct_anchors=False)
    (warning,) = json.loads((raw.parent / "out" / "report.json").read_text())["warnings"]
    assert result.tables["anchors"].kept == 20
    assert "anchors of hau: by the identifier, `text` is not what it should be: 4 of 24 texts" in warning
    assert "(4 eng)" in warning
    assert "Either the file is not what it is said to be" in warning
    assert "`prepare_corpora.check_language` to false" in warning


def test_an_alarm_names_the_side_that_is_in_another_language(raw: Path) -> None:
    french = [f"Personne ne sait où les {name} sont allés aujourd'hui." for name in ("enfants", "hommes", "garçons")]
    write(raw, "p.tsv", "english\ttext", *(f"{text}\t{SENTENCE}" for text in french))
    specs = [{"format": "tsv", "path": "p.tsv"}]
    result = prepare(raw, {"parallel": specs}, max_characters=500, check_language=True)
    of_side, of_all = result.warnings
    assert "parallel of hau: by the identifier, `english`" in of_side and "(3 fra)" in of_side
    assert "none of 3 rows is left (3 other_language)" in of_all
    assert result.tables["parallel"].as_dict()["other_languages"] == {"english": {"fra": 3}}


def test_instructions_are_looked_at_as_a_whole_and_examples_text_by_text(raw: Path) -> None:
    english = [f"Nobody knows where the {number} children have gone today." for number in range(40)]
    rows = [f"{text}\tList all the {number} names." for number, text in enumerate(english)]
    write(raw, "i.tsv", "prompt\tcompletion", *rows)
    write(
        raw, "e.tsv", "anchor\tpositive\tnegative", f"{SENTENCE}\t{english[0]}\tBabu wanda ya san inda yaran suke yau"
    )
    corpus = {
        name: [{"format": "tsv", "path": path}] for name, path in (("instructions", "i.tsv"), ("examples", "e.tsv"))
    }
    result = prepare(raw, corpus, max_characters=500, check_language=True)
    assert result.tables["instructions"].kept == 40
    assert result.tables["instructions"].whole_in_other["prompt"] == "eng"
    assert any("instructions of hau" in warning and "`prompt`" in warning for warning in result.warnings)
    assert rejected(raw) == [("other_language", "positive: eng", 2)]


def test_a_reason_that_takes_many_rows_raises_an_alarm_with_its_remedy(raw: Path) -> None:
    fit = [f"{SENTENCE} {number}" for number in range(30)]
    write(raw, "p.tsv", "english\ttext", *(f"{ENGLISH_SENTENCE} {row}\t{row}" for row in fit), *["a\tb\tc"] * 3)
    write(raw, "few.tsv", "english\ttext", *(f"{ENGLISH_SENTENCE} {row}\t{row}" for row in fit), *["a\tb\tc"] * 2)
    found = {}
    for name in ("p.tsv", "few.tsv"):
        found[name] = prepare(raw, {"parallel": [{"format": "tsv", "path": name}]}, max_characters=500).warnings
    (warning,) = found["p.tsv"]
    assert "parallel of hau: 3 of 33 rows are lost as `wrong_number_of_fields`" in warning and "`quoting`" in warning
    assert found["few.tsv"] == []


BULGARIAN = [
    "Старият фермер продава ябълки на пазара.",
    "Децата отидоха на училище рано сутринта.",
    "Днес времето е много хубаво и топло.",
    "Той каза, че ще дойде утре вечерта.",
    "Котката спи на стола до прозореца.",
    "Не знам къде съм оставил ключовете си.",
]


def test_a_neighbours_corpus_raises_an_alarm_that_its_rows_alone_do_not(raw: Path) -> None:
    """Row by row the identifier is not sure of a close relative: nothing is set aside."""
    rows = [row for row in BULGARIAN if in_other_language(row, "mkd", "Cyrl") is None]
    assert len(rows) > 2
    write(raw, "anchors.txt", *rows * 15)
    write(raw, "few.txt", *rows)
    checks = {"max_characters": 500, "check_language": True, "distinct_anchors": False}
    for file, warned in (("anchors.txt", 1), ("few.txt", 0)):
        corpus = {"anchors": [{"format": "lines", "path": file}]}
        result = prepare(raw, corpus, language="mkd", script="Cyrl", **checks)
        assert result.tables["anchors"].kept == result.tables["anchors"].rows_in
        assert len(result.warnings) == warned
    result = prepare(raw, {"anchors": [LINES]}, language="mkd", script="Cyrl", **checks)
    (warning,) = result.warnings
    assert (
        "anchors of mkd: by the identifier, `text` is not what it should be: as a whole it is in `bul`. Either"
        in warning
    )
    assert prepare(raw, {"anchors": [LINES]}, language="bul", check_language=True, script="Cyrl").warnings == []


def test_the_report_says_where_the_language_was_not_checked(raw: Path) -> None:
    write(raw, "anchors.txt", "ترواله شهر هر شهر", "یوه ښه ورځ")
    for checks, kept, said in (
        ({"check_language": True, "script": "Arab"}, 2, "no measured rates for `hau` in the script `Arab`"),
        ({"check_language": False}, 2, "`prepare_corpora.check_language` is false"),
        ({"check_language": True}, 1, "The language of every row was checked."),
    ):
        result = prepare(raw, {"anchors": [LINES]}, **checks)
        assert said in json.loads((raw.parent / "out" / "report.json").read_text())["language_check"]
        assert result.tables["anchors"].kept == kept


def test_an_evaluation_set_in_another_language_is_warned_of(raw: Path, caplog: pytest.LogCaptureFixture) -> None:
    english = [f"Nobody knows where the {name} have gone today." for name in ("children", "farmers", "women")]
    rows = [f"{text}\tThe old farmer sells apples every morning.\t{score}" for score, text in enumerate(english)]
    write(raw, "sts.tsv", "sentence1\tsentence2\tscore", *rows)
    corpus = CorpusSpec(evaluation={"SomeSTS": [{"format": "tsv", "path": "sts.tsv", "split": "test"}]})
    language = Language(name="Hausa", script="Latn", role=Role.TARGET, folder="raw", corpus="c")
    folders = {"check": Heliport(), "input_dir": raw, "output_dir": raw.parent / "evaluation"}
    assert prepare_evaluation(corpus, TASKS, language="hau", configured=language, **folders) == {"SomeSTS": 3}
    assert "SomeSTS: by the identifier, 6 of 6 texts are not in `hau`" in caplog.text


def test_the_english_side_of_an_evaluation_set_is_looked_at_too(raw: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(raw, "bitext.hau", *[SENTENCE] * 5)
    write(raw, "bitext.eng", *(f"Personne ne sait où les {n} enfants sont allés aujourd'hui." for n in range(5)))
    corpus = CorpusSpec(evaluation={"SomeBitext": [MOSES]})
    language = Language(name="Hausa", script="Latn", role=Role.TARGET, folder="raw", corpus="c")
    folders = {"check": Heliport(), "input_dir": raw, "output_dir": raw.parent / "evaluation"}
    assert prepare_evaluation(corpus, TASKS, language="hau", configured=language, **folders) == {"SomeBitext": 5}
    assert "5 of 5 texts are not in `eng`, most of them in `fra`" in caplog.text


def test_near_duplicates_are_rejected_but_not_of_nli_and_anchors(raw: Path) -> None:
    near = SENTENCE.replace("safiya", "Safiyar")
    write(raw, "mono.txt", SENTENCE, near, "Wani abu daban da wannan kwata kwata ne")
    write(raw, "nli.csv", "premise,hypothesis,label", f"{SENTENCE},x y,entailment", f"{near},x y,entailment")
    lines = {"format": "lines", "path": "mono.txt"}
    corpus = {"monolingual": [lines], "anchors": [lines], "nli": [{"format": "csv", "path": "nli.csv"}]}
    result = prepare(raw, corpus, max_characters=500, near_duplicates=0.8)
    assert {name: report.kept for name, report in result.tables.items() if report.rows_in} == {
        "monolingual": 2,
        "nli": 2,
        "anchors": 3,
    }
    [(reason, similarity, line)] = rejected(raw)
    assert (reason, line) == ("near_duplicate", 2)
    assert 0.8 <= float(similarity) < 1
    prepare(raw, corpus, max_characters=500, near_duplicates=0.99)
    assert rejected(raw) == []


def test_a_near_copy_of_an_evaluation_sentence_is_rejected_with_what_it_is_near(raw: Path) -> None:
    write(raw, "sts.tsv", "sentence1\tsentence2\tscore", f"{SENTENCE}\tx\t3", "a\tb\t1")
    write(raw, "mono.txt", f"Wai, {SENTENCE}!", SENTENCE.upper(), SENTENCE, "Wani abu daban da wannan kwata kwata ne")
    corpus = {
        "monolingual": [{"format": "lines", "path": "mono.txt"}],
        "evaluation": {"SomeSTS": [{"format": "tsv", "path": "sts.tsv", "split": "test"}]},
    }
    result = prepare(raw, corpus, max_characters=500, near_evaluation=0.8)
    assert texts(raw, "monolingual", MONOLINGUAL) == [("Wani abu daban da wannan kwata kwata ne",)]
    report = result.tables["monolingual"]
    assert report.in_evaluation_set == {"hau/SomeSTS": {"exact": 1, "normalised": 1, "near": 1}}
    assert report.rejected == {"in_evaluation_set": 3}
    assert [detail.partition(" 0")[0] for _, detail, _ in rejected(raw)] == [
        "hau/SomeSTS: near",
        "hau/SomeSTS: normalised",
        "hau/SomeSTS: exact",
    ]
    assert SENTENCE in rejected(raw)[0][1]


@pytest.mark.parametrize(
    ("held", "written"),
    [
        ("Дитина п\u2019є молоко", "Дитина п\u02bcє молоко!"),
        ("Дитина п\u2019є молоко", "Дитина п'є молоко"),
        ("O\u02bbzbekiston go\u02bbzal", "O`zbekiston go\u00b4zal"),
        ("O\u02bbzbekiston go\u02bbzal", "Oʻzbekiston goʼzal"),
        (
            "\u0643\u062a\u0627\u0628 \u062c\u0645\u064a\u0644",
            "\u0643\u062a\u0640\u0640\u0627\u0628 \u062c\u0645\u064a\u0644",
        ),
        (
            "\u06a9\u062a\u0627\u0628 \u0641\u0627\u0631\u0633\u06cc",
            "\u0643\u062a\u0627\u0628 \u0641\u0627\u0631\u0633\u064a",
        ),
        ("كتاب جميل", "كِتَابٌ جَمِيلٌ"),
        ("İstanbul ıssız", "ISTANBUL ISSIZ"),
        ("İstanbul ıssız", "I\u0307stanbul ıssız"),
        ("Ruwa 12", "Ｒｕｗａ　１２"),
        ("Ruwa 12", "Ruwa\u200b 1\u20602"),
        ("पानी 12", "पानी १२"),
        ("ŉ Man", "'n man"),
        ("an da\u017f", "an das"),
        ("葛\U000e0100城", "葛城"),
    ],
)
def test_variants_of_a_letter_hide_no_evaluation_sentence(held: str, written: str) -> None:
    assert comparable(held) == comparable(written)
    for one, other in ((held, written), (written, held)):
        [match] = EvaluationTexts([("ukr/Some", one)], near_threshold=None).match([clean_text(other)])
        assert match is not None


def test_letters_that_differ_stay_apart() -> None:
    for one, other in (("oko", "ọkọ"), ("ọkọ", "ọ̀kọ̀"), ("шт", "щт"), ("kasa", "ƙasa"), ("कि", "की"), ("か", "が")):
        assert comparable(one) != comparable(other)


def test_evaluation_sets_of_every_language_are_held_out(raw: Path) -> None:
    other = Language(name="Swahili", script="Latn", role=Role.TARGET, folder=".", corpus="some")
    write(raw, "sts.tsv", "sentence1\tsentence2\tscore", "habari gani\tx\t3", "a\tb\t1")
    write(raw, "mono.txt", "Habari gani?", "sannu")
    spec = CorpusSpec.model_validate({"evaluation": {"SomeSTS": [{"format": "tsv", "path": "sts.tsv"}]}})
    folder = raw.parent / "evaluation" / "swh"
    prepare_evaluation(
        spec, TASKS, language="swh", configured=other, check=Heliport(), input_dir=raw, output_dir=folder
    )
    result = prepare(raw, {"monolingual": [{"format": "lines", "path": "mono.txt"}]})
    assert result.tables["monolingual"].in_evaluation_set == {"swh/SomeSTS": {"normalised": 1}}


def test_only_the_evaluation_sets_that_are_scored_are_held_out(raw: Path) -> None:
    prepare(raw, {})
    for language in ("hau", "zul"):  # zul: left there by another profile
        rows = [{"split": "test", "sentence1": f"sentence of {language}", "sentence2": "x", "score": 1.0}]
        write_table(rows, STS, raw.parent / "evaluation" / language / "SomeSTS.parquet")
    found = read_evaluation_texts(raw.parent / "evaluation", ["hau"])
    assert found == [("hau/SomeSTS", "sentence of hau"), ("hau/SomeSTS", "x")]


def test_a_sentence_of_a_document_of_an_evaluation_set_is_held_out(tmp_path: Path) -> None:
    parts = {
        "document": f"{ENGLISH_SENTENCE}. See also. {SENTENCE}!",
        "query": "Ina kasuwa? Ina tuffa?",
        "relevance": "",
    }
    rows = [
        {"split": "test", "part": part, "id": "1", "text": text, "document": "", "score": 0.0}
        for part, text in parts.items()
    ]
    write_table(rows, RETRIEVAL, tmp_path / "hau" / "SomeRetrieval.parquet")
    held = EvaluationTexts(read_evaluation_texts(tmp_path, ["hau"]), near_threshold=0.8)
    asked = [
        SENTENCE,
        ENGLISH_SENTENCE,
        f"Wai {SENTENCE}",
        parts["document"],
        parts["query"],
        "See also.",
        "Ina kasuwa?",
    ]
    kinds = [match and match.kind for match in held.match(asked)]
    assert kinds == ["normalised", "normalised", "near", "exact", "exact", None, None]


def test_mojibake_in_an_evaluation_set_hides_no_sentence() -> None:
    broken, whole = "Fili mai 10 kmÂ²", "Fili mai 10 km²"
    held = EvaluationTexts([("hau/SomeSTS", broken)], near_threshold=None)
    assert [match and match.kind for match in held.match([broken, whole, whole.upper(), "Fili"])] == [
        "exact",
        "exact",
        "normalised",
        None,
    ]
    assert [match.text for match in held.match([whole]) if match] == [broken]


def test_sides_are_compared_by_what_their_characters_carry(raw: Path) -> None:
    rows = [
        (
            "小孩每天早上在厨房里用杯子喝牛奶。",
            "Every morning the child drinks a cup of milk in the kitchen of a house.",
        ),
        ("我们走吧。", "We should probably go home right now."),
        ("好。", "This is a long sentence that has nothing to do with the other side of the pair."),
    ]
    write(raw, "p.cmn", *[own for own, _ in rows])
    write(raw, "p.eng", *[english for _, english in rows])
    corpus = {"parallel": [{"format": "moses", "path": "p.cmn", "english_path": "p.eng"}]}
    prepare(raw, corpus, script="Hans", max_length_ratio=4.0, max_characters=100)
    assert texts(raw, "parallel", PARALLEL) == [(english, own) for own, english in rows[:2]]
    assert rejected(raw) == [("length_ratio", "79:5 letters", 3)]


def test_copied_rows_and_contradictory_labels_are_rejected(raw: Path) -> None:
    nli = [
        "premise,hypothesis,label",
        "een,a,entailment",
        "twee,b,entailment",
        "Een!,A,contradiction",
        "x y,X y.,entailment",
    ]
    write(raw, "nli.csv", *nli, "twee,c,contradiction", "drie,a,contradiction")
    write(raw, "ex.csv", "anchor,positive,negative", "een,twee,Twee!", "een,een.,drie", "een,twee,EEN", "een,twee,drie")
    write(raw, "par.afr", "Dit reën.", "Windows 10 Home", "O’s.")
    write(raw, "par.eng", "It rains.", "Windows 10 home", "Oʼs")
    corpus = {
        "nli": [{"format": "csv", "path": "nli.csv"}],
        "examples": [{"format": "csv", "path": "ex.csv"}],
        "parallel": [{"format": "moses", "path": "par.afr", "english_path": "par.eng"}],
    }
    tables = prepare(raw, corpus, min_characters=1).tables
    assert texts(raw, "nli", NLI) == [
        ("twee", "b", "entailment"),
        ("twee", "c", "contradiction"),
        ("drie", "a", "contradiction"),
    ]
    assert texts(raw, "examples", EXAMPLES) == [("een", "twee", "drie")]
    assert texts(raw, "parallel", PARALLEL) == [("It rains.", "Dit reën.")]
    assert tables["nli"].rejected == {"contradictory_labels": 2, "copied": 1}
    assert (tables["examples"].rejected, tables["parallel"].rejected) == ({"copied": 3}, {"copied": 2})
    for report in tables.values():
        assert report.rows_in == report.kept + report.rejected.total()
    listed = read_table(raw.parent / "out" / "rejected_rows.parquet", REJECTED_ROWS)
    found = {(row["file"], row["line"], row["reason"], row["detail"]) for row in listed}
    assert found >= {
        ("nli.csv", 2, "contradictory_labels", "a pair has the other label too"),
        ("nli.csv", 4, "contradictory_labels", "a pair has the other label too"),
        ("nli.csv", 5, "copied", "premise = hypothesis"),
        ("ex.csv", 2, "copied", "positive = negative"),
        ("ex.csv", 3, "copied", "anchor = positive"),
        ("par.afr", 2, "copied", "text = english"),
    }


def test_pairs_for_the_judge_keep_neutral_rows_and_their_split(raw: Path) -> None:
    write(raw, "train.csv", "premise,hypothesis,label", "een,a,0", "twee,b,1", "drie,c,2", "twee,b,0", "vier,d,x")
    write(raw, "val.jsonl", '{"premise": "vyf", "hypothesis": "e", "label": "1"}')
    write(raw, "triplets.csv", "sent0,sent1,hard_neg", "ses,f,g")
    labels = {"label_values": {"0": "entailment", "1": "neutral", "2": "contradiction"}}
    corpus = {
        "judge_nli": [
            {"format": "csv", "path": "train.csv", **labels},
            {"format": "jsonl", "path": "val.jsonl", "split": "validation", **labels},
            {
                "format": "csv",
                "path": "triplets.csv",
                "columns": {"premise": "sent0", "entailment": "sent1", "contradiction": "hard_neg"},
            },
        ]
    }
    tables = prepare(raw, corpus, min_characters=1).tables
    assert texts(raw, "judge_nli", JUDGE_NLI) == [
        ("train", "een", "a", "entailment"),
        ("train", "drie", "c", "contradiction"),
        ("validation", "vyf", "e", "neutral"),
        ("train", "ses", "f", "entailment"),
        ("train", "ses", "g", "contradiction"),
    ]
    assert tables["judge_nli"].rejected == {"contradictory_labels": 2, "unknown_label": 1}
    assert texts(raw, "nli", NLI) == []


def test_inference_in_the_language_itself_has_no_neutral_rows_and_no_english_ones(raw: Path) -> None:
    own = "Gwamnatin jihar ta bayyana cewa za a gina sabon asibiti a cikin garin nan"
    english = "The government of the state has said that no new hospital will be built in this town"
    rows = [(own, "Za a gina sabon asibiti a garin", "e"), (own, "Ba a san ko wane ne ba", "n"), (own, english, "c")]
    write(raw, "own.csv", "premise,hypothesis,label", *(",".join(row) for row in rows))
    labels = {"label_values": {"e": "entailment", "n": "neutral", "c": "contradiction"}}
    corpus = {"own_nli": [{"format": "csv", "path": "own.csv", **labels}]}
    tables = prepare(raw, corpus, check_language=True, max_characters=400).tables
    assert texts(raw, "own_nli", NLI) == [(*rows[0][:2], "entailment")]
    assert tables["own_nli"].rejected == {"neutral": 1, "other_language": 1}


@pytest.mark.parametrize("name", ["triplets.csv", "triplets.tsv", "triplets.jsonl", "triplets.parquet"])
def test_triplets_are_read_from_every_format_with_columns(name: str, raw: Path) -> None:
    row = {"sent0": "mutum ya ci", "sent1": "a man ate", "hard_neg": "a man slept"}
    if name.endswith("parquet"):
        write_table([row], table_schema(sent0=TEXT, sent1=TEXT, hard_neg=TEXT), raw / name)
    elif name.endswith("jsonl"):
        write(raw, name, json.dumps(row))
    else:
        mark = "," if name.endswith("csv") else "\t"
        write(raw, name, mark.join(row), mark.join(row.values()))
    prepare(raw, {"triplets": [{"format": name.partition(".")[2], "path": name, "columns": PUBLISHED}]})
    assert texts(raw, "triplets", TRIPLETS) == [tuple(row.values())]


def test_unfit_triplets_are_counted_and_listed(raw: Path) -> None:
    write(
        raw,
        "triplets.csv",
        "sent0,sent1,hard_neg",
        "mutum ya ci,a man ate,a man slept",
        "mutum ya ci,a man ate,",
        "mutum ya ci,a man ate,a man  ate",
        "mutum ya ci,a man ate,Mutum ya ci.",
        "mutum ya ci,a man ate,a man slept",
        "мужчина ел,a man ate,a man slept",
        f"mutum ya ci,{'a man ate ' * 6},a man slept",
        "mutum ya ci,a man ate",
        "mutum ya ci,a man ate,a man slept much",
    )
    result = prepare(raw, {"triplets": [{"format": "csv", "path": "triplets.csv", "columns": PUBLISHED}]},
                     min_script_share=0.5)  # fmt: skip
    assert texts(raw, "triplets", TRIPLETS) == [
        ("mutum ya ci", "a man ate", "a man slept"),
        ("mutum ya ci", "a man ate", "a man slept much"),
    ]
    listed = read_table(raw.parent / "out" / "rejected_rows.parquet", REJECTED_ROWS)
    assert [(row["table"], row["reason"], row["line"]) for row in listed] == [
        ("triplets", "empty", 3),
        ("triplets", "copied", 4),
        ("triplets", "copied", 5),
        ("triplets", "duplicate", 6),
        ("triplets", "other_script", 7),
        ("triplets", "too_long", 8),
        ("triplets", "wrong_number_of_fields", 9),
    ]
    assert result.tables["triplets"].rejected == Counter(row["reason"] for row in listed)


def test_files_say_whose_they_are(raw: Path) -> None:
    write(raw, "hau.csv", "anchor,positive,negative", "mutum ya ci,a man ate,a man slept")
    file = {"format": "csv", "path": "{language}.csv"}
    prepare(raw, {"triplets": [{**file, "name": "Triplets by X", "licence": "CC BY 4.0"}], "examples": [file]})
    report = json.loads((raw.parent / "out" / "report.json").read_text())
    assert report["sources"] == [
        {"table": "triplets", "path": "hau.csv", "name": "Triplets by X", "licence": "CC BY 4.0"}
    ]
    section = re.sub(" +", " ", corpora_section({"hau": report}))
    assert "| hau | triplets | Triplets by X | CC BY 4.0 |" in section
    assert "### Sources" not in corpora_section({"hau": report | {"sources": []}})


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("cd"), st.sampled_from(["entailment", "contradiction"])))
)
def test_no_pair_keeps_both_labels_and_no_other_row_is_lost(rows: list[tuple[str, str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw"
        raw.mkdir()
        write(raw, "nli.csv", "premise,hypothesis,label", *map(",".join, rows), "e,f,entailment")
        prepare(raw, {"nli": [{"format": "csv", "path": "nli.csv"}]}, min_characters=1)
        found = texts(raw, "nli", NLI)
    labels: dict[tuple[str, str], set[str]] = {}
    for premise, hypothesis, label in [*rows, ("e", "f", "entailment")]:
        labels.setdefault((premise, hypothesis), set()).add(label)
    assert found == [(*pair, *label) for pair, label in labels.items() if len(label) == 1]


def test_a_sentence_that_is_positive_and_negative_of_an_anchor_is_neither(raw: Path) -> None:
    rows = ["a b c,d e,f g", "A b c!,f g,h i", "a b c,j k,l m", "n o p,f g,d e"]
    for table, schema in (("triplets", TRIPLETS), ("examples", EXAMPLES)):
        write(raw, f"{table}.csv", "anchor,positive,negative", *rows)
        result = prepare(raw, {table: [{"format": "csv", "path": f"{table}.csv"}]}).tables[table]
        assert texts(raw, table, schema) == [("a b c", "j k", "l m"), ("n o p", "f g", "d e")]
        assert result.rejected == {"contradictory_labels": 2}


def test_tables_keep_at_most_so_many_rows(raw: Path) -> None:
    write(raw, "mono.txt", *[f"sentence {index:04}" for index in range(5000)])
    spec = {"monolingual": [{"format": "lines", "path": "mono.txt"}]}
    report = prepare(raw, spec, max_rows=1000).tables["monolingual"]
    rows = texts(raw, "monolingual", MONOLINGUAL)
    assert rows == sorted(rows)
    assert len(set(rows)) == 1000
    assert (report.rows_in, report.kept, report.not_sampled) == (5000, 1000, 4000)
    assert min(rows) < ("sentence 0100",)
    assert max(rows) > ("sentence 4900",)


def test_nothing_is_left_behind_when_a_file_fails(raw: Path) -> None:
    write(raw, "mono.txt", "fine")
    (raw / "broken.gz").write_bytes(b"\x1f\x8b\x08nothing")
    files = [{"format": "lines", "path": "mono.txt"}, {"format": "lines", "path": "broken.gz"}]
    with pytest.raises(DataError, match=r"broken\.gz"):
        prepare(raw, {"monolingual": files})
    assert list((raw.parent / "out").iterdir()) == []
