from __future__ import annotations

import random
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bootembed.core.text import (
    comparable,
    distinct_share,
    is_known_script,
    jaccard,
    repair_mojibake,
    script_share,
    spelt_out,
)
from bootembed.corpora.near import SHORTEST, NearTexts, SeenTexts, letter_ngrams, may_be_near

if TYPE_CHECKING:
    from pathlib import Path

ANY = st.text(st.characters(exclude_categories=("Cs",)))


def sentences(count: int, *, seed: int) -> list[str]:
    rng = random.Random(seed)
    words = ["".join(rng.choices("abdehiklmnorstuwyz", k=rng.randint(2, 9))) for _ in range(2000)]
    return [" ".join(rng.choices(words, k=rng.randint(6, 20))) for _ in range(count)]


def edited(text: str, *, rng: random.Random) -> str:
    words = text.split()
    words[rng.randrange(len(words))] = "zaki"
    return " ".join(words)


@pytest.mark.parametrize("threshold", [0.6, 0.8, 0.9])
def test_near_texts_are_found_as_by_comparing_with_each(threshold: float) -> None:
    raw, rng = sentences(300, seed=1), random.Random(2)
    held = [comparable(text) for text in raw]
    asked = [comparable(edited(text, rng=rng)) for text in raw] + [f"{text}s" for text in held]
    found = NearTexts(held, threshold).nearest(asked)
    truly = [
        max((jaccard(letter_ngrams(one), letter_ngrams(other)), index) for index, other in enumerate(held))
        for one in asked
    ]
    clear = [index for index, (similarity, _) in enumerate(truly) if similarity >= threshold + 0.05]
    missed = [index for index in clear if found[index] is None]
    assert len(clear) > 20
    assert len(missed) <= 0.1 * len(clear)
    for index, hit in enumerate(found):
        if hit is not None:
            assert hit == (truly[index][1], pytest.approx(truly[index][0]))
            assert hit[1] >= threshold


def test_unrelated_texts_are_never_near() -> None:
    held = [comparable(text) for text in sentences(500, seed=1)]
    asked = [comparable(text) for text in sentences(500, seed=99)]
    assert NearTexts(held, 0.6).nearest(asked) == [None] * 500


def test_a_set_takes_little_more_memory_than_its_texts() -> None:
    held = [comparable(" ".join(sentences(5, seed=seed))) for seed in range(1000)]
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    texts = NearTexts(held, 0.8)
    letter_ngrams.cache_clear()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 1000 * len(held)
    assert texts.nearest(held[500:501]) == [(500, 1.0)]


def test_a_korean_sentence_is_as_long_as_its_letters() -> None:
    held = comparable("한 남자가 기타를 치고 있다.")
    near = comparable("한 남자가 기타를 치고 있어!")
    assert len(held) < SHORTEST
    assert may_be_near(held)
    assert not may_be_near(comparable("안녕하세요"))
    [found] = NearTexts([held], 0.8).nearest([near])
    assert found is not None
    assert 0.8 <= found[1] < 1
    assert NearTexts([held], 0.8).nearest([comparable("한 여자가 피아노를 치고 있다.")]) == [None]


NEAR_COPIES = [  # a sentence, the same with a character more or less, and another one
    (
        "小孩每天早上在厨房里用杯子喝牛奶。",
        "小孩每天早上在厨房里用杯子喝牛奶了。",
        "老师昨天下午在学校里教学生们数学。",
    ),
    (
        "他昨天下午在学校里教学生们学习数学和历史",
        "他昨天下午在学校里教学生学习数学和历史",
        "昨天他下班以后去商店买了很多东西回家",
    ),
    (
        "子供は毎朝台所でコップから牛乳を飲みます。",
        "子供は毎朝、台所でコップから牛乳を飲みますよ!",
        "先生は昨日学校で数学を教えました。",
    ),
    (
        "ልጁ ሁልጊዜ ጠዋት በኩሽና ወተት ይጠጣል",
        "ልጁ ሁልጊዜ ጠዋት በኩሽና ወተት ይጠጣልና",
        "መምህሩ ትናንት በትምህርት ቤት ሂሳብ አስተማረ",
    ),
]


@pytest.mark.parametrize(("held", "near", "other"), NEAR_COPIES)
def test_scripts_whose_characters_carry_more_have_near_copies(held: str, near: str, other: str) -> None:
    set_of_one = NearTexts([comparable(held)], 0.8)
    [found] = set_of_one.nearest([comparable(near)])
    assert found is not None
    assert 0.8 <= found[1] < 1
    assert set_of_one.nearest([comparable(other)]) == [None]


def test_letters_are_counted_by_what_they_carry() -> None:
    assert spelt_out("ab") == "ab"
    assert spelt_out("สวัสดี") == "สวัสดี"
    assert spelt_out("中a") == "中中中中a"
    assert spelt_out("かሀ") == "かかሀሀ"
    assert spelt_out("한") == "\u1112\u1161\u11ab"
    assert may_be_near("我们今天去") and not may_be_near("我们今天")


def test_seen_texts_find_what_came_before(tmp_path: Path) -> None:
    seen = SeenTexts(tmp_path / "seen.db", 0.8)
    first, rng = sentences(200, seed=1), random.Random(2)
    assert seen.near(first[:100]) == [None] * 100
    assert seen.near(first[100:]) == [None] * 100
    repeated = [edited(text, rng=rng) for text in first]
    found = seen.near([*repeated, *sentences(100, seed=7)])
    truly = [
        jaccard(letter_ngrams(comparable(one)), letter_ngrams(comparable(two)))
        for one, two in zip(first, repeated, strict=True)
    ]
    for similarity, hit in zip(truly, found, strict=False):
        assert hit is None or hit == pytest.approx(similarity)
        assert hit is not None or similarity < 0.85
    assert found[200:] == [None] * 100
    assert [seen.is_new("a"), seen.is_new("b"), seen.is_new("a")] == [True, True, False]
    seen.close()
    assert list(tmp_path.iterdir()) == []


def test_texts_within_one_batch_see_each_other_and_short_ones_do_not(tmp_path: Path) -> None:
    seen = SeenTexts(tmp_path / "seen.db", 0.8)
    text = sentences(1, seed=3)[0]
    assert seen.near([text, text.upper(), "short", "short"]) == [None, 1.0, None, None]
    assert len("short") < SHORTEST


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(ANY, max_size=8))
def test_no_text_raises(tmp_path: Path, texts: list[str]) -> None:
    seen = SeenTexts(tmp_path / "seen.db", 0.7)
    assert len(seen.near(texts)) == len(texts)
    seen.close()
    assert len(NearTexts(texts, 0.7).nearest(texts)) == len(texts)
    for text in texts:
        assert 0 <= distinct_share(text) <= 1
        assert 0 <= script_share(text, "Latn") <= 1
        repair_mojibake(text)


@pytest.mark.parametrize(
    ("text", "script", "share"),
    [
        ("Ƙasa", "Latn", 1.0),
        ("कि", "Deva", 1.0),
        ("తెలుగు", "Telu", 1.0),
        ("한국어 漢字", "Kore", 1.0),
        ("한국어 漢字", "Hang", 0.6),
        ("日本のカナ", "Jpan", 1.0),
        ("abcд", "Latn", 0.75),
        ("12 %!", "Latn", 1.0),
        ("日本 abc д", "Zyyy", 1.0),
    ],
)
def test_script_share(text: str, script: str, share: float) -> None:
    assert script_share(text, script) == share


def test_unknown_scripts_are_told() -> None:
    assert is_known_script("Deva")
    assert not is_known_script("Xqqq")
