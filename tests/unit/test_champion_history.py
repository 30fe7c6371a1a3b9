"""The holders that a rollback can go back to, worked out from the moves of an alias."""

from __future__ import annotations

import pytest

from bootembed.registry.history import Move, former_holders


def _moves(*told):
    """`1>2` is a promotion over version 1, `2<1` a rollback from 2 to 1, `>1` the first champion."""
    found = []
    for text in told:
        back = "<" in text
        before, version = text.split("<" if back else ">")
        found.append(Move("rolled_back" if back else "promoted", version, before or None, "", ""))
    return found


@pytest.mark.parametrize(
    ("moves", "present", "former"),
    [
        ([], "1", []),
        ([">1"], "1", []),
        ([">1", "1>2", "2>3"], "3", ["2", "1"]),
        ([">1", "1>2", "2>3", "3<2"], "2", ["1"]),
        ([">1", "1>2", "2>3", "3<2", "2<1"], "1", []),
        ([">1", "1>2", "2<1", "1>4"], "4", ["1"]),
        ([">1", "1>2", "2>3", "3<1"], "1", []),  # version 2 was deleted
        ([">1", "5>6"], "6", ["5", "1"]),  # to 5 by hand
        ([">1", "1>2"], "7", ["2", "1"]),  # to 7 by hand, and there it is
        (["1>2"], "2", ["1"]),  # 1 held the alias before moves were recorded
    ],
)
def test_former_holders_are_the_last_one_first(moves, present, former):
    assert former_holders(_moves(*moves), present) == former
