"""Whether the ONNX graph of an export is whole, and reads no file but its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bootembed.core.errors import DataError
from bootembed.exports.onnx import GRAPH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MODEL, _DATA, _MANIFEST = "model.onnx", "model.onnx.data", "export.json"
GRAPH_FILES = tuple(f"{GRAPH}/{name}" for name in (_MODEL, _DATA, _MANIFEST, "config.json", "generation_config.json"))


def check_graph(folder: Path) -> None:
    """Refuse a graph that a reader's machine would open something else for, or could not open.

    The manifest says which program is loaded, and a format other than ONNX may unpickle. Weights lie in a file that
    the graph names, by a path that could lead anywhere.

    Args:
        folder: Of the graph.

    Raises:
        DataError: The manifest names another file or format; the graph cannot be read, or its weights are elsewhere or
            cut off.
    """
    import onnx

    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        named = [manifest["export_format"], *(component["file"] for component in manifest["components"].values())]
        graph = onnx.load(folder / _MODEL, load_external_data=False)
    except Exception as error:  # protobuf's own errors have no base in common with the others
        raise DataError(f"{folder}: is no whole ONNX export: {error}; export the model again") from error
    if named != ["onnx", _MODEL]:
        raise DataError(f"{folder / _MANIFEST}: names {named}, not one ONNX graph {_MODEL}; export the model again")
    data = folder / _DATA
    size = data.stat().st_size if data.is_file() else 0
    for place in _external(graph):
        if place.get("location") != _DATA:
            raise DataError(f"{folder / _MODEL}: keeps weights in {place.get('location')!r}, not in {_DATA}")
        if int(place.get("offset", 0)) + int(place.get("length", 0)) > size:
            raise DataError(f"{data}: is cut off, or is not there; export the model again")


def _external(model: Any) -> Iterator[dict[str, str]]:
    """Of each tensor outside of the file: location, offset and length."""
    nodes = [node for function in model.functions for node in function.node]
    for tensor in (*_tensors(model.graph), *_attributes(nodes)):
        if tensor.external_data:
            yield {entry.key: entry.value for entry in tensor.external_data}


def _tensors(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    yield from _attributes(graph.node)


def _attributes(nodes: Any) -> Iterator[Any]:
    for node in nodes:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for graph in (attribute.g, *attribute.graphs):
                yield from _tensors(graph)
