"""Settings of generation for tests: greedy, small batches, this process."""

from __future__ import annotations

from bootembed.params import Generation, RayEngine, TransformersEngine

GREEDY = Generation(
    engine="transformers",
    do_sample=False,
    temperature=1.0,
    top_p=0.5,
    top_k=0,
    max_new_tokens=16,
    max_prompt_tokens=100,
    transformers=TransformersEngine(batch_size=4, bf16=False, load_in_4bit=False),
    ray=RayEngine(workers=2, cpus_per_worker=1, gpus_per_worker=0),
)
