"""Damaged corpora, by the hundred thousand: every reader must give rows, reject them, or say what is wrong.

A case is a small corpus of valid rows in one of the formats, damaged by up to three mutations, sometimes compressed.
Checked is that reading ends and raises nothing but the errors meant for users, which name the file; that every row
kept holds the columns of its table as clean text, and every other a reason, a file and a line; that what was not
damaged comes back as it was written; and, for every 50th case, that the whole preparation accounts for every row.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import math
import random
import tempfile
import time
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import click

from benchmarks.machine import machine
from bootembed.core.errors import DataError, ParamsError
from bootembed.corpora.identifiers import Heliport
from bootembed.corpora.layouts import (
    ANCHORS,
    EXAMPLES,
    INSTRUCTIONS,
    NLI,
    PARALLEL,
    Layout,
    read_rows,
)
from bootembed.evaluation.prepare import evaluation_layout
from bootembed.settings.corpora import FileSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SLOW_SECONDS = 10.0
WHOLE_EVERY = 50
_TEXTS = (
    "sannu",
    "Ƙasa",
    "naïve café",
    "한국어 문장",
    "हिन्दी वाक्य",
    "a, b",
    'he said "no"',
    "x\u2028y",
    "tab\\t",
    "12 %",
    "\u02bcyan",
    "é",
)
_LABELS = ("entailment", "contradiction", "neutral")
_STS = evaluation_layout("Fuzz", "sts")
_BITEXT = evaluation_layout("Fuzz", "bitext_mining")
_TOPICS = evaluation_layout("Fuzz", "classification")
_TABULAR = (PARALLEL, NLI, ANCHORS, EXAMPLES, INSTRUCTIONS, _STS, _BITEXT, _TOPICS)
_FORMATS = {
    "lines": (ANCHORS,),
    "moses": (PARALLEL, _BITEXT),
    "tmx": (PARALLEL, _BITEXT),
    "csv": _TABULAR,
    "tsv": _TABULAR,
    "unquoted tsv": _TABULAR,
    "jsonl": _TABULAR,
    "parquet": _TABULAR,
}
_COMPRESSIONS = ("", "", "", ".gz", ".bz2", ".xz", ".zst", ".zip")
_INSERTIONS = (
    *(
        b"\x00",
        b"\r",
        b"\n",
        b"\r\n",
        b"\t",
        b",",
        b'"',
        b"<",
        b"&",
        b"{",
        b"\x1a",
        b"nan",
        b"NaN",
        b"true",
        b'""',
        b"]]>",
        b"\\ud800",
    ),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"\x80", b"\xe2\x80\xa8", b"\xc3\xa9"),
    *(b"[" * 5000, b"x" * 100_000),
)


_STRANGE = 0.1
_STRANGERS: tuple[Callable[[bytes], bytes], ...] = (
    lambda data: b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize %d\n" % len(data),
    lambda data: b"<!DOCTYPE html><html><body>" + data,
    lambda data: b"%PDF-1.7\n" + data,
    gzip.compress,
    lambda data: data.decode("utf-8", "replace").encode("utf-16-le"),
    lambda data: data.decode("utf-8", "replace").encode("utf-32-be"),
    lambda data: data.replace(b'"text": "', b'"text": NaN, "x": "'),
    lambda data: data.replace(b'": "', b'": true, "x": "', 3),
    lambda data: b'"' + data,
)


class ViolationError(Exception):
    """What a reader must not do."""


@dataclass(frozen=True)
class Case:
    """A corpus on disk."""

    form: str
    layout: Layout
    spec: FileSpec
    rows: list[tuple[str, ...]]
    damaged: bool


@click.command(help=__doc__)
@click.option("--cases", type=int, default=100_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--only", type=int, help="Run this case alone, and let its error through.")
@click.option("--output", type=click.Path(path_type=Path), help="JSON file of figures.")
def main(cases: int, seed: int, only: int | None, output: Path | None) -> None:
    """Run the cases and print the figures."""
    counts: Counter[str] = Counter()
    violations = []
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for number in [only] if only is not None else range(cases):
            try:
                counts.update(
                    run_case(random.Random(f"{seed}-{number}"), Path(folder), whole=number % WHOLE_EVERY == 0)
                )
            except Exception as error:
                if only is not None:
                    raise
                violations.append({"case": number, "error": f"{type(error).__name__}: {error}"[:300]})
                click.echo(violations[-1], err=True)
            if (number + 1) % 10_000 == 0:
                click.echo(
                    f"{number + 1} cases, {len(violations)} violations, {time.monotonic() - begun:.0f} s", err=True
                )
    figures = {
        "cases": cases,
        "seed": seed,
        "seconds": round(time.monotonic() - begun),
        "violations": violations,
        "counts": dict(sorted(counts.items())),
        "machine": machine(),
    }
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    click.echo(json.dumps(figures["counts"], indent=2))
    raise SystemExit(1 if violations else 0)


def run_case(rng: random.Random, folder: Path, *, whole: bool) -> Counter[str]:
    """Write a corpus, read it, and check what comes.

    Returns:
        Outcomes, to be added up.

    Raises:
        ViolationError: A reader did what it must not.
    """
    for file in folder.iterdir():
        if file.is_file():
            file.unlink()
    case = _write(rng, folder)
    counts = Counter({f"format: {case.form}": 1, f"damaged: {'yes' if case.damaged else 'no'}": 1})
    begun = time.monotonic()
    try:
        rows = list(read_rows(case.spec, case.layout, folder=folder, language="hau"))
    except (DataError, ParamsError) as error:
        _demand("raw" in str(error), f"the message does not name the file: {error}")
        _demand(case.damaged or not case.rows, f"an undamaged file is refused: {error}")
        counts["outcome: refused with a message"] += 1
        rows = None
    _demand(time.monotonic() - begun < SLOW_SECONDS, "reading is slow")
    if rows is not None:
        counts["outcome: read"] += 1
        counts.update(_check_rows(rows, case))
    if whole:
        counts[_check_whole(case, folder)] += 1
    return counts


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ViolationError(otherwise)


def _check_rows(rows: Sequence[Any], case: Case) -> Counter[str]:
    counts: Counter[str] = Counter()
    last: dict[str, int] = {}
    for row in rows:
        _demand(row.file.startswith("raw") and row.line >= 1, f"no place: {row}")
        _demand(row.line >= last.get(row.file, 1), f"lines go back: {row}")
        last[row.file] = row.line
        if row.reason is not None:
            counts[f"row: {row.reason}"] += 1
            continue
        counts["row: kept"] += 1
        _demand(set(row.values) == set(case.layout.schema.names), f"columns: {row}")
        for value in row.values.values():
            _demand(isinstance(value, str | float), f"value: {row}")
            _demand(not isinstance(value, float) or math.isfinite(value), f"score: {row}")
            if isinstance(value, str):
                value.encode()
    if not case.damaged:
        kept = [tuple(row.values[name] for name in case.layout.texts) for row in rows if row.reason is None]
        _demand(kept == [row for row in case.rows if all(map(str.strip, row))], f"came back as {kept[:3]}")
    return counts


def _check_whole(case: Case, folder: Path) -> str:
    """The whole preparation of the case's table."""
    from bootembed.core.names import Role
    from bootembed.core.tables import REJECTED_ROWS, read_table
    from bootembed.corpora.prepare import prepare_corpora
    from bootembed.settings.corpora import CorpusSpec, Language, PrepareCorpora

    if case.layout.verbatim:
        return "whole: not for evaluation sets"
    out = folder / "out"
    settings = PrepareCorpora(
        folder=".", repair_mojibake=True, min_characters=2, max_characters=100, max_length_ratio=4.0,
        min_distinct_share=0.3, min_script_share=0.5, check_language=True, identifier=None, near_duplicates=0.9,
        near_evaluation=0.8, max_rows=3, max_anchors=3, distinct_anchors=True,
    )  # fmt: skip
    try:
        prepared = prepare_corpora(
            CorpusSpec.model_validate({case.layout.name: [case.spec.model_dump()]}),
            settings,
            language="hau",
            configured=Language(name="Hausa", script="Latn", role=Role.SOURCE, folder=".", corpus="some"),
            evaluation=[("hau/Some", "naïve café")],
            check=Heliport(),
            input_dir=folder,
            output_dir=out,
            seed=1,
        )
    except (DataError, ParamsError):
        left = list(out.iterdir())
        for file in left:
            file.unlink()
        _demand(all(file.suffix == ".parquet" and not file.name.startswith(".") for file in left), f"left: {left}")
        return "whole: refused with a message"
    report = prepared.tables[case.layout.name]
    listed = read_table(out / "rejected_rows.parquet", REJECTED_ROWS)
    _demand(report.rows_in == report.kept + report.not_sampled + sum(report.rejected.values()), f"sum: {report}")
    _demand(Counter(row["reason"] for row in listed) == report.rejected, "the list is not what was counted")
    _demand(not [file for file in out.iterdir() if file.name.startswith(".")], "a temporary file is left")
    for file in out.iterdir():
        file.unlink()
    return "whole: prepared"


