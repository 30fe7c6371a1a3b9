"""Training examples of adapters."""

from __future__ import annotations

import pytest

from bootembed.adapters.examples import language_examples
from bootembed.core.tables import MONOLINGUAL, write_table

WORDS = "Saya tinggal di kota kecil."


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        (WORDS, "Saya tinggal di", "kota kecil."),
        ("ab", "a", "b"),
        ("\u0e44\u0e21\u0e48\u0e01", "\u0e44\u0e21\u0e48", "\u0e01"),  # a tone mark in the middle
        ("one", "on", "e"),
    ],
)
def test_a_continuation_is_the_second_half_of_a_text_and_ends(text, question, answer, tmp_path):
    write_table([{"text": text}], MONOLINGUAL, tmp_path / "monolingual.parquet")
    [example] = language_examples(tmp_path, "continuations")
    assert (example.messages, example.answer) == ([{"role": "user", "content": question}], answer)


def test_running_text_has_no_question(tmp_path):
    write_table([{"text": WORDS}], MONOLINGUAL, tmp_path / "monolingual.parquet")
    [example] = language_examples(tmp_path, "monolingual")
    assert (example.messages, example.answer) == ([], WORDS)
