"""What stands in a file's place is told by its first bytes, and text in any script is never taken for it."""

# ruff: noqa: RUF001 - letters of other scripts are meant

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from bootembed.core.content import SAMPLE, describe, describe_file, describe_json, describe_text
from bootembed.core.errors import DataError
from bootembed.corpora.layouts import ANCHORS, INSTRUCTIONS, PARALLEL, read_rows
from bootembed.drafting.tables import Request, read_source
from bootembed.settings.corpora import FileSpec

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "Die voëls sing in die bome.\nDie kinders speel elke middag in die park.\n"
SCRIPTS = {
    "Latin": TEXT,
    "Yoruba": "Ọmọ náà ń ṣeré ní ìta.\nO\u0300\u0323wo\u0301 ni mo fẹ́.\n",
    "Cyrillic": "Дитина п’є молоко.\nВона снідає щоранку.\n",
    "Amharic": "ዛሬ አየሩ በጣም ጥሩ ነው።\nልጆቹ በሜዳ ላይ ኳስ ይጫወታሉ።\nሀገር ሀሳብ\n",
    "Thai": "มีอะไรที่เธอต้องการจะซื้อมั้ย\nได้เวลาปลุกทอมแล้ว\nเขาอยู่ที่ป่าคนเดียว\n",
    "Chinese": "今天的天气很好。\n孩子们在公园里玩。\n他每天都去学校。\n我们走吧。\n",
    "Hindi": "एक आदमी गिटार बजा रहा है।\nबच्चे पार्क में खेल रहे हैं।\n",
    "Punjabi": "ਅੱਜ ਮੌਸਮ ਬਹੁਤ ਵਧੀਆ ਹੈ।\nਬੱਚੇ ਬਾਗ ਵਿੱਚ ਖੇਡਦੇ ਹਨ।\n",
    "Arabic": "الطفل يلعب في الحديقة.\nذهبت إلى السوق أمس.\n",
}
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:ca97\nsize 330454481\n"


def tar(form: int) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        entry = tarfile.TarInfo("corpus.txt")
        entry.size = len(TEXT.encode())
        archive.addfile(entry, io.BytesIO(TEXT.encode()))
    return stream.getvalue()


def zipped(**members: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            stored = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED  # as OpenDocument demands
            archive.writestr(name, content, stored)
    return stream.getvalue()


def old_tar() -> bytes:
    data = bytearray(tar(tarfile.USTAR_FORMAT))
    data[257:512] = b"\0" * 255
    total = sum(data[:148]) + 8 * 32 + sum(data[156:512])
    data[148:156] = b"%06o\0 " % total
    return bytes(data)


def parquet() -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table({"text": ["a"]}), stream)
    return stream.getvalue()