def _write(rng: random.Random, folder: Path) -> Case:
    form = rng.choice(list(_FORMATS))
    layout = rng.choice(_FORMATS[form])
    texts = [tuple(_text(rng, form) for _ in layout.texts) for _ in range(rng.randint(0, 6))]
    compression = "" if form == "parquet" else rng.choice(_COMPRESSIONS)
    files = _stored(rng, form, layout, texts)
    mutations = rng.choice((0, 1, 1, 2, 3))
    damaged = mutations > 0
    after = bool(compression) and rng.random() < 0.3
    for name, data in files.items():
        plain = data if after else _mutated(rng, data, mutations)
        stored = _compressed(plain, compression)
        (folder / f"{name}{compression}").write_bytes(_mutated(rng, stored, mutations) if after else stored)
    spec: dict[str, Any] = {"format": form.removeprefix("unquoted "), "path": f"raw{compression}"}
    if form in ("csv", "tsv"):
        spec["quoting"] = True
    if form == "moses":
        spec["english_path"] = f"raw.eng{compression}"
    if layout is NLI:
        spec["label"] = "entailment"
    return Case(form, layout, FileSpec(**spec), texts, damaged)


def _text(rng: random.Random, form: str) -> str:
    text = " ".join(rng.choices(_TEXTS, k=rng.randint(0, 4)))
    if form == "csv" and rng.random() < 0.1:
        text += "\nand more"
    return text.replace("\\t", "\t") if form in ("csv", "tsv", "jsonl", "parquet") else text


