"""Lines that say how far a training is."""

from __future__ import annotations

import pytest

from bootembed.core import step_log
from bootembed.core.step_log import StepLog


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(step_log.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("steps", "done", "seconds", "told"),
    [
        (50, 10, 600.0, "step 10 of 50: loss 3.059, 1.0 steps/min, 40 min left"),
        (50, 10, 2.0, "step 10 of 50: loss 3.059, 5.0 steps/s, 8 s left"),
        (5000, 10, 600.0, "step 10 of 5000: loss 3.059, 1.0 steps/min, 83.2 h left"),
        (10, 10, 2.0, "step 10 of 10: loss 3.059, 5.0 steps/s"),
        (50, 1, 2.0, "step 1 of 50: loss 3.059"),
    ],
)
def test_rate_and_time_left(clock, caplog, steps, done, seconds, told):
    log = StepLog(steps)
    clock[0] += seconds
    with caplog.at_level("INFO", logger="bootembed"):
        log.say(done, loss=3.0588)
    assert caplog.messages == [told]


def test_the_rate_is_that_of_this_process(clock, caplog):
    log = StepLog(50, done=30)
    clock[0] += 10
    with caplog.at_level("INFO", logger="bootembed"):
        log.say(40, loss=1.0, held_out_accuracy=0.5)
    assert caplog.messages == ["step 40 of 50: loss 1.000, held out accuracy 0.500, 1.0 steps/s, 10 s left"]
    assert caplog.records[0].curve == {"loss": 1.0, "held_out_accuracy": 0.5}