FOREIGN = {
    "lfs": (LFS.encode(), "pointer of Git LFS .* `git lfs pull`"),
    "lfs crlf": (b"\xef\xbb\xbf" + LFS.replace("\n", "\r\n").encode(), "pointer of Git LFS"),
    "annex": (b"/annex/objects/SHA256E-s31390--f50d.txt\n", "pointer of git-annex .* `git annex get`"),
    "annex link as text": (b"../.git/annex/objects/zx/Fw/SHA256E-s31390--f50d.txt", "pointer of git-annex"),
    "dvc": (b"outs:\n- md5: a304afb96060aad90176268345e10355\n  size: 37\n  path: data.txt\n", "pointer of DVC"),
    "html": (b"\n<!DOCTYPE html>\n<html><body>404</body></html>\n", "an HTML page"),
    "html without type": (b"<html lang='en'><head>", "an HTML page"),
    "xhtml": (b'<?xml version="1.0"?>\n<!-- page -->\n<html xmlns="x">', "an HTML page"),
    "xml": (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "a server's error message"),
    "xml of an object store": (b"\xef\xbb\xbf<Error>\n  <Code>NoSuchKey</Code></Error>", "a server's error message"),
    "other xml": (b'<?xml version="1.0"?><corpus><s>a</s></corpus>', "an XML document"),
    "404": (b"404: Not Found", "a server's error message .* fetch"),
    "not found": (b"Not Found\n", "a server's error message"),
    "denied": (b"\nAccess denied.\r\n", "a server's error message"),
    "hub": (b"Entry not found", "a server's error message"),
    "password": (b"Invalid username or password.", "a server's error message"),
    "gated": (b"Access to dataset a/b is restricted. You must be authenticated.", "a server's error message"),
    "limit": (b"Too many requests. Please wait a minute.\n", "a server's error message"),
    "page without head": (b'<meta http-equiv="refresh" content="0; url=/login">', "an HTML page"),
    "json": (b'{"error": "Not found"}\n', "holds JSON .* `format: jsonl`"),
    "spaced json": (b'{ "text" : "Die voels sing." }\n', "holds JSON .* `format: jsonl`"),
    "long json": (b'{"text": "' + b"Die voels sing. " * 500 + b'"}\n', "holds JSON .* `format: jsonl`"),
    "python": (b"{'text': 'Die voels sing.'}\n{'text': 'x'}\n", "holds JSON .* `format: jsonl`"),
    "pretty json": (b'[\n  {\n    "text": "a"\n  }\n]\n', "not one object a line; .*jq -c"),
    "pretty object": (b'{\r\n  "text": "a"\r\n}\r\n', "not one object a line"),
    "json in one line": (b'[{"text": "a"}, {"text": "b"}]', "not one object a line"),
    "texts in one line": (b'["Die voels sing.", "Ja."]\n', "not one object a line"),
    "lists in one line": (b'[["a", "b"], ["c", "d"]]', "not one object a line"),
    "old mac": (TEXT.replace("\n", "\r").encode(), r"ends its lines with CR alone, .*convert them \(`tr"),
    "tar": (tar(tarfile.USTAR_FORMAT), "a tar archive; unpack it"),
    "gnu tar": (tar(tarfile.GNU_FORMAT), "a tar archive; unpack it"),
    "old tar": (old_tar(), "a tar archive; unpack it"),
    "gzip": (gzip.compress(TEXT.encode()), r"gzip data; let its name end in \.gz"),
    "bzip2": (bz2.compress(TEXT.encode()), r"bzip2 data; let its name end in \.bz2"),
    "xz": (lzma.compress(TEXT.encode()), r"xz data; let its name end in \.xz"),
    "zst": (zstandard.compress(TEXT.encode()), r"Zstandard data; let its name end in \.zst"),
    "zip": (zipped(a=TEXT), r"a zip archive; let its name end in \.zip"),
    "xlsx": (zipped(**{"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<x/>"}), "a spreadsheet .* as CSV"),
    "ods": (zipped(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "a spreadsheet .* as CSV"),
    "docx": (zipped(**{"word/numbering.xml": "<x/>"}), "another Office document"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), "an old Office"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document"),
    "parquet": (parquet(), "a Parquet table; read it with `format: parquet`"),
    "safetensors": (b"\x40\0\0\0\0\0\0\0" + b'{"w":{"dtype":"F32"}}', "weights of a model"),
    "7z": (b"7z\xbc\xaf\x27\x1c\0\4", "a 7z archive"),
    "zeros": (bytes(100) + b"x" * 100, "is no text"),
}  # fmt: skip


@pytest.mark.parametrize("what", FOREIGN)
def test_what_stands_in_a_corpus_place_is_one_error(tmp_path: Path, what: str) -> None:
    data, message = FOREIGN[what]
    (tmp_path / "raw").write_bytes(data)
    (tmp_path / "english").write_bytes(TEXT.encode())
    for spec, layout in (
        (FileSpec(format="lines", path="raw"), ANCHORS),
        (FileSpec(format="csv", path="raw"), INSTRUCTIONS),
        (FileSpec(format="moses", path="raw", english_path="english"), PARALLEL),
        (FileSpec(format="moses", path="english", english_path="raw"), PARALLEL),
    ):
        with pytest.raises(DataError, match=rf"raw: .*({message})"):
            list(read_rows(spec, layout, folder=tmp_path, language="afr"))


@pytest.mark.parametrize("what", ["lfs", "annex", "html", "tar", "gzip", "xlsx", "pdf", "zip"])
@pytest.mark.parametrize("form", ["tmx", "jsonl", "parquet"])
def test_the_same_in_place_of_tmx_json_and_parquet(tmp_path: Path, what: str, form: str) -> None:
    data, message = FOREIGN[what]
    (tmp_path / "raw").write_bytes(data)
    spec = FileSpec(format=form, path="raw")
    with pytest.raises(DataError, match=rf"raw: .*({message})"):
        list(read_rows(spec, PARALLEL if form == "tmx" else ANCHORS, folder=tmp_path, language="afr"))


@pytest.mark.parametrize("what", ["pretty json", "pretty object", "json in one line", "old mac", "404"])
def test_the_same_in_place_of_json_lines(tmp_path: Path, what: str) -> None:
    data, message = FOREIGN[what]
    (tmp_path / "raw").write_bytes(data)
    with pytest.raises(DataError, match=rf"raw: .*({message})"):
        list(read_rows(FileSpec(format="jsonl", path="raw"), ANCHORS, folder=tmp_path, language="afr"))


@pytest.mark.parametrize("name", ["raw.txt", "raw.tsv", "raw.csv", "raw.jsonl"])
def test_line_ends_of_old_macs_are_told_to_who_drafts_a_profile(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"text,english\rA.\rB.\r")
    with pytest.raises(DataError, match=rf"{name}: ends its lines with CR alone"):
        read_source(Request("text", tmp_path / name), {}, {}, language="afr", names=())


@pytest.mark.parametrize("end", ["\r\n", "\r\r\n", "\r \n"])
def test_other_line_ends_with_cr_are_none_of_old_macs(tmp_path: Path, end: str) -> None:
    (tmp_path / "raw").write_text(f"A.{end}B.{end}", newline="")
    found = list(read_rows(FileSpec(format="lines", path="raw"), ANCHORS, folder=tmp_path, language="afr"))
    assert [row.values["text"].strip() for row in found] == ["A.", "B."]


@pytest.mark.parametrize(
    "text",
    [
        "[1] Die voëls sing.",
        "[12]",
        '["Ja," sê hy.] Die voëls sing.',
        "{Musiek} Die voëls sing.",
        '{"Ja"} sê hy.',
        "[[Kategorie: voëls]]",
        "Not found: die voëls.",
        "Die voëls sing. Not found",
        "A.\r",
    ],
)
def test_texts_that_resemble_something_else(tmp_path: Path, text: str) -> None:
    (tmp_path / "raw").write_text(text, newline="", encoding="utf-8")
    found = list(read_rows(FileSpec(format="lines", path="raw"), ANCHORS, folder=tmp_path, language="afr"))
    assert [row.values["text"] for row in found] == [text.strip()]


def test_a_bracket_or_quoted_words_at_the_beginning_are_text(tmp_path: Path) -> None:
    quoted = ['["Kom hier," sê hy, "nou dadelik"]', '{"Kom hier": sê hy}']
    lines = [*quoted, "[", "Die kinders speel.", "x\ry " * 3 + "z" * 5000]
    for number in range(len(lines)):
        text = "\n".join(lines[number:] + lines[:number]) + "\n"
        (tmp_path / "raw").write_text(text, newline="", encoding="utf-8")
        found = list(read_rows(FileSpec(format="lines", path="raw"), ANCHORS, folder=tmp_path, language="afr"))
        assert len(found) == len(lines)


@pytest.mark.parametrize("mark", [True, False], ids=["marked", "unmarked"])
@pytest.mark.parametrize("order", ["le", "be"])
@pytest.mark.parametrize("bits", [16, 32])
@pytest.mark.parametrize("script", SCRIPTS)
def test_utf_16_and_32_with_and_without_mark(tmp_path: Path, script: str, bits: int, order: str, mark: bool) -> None:
    text = SCRIPTS[script]
    (tmp_path / "raw").write_bytes((("\ufeff" if mark else "") + text).encode(f"utf-{bits}-{order}"))
    with pytest.raises(DataError, match=rf"raw: .*UTF-{bits}.*iconv -f utf-{bits}"):
        list(read_rows(FileSpec(format="lines", path="raw"), ANCHORS, folder=tmp_path, language="afr"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_text_of_every_script_is_text(script: str) -> None:
    data = SCRIPTS[script].encode()
    assert describe(data) is None
    assert describe_text(data) is None
    assert describe_text(data.replace(b"\n", b"\0\n")) is None


@given(text=st.text(st.characters(exclude_categories=("Cs", "Cc"))).map(lambda text: f"Sannu {text}\n"))
def test_no_text_is_taken_for_something_else(text: str) -> None:
    for encoding in ("utf-8", "utf-8-sig"):
        start = text.encode(encoding)[:SAMPLE]
        assert describe(start) is None
        assert describe_text(start) is None
        assert describe_json(start, wanted=False) is None


@given(st.binary(max_size=600))
def test_no_bytes_raise(data: bytes) -> None:
    for found in (describe(data), describe_text(data), describe_json(data, wanted=False)):
        assert found is None or "; " in found


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst", ".zip"])
def test_something_else_under_the_name_of_a_compressed_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"raw{suffix}"
    spec = FileSpec(format="lines", path=path.name)
    for data, message in ((LFS.encode(), "pointer of Git LFS"), (TEXT.encode(), "is not compressed"), FOREIGN["html"]):
        path.write_bytes(data)
        with pytest.raises(DataError, match=rf"raw\{suffix}: its name ends in \{suffix}, but it .*{message}"):
            list(read_rows(spec, ANCHORS, folder=tmp_path, language="afr"))


def test_what_is_inside_a_compressed_file(tmp_path: Path) -> None:
    (tmp_path / "corpus.tar.gz").write_bytes(gzip.compress(tar(tarfile.GNU_FORMAT)))
    (tmp_path / "corpus.tgz").write_bytes(gzip.compress(tar(tarfile.GNU_FORMAT)))
    (tmp_path / "corpus.zip").write_bytes(zipped(**{"a.txt": LFS}))
    (tmp_path / "twice.txt.gz").write_bytes(gzip.compress(gzip.compress(TEXT.encode())))
    messages = {
        "corpus.tar.gz": "a tar archive",
        "corpus.tgz": "a tar archive; unpack it and name",
        "corpus.zip": "pointer of Git LFS",
        "twice.txt.gz": "compressed once more; unpack it",
    }
    for name, message in messages.items():
        with pytest.raises(DataError, match=rf"{name}.*{message}"):
            list(read_rows(FileSpec(format="lines", path=name), ANCHORS, folder=tmp_path, language="afr"))


def test_links_to_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "raw").symlink_to(".git/annex/objects/zx/Fw/SHA256E-s3--f50d.txt")
    (tmp_path / "other").symlink_to("nowhere.txt")
    for name, message in (("raw", "git annex get"), ("other", "a link to nowhere.txt, which is not there")):
        with pytest.raises(DataError, match=rf"{name}: is .*{message}"):
            list(read_rows(FileSpec(format="lines", path=name), ANCHORS, folder=tmp_path, language="afr"))
        assert message in str(describe_file(tmp_path / name))


def test_a_saved_dataset_of_pointers(tmp_path: Path) -> None:
    from datasets import Dataset

    Dataset.from_dict({"text": ["a"]}).save_to_disk(str(tmp_path / "set"))
    [arrow] = (tmp_path / "set").glob("*.arrow")
    arrow.write_text(LFS)
    with pytest.raises(DataError, match=rf"{arrow.name}: is a pointer of Git LFS"):
        list(read_rows(FileSpec(format="datasets", path="set"), ANCHORS, folder=tmp_path, language="afr"))
