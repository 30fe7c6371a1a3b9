"""Readers of the formats that corpora are distributed in: the same rows, whichever way they are stored."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import math
import random
import re
import tracemalloc
import zipfile
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import httpx2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bootembed.core.errors import DataError, ParamsError
from bootembed.corpora.layouts import ANCHORS, MONOLINGUAL, NLI, PARALLEL, Layout, read_rows
from bootembed.corpora.rows import Row, RowRejection
from bootembed.corpora.streams import MAX_LINE_BYTES, raw_file, read_raw_lines
from bootembed.detection import detect
from bootembed.drafting.tables import Request, read_source
from bootembed.evaluation.prepare import evaluation_layout
from bootembed.settings.corpora import FileSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

REVISION = "0" * 40
TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff\ufffe\uffff"), min_size=1
).filter(str.strip)
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(folder: Path, layout: Layout, **spec: Any) -> list[Row]:
    return list(read_rows(FileSpec(**spec), layout, folder=folder, language="hau"))


def kept(rows: list[Row]) -> list[tuple[Any, ...]]:
    return [tuple(row.values.values()) for row in rows if row.reason is None]


def reasons(rows: list[Row]) -> list[tuple[str, int]]:
    return [(str(row.reason), row.line) for row in rows if row.reason]


def tmx(units: list[dict[str, str]], body: str = "") -> str:
    variants = [
        "".join(f'<tuv xml:lang="{lang}"><seg>{escape(text)}</seg></tuv>\n' for lang, text in unit.items())
        for unit in units
    ]
    inner = "".join(f"<tu>\n{variant}</tu>\n" for variant in variants)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<tmx version="1.4"><header/><body>\n{inner}{body}</body></tmx>\n'


class TestCompressed:
    CONTENT = "daya\nbiyu\nuku\n" * 200

    def compressed(self, suffix: str) -> bytes:
        data = self.CONTENT.encode()
        if suffix == "zip":
            stream = io.BytesIO()
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("inner/anchors.txt", data)
            return stream.getvalue()
        return {
            "gz": gzip.compress,
            "bz2": bz2.compress,
            "xz": lzma.compress,
            "zst": zstandard.ZstdCompressor().compress,
        }[suffix](data)

    @pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zst", "zip"])
    def test_gives_the_lines_of_the_plain_file(self, tmp_path: Path, suffix: str) -> None:
        (tmp_path / "plain").write_text(self.CONTENT)
        (tmp_path / f"a.{suffix}").write_bytes(self.compressed(suffix))
        found = kept(read(tmp_path, ANCHORS, format="lines", path=f"a.{suffix}"))
        assert found == kept(read(tmp_path, ANCHORS, format="lines", path="plain"))
        assert len(found) == 600

    @pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zst"])
    def test_files_put_together_are_read_to_the_end(self, tmp_path: Path, suffix: str) -> None:
        (tmp_path / f"a.{suffix}").write_bytes(self.compressed(suffix) * 2)
        assert len(read(tmp_path, ANCHORS, format="lines", path=f"a.{suffix}")) == 1200

    @pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zst"])
    @pytest.mark.parametrize("following", ["a damaged stream", "text", "one byte"])
    def test_what_follows_the_first_stream_is_read_or_an_error(
        self, tmp_path: Path, suffix: str, following: str
    ) -> None:
        data = self.compressed(suffix)
        rest = {"a damaged stream": b"\0" + data[1:], "text": b"hudu\nbiyar\n", "one byte": b"x"}[following]
        (tmp_path / f"a.{suffix}").write_bytes(data + rest)
        with pytest.raises(DataError, match=rf"a\.{suffix}: its compressed data is damaged or cut off .*fetch"):
            read(tmp_path, ANCHORS, format="lines", path=f"a.{suffix}")

    def test_padding_between_streams_of_xz_is_none_of_them(self, tmp_path: Path) -> None:
        data = self.compressed("xz")
        (tmp_path / "a.xz").write_bytes(data + bytes(8) + data + bytes(4))
        assert len(read(tmp_path, ANCHORS, format="lines", path="a.xz")) == 1200

    @pytest.mark.parametrize("suffix", ["bz2", "xz"])
    def test_little_that_is_compressed_from_much_is_read_in_parts(self, tmp_path: Path, suffix: str) -> None:
        """A line of a gigabyte of nothing takes a kilobyte in an xz file."""
        packer: Any = {"bz2": bz2.BZ2Compressor, "xz": lzma.LZMACompressor}[suffix]()
        packed = b"".join(packer.compress(bytes(1 << 24)) for _ in range(8))
        (tmp_path / f"a.{suffix}").write_bytes(packed + packer.compress(b"\ndaya\n") + packer.flush())
        tracemalloc.start()
        found = list(read_raw_lines(raw_file(tmp_path, f"a.{suffix}", holds="xml")))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert [line.complete for line in found] == [False, True]
        assert peak < 100_000_000

    @pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zst", "zip"])
    @pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
    def test_a_file_cut_off_is_an_error_with_a_remedy(self, tmp_path: Path, suffix: str, share: float) -> None:
        data = self.compressed(suffix)
        (tmp_path / f"a.{suffix}").write_bytes(data[: int(len(data) * share)])
        with pytest.raises(DataError, match=rf"a\.{suffix}: its compressed data is damaged or cut off .*fetch"):
            read(tmp_path, ANCHORS, format="lines", path=f"a.{suffix}")

    @pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zst", "zip"])
    def test_a_file_that_is_not_what_its_name_says(self, tmp_path: Path, suffix: str) -> None:
        (tmp_path / f"a.{suffix}").write_text(self.CONTENT)
        with pytest.raises(DataError, match=rf"a\.{suffix}: its name ends in \.{suffix}, but it is not compr"):
            read(tmp_path, ANCHORS, format="lines", path=f"a.{suffix}")

    def test_a_member_of_an_archive_is_named(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "opus.zip", "w") as archive:
            archive.writestr("QED.en-ha.ha", "sannu\n")
            archive.writestr("QED.en-ha.en", "hello\n")
        spec = {"format": "moses", "path": "opus.zip!QED.en-ha.ha", "english_path": "opus.zip!QED.en-ha.en"}
        assert kept(read(tmp_path, PARALLEL, **spec)) == [("sannu", "hello")]
        with pytest.raises(DataError, match=r"opus\.zip: holds QED\.en-ha\.ha, QED\.en-ha\.en; name one"):
            read(tmp_path, ANCHORS, format="lines", path="opus.zip")

    def test_what_macos_puts_into_an_archive_is_no_member(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr("__MACOSX/._a.txt", b"\0\5\x16\7")
            archive.writestr("a.txt", "sannu\n")
        assert kept(read(tmp_path, ANCHORS, format="lines", path="a.zip")) == [("sannu",)]

    def test_an_exclamation_mark_parts_names_behind_zip_only(self, tmp_path: Path) -> None:
        for name in ("a!b.txt", "c.zip!d.txt"):
            (tmp_path / name).write_text("sannu\n")
            assert kept(read(tmp_path, ANCHORS, format="lines", path=name)) == [("sannu",)]
        with zipfile.ZipFile(tmp_path / "Yes!.ZIP", "w") as archive:
            archive.writestr("in!side.txt", "barka\n")
        assert kept(read(tmp_path, ANCHORS, format="lines", path="Yes!.ZIP!in!side.txt")) == [("barka",)]
        with pytest.raises(DataError, match=r"a!x\.txt: cannot be read .*put the file there"):
            read(tmp_path, ANCHORS, format="lines", path="a!x.txt")

    def test_an_archive_that_cannot_be_unpacked(self, tmp_path: Path) -> None:
        data = bytearray(self.compressed("zip"))
        for start in (data.index(b"PK\x03\x04") + 8, data.index(b"PK\x01\x02") + 10):
            data[start : start + 2] = b"\x63\x00"  # method 99: encrypted by WinZip
        (tmp_path / "a.zip").write_bytes(data)
        with pytest.raises(DataError, match=r"a\.zip: inner/anchors\.txt: cannot be decompressed"):
            read(tmp_path, ANCHORS, format="lines", path="a.zip")

    def test_an_archive_of_a_version_that_does_not_exist(self, tmp_path: Path) -> None:
        data = bytearray(self.compressed("zip"))
        data[data.index(b"PK\x01\x02") + 6] = 84
        (tmp_path / "a.zip").write_bytes(data)
        with pytest.raises(DataError, match=r"a\.zip: its compressed data is damaged .*zip file version 8\.4"):
            read(tmp_path, ANCHORS, format="lines", path="a.zip")

    def test_jsonl_csv_and_tmx_may_be_compressed_too(self, tmp_path: Path) -> None:
        (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"text": "sannu"}\n'))
        (tmp_path / "a.csv.xz").write_bytes(lzma.compress(b"text\nsannu\n"))
        (tmp_path / "a.tmx.gz").write_bytes(gzip.compress(tmx([{"ha": "sannu", "en": "hello"}]).encode()))
        assert kept(read(tmp_path, ANCHORS, format="jsonl", path="a.jsonl.gz")) == [("sannu",)]
        assert kept(read(tmp_path, ANCHORS, format="csv", path="a.csv.xz")) == [("sannu",)]
        assert kept(read(tmp_path, PARALLEL, format="tmx", path="a.tmx.gz")) == [("sannu", "hello")]


class TestTmx:
    @quick
    @given(units=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5))
    def test_gives_back_what_was_written(self, tmp_path: Path, units: list[tuple[str, str]]) -> None:
        (tmp_path / "a.tmx").write_text(tmx([{"ha-NG": own, "en": english} for own, english in units]), "utf-8")
        assert kept(read(tmp_path, PARALLEL, format="tmx", path="a.tmx")) == units

    def test_a_unit_without_one_of_the_languages_is_rejected_with_its_line(self, tmp_path: Path) -> None:
        units = [{"en": "hello", "fr": "salut"}, {"hau": "sannu", "en-US": "hello"}, {"ha": " ", "en": "x"}]
        (tmp_path / "a.tmx").write_text(tmx(units))
        rows = read(tmp_path, PARALLEL, format="tmx", path="a.tmx")
        assert kept(rows) == [("sannu", "hello")]
        assert reasons(rows) == [("missing_language", 6), ("empty", 14)]
        assert rows[0].detail == "no ha; has en, fr"

    def test_marks_of_translation_tools_are_left_out(self, tmp_path: Path) -> None:
        own = '<tuv xml:lang="ha"><seg>ina <bpt i="1"/>son<ept i="1"/> ruwa</seg></tuv>'
        unit = f'<tu>{own}<tuv lang="EN"><seg>w</seg></tuv></tu>'
        (tmp_path / "a.tmx").write_text(tmx([], unit))
        assert kept(read(tmp_path, PARALLEL, format="tmx", path="a.tmx")) == [("ina son ruwa", "w")]

    def test_markup_of_the_translated_document_is_left_out(self, tmp_path: Path) -> None:
        marked = (
            '<ph>{0}</ph>ina <bpt i="1">&lt;b&gt;</bpt>son<ept i="1">&lt;/b&gt;</ept> <hi>ruwan <it>x</it>sanyi</hi>.'
        )
        own = f'<tuv xml:lang="ha"><seg>{marked}</seg></tuv>'
        (tmp_path / "a.tmx").write_text(tmx([], f'<tu>{own}<tuv lang="EN"><seg>w</seg></tuv></tu>'))
        assert kept(read(tmp_path, PARALLEL, format="tmx", path="a.tmx")) == [("ina son ruwan sanyi.", "w")]

    @pytest.mark.parametrize("empty_first", [True, False])
    def test_of_several_variants_the_first_that_is_not_empty(self, tmp_path: Path, empty_first: bool) -> None:
        variants = [("pt-PT", "colheita"), ("pt-BR", "safra")]
        variants.insert(0 if empty_first else 2, ("pt", " "))
        own = "".join(f'<tuv xml:lang="{code}"><seg>{text}</seg></tuv>' for code, text in variants)
        english = '<tuv xml:lang="en-GB"><seg>harvest</seg></tuv><tuv xml:lang="en-US"><seg>crop</seg></tuv>'
        (tmp_path / "a.tmx").write_text(tmx([], f"<tu>{own}{english}</tu>"))
        spec = FileSpec(format="tmx", path="a.tmx")
        assert kept(list(read_rows(spec, PARALLEL, folder=tmp_path, language="por"))) == [("colheita", "harvest")]

    @pytest.mark.parametrize(
        ("script", "tags", "taken"),
        [
            ("Cyrl", ("sr-Latn", "sr-Cyrl"), "sr-Cyrl"),
            ("Latn", ("sr-Cyrl", "sr-Latn"), "sr-Latn"),
            ("Cyrl", ("sr-Latn-RS", "sr-ME", "sr_RS"), "sr_RS"),  # in Montenegro it is usually in Latin
            ("Latn", ("sr", "sr-Latn"), "sr-Latn"),
            ("Zyyy", ("sr-Latn", "sr-Cyrl"), "sr-Latn"),
            (None, ("sr-Latn", "sr-Cyrl"), "sr-Cyrl"),
            ("Cyrl", ("sr-Latn", "en"), "sr-Latn"),
        ],
    )
    def test_of_several_variants_the_one_in_the_script(
        self, tmp_path: Path, script: str | None, tags: tuple[str, ...], taken: str
    ) -> None:
        (tmp_path / "a.tmx").write_text(tmx([{tag: tag for tag in tags} | {"en": "x"}]))
        spec = FileSpec(format="tmx", path="a.tmx")
        rows = read_rows(spec, PARALLEL, folder=tmp_path, language="srp", script=script)
        assert kept(list(rows)) == [(taken, "x")]

    @pytest.mark.parametrize(
        ("language", "tags", "taken"),
        [
            ("prs", ("fa", "pes", "prs"), "prs"),
            ("prs", ("pes", "fa"), "fa"),
            ("swc", ("sw", "swc-CD"), "swc-CD"),
            ("fas", ("prs", "fa-IR"), "fa-IR"),
        ],
    )
    def test_of_several_variants_the_one_of_the_very_language(
        self, tmp_path: Path, language: str, tags: tuple[str, ...], taken: str
    ) -> None:
        (tmp_path / "a.tmx").write_text(tmx([{tag: tag for tag in tags} | {"en": "x"}]))
        rows = read_rows(FileSpec(format="tmx", path="a.tmx"), PARALLEL, folder=tmp_path, language=language)
        assert kept(list(rows)) == [(taken, "x")]

    @pytest.mark.parametrize(
        ("language", "tag", "in_file"),
        [
            ("nob", "no", "no-NO"),
            ("nor", "nb", "nb_NO"),
            ("pbt", "ps", "ps"),
            ("ckb", "ku", "KU"),
            ("srp", "sr-latn", "sr-Latn-RS"),
        ],
    )
    def test_the_tag_that_the_file_uses_can_be_named(
        self, tmp_path: Path, language: str, tag: str, in_file: str
    ) -> None:
        variants = {"sr-Cyrl": "other", "nox": "other", in_file: "own", "de": "nein"}
        (tmp_path / "a.tmx").write_text(tmx([variants | {"en-x-mt": "hello", "en": "wrong"}]))
        spec = FileSpec(format="tmx", path="a.tmx", columns={"text": tag, "english": "en-x-mt"})
        assert kept(list(read_rows(spec, PARALLEL, folder=tmp_path, language=language))) == [("own", "hello")]

    def test_the_very_tag_that_is_named_is_taken(self, tmp_path: Path) -> None:
        (tmp_path / "a.tmx").write_text(tmx([{"pt-BR": "safra", "pt": "colheita", "en": "x"}]))
        spec = FileSpec(format="tmx", path="a.tmx", columns={"text": "pt"})
        assert kept(list(read_rows(spec, PARALLEL, folder=tmp_path, language="por"))) == [("colheita", "x")]

    def test_a_language_that_no_unit_has_is_told_with_the_tags_that_are_there(self, tmp_path: Path) -> None:
        (tmp_path / "a.tmx").write_text(tmx([{"en": "x", "no": "ja"}, {"en": "y", "nn-NO": "jau"}]))
        for layout, column in ((PARALLEL, "text"), (evaluation_layout("Some", "bitext_mining"), "sentence1")):
            assert layout.own_texts == (column,)
            message = (
                rf"no unit holds both 'nb' and 'en'; .* tags 'en', 'no', 'nn-NO'\. .*columns: \{{{column}: \"TAG\"\}}"
            )
            with pytest.raises(DataError, match=message):
                list(read_rows(FileSpec(format="tmx", path="a.tmx"), layout, folder=tmp_path, language="nob"))
        with pytest.raises(DataError, match=r"no unit holds both 'nb-NO' and 'en'"):
            read(tmp_path, PARALLEL, format="tmx", path="a.tmx", columns={"text": "nb-NO"})
        with pytest.raises(ParamsError, match=r"`columns` names \['txt'\]"):
            read(tmp_path, PARALLEL, format="tmx", path="a.tmx", columns={"txt": "no"})

    def test_the_tag_can_be_named_to_who_drafts_a_profile(self, tmp_path: Path) -> None:
        (tmp_path / "a.tmx").write_text(tmx([{"en": "x", "no": "ja"}]))
        request = Request("parallel", tmp_path / "a.tmx")
        found = read_source(request, {"text": "no"}, {}, language="nob", names=())
        assert (found.entry, found.rows) == (
            {"format": "tmx", "columns": {"text": "no"}},
            [{"text": "ja", "english": "x"}],
        )
        with pytest.raises(DataError, match="its languages have the tags 'en', 'no'"):
            read_source(request, {}, {}, language="nob", names=())

    @pytest.mark.parametrize(
        ("segment", "text"),
        [
            ("hier<ph>&lt;br/&gt;</ph>Tweede", "hier Tweede"),
            ("hier<ph/><ph x='1'/><hi>Tweede</hi>", "hier Tweede"),
            ("हिन्दी<ph/>वाक्य", "हिन्दी वाक्य"),
            ("hier <ph/>Tweede<ph/>, derde.<ph/>", "hier Tweede, derde."),
            ("on<bpt i='1'/>geloof<ept i='1'/>lik", "ongelooflik"),
        ],
    )
    def test_a_placeholder_joins_no_words(self, tmp_path: Path, segment: str, text: str) -> None:
        own = f'<tuv xml:lang="ha"><seg>{segment}</seg></tuv><tuv xml:lang="en"><seg>w</seg></tuv>'
        (tmp_path / "a.tmx").write_text(tmx([], f"<tu>{own}</tu>"), encoding="utf-8")
        assert kept(read(tmp_path, PARALLEL, format="tmx", path="a.tmx")) == [(text, "w")]

    @pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "ISO-8859-1"])
    @pytest.mark.parametrize("filler", ["", "<!-- " + "x" * 65_500 + " -->"], ids=["short", "long"])
    def test_entities_are_refused_in_any_encoding(self, tmp_path: Path, encoding: str, filler: str) -> None:
        """The long one lies over the end of a part in which the file is read."""
        declared = f'<?xml version="1.0" encoding="{encoding}"?>\n<!DOCTYPE tmx [{filler}<!ENTITY a "b">]>\n'
        text = tmx([], '<tu><tuv xml:lang="ha"><seg>&a;</seg></tuv></tu>').partition("\n")[2]
        (tmp_path / "a.tmx").write_bytes((declared + text).encode(encoding))
        with pytest.raises(DataError, match="line 2: declares XML entities"):
            read(tmp_path, PARALLEL, format="tmx", path="a.tmx")

    def test_a_document_type_without_entities_is_read(self, tmp_path: Path) -> None:
        text = tmx([{"ha": "ruwa <!ENTITY", "en": "water"}])
        (tmp_path / "a.tmx").write_text(text.replace("<tmx", '<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n<tmx', 1))
        assert kept(read(tmp_path, PARALLEL, format="tmx", path="a.tmx")) == [("ruwa <!ENTITY", "water")]

    @pytest.mark.parametrize("name", ['xmlns="http://www.lisa.org/tmx14"', 'xmlns:x="http://www.lisa.org/tmx14"'])
    def test_a_namespace_changes_nothing(self, tmp_path: Path, name: str) -> None:
        text = tmx(
            [], '<tu><tuv xml:lang="ha"><seg>ina <ph>{0}</ph>son</seg></tuv><tuv lang="EN"><seg>w</seg></tuv></tu>'
        )
        text = text.replace("<tmx", f"<tmx {name}", 1)
        if name.startswith("xmlns:x"):
            text = re.sub(r"<(/?)(tmx|body|tu|tuv|seg|ph)\b", r"<\1x:\2", text)
        (tmp_path / "a.tmx").write_text(text)
        assert kept(read(tmp_path, PARALLEL, format="tmx", path="a.tmx")) == [("ina son", "w")]

    def test_other_xml_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "a.tmx").write_text('<?xml version="1.0"?><xliff version="1.2"><file/></xliff>')
        with pytest.raises(DataError, match=r"a\.tmx: is XML, but its outermost element is <xliff>, not <tmx>"):
            read(tmp_path, PARALLEL, format="tmx", path="a.tmx")

    def test_other_encodings_are_those_of_the_declaration(self, tmp_path: Path) -> None:
        text = tmx([{"ha": "ƙasa", "en": "land"}]).replace("UTF-8", "UTF-16")
        (tmp_path / "a.tmx").write_bytes(text.encode("utf-16"))
        assert kept(read(tmp_path, PARALLEL, format="tmx", path="a.tmx")) == [("ƙasa", "land")]

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("", "is empty"),
            (tmx([{"ha": "a", "en": "b"}])[:-60], "is not well-formed TMX from line"),
            ("no xml at all", "is not well-formed TMX from line 1"),
            ('<!DOCTYPE tmx [<!ENTITY a "b">]><tmx/>', "line 1: declares XML entities"),
            ('<?xml version="1.0" encoding="UTF-88"?><tmx/>', "its XML declaration: unknown encoding: UTF-88"),
            ("<tmx><body><tu>" + "x" * MAX_LINE_BYTES + "x", "a translation unit does not end"),
        ],
    )
    def test_what_is_no_tmx_is_refused(self, tmp_path: Path, content: str, message: str) -> None:
        (tmp_path / "a.tmx").write_text(content)
        with pytest.raises(DataError, match=message):
            read(tmp_path, PARALLEL, format="tmx", path="a.tmx")

    def test_gives_parallel_text_only(self, tmp_path: Path) -> None:
        with pytest.raises(ParamsError, match="parallel text or bitext mining"):
            read(tmp_path, ANCHORS, format="tmx", path="a.tmx")


class TestRecords:
    RECORDS = ({"ha": "daya", "en": "one", "n": 1}, {"ha": "biyu", "en": "two", "n": 2}, {"ha": "", "en": "x", "n": 3})
    COLUMNS = {"text": "ha", "english": "en"}  # noqa: RUF012

    def stored(self, folder: Path, form: str, records: Sequence[dict[str, object]] = RECORDS) -> str:
        if form == "jsonl":
            (folder / "a").write_text("".join(json.dumps(record) + "\n" for record in records))
        elif form == "parquet":
            pq.write_table(pa.Table.from_pylist(list(records)), folder / "a")
        else:
            from datasets import Dataset

            Dataset.from_list(list(records)).save_to_disk(str(folder / "a"))
        return "a"

    @pytest.mark.parametrize("form", ["jsonl", "parquet", "datasets"])
    def test_give_the_same_rows(self, tmp_path: Path, form: str) -> None:
        rows = read(tmp_path, PARALLEL, format=form, path=self.stored(tmp_path, form), columns=self.COLUMNS)
        assert kept(rows) == [("one", "daya"), ("two", "biyu")]
        assert [(row.reason, row.line, row.detail) for row in rows if row.reason] == [(RowRejection.EMPTY, 3, "text")]

    @pytest.mark.parametrize("form", ["parquet", "datasets"])
    def test_a_missing_column_is_an_error_that_lists_those_there(self, tmp_path: Path, form: str) -> None:
        with pytest.raises(DataError, match=r"has no column 'text', .* it has: 'ha', 'en', 'n'.*columns: \{text: "):
            read(tmp_path, ANCHORS, format=form, path=self.stored(tmp_path, form))

    def test_columns_within_columns(self, tmp_path: Path) -> None:
        """XNLI of the Hub: the premise in 15 languages, the hypotheses in a list."""
        record = {
            "premise": {"sw": "Mbwa anakula.", "en": "The dog eats."},
            "hypothesis": {"language": ["ar", "en"], "translation": ["...", "An animal eats."]},
            "label": 0,
            "a.b": "dot",
        }
        columns = {"premise": "premise.sw", "hypothesis": "hypothesis.translation.1", "label": "label"}
        spec = {"path": "a", "columns": columns, "label_values": {"0": "entailment"}}
        (tmp_path / "a").write_text(json.dumps(record) + "\n" + '{"premise": {"sw": "x"}, "label": 0}\n')
        rows = read(tmp_path, NLI, format="jsonl", **spec)
        assert kept(rows) == [("Mbwa anakula.", "An animal eats.", "entailment")]
        assert reasons(rows) == [("missing_column", 2)]
        pq.write_table(pa.Table.from_pylist([record]), tmp_path / "a")
        assert kept(read(tmp_path, NLI, format="parquet", **spec)) == kept(rows)
        assert kept(read(tmp_path, ANCHORS, format="parquet", path="a", columns={"text": "a.b"})) == [("dot",)]

    def test_json_that_is_none_is_rejected_with_its_line(self, tmp_path: Path) -> None:
        lines = [
            '{"text": "a"}',
            "{",
            "[1]",
            "",
            '{"text": ["a"]}',
            '{"text": "\\ud800"}',
            '{"text": 7}',
            "[" * 100_000,
        ]
        (tmp_path / "a").write_bytes("\n".join(lines).encode() + b"\n\xff\n")
        rows = read(tmp_path, ANCHORS, format="jsonl", path="a")
        assert kept(rows) == [("a",)]
        assert reasons(rows) == [
            ("malformed_json", 2),
            ("malformed_json", 3),
            ("empty", 4),
            ("value_is_no_text", 5),
            ("value_is_no_text", 6),
            ("value_is_no_text", 7),
            ("malformed_json", 8),
            ("undecodable", 9),
        ]

    @pytest.mark.parametrize("value", [math.nan, math.inf, True, 12.0, 12, None])
    @pytest.mark.parametrize("form", ["jsonl", "parquet", "datasets"])
    def test_what_is_no_text_is_no_sentence(self, tmp_path: Path, form: str, value: object) -> None:
        path = self.stored(tmp_path, form, [{"text": value}, {"text": value}])
        reason = "empty" if value is None else "value_is_no_text"
        rows = read(tmp_path, ANCHORS, format=form, path=path)
        assert reasons(rows) == [(reason, 1), (reason, 2)]
        assert value is None or rows[0].detail == f"text: {value}"

    def test_scores_and_labels_may_be_numbers_but_no_gaps(self, tmp_path: Path) -> None:
        label = '{"premise": "a", "hypothesis": "b", "label": %s}\n'
        (tmp_path / "a").write_text("".join(label % value for value in ("0", "0.0", "NaN", "true")))
        rows = read(tmp_path, NLI, format="jsonl", path="a", label_values={0: "entailment"})
        assert kept(rows) == [("a", "b", "entailment")] * 2
        assert reasons(rows) == [("value_is_no_text", 3), ("value_is_no_text", 4)]
        score = '{"sentence1": "a", "sentence2": "b", "score": %s}\n'
        (tmp_path / "a").write_text("".join(score % value for value in ("4", "2.5", "NaN", "true")))
        rows = read(tmp_path, evaluation_layout("Some", "sts"), format="jsonl", path="a", split="test")
        assert kept(rows) == [("test", "a", "b", 4.0), ("test", "a", "b", 2.5)]
        assert [line for _, line in reasons(rows)] == [3, 4]

    def test_any_value_can_select(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text('{"text": "x", "ok": true, "n": 1}\n{"text": NaN, "ok": false, "n": NaN}\n')
        assert kept(read(tmp_path, ANCHORS, format="jsonl", path="a", where={"ok": "True", "n": 1})) == [("x",)]

    def test_a_parquet_file_is_not_held_in_memory(self, tmp_path: Path) -> None:
        rng = random.Random(1)
        texts = [rng.randbytes(150).hex() for _ in range(100_000)]  # 30 MB
        pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet", row_group_size=5_000, compression="none")
        spec = FileSpec(format="parquet", path="a.parquet")
        rows = read_rows(spec, ANCHORS, folder=tmp_path, language="hau")
        before = pa.total_allocated_bytes()
        held = [pa.total_allocated_bytes() - before for number, _ in enumerate(rows) if number % 1000 == 0]
        assert max(held) < 12_000_000, max(held)

    def test_a_folder_of_parquet_files_is_one_table(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        for number in (2, 1):
            pq.write_table(pa.table({"text": [f"na {number}", f"da {number}"]}), tmp_path / "a" / f"{number}.parquet")
        rows = read(tmp_path, ANCHORS, format="parquet", path="a")
        assert [(row.values["text"], row.file, row.line) for row in rows] == [
            ("na 1", "a/1.parquet", 1),
            ("da 1", "a/1.parquet", 2),
            ("na 2", "a/2.parquet", 1),
            ("da 2", "a/2.parquet", 2),
        ]

    def test_folders_within_a_folder_are_named(self, tmp_path: Path) -> None:
        for split in ("test", "train"):
            (tmp_path / "a" / split).mkdir(parents=True)
            pq.write_table(pa.table({"text": ["na"]}), tmp_path / "a" / split / "0.parquet")
        with pytest.raises(DataError, match=r"no \.parquet files, but its folders test, train do: name one of them"):
            read(tmp_path, ANCHORS, format="parquet", path="a")
        assert len(read(tmp_path, ANCHORS, format="parquet", path="a/train")) == 1

    def test_hidden_files_of_a_folder_are_not_read(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "._1.parquet").write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X        ")
        with pytest.raises(DataError, match=r"holds no \.parquet files"):
            read(tmp_path, ANCHORS, format="parquet", path="a")
        with pytest.raises(DataError, match="holds neither Parquet files"):
            detect(tmp_path / "a")
        pq.write_table(pa.table({"text": ["daya"]}), tmp_path / "a" / "1.parquet")
        assert kept(read(tmp_path, ANCHORS, format="parquet", path="a")) == [("daya",)]
        assert detect(tmp_path / "a").columns == ["text"]

    def test_a_name_of_two_columns_is_refused_if_it_is_needed(self, tmp_path: Path) -> None:
        twice = pa.table([["daya"], ["one"], ["biyu"], ["x"]], names=["text", "text", "other", "text.y"])
        pq.write_table(twice, tmp_path / "a.parquet")
        with pytest.raises(DataError, match=r"a\.parquet: has 2 columns named 'text', needed as 'text'.*rename one"):
            read(tmp_path, ANCHORS, format="parquet", path="a.parquet")
        found = read(tmp_path, ANCHORS, format="parquet", path="a.parquet", columns={"text": "other"})
        assert kept(found) == [("biyu",)]

    def test_columns_that_are_not_needed_are_not_decoded(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without torchcodec, as here, decoding sound is an ImportError."""
        from datasets import Audio, Dataset, Features, Value

        sound = Features({"text": Value("string"), "audio": Audio()})
        table = pa.table({"text": ["daya"], "audio": [{"bytes": b"RIFF", "path": None}]}, schema=sound.arrow_schema)
        stored = Dataset(table)
        stored.save_to_disk(str(tmp_path / "a"))
        assert kept(read(tmp_path, ANCHORS, format="datasets", path="a")) == [("daya",)]
        assert detect(tmp_path / "a").columns == ["text", "audio"]
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setattr("datasets.load_dataset", lambda *_, **__: stored.to_iterable_dataset())
        assert kept(read(tmp_path, ANCHORS, format="hub", path="org/name", revision=REVISION)) == [("daya",)]

    def test_what_is_no_parquet_and_no_dataset_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("text\n")
        (tmp_path / "empty").mkdir()
        broken = pa.array([b"fine", b"\xff\xfe"]).view(pa.string())
        pq.write_table(pa.table({"text": broken}), tmp_path / "broken")
        with pytest.raises(DataError, match=r"broken: cannot be read as Parquet: .*utf-8"):
            read(tmp_path, ANCHORS, format="parquet", path="broken")
        with pytest.raises(DataError, match="cannot be read as Parquet"):
            read(tmp_path, ANCHORS, format="parquet", path="a")
        with pytest.raises(DataError, match=r"holds no \.parquet files"):
            read(tmp_path, ANCHORS, format="parquet", path="empty")
        with pytest.raises(DataError, match=r"is not a folder of `Dataset\.save_to_disk`"):
            read(tmp_path, ANCHORS, format="datasets", path="empty")

    def test_a_saved_dataset_of_several_splits(self, tmp_path: Path) -> None:
        from datasets import Dataset, DatasetDict

        splits = {"train": Dataset.from_dict({"text": ["a"]}), "dev": Dataset.from_dict({"text": ["b"]})}
        DatasetDict(splits).save_to_disk(str(tmp_path / "a"))
        assert kept(read(tmp_path, ANCHORS, format="datasets", path="a", source_split="dev")) == [("b",)]
        with pytest.raises(DataError, match=r"has the splits train, dev, not 'test'; set `source_split`"):
            read(tmp_path, ANCHORS, format="datasets", path="a", source_split="test")


