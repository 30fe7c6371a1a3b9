"""ONNX by transformers' own exporter; tokenizer, pooling and normalisation stay Sentence Transformers' modules.

The folder is that library's layout: the graph is `onnx/model.onnx`, and gives token embeddings. Sentence Transformers
itself reads it by optimum, which does not go with this transformers; here `load_onnx` does.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.exports.graph import prepare_for_processor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sentence_transformers import SentenceTransformer

GRAPH = "onnx"
"""Folder of the graph inside that of an export."""
_WEIGHTS = ("*.safetensors", "*.safetensors.index.json")
_MODULES = "modules.json"
_AT_ONCE = 256  # tokens; what a layer makes of more does not stay in the cache of a processor
# Two rows of different length, so that the tracer takes neither size for a constant, nor the mask for one of ones only.
_TRACED = ("A sentence to trace with.", "A longer one, so that the first of the two is padded.", "Short.")


def export_onnx(embedder: SentenceTransformer, folder: Path, *, int8: bool) -> None:
    """Write an embedder whose encoder is a graph for ONNX Runtime.

    int8 is ONNX Runtime's dynamic quantisation: a scale for each channel, and 7 bits of range, since 8 overflow in the
    instructions of processors without VNNI.

    Args:
        embedder: A Sentence Transformers model whose first module is a transformer.
        folder: Is made.
        int8: Quantise.

    Raises:
        DataError: The first module is none (a static model).
    """
    import torch
    from sentence_transformers.base.modules import Transformer
    from transformers.exporters import OnnxRuntimeDynamicConfig, OnnxRuntimeQuantizer
    from transformers.exporters.configs import ExportFormat
    from transformers.exporters.exporter_onnx import OnnxConfig, OnnxExporter

    transformer = embedder[0]
    if not isinstance(transformer, Transformer):
        raise DataError("only an embedder with a transformer becomes ONNX, and this one is static")
    features = transformer.preprocess(list(_TRACED))
    names = transformer.model_forward_params or set(features)
    inputs = {name: value for name, value in features.items() if torch.is_tensor(value) and name in names}
    config = OnnxConfig(dynamic=True, ort_fusions="cpu")
    with _quiet():
        exported = OnnxExporter().export(transformer.model.eval().cpu(), inputs, config)
        graph = exported.components["model"]
        prepare_for_processor(graph.program)
        if int8:
            quantizer = OnnxRuntimeQuantizer(OnnxRuntimeDynamicConfig(per_channel=True, reduce_range=True))
            graph.program = quantizer.quantize(graph.program, inputs, ExportFormat.ONNX)
    embedder.save(str(folder), create_model_card=False)
    for weights in _weights(folder):
        weights.unlink()
    exported.save_pretrained(folder / GRAPH)


def load_onnx(folder: Path) -> SentenceTransformer:
    """What `export_onnx` wrote, with the threads of `OMP_NUM_THREADS` where that is set.

    Raises:
        DataError: A module is missing or cannot be read.
    """
    from sentence_transformers import SentenceTransformer

    try:
        listing: list[dict[str, str]] = json.loads((folder / _MODULES).read_text(encoding="utf-8"))
        modules = [_module(folder, entry) for entry in listing]
        config = json.loads((folder / "config_sentence_transformers.json").read_text(encoding="utf-8"))
    except Exception as error:  # protobuf's and ONNX Runtime's own have no base in common
        raise DataError(f"{folder}: cannot be loaded as an ONNX export: {error}; export it again") from error
    return SentenceTransformer(
        modules=modules,
        device="cpu",
        truncate_dim=config.get("truncate_dim"),
        similarity_fn_name=config.get("similarity_fn_name"),
        prompts=config.get("prompts"),
    )


def is_onnx(folder: Path) -> bool:
    """Whether the encoder of a folder is a graph, without weights beside it."""
    return (folder / GRAPH / "export.json").is_file() and not any(_weights(folder))


def _weights(folder: Path) -> Iterator[Path]:
    for pattern in _WEIGHTS:
        yield from folder.glob(pattern)


def _module(folder: Path, entry: dict[str, str]) -> Any:
    package, _, name = entry["type"].rpartition(".")
    found = getattr(importlib.import_module(package), name)
    return (_onnx_transformer() if name == "Transformer" else found).load(str(folder / entry["path"]))


def _onnx_transformer() -> Any:
    """Sentence Transformers' module, with the graph where it has a network. Made here: its base takes 5 s to import."""
    from sentence_transformers.base.modules import Transformer

    class OnnxTransformer(Transformer):  # type: ignore[misc]
        def _load_model(self, model_name_or_path: str, *_others: Any, **_kwargs: Any) -> Any:
            return _graph(Path(model_name_or_path) / GRAPH)

        def save(self, output_path: str, *_args: Any, **_kwargs: Any) -> None:
            shutil.copytree(self.model.folder, Path(output_path) / GRAPH, dirs_exist_ok=True)
            self.model.config.save_pretrained(output_path)
            self.processor.save_pretrained(output_path)
            self.save_config(output_path)

    # `modules.json` is to name the class that every Sentence Transformers has
    OnnxTransformer.__module__, OnnxTransformer.__name__ = Transformer.__module__, Transformer.__name__
    return OnnxTransformer


def _graph(folder: Path) -> Any:
    """The graph as a torch module without parameters, called as the network would be."""
    import onnxruntime
    import torch
    from transformers.exporters.base import ExportedModel

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # parts side by side wait less for each other than threads of one part
    options.log_severity_level = 3
    loaded = ExportedModel.from_pretrained(folder, device="cpu", local_files_only=True, session_options=options)

    threads = ThreadPoolExecutor(int(os.environ.get("OMP_NUM_THREADS") or 0) or os.cpu_count())

    class Graph(torch.nn.Module):
        config, dtype = loaded.config, torch.float32

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any = None, **_rest: Any) -> Any:
            inputs = {"input_ids": input_ids, "attention_mask": attention_mask, "token_type_ids": token_type_ids}
            given = {name: value for name, value in inputs.items() if value is not None}

            def states_of(part: tuple[slice, int]) -> list[Any]:
                rows, width = part
                found = loaded(**{name: value[rows, :width] for name, value in given.items()})
                padding = (0, 0, 0, input_ids.shape[1] - width)
                states = (found["last_hidden_state"], *found.get("hidden_states", ()))
                return [torch.nn.functional.pad(state, padding) for state in states]

            layers = list(threads.map(states_of, _parts(attention_mask)))
            last, *all_states = (torch.cat(parts) for parts in zip(*layers, strict=True))
            return {"last_hidden_state": last, "hidden_states": tuple(all_states)}

    graph: Any = Graph()
    graph.folder = folder
    return graph


def _parts(mask: Any) -> Iterator[tuple[slice, int]]:
    """Rows of a batch to compute together, and how many tokens they have without the padding on the right."""
    lengths = [int(row.nonzero().max()) + 1 if row.any() else 1 for row in mask]
    start = 0
    while start < len(lengths):
        end = start + max(1, _AT_ONCE // max(lengths[start:]))
        yield slice(start, end), max(lengths[start:end])
        start = end


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the remarks on every step, some of which libraries leave to the root logger."""
    loggers = [logging.getLogger(name) for name in (None, "torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
