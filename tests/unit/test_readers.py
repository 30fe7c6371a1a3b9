from __future__ import annotations

import csv
import io
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bootembed.core.content import describe, describe_json, describe_text
from bootembed.core.errors import DataError, ParamsError
from bootembed.core.names import Role
from bootembed.corpora.identifiers import Heliport
from bootembed.corpora.layouts import (
    ANCHORS,
    INSTRUCTIONS,
    MONOLINGUAL,
    NLI,
    PARALLEL,
    Layout,
    read_rows,
)
from bootembed.corpora.rows import Row, RowRejection
from bootembed.evaluation.prepare import evaluation_layout, prepare_evaluation
from bootembed.settings.corpora import CorpusSpec, FileSpec, Language
from bootembed.settings.evaluation import TaskSpec

if TYPE_CHECKING:
    from pathlib import Path

STS = evaluation_layout("SomeSTS", "sts")
BITEXT = evaluation_layout("SomeBitext", "bitext_mining")
NAMES = st.characters(exclude_categories=("Cs",))
FIELDS = st.text(NAMES, max_size=12)
ONE_LINE = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\n\r\t\ufeff"), max_size=12)
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(folder: Path, layout: Layout, content: bytes | str, /, **spec: object) -> list[Row]:
    data = content.encode() if isinstance(content, str) else content
    (folder / "raw").write_bytes(data)
    return list(read_rows(FileSpec(path="raw", **spec), layout, folder=folder, language="hau"))


def kept(rows: list[Row]) -> list[tuple[object, ...]]:
    return [tuple(row.values.values()) for row in rows if row.reason is None]


def reasons(rows: list[Row]) -> list[tuple[str, int]]:
    return [(str(row.reason), row.line) for row in rows if row.reason]


def csv_text(rows: list[tuple[str, ...]], header: tuple[str, ...] = ("prompt", "completion"), **style: object) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, **style)
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()


def assume_text(*contents: bytes) -> None:
    """Leave out what is known to be something else (`core.content`)."""
    for content in contents:
        assume(
            describe(content) is None
            and describe_text(content) is None
            and describe_json(content, wanted=False) is None
        )