class TestHub:
    def test_a_dataset_is_streamed_and_its_rows_chosen(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """`load_dataset` reads a folder as it reads a repository of the Hub."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "org").mkdir()
        lines = [{"inputs": "q", "targets": "a", "language_code": code} for code in ("hau", "eng", "hau")]
        (tmp_path / "org" / "train.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        spec = {"format": "hub", "path": "./org", "revision": REVISION, "where": {"language_code": "{language}"}}
        found = kept(read(tmp_path, ANCHORS, columns={"text": "inputs"}, **spec))
        assert found == [("q",), ("q",)]
        with pytest.raises(DataError, match=r"hub:\./org at 0{40}: .*split.*"):
            read(tmp_path, ANCHORS, columns={"text": "inputs"}, source_split="dev", **spec)
        with pytest.raises(DataError, match="has no column 'text'"):
            read(tmp_path, ANCHORS, **spec)

    def test_offline_says_what_to_do(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
        with pytest.raises(DataError, match=r"hub:org/none at 0{40}: .* the Hub: HF_HUB_OFFLINE is set"):
            read(tmp_path, ANCHORS, format="hub", path="org/none", revision=REVISION)

    @pytest.mark.parametrize(
        ("error", "cause"),
        [
            (ConnectionError("cut off"), "it cannot be reached"),
            (httpx2.ReadTimeout("cut off"), "it cannot be reached"),
            (ValueError("cut off"), "ValueError: cut off"),
        ],
    )
    def test_a_stream_that_breaks_off_says_what_to_do(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, cause: str
    ) -> None:
        class Stream:
            column_names = None

            def __iter__(self) -> Iterator[dict[str, str]]:
                yield {"text": "a"}
                raise error

        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setattr("datasets.load_dataset", lambda *_, **__: Stream())
        with pytest.raises(
            DataError, match=rf"hub:org/name at 0{{40}}: cannot be read from the Hub: {cause}; .*`parquet`"
        ):
            read(tmp_path, ANCHORS, format="hub", path="org/name", revision=REVISION)

    def test_one_file_of_a_dataset_of_several(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "org").mkdir()
        (tmp_path / "org" / "a.csv").write_text("sent0\nwet\n")
        (tmp_path / "org" / "b.csv").write_text("sent0\ndry\n")
        spec = {"format": "hub", "path": "./org", "revision": REVISION, "columns": {"text": "sent0"}}
        assert kept(read(tmp_path, ANCHORS, data_file="b.csv", **spec)) == [("dry",)]

    def test_an_unresolved_revision_says_how_to_look_it_up(self, tmp_path: Path) -> None:
        message = r"org/name: its revision is 'unresolved'.*repo_info\('org/name', repo_type='dataset'\).*`revisions`"
        with pytest.raises(DataError, match=message):
            read(tmp_path, ANCHORS, format="hub", path="org/name", revision="unresolved")

    def test_a_revision_is_needed(self) -> None:
        with pytest.raises(ValueError, match="needs `revision`"):
            FileSpec(format="hub", path="org/name")
        with pytest.raises(ValueError, match="needs `path`"):
            FileSpec(format="lines")


class TestNli:
    WANTED = (("A man runs.", "A person moves.", "entailment"), ("A man runs.", "He sleeps.", "contradiction"))

    def test_triplets_as_simcse_has_them(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("sent0,sent1,hard_neg\nA man runs.,A person moves.,He sleeps.\n")
        columns = {"premise": "sent0", "entailment": "sent1", "contradiction": "hard_neg"}
        assert kept(read(tmp_path, NLI, format="csv", path="a", columns=columns)) == list(self.WANTED)

    def test_labelled_pairs_as_snli_and_mnli_have_them(self, tmp_path: Path) -> None:
        records = [
            {"sentence1": "A man runs.", "sentence2": "A person moves.", "gold_label": "entailment"},
            {"sentence1": "A man runs.", "sentence2": "He sleeps.", "gold_label": "contradiction"},
            {"sentence1": "A man runs.", "sentence2": "He is old.", "gold_label": "neutral"},
            {"sentence1": "A man runs.", "sentence2": "Nobody agreed.", "gold_label": "-"},
        ]
        (tmp_path / "a").write_text("".join(json.dumps(record) + "\n" for record in records))
        columns = {"premise": "sentence1", "hypothesis": "sentence2", "label": "gold_label"}
        rows = read(tmp_path, NLI, format="jsonl", path="a", columns=columns)
        assert kept(rows) == list(self.WANTED)
        assert reasons(rows) == [("neutral", 3), ("unknown_label", 4)]

    def test_one_language_of_xnli(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text(
            "language\tgold_label\tsentence1\tsentence2\nsw\tentailment\tp1\th1\nur\tentailment\tp2\th2\n\tneutral\tp\th\n"
        )
        columns = {"premise": "sentence1", "hypothesis": "sentence2", "label": "gold_label"}
        rows = read(tmp_path, NLI, format="tsv", path="a", columns=columns, where={"language": "sw"})
        assert kept(rows) == [("p1", "h1", "entailment")]
        assert len(rows) == 1


class TestEvaluation:
    def test_a_labelled_set_as_sib200_has_it(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("index_id\tcategory\ttext\n7\tsports\tYa ci.\n")
        columns = {"text": "text", "label": "category"}
        for kind in ("classification", "clustering"):
            layout = evaluation_layout("SIB200", kind)
            rows = read(tmp_path, layout, format="tsv", path="a", columns=columns, split="test")
            assert kept(rows) == [("test", "Ya ci.", "sports")]

    def test_translations_in_two_tables_are_joined_by_their_key(self, tmp_path: Path) -> None:
        (tmp_path / "hau.tsv").write_text("index_id\ttext\n3\tuku\n1\tdaya\n2\tbiyu\n")
        (tmp_path / "eng.tsv").write_text("index_id\ttext\n1\tone\n2\ttwo\n")
        files = {"format": "tsv", "path": "{language}.tsv", "english_path": "eng.tsv", "key": "index_id"}
        layout = evaluation_layout("SIB200", "bitext_mining")
        rows = read(tmp_path, layout, columns={"sentence1": "text", "sentence2": "text"}, split="test", **files)
        assert kept(rows) == [("test", "daya", "one"), ("test", "biyu", "two")]
        assert reasons(rows) == [("missing_language", 2)]
        with pytest.raises(ParamsError, match="`key` joins"):
            read(tmp_path, ANCHORS, **files)

    def test_a_key_of_two_texts_joins_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "hau.tsv").write_text("id\ttext\n1\tdaya\n")
        (tmp_path / "eng.tsv").write_text("id\ttext\n1\tone\n2\ttwo\n1\tone\n")
        files = {"format": "tsv", "path": "hau.tsv", "english_path": "eng.tsv", "key": "id"}
        files["columns"] = {"english": "text"}
        assert [row.values for row in read(tmp_path, PARALLEL, **files)] == [{"english": "one", "text": "daya"}]
        (tmp_path / "eng.tsv").write_text("id\ttext\n1\tone\n2\ttwo\n1\tother\n")
        with pytest.raises(DataError, match=r"eng\.tsv: line 4: the key '1' stood for another text before"):
            read(tmp_path, PARALLEL, **files)

    JOINED = {"path": "own", "english_path": "eng", "key": "id", "columns": {"english": "text"}}  # noqa: RUF012

    def joined(self, folder: Path, own: str, english: str, **spec: Any) -> list[Row]:
        (folder / "own").write_text(own)
        (folder / "eng").write_text(english)
        return read(folder, PARALLEL, **self.JOINED | spec)

    def test_rows_without_a_key_are_joined_to_none(self, tmp_path: Path) -> None:
        keys = ("null", '""', '" "', "NaN", '"a"')
        own = "".join(f'{{"id": {key}, "text": "daya"}}\n' for key in keys) + '{"text": "daya"}\n'
        rows = self.joined(tmp_path, own, own.replace("daya", "one"), format="jsonl")
        assert kept(rows) == [("daya", "one")]
        faults = [("empty", 1), ("empty", 2), ("empty", 3), ("value_is_no_text", 4), ("missing_column", 6)]
        assert [
            (row.file, *fault) for row, fault in zip([r for r in rows if r.reason], reasons(rows), strict=True)
        ] == [(file, *fault) for file in ("eng", "own") for fault in faults]
        rows = self.joined(tmp_path, "id\ttext\n\tdaya\n7\tbiyu\n", "id\ttext\n\tone\n7\ttwo\n", format="tsv")
        assert kept(rows) == [("biyu", "two")]
        assert [(row.file, row.line, row.reason, row.detail) for row in rows if row.reason] == [
            (file, 2, RowRejection.EMPTY, "key") for file in ("eng", "own")
        ]

    def test_a_key_is_the_same_however_it_is_written(self, tmp_path: Path) -> None:
        own, english = "id,text\n1.0,daya\n 2 ,biyu\n1.10,x\n", "id,text\n 1,one\n2,two\n"
        rows = self.joined(tmp_path, own, english, format="csv")
        assert kept(rows) == [("daya", "one"), ("biyu", "two")]
        assert [(row.reason, row.detail) for row in rows[2:]] == [("missing_language", "no English row 1.10")]

    def test_a_key_of_two_texts_of_the_language_joins_nothing(self, tmp_path: Path) -> None:
        rows = self.joined(tmp_path, "id,text\n1,daya\n1,daya\n", "id,text\n1,one\n", format="csv")
        assert kept(rows) == [("daya", "one")] * 2
        with pytest.raises(DataError, match=r"own: line 3: the key '1' stood for another text before"):
            self.joined(tmp_path, "id,text\n1,daya\n1.0,biyu\n", "id,text\n1,one\n", format="csv")

    def test_rows_are_selected_before_they_are_joined(self, tmp_path: Path) -> None:
        own, english = "id,lang,text\n1,hau,daya\n1,swh,moja\n", "id,text\n1,one\n"
        rows = self.joined(tmp_path, own, english, format="csv", where={"lang": "{language}"})
        assert [row.values for row in rows] == [{"text": "daya", "english": "one"}]

    def test_what_is_wrong_with_a_join_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"own: has no column 'id', needed as 'key'.*Name the right one: `key: "):
            self.joined(tmp_path, "nr,text\n1,daya\n", "id,text\n1,one\n", format="csv")
        with pytest.raises(ParamsError, match=r"`columns` names \['englsh'\]"):
            self.joined(tmp_path, "id,text\n", "id,text\n", format="csv", columns={"englsh": "text"})

    def test_documents_need_no_title(self, tmp_path: Path) -> None:
        form = {"part": "document", "columns": {"title": "title"}, "split": "test"}
        layout = evaluation_layout("Some", "retrieval")
        (tmp_path / "a.jsonl").write_text(
            '{"id": "1", "title": "", "text": "Birni ne."}\n{"id": "2", "title": null, "text": "Ee."}\n'
        )
        (tmp_path / "a.tsv").write_text("id\ttitle\ttext\n1\t\tBirni ne.\n2\tA\tEe.\n")
        found = [row.values["text"] for row in read(tmp_path, layout, format="jsonl", path="a.jsonl", **form)]
        assert found == ["Birni ne.", "Ee."]
        rows = read(tmp_path, layout, format="tsv", path="a.tsv", **form)
        assert [(row.reason, row.values["text"]) for row in rows] == [(None, "Birni ne."), (None, "A Ee.")]

    def test_a_retrieval_set_in_three_files(self, tmp_path: Path) -> None:
        (tmp_path / "corpus.jsonl").write_text('{"_id": "d1", "title": "Kano", "text": "Birni ne."}\n')
        (tmp_path / "queries.jsonl").write_text('{"_id": "q1", "text": "Ina Kano?"}\n')
        (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\n")
        layout = evaluation_layout("Some", "retrieval")
        document = {"id": "_id", "text": "text", "title": "title"}
        relevance = {"id": "query-id", "document": "corpus-id"}
        form = {"format": "jsonl", "split": "test"}
        rows = [
            *read(tmp_path, layout, path="corpus.jsonl", part="document", columns=document, **form),
            *read(tmp_path, layout, path="queries.jsonl", part="query", columns={"id": "_id"}, **form),
            *read(tmp_path, layout, path="qrels.tsv", part="relevance", columns=relevance, format="tsv", split="test"),
        ]
        assert [row.values for row in rows] == [
            dict(zip(layout.schema.names, values, strict=True))
            for values in (
                ("test", "document", "d1", "Kano Birni ne.", "", 0.0),
                ("test", "query", "q1", "Ina Kano?", "", 0.0),
                ("test", "relevance", "q1", "", "d1", 1.0),
            )
        ]
        with pytest.raises(ParamsError, match="document, query or relevance"):
            read(tmp_path, layout, path="corpus.jsonl", **form)


def test_a_line_too_long_to_hold_is_rejected_and_the_next_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"daya\n" + b"x" * (MAX_LINE_BYTES + 5) + b"\nbiyu\n")
    for form, layout in (("lines", ANCHORS), ("lines", MONOLINGUAL)):
        rows = read(tmp_path, layout, format=form, path="a")
        assert kept(rows) == [("daya",), ("biyu",)]
        assert reasons(rows) == [("line_too_long", 2)]


def test_a_zst_file_of_the_widest_window_is_read(tmp_path: Path) -> None:
    wide = zstandard.ZstdCompressionParameters(window_log=31, enable_ldm=True)
    packer = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    (tmp_path / "a.zst").write_bytes(packer.compress(b"daya\nbiyu\n") + packer.flush())
    assert kept(read(tmp_path, ANCHORS, format="lines", path="a.zst")) == [("daya",), ("biyu",)]
