"""The Ray engine: the answers of one process, whatever happens to a worker. One cluster, as it starts slowly."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager

import psutil
import pytest
from asking import SAMPLING, ask, random_adapters, with_batches_of
from toy import toy_nli

from bootembed.core.errors import ParamsError
from bootembed.generation.engines import ray as ray_engine

ANCHORS = [row["premise"] + " It is a day." * (n % 3) for n, row in enumerate(toy_nli(10, seed=4))]


def _settings(workers=2, **ray):
    settings = with_batches_of(2)
    section = settings.ray.model_copy(update={"workers": workers, "cpus_per_worker": 0.5, **ray})
    return settings.model_copy(update={"engine": "ray", "ray": section})


@pytest.fixture(scope="module", autouse=True)
def cluster():
    import ray

    ray_engine._keep_quiet()
    ray_engine._start(_settings().ray)
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def adapters(tiny_generator, tmp_path_factory):
    return random_adapters(tiny_generator, tmp_path_factory.mktemp("adapters"))


@pytest.fixture(scope="module")
def in_process(tiny_generator, adapters, tmp_path_factory):
    return ask(
        tiny_generator, adapters, ANCHORS, tmp_path_factory.mktemp("own") / "answer_cache.jsonl", with_batches_of(2)
    )


def _workers():
    """Processes of workers that hold a generator."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        title = " ".join(process.info["cmdline"] or [])
        if title.startswith("ray::") and "(_Worker)" in title:
            found.append(process)
    return found


def _kill_a_worker(answer_cache, old, kills, done):
    """Kill a worker that is not old once the answer cache has answers; note how many it then had."""
    workers = []
    while not kills and not done.is_set():
        workers = workers or [process for process in _workers() if process.pid not in old]
        lines = answer_cache.read_bytes().count(b"\n") if answer_cache.is_file() else 0
        if workers and lines >= 4:
            workers[0].kill()
            kills.append(lines)
        time.sleep(0.005)


@contextmanager
def _a_worker_dies(answer_cache):
    old, kills, done = {process.pid for process in _workers()}, [], threading.Event()
    killer = threading.Thread(target=_kill_a_worker, args=(answer_cache, old, kills, done))
    killer.start()
    try:
        yield
    finally:
        done.set()
        killer.join()
    assert len(kills) == 1
    assert kills[0] < 2 * len(ANCHORS), "the worker was killed after the work was done"


def test_a_worker_answers_as_this_process_does(tiny_generator, adapters, in_process, tmp_path):
    assert ask(tiny_generator, adapters, ANCHORS, tmp_path / "answer_cache.jsonl", _settings(1)) == in_process


def test_of_two_workers_one_that_is_killed_costs_nothing_but_time(tiny_generator, adapters, in_process, tmp_path):
    path = tmp_path / "answer_cache.jsonl"
    with _a_worker_dies(path):
        answers = ask(tiny_generator, adapters, ANCHORS, path, _settings())
    assert answers == in_process


def test_workers_that_die_again_and_again_end_the_run(tiny_generator, adapters, tmp_path, monkeypatch):
    monkeypatch.setattr(ray_engine, "_RETRIES", 0)
    path = tmp_path / "answer_cache.jsonl"
    with _a_worker_dies(path), pytest.raises(ParamsError, match="workers died 1 times"):
        ask(tiny_generator, adapters, ANCHORS, path, _settings(1))


def test_a_users_fault_in_a_worker_is_told_as_one(tiny_generator, tmp_path):
    settings = _settings(1)
    local = settings.transformers.model_copy(update={"attention": "flash_attention_2"})
    with pytest.raises(ParamsError, match="attention: flash_attention_2"):
        ask(tiny_generator, {}, ANCHORS, tmp_path / "l.jsonl", settings.model_copy(update={"transformers": local}))


def test_nothing_is_reported_to_rays_makers(cluster):
    from ray._common.usage import usage_lib

    assert not usage_lib.usage_stats_enabled()


def test_too_few_gpus_are_told():
    with pytest.raises(ParamsError, match=r"2 workers with 1 GPUs each need 2, this machine has 1"):
        ray_engine._check_gpus(_settings(gpus_per_worker=1).ray, 1.0)
    ray_engine._check_gpus(SAMPLING.ray, 0.0)


def test_a_cluster_that_does_not_answer_is_told(monkeypatch):
    def refuse(**_):
        raise ConnectionError("Failed to connect")

    monkeypatch.setattr("ray.init", refuse)
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    with pytest.raises(ParamsError, match=r"RAY_ADDRESS: 10\.0\.0\.1:6379"):
        ray_engine._start(SAMPLING.ray)