class TestRoundTrip:
    @quick
    @given(rows=st.lists(st.tuples(FIELDS, FIELDS), min_size=1), form=st.sampled_from(["csv", "tsv"]))
    def test_quoted_tables_give_back_what_was_written(self, tmp_path: Path, rows: list, form: str) -> None:
        delimiter = {"csv": ",", "tsv": "\t"}[form]
        assume(not any("\n" in field and delimiter in field for row in rows for field in row))  # see TestOpenQuotes
        found = read(tmp_path, INSTRUCTIONS, csv_text(rows, delimiter=delimiter), format=form, quoting=True)
        assert len(found) == len(rows)
        assert kept(found) == [row for row in rows if all(field.strip() for field in row)]
        assert {row.reason for row in found} <= {None, RowRejection.EMPTY}

    @quick
    @given(rows=st.lists(st.lists(ONE_LINE, min_size=1, max_size=4), min_size=1), end=st.sampled_from(["\n", "\r\n"]))
    def test_unquoted_tsv_gives_back_or_sets_aside_every_line(self, tmp_path: Path, rows: list, end: str) -> None:
        text = "".join("\t".join(row) + end for row in [["prompt", "completion"], *rows])
        found = read(tmp_path, INSTRUCTIONS, text, format="tsv", quoting=False)
        assert len(found) == len(rows)
        assert kept(found) == [tuple(row) for row in rows if len(row) == 2 and all(field.strip() for field in row)]
        assert [row.line for row in found] == list(range(2, len(rows) + 2))

    @quick
    @given(
        lines=st.lists(ONE_LINE, min_size=1),
        end=st.sampled_from(["\n", "\r\n"]),
        bom=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    )
    def test_lines(self, tmp_path: Path, lines: list[str], end: str, bom: bytes) -> None:
        found = read(tmp_path, ANCHORS, bom + "".join(line + end for line in lines).encode(), format="lines")
        assert [row.values["text"] for row in found] == lines
        assert [row.reason for row in found] == [None if line.strip() else RowRejection.EMPTY for line in lines]

    def test_a_table_read_as_lines_is_reported(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        table = "".join(f"{number}\tDie son skyn.\n" for number in range(9))
        assert len(read(tmp_path, ANCHORS, table + "Die reën val.\n", format="lines")) == 10
        assert "raw: 9 of 10 lines hold a tab" in caplog.text
        assert "`columns: {text: NUMBER}`" in caplog.text
        caplog.clear()
        read(tmp_path, ANCHORS, table + "Die reën\tval.\tDie son skyn.\n\tDie son skyn.\t\n" * 9, format="lines")
        read(tmp_path, ANCHORS, "\tDie son skyn.\t\n" * 9, format="lines")
        assert caplog.text.count("hold a tab") == 0

    @quick
    @given(pairs=st.lists(st.tuples(ONE_LINE, ONE_LINE), min_size=1))
    def test_moses(self, tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
        (tmp_path / "english").write_bytes("".join(f"{english}\n" for _, english in pairs).encode())
        text = "".join(f"{own}\n" for own, _ in pairs)
        found = read(tmp_path, PARALLEL, text, format="moses", english_path="english")
        assert [(row.values["text"], row.values["english"]) for row in found] == pairs
        assert [row.reason is None for row in found] == [all(half.strip() for half in pair) for pair in pairs]


class TestGarbage:
    @quick
    @given(data=st.binary(min_size=1))
    def test_every_line_of_garbage_is_a_row(self, tmp_path: Path, data: bytes) -> None:
        assume_text(data, b"text\n" + data)
        lines = io.BytesIO(data).readlines()
        try:
            assert len(read(tmp_path, ANCHORS, data, format="lines")) == len(lines)
        except DataError:
            assert data == b"\xef\xbb\xbf"
        found = read(tmp_path, ANCHORS, b"text\n" + data, format="tsv", quoting=False)
        assert [row.line for row in found] == list(range(2, len(lines) + 2))

    @quick
    @given(
        data=st.one_of(st.binary(min_size=1), st.text('"",\t\r\nx', min_size=1).map(str.encode)),
        form=st.sampled_from(["csv", "tsv"]),
        encoding=st.sampled_from(["utf-8", "latin-1", "cp932", "gb18030"]),
    )
    def test_quoted_garbage_loses_no_line(self, tmp_path: Path, data: bytes, form: str, encoding: str) -> None:
        assume_text(b"text\n" + data)
        last = len(io.BytesIO(data).readlines()) + 1
        found = read(tmp_path, ANCHORS, b"text\n" + data, format=form, encoding=encoding, quoting=True)
        starts = [*(row.line for row in found), last + 1]
        assert starts[0] == 2
        for row, following in zip(found, starts[1:], strict=True):
            spanned = following - row.line
            assert spanned >= 1
            assert row.reason is not RowRejection.MALFORMED or spanned == 1

    @quick
    @given(data=st.binary(), form=st.sampled_from(["csv", "tsv", "lines"]))
    def test_a_file_of_garbage_is_refused_or_read(self, tmp_path: Path, data: bytes, form: str) -> None:
        try:
            read(tmp_path, MONOLINGUAL, data, format=form)
        except DataError as error:
            assert str(tmp_path / "raw") in str(error)

    @quick
    @given(own=st.binary(min_size=1), english=st.binary(min_size=1))
    def test_a_pair_of_garbage_is_refused_or_read_line_by_line(
        self, tmp_path: Path, own: bytes, english: bytes
    ) -> None:
        assume_text(own, english)
        (tmp_path / "english").write_bytes(english)
        counts = [len(io.BytesIO(half).readlines()) for half in (own, english)]
        try:
            found = read(tmp_path, PARALLEL, own, format="moses", english_path="english")
        except DataError:
            assert counts[0] != counts[1] or b"\xef\xbb\xbf" in (own, english)
        else:
            assert counts == [len(found)] * 2
            assert [row.line for row in found] == list(range(1, len(found) + 1))


OPEN_QUOTE = """text\tenglish
"Môre gaan ons.\tTomorrow we go.
Die water is koud.\tIt is cold.
Ek bly tuis."\tI stay.
Die son skyn.\tThe sun shines.
"""


class TestOpenQuotes:
    """A quote that opens a field and closes only lines later must not take in the rows between."""

    def test_tsv_has_ordinary_quotes(self, tmp_path: Path) -> None:
        found = read(tmp_path, PARALLEL, OPEN_QUOTE, format="tsv")
        assert [row.values["text"] for row in found] == [
            '"Môre gaan ons.',
            "Die water is koud.",
            'Ek bly tuis."',
            "Die son skyn.",
        ]
        assert reasons(found) == []

    @pytest.mark.parametrize("delimiter", ["\t", ",", ";", "|"])
    def test_rows_that_a_quote_took_in_come_back_and_its_own_is_rejected(self, tmp_path: Path, delimiter: str) -> None:
        text = OPEN_QUOTE.replace("\t", delimiter)
        found = read(tmp_path, PARALLEL, text, format="csv", delimiter=delimiter)
        assert reasons(found) == [("malformed_quotes", 2)]
        assert "takes in the next 2 rows" in found[0].detail
        assert [row.values["english"] for row in found[1:]] == ["It is cold.", "I stay.", "The sun shines."]

    def test_without_a_header_too(self, tmp_path: Path) -> None:
        text = OPEN_QUOTE.partition("\n")[2]
        columns = {"text": 1, "english": 2}
        found = read(tmp_path, PARALLEL, text, format="tsv", quoting=True, header=False, columns=columns)
        assert (len(found), reasons(found)) == (4, [("malformed_quotes", 1)])

    @pytest.mark.parametrize(
        ("prompt", "completion"),
        [
            ("Lees dit, asseblief:\nEen sin, nog een.", "Ja."),
            ("Eerste reël,tweede\nreël", 'Hy sê "nee".'),
            ("een\ntwee\ndrie", "1, 2, 3"),
        ],
    )
    def test_text_of_several_lines_stays_whole_and_is_reported(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, prompt: str, completion: str
    ) -> None:
        found = read(tmp_path, INSTRUCTIONS, csv_text([("a", "b"), (prompt, completion), ("c", "d")]), format="csv")
        assert kept(found) == [("a", "b"), (prompt, completion), ("c", "d")]
        assert "1 rows have line breaks in quoted fields, the first in line 3" in caplog.text

    def test_pairs_parted_by_a_line_break_are_meant(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        rows = [("1", "Een,twee\nDrie", "0.5")]
        columns = {"text": "Text", "score": "Score"}
        text = csv_text(rows, ("PairID", "Text", "Score"))
        found = read(tmp_path, STS, text, format="csv", columns=columns, pair_separator="\n", split="test")
        assert kept(found) == [("test", "Een,twee", "Drie", 0.5)]
        assert caplog.text == ""

    def test_tsv_that_looks_quoted_is_reported_unless_said(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        text = csv_text([("a", 'Hy sê "nee" nou.'), ("c", "d")], delimiter="\t")
        assert kept(read(tmp_path, INSTRUCTIONS, text, format="tsv"))[0] == ("a", '"Hy sê ""nee"" nou."')
        assert "1 rows have fields that look quoted, the first in line 2" in caplog.text
        assert "set `quoting: true`" in caplog.text
        caplog.clear()
        read(tmp_path, INSTRUCTIONS, text, format="tsv", quoting=False)
        assert kept(read(tmp_path, INSTRUCTIONS, text, format="tsv", quoting=True))[0] == ("a", 'Hy sê "nee" nou.')
        assert caplog.text == ""

    def test_tsv_all_in_quotes_is_reported_unless_said(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        rows = "".join(f'{number}\t"Sin {number}."\n' for number in range(10))  # R leaves numbers without quotes
        text = rows + "NA\tGeen sin.\n"
        spec = {"format": "tsv", "header": False, "columns": {"text": 2}}
        assert kept(read(tmp_path, ANCHORS, text, **spec))[0] == ('"Sin 0."',)
        assert "raw: 10 of 11 rows have fields in quotes" in caplog.text
        assert "set `quoting: true`" in caplog.text
        caplog.clear()
        read(tmp_path, ANCHORS, text, **spec, quoting=False)
        assert kept(read(tmp_path, ANCHORS, text, **spec, quoting=True))[0] == ("Sin 0.",)
        read(tmp_path, ANCHORS, text + "1\tDie son.\n" * 20, **spec)
        assert caplog.text == ""

    @pytest.mark.parametrize("limit", [3, 5])
    def test_quotes_are_reported_at_the_limit_too(
        self, tmp_path: Path, limit: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert len(read(tmp_path, ANCHORS, "text\n" + '"Sin."\n' * 5, format="tsv", limit=limit)) == limit
        assert f"raw: {limit} of {limit} rows have fields in quotes" in caplog.text

    def test_quotes_behind_a_space_are_reported(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        text = 'prompt,completion\n"Hond", "Kat"\n"Vis", Voël\n"Sê ""ja""",Nee\n'
        assert kept(read(tmp_path, INSTRUCTIONS, text, format="csv"))[0] == ("Hond", ' "Kat"')
        assert "raw: 1 rows have quotes behind a space, the first in line 2" in caplog.text

    def test_a_header_in_quotes_is_told(self, tmp_path: Path) -> None:
        text = csv_text([("a", "b")], delimiter="\t", quoting=csv.QUOTE_ALL)
        with pytest.raises(DataError, match=r"no column 'prompt'.* but 'prompt' in quotes: set `quoting: true`"):
            read(tmp_path, INSTRUCTIONS, text, format="tsv")
        assert kept(read(tmp_path, INSTRUCTIONS, text, format="tsv", quoting=True)) == [("a", "b")]

    def test_an_evaluation_set_names_the_line(self, tmp_path: Path) -> None:
        (tmp_path / "sts.csv").write_text('sentence1,sentence2,score\na,b,1\n"Die hond.,c,2\nHy is moeg.",d,3\n')
        corpus = CorpusSpec.model_validate({"evaluation": {"SomeSTS": [{"format": "csv", "path": "sts.csv"}]}})
        with pytest.raises(DataError, match=r"sts\.csv: line 3: .*malformed_quotes \(an opening quote takes in"):
            prepare_evaluation(
                corpus,
                {"SomeSTS": TaskSpec(kind="sts", implementation="bootembed")},
                language="afr",
                configured=Language(name="Afrikaans", script="Latn", role=Role.TARGET, folder=".", corpus="some"),
                check=Heliport(),
                input_dir=tmp_path,
                output_dir=tmp_path / "out",
            )


class TestWithoutHeader:
    TATOEBA = "1001\tafr\tDie voëls sing.\n1002\teng\tThe birds sing.\n1003\tafr\tDie kinders speel.\n"

    def test_columns_and_where_by_number(self, tmp_path: Path) -> None:
        spec = {"format": "tsv", "header": False, "columns": {"text": 3}, "where": {2: "afr"}}
        found = read(tmp_path, ANCHORS, self.TATOEBA, **spec)
        assert [(row.line, row.values["text"]) for row in found] == [(1, "Die voëls sing."), (3, "Die kinders speel.")]

    def test_a_faulty_first_row_costs_itself(self, tmp_path: Path) -> None:
        found = read(tmp_path, ANCHORS, "stray\n" + self.TATOEBA, format="tsv", header=False, columns={"text": 3})
        assert reasons(found) == [("wrong_number_of_fields", 1)]
        assert len(kept(found)) == 3

    def test_a_name_is_no_number(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"columns go by number, from 1 to 3; 'text' is none.*columns: \{text: NUM"):
            read(tmp_path, ANCHORS, self.TATOEBA, format="tsv", header=False)
        with pytest.raises(DataError, match=r"from 1 to 3; '4' is none"):
            read(tmp_path, ANCHORS, self.TATOEBA, format="tsv", header=False, columns={"text": 4})

    def test_a_missing_header_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"has no column 'text'.*`header: false` if this is a row"):
            read(tmp_path, ANCHORS, self.TATOEBA, format="tsv")

    @quick
    @given(rows=st.lists(st.tuples(ONE_LINE, ONE_LINE), min_size=1), delimiter=st.sampled_from(";|:~ "))
    def test_every_row_comes_back(self, tmp_path: Path, rows: list, delimiter: str) -> None:
        text = csv_text(rows, ("7", "8"), delimiter=delimiter, quoting=csv.QUOTE_ALL)
        spec = {"format": "csv", "header": False, "delimiter": delimiter, "columns": {"prompt": 1, "completion": 2}}
        found = read(tmp_path, INSTRUCTIONS, text, **spec)
        assert [tuple(row.values.values()) for row in found] == [("7", "8"), *rows]

    @pytest.mark.parametrize("faulty", [{"delimiter": ";;"}, {"delimiter": '"'}, {"format": "lines", "header": False}])
    def test_settings_that_mean_nothing(self, faulty: dict) -> None:
        with pytest.raises(ValueError, match="delimiter"):
            FileSpec(**{"format": "csv", "path": "raw"} | faulty)


class TestBadRows:
    def test_undecodable_lines_are_rejected_alone(self, tmp_path: Path) -> None:
        found = read(tmp_path, ANCHORS, b"good\nb\xffd\nlast", format="lines")
        assert kept(found) == [("good",), ("last",)]
        assert reasons(found) == [("undecodable", 2)]
        assert "\\xff" in found[1].values["text"]

    def test_undecodable_half_of_a_pair_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "english").write_bytes(b"one\n\xff\n\n")
        found = read(tmp_path, PARALLEL, "moja\nmbili\ntatu\n", format="moses", english_path="english")
        assert [(row.file, row.line, row.reason) for row in found] == [
            ("raw", 1, None),
            ("english", 2, RowRejection.UNDECODABLE),
            ("english", 3, RowRejection.EMPTY),
        ]

    def test_a_stray_quote_costs_one_row_not_the_rest_of_the_file(self, tmp_path: Path) -> None:
        text = 'prompt\tcompletion\n"open\tx\n' + "a\tb\n" * 500
        found = read(tmp_path, INSTRUCTIONS, text, format="tsv", quoting=True)
        assert reasons(found) == [("malformed_quotes", 2)]
        assert len(kept(found)) == 500

    def test_stray_quotes_on_every_line_take_no_quadratic_time(self, tmp_path: Path) -> None:
        text = "prompt,completion,c\n" + 'x","a\n' * 20_000
        started = time.process_time()
        assert len(read(tmp_path, INSTRUCTIONS, text, format="csv")) == 20_000
        assert time.process_time() - started < 3

    def test_quoted_fields_may_span_lines_and_lines_are_those_of_the_file(self, tmp_path: Path) -> None:
        text = 'text\n"two\nlines"\nthird\n\n"x"y\n'
        found = read(tmp_path, ANCHORS, text, format="csv")
        assert [(row.line, row.reason) for row in found] == [
            (2, None),
            (4, None),
            (5, RowRejection.EMPTY),
            (6, RowRejection.MALFORMED),
        ]

    def test_unicode_line_separators_do_not_shift_a_pair(self, tmp_path: Path) -> None:
        (tmp_path / "english").write_text("a\u2028b\nc\n", encoding="utf-8")
        found = read(tmp_path, PARALLEL, "x\ny\x0bz\n", format="moses", english_path="english")
        assert [row.values["english"] for row in found] == ["a\u2028b", "c"]

    def test_wrong_numbers_of_fields(self, tmp_path: Path) -> None:
        found = read(tmp_path, INSTRUCTIONS, "prompt,completion\na,b\na\na,b,c\n", format="csv")
        assert reasons(found) == [("wrong_number_of_fields", 3), ("wrong_number_of_fields", 4)]
        assert found[2].detail == "3 instead of 2"

    def test_huge_fields_and_nul_bytes_are_read(self, tmp_path: Path) -> None:
        huge = "x" * 10_000_000
        found = read(tmp_path, INSTRUCTIONS, f"prompt,completion\na\0b,c\n{huge},d\n", format="csv")
        assert kept(found) == [("a\0b", "c"), (huge, "d")]


class TestValues:
    def test_scores_must_be_finite_numbers(self, tmp_path: Path) -> None:
        text = "sentence1,sentence2,score\na,b,1.5\na,b,high\na,b,nan\na,b,inf\na,b,1_0\n"
        found = read(tmp_path, STS, text, format="csv", split="test")
        assert kept(found) == [("test", "a", "b", 1.5)]
        assert reasons(found) == [("score_is_no_number", line) for line in (3, 4, 5, 6)]

    @pytest.mark.parametrize("separator", ["\n", "\t"])
    def test_a_column_of_pairs_is_split(self, tmp_path: Path, separator: str) -> None:
        rows = [("1", f"a b{separator}c", "0.5"), ("2", "one only", "0.1"), ("3", f"a{separator}b{separator}c", "1")]
        text = csv_text(rows, ("PairID", "Text", "Score"))
        columns = {"text": "Text", "score": "Score"}
        found = read(tmp_path, STS, text, format="csv", columns=columns, pair_separator=separator, split="validation")
        assert kept(found) == [("validation", "a b", "c", 0.5)]
        assert [reason for reason, _ in reasons(found)] == ["not_a_pair", "not_a_pair"]

    def test_labels_are_mapped_and_neutral_rejected(self, tmp_path: Path) -> None:
        text = "premise\thypothesis\tlabel\na\tb\tYES\na\tb\tNEUTRAL\na\tb\tContradiction\na\tb\tmaybe\n"
        found = read(tmp_path, NLI, text, format="tsv", label_values={"YES": "entailment"})
        assert kept(found) == [("a", "b", "entailment"), ("a", "b", "contradiction")]
        assert reasons(found) == [("neutral", 3), ("unknown_label", 5)]

    def test_a_fixed_label_stands_for_the_column(self, tmp_path: Path) -> None:
        columns = {"premise": "sent0", "hypothesis": "hard_neg"}
        found = read(tmp_path, NLI, "sent0,hard_neg\na,b\n", format="csv", columns=columns, label="contradiction")
        assert kept(found) == [("a", "b", "contradiction")]

    def test_halves_of_bitext(self, tmp_path: Path) -> None:
        (tmp_path / "english").write_text("hello\n", encoding="utf-8")
        found = read(tmp_path, BITEXT, "sannu\n", format="moses", english_path="english", split="test")
        assert found[0].values == {"split": "test", "sentence1": "sannu", "sentence2": "hello"}

    def test_limit_and_language_in_the_path(self, tmp_path: Path) -> None:
        (tmp_path / "text.hau").write_text("a\nb\nc\n", encoding="utf-8")
        spec = FileSpec(format="lines", path="text.{language}", limit=2)
        found = list(read_rows(spec, ANCHORS, folder=tmp_path, language="hau"))
        assert [(row.file, row.values["text"]) for row in found] == [("text.hau", "a"), ("text.hau", "b")]

    def test_another_encoding(self, tmp_path: Path) -> None:
        assert kept(read(tmp_path, ANCHORS, "Žlutý kůň\n".encode("cp1250"), format="lines", encoding="cp1250")) == [
            ("Žlutý kůň",)
        ]


class TestRefusals:
    def test_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"absent: cannot be read .*put the file there"):
            list(read_rows(FileSpec(format="lines", path="absent"), ANCHORS, folder=tmp_path, language="hau"))

    @pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"])
    @pytest.mark.parametrize("form", ["lines", "csv"])
    def test_an_empty_file(self, tmp_path: Path, content: bytes, form: str) -> None:
        with pytest.raises(DataError, match="is empty"):
            read(tmp_path, ANCHORS, content, format=form)

    def test_a_table_of_a_header_alone(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="holds no rows"):
            read(tmp_path, ANCHORS, "text\n", format="csv")

    @pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
    @pytest.mark.parametrize("written", ["utf-16", "utf-32"])
    def test_utf_16_read_as_another_encoding(self, tmp_path: Path, written: str, encoding: str) -> None:
        with pytest.raises(DataError, match=rf"byte order mark of {written.upper()}.*iconv"):
            read(tmp_path, ANCHORS, "Ruwa yana zuba.\nYa tafi.\n".encode(written), format="lines", encoding=encoding)

    def test_an_uneven_pair_names_both_files_and_counts(self, tmp_path: Path) -> None:
        (tmp_path / "english").write_text("one\ntwo", encoding="utf-8")
        with pytest.raises(DataError, match=r"raw has 3 lines, .*english has 2.*get the pair again"):
            read(tmp_path, PARALLEL, "a\nb\nc\n", format="moses", english_path="english", limit=1)

    def test_a_missing_column_names_those_found(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"raw: has no column 'text'.*'Text', 'other'.*columns: \{text"):
            read(tmp_path, ANCHORS, "Text,other\na,b\n", format="csv")

    def test_a_column_that_occurs_twice(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="has 2 columns named 'text'"):
            read(tmp_path, ANCHORS, "text,text\na,b\n", format="csv")

    @pytest.mark.parametrize("header", [b"te\xffxt\n", b'"te"xt\n', b'"text\n'])
    def test_an_unreadable_header(self, tmp_path: Path, header: bytes) -> None:
        with pytest.raises(DataError, match="header, line 1, cannot be read"):
            read(tmp_path, ANCHORS, header + b"a\n", format="csv")

    @pytest.mark.parametrize("encoding", ["utf-16", "hex", "no-such-code"])
    def test_an_encoding_that_cannot_be_read_by_line(self, tmp_path: Path, encoding: str) -> None:
        with pytest.raises(ParamsError, match=encoding):
            read(tmp_path, ANCHORS, b"a\n", format="lines", encoding=encoding)

    @pytest.mark.parametrize(
        ("layout", "spec", "message"),
        [
            (NLI, {"format": "lines"}, "use moses, csv or tsv"),
            (NLI, {"format": "moses", "english_path": "raw"}, "use csv, tsv or jsonl"),
            (PARALLEL, {"format": "moses"}, "english_path"),
            (NLI, {"format": "csv", "columns": {"premiss": "a"}}, "premiss"),
            (ANCHORS, {"format": "csv", "pair_separator": ","}, "pair_separator"),
            (ANCHORS, {"format": "lines", "columns": {"text": 2}}, "no columns; remove `columns`"),
            (ANCHORS, {"format": "lines", "where": {1: "hau"}}, "no columns to select rows by; remove `where`"),
            (PARALLEL, {"format": "tmx", "where": {"lang": "hau"}}, "no columns to select rows by; remove `where`"),
        ],
    )
    def test_a_format_that_cannot_give_the_table(
        self, tmp_path: Path, layout: Layout, spec: dict[str, object], message: str
    ) -> None:
        with pytest.raises(ParamsError, match=message):
            read(tmp_path, layout, "a\n", **spec)
