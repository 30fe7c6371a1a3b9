"""Settings of generation for tests: greedy, small batches, this process."""

from __future__ import annotations

from bootembed.settings.generation import Generation, OpenAISettings, RaySettings, ServedModels, TransformersSettings

GREEDY = Generation(
    engine="transformers",
    do_sample=False,
    temperature=1.0,
    top_p=0.5,
    top_k=0,
    max_new_tokens=16,
    max_prompt_tokens=100,
    transformers=TransformersSettings(batch_size=4, bf16=False, load_in_4bit=False),
    ray=RaySettings(workers=2, cpus_per_worker=1, gpus_per_worker=0),
    openai=OpenAISettings(
        base_url="http://localhost:8000/v1",
        api="chat",
        model="generator",
        models=ServedModels(positive="{strategy}-{language}-positive", negative="{strategy}-{language}-negative"),
        serves_generator=True,
        api_key_env="OPENAI_API_KEY",
        max_concurrent_requests=4,
        timeout_seconds=30,
        max_attempts=6,
        extra_body={},
        price_per_million=None,
    ),
)