def _stored(rng: random.Random, form: str, layout: Layout, texts: list[tuple[str, ...]]) -> dict[str, bytes]:
    """File -> content."""
    names = [name for name in layout.schema.names if name != "split" and not (layout is NLI and name == "label")]
    records = [
        dict(zip(layout.texts, row, strict=True))
        | ({"score": f"{rng.uniform(0, 5):.2f}"} if "score" in names else {})
        | ({"label": rng.choice(_LABELS)} if "label" in names else {})
        for row in texts
    ]
    if form == "lines":
        return {"raw": "".join(f"{row[0]}\n" for row in texts).encode()}
    if form == "moses":
        own, english = layout.halves or ("", "")
        halves = {"raw": own, "raw.eng": english}
        return {file: "".join(f"{record[name]}\n" for record in records).encode() for file, name in halves.items()}
    if form == "tmx":
        return {"raw": _tmx(records, layout)}
    if form == "jsonl":
        return {
            "raw": "".join(json.dumps(record, ensure_ascii=rng.random() < 0.5) + "\n" for record in records).encode()
        }
    if form == "parquet":
        return {"raw": _parquet(records, names)}
    return {"raw": _delimited(records, names, form)}


def _tmx(records: list[dict[str, str]], layout: Layout) -> bytes:
    own, english = layout.halves or ("", "")
    units = "".join(
        f'<tu>\n<tuv xml:lang="ha"><seg>{escape(record[own])}</seg></tuv>\n'
        f'<tuv xml:lang="en"><seg>{escape(record[english])}</seg></tuv></tu>\n'
        for record in records
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<tmx version="1.4"><header/><body>\n{units}</body></tmx>\n'.encode()
    )


def _parquet(records: list[dict[str, str]], names: list[str]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = io.BytesIO()
    pq.write_table(
        pa.table({name: pa.array([record[name] for record in records], pa.string()) for name in names}), stream
    )
    return stream.getvalue()


def _delimited(records: list[dict[str, str]], names: list[str], form: str) -> bytes:
    if form == "unquoted tsv":
        lines = [names, *([record[name] for name in names] for record in records)]
        return "".join("\t".join(line) + "\n" for line in lines).encode()
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, names, delimiter="," if form == "csv" else "\t")
    writer.writeheader()
    writer.writerows(records)
    return stream.getvalue().encode()


def _compressed(data: bytes, suffix: str) -> bytes:
    import zstandard

    if suffix == ".zip":
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inner", data)
        return stream.getvalue()
    ways: dict[str, Callable[[bytes], bytes]] = {
        "": lambda plain: plain,
        ".gz": gzip.compress,
        ".bz2": bz2.compress,
        ".xz": lambda plain: lzma.compress(plain, preset=0),
        ".zst": zstandard.ZstdCompressor().compress,
    }
    return ways[suffix](data)


def _mutated(rng: random.Random, data: bytes, times: int) -> bytes:
    """The data with so many things wrong."""
    for _ in range(times):
        data = rng.choice(_STRANGERS)(data) if rng.random() < _STRANGE else _with_fault(rng, data)
    return data


def _with_fault(rng: random.Random, data: bytes) -> bytes:
    at, to = sorted((rng.randint(0, len(data)), rng.randint(0, len(data))))
    kind = rng.randrange(9)
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + data[to:]
    if kind == 2 and data:
        at = rng.randrange(len(data))
        return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
    if kind == 3:
        return data[:to] + data[at:to] + data[to:]
    if kind == 4:
        return data[to:] + data[at:to] + data[:at]
    if kind == 5:
        return data.replace(b"\n", b"\r\n")
    if kind == 6:
        codec = rng.choice(("utf-16", "utf-16-le", "latin-1", "utf-8-sig", "cp1252"))
        return data.decode("utf-8", "replace").encode(codec, "replace")
    return data[:at] + rng.choice(_INSERTIONS) + data[at:]


if __name__ == "__main__":
    main()
