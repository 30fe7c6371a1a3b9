"""A training that is killed."""

from __future__ import annotations

from transformers import Trainer


def die_in_call(patch, number):
    """Have the `number`-th training step be the end, as Ctrl-C is.

    Args:
        patch: A monkeypatch, which decides for how long.
        number: Of the call, from 1.

    Returns:
        A list that gets the steps done before each call, also of trainings that come after.
    """
    step, calls = Trainer.training_step, []

    def dying(self, *args, **kwargs):
        calls.append(self.state.global_step)
        if len(calls) == number:
            raise KeyboardInterrupt
        return step(self, *args, **kwargs)

    patch.setattr(Trainer, "training_step", dying)
    return calls
