"""A graph in the forms that ONNX Runtime computes fastest on a processor.

Of transformers' fusions for ONNX Runtime, two are slower there than their parts, whose kernels use vectors; and one
leaves biases behind a split, which a quantised product adds at no cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnx_ir import Graph, Model, Node, Value

_MICROSOFT = "com.microsoft"
_EPSILON = 1e-12  # ONNX Runtime's default of SkipLayerNormalization


def prepare_for_processor(model: Model) -> None:
    """Rewrite a fused graph in place; it computes what it did, up to rounding."""
    graph = model.graph
    for node in list(graph):
        if node.op_type == "SkipLayerNormalization":
            _split_skip_norm(graph, node)
        elif node.op_type == "BiasGelu":
            _split_bias_gelu(graph, node)
        elif node.op_type == "Split":
            _pack_biases(graph, node)


def _split_skip_norm(graph: Graph, node: Node) -> None:
    """Sum and norm. `Add` would be fused again when the graph is loaded, `Sum` is not."""
    import onnx_ir as ir

    states, skip, scale, shift, *bias = node.inputs
    new = [ir.node("Add", [states, bias[0]])] if bias and bias[0] is not None else []
    total = ir.node("Sum", [new[0].outputs[0] if new else states, skip])
    epsilon = node.attributes.get_float("epsilon", _EPSILON)
    norm = ir.node("LayerNormalization", [total.outputs[0], scale, shift], {"axis": -1, "epsilon": epsilon})
    replaced = {0: norm.outputs[0], 3: total.outputs[0]}
    _replace(graph, node, [*new, total, norm], replaced)


def _split_bias_gelu(graph: Graph, node: Node) -> None:
    """The bias goes to the product before it, if that is quantised; loading fuses the two again if not."""
    import onnx_ir as ir

    added = ir.node("Add", list(node.inputs))
    gelu = ir.node("Gelu", [added.outputs[0]], domain=_MICROSOFT)
    _replace(graph, node, [added, gelu], {0: gelu.outputs[0]})


def _pack_biases(graph: Graph, node: Node) -> None:
    """One bias before a product is split into query, key and value, for one after it for each."""
    import numpy as np
    import onnx_ir as ir

    packed, biased = node.inputs[0], [_only_bias(output) for output in node.outputs]
    added = [found for found in biased if found is not None]
    sizes = _constant(node.inputs[1]) if len(node.inputs) > 1 else None
    if packed is None or sizes is None or [len(vector) for _, vector in added] != sizes.tolist():
        return
    together = ir.tensor(np.concatenate([vector for _, vector in added]), name=f"{packed.name}_bias")
    bias = ir.Value(name=together.name, const_value=together, type=ir.TensorType(together.dtype))
    graph.register_initializer(bias)
    total = ir.node("Add", [packed, bias])
    total.outputs[0].type, total.outputs[0].shape = packed.type, packed.shape
    graph.insert_before(node, total)
    node.replace_input_with(0, total.outputs[0])
    for output, (user, _) in zip(node.outputs, added, strict=True):
        user.outputs[0].replace_all_uses_with(output)
        graph.remove(user, safe=True)


def _only_bias(value: Value) -> tuple[Node, NDArray[Any]] | None:
    """What adds a constant vector to a value, if nothing else reads the value; and the vector."""
    uses = tuple(value.uses())
    if len(uses) != 1 or uses[0].node.op_type != "Add":
        return None
    user, place = uses[0]
    vector = _constant(user.inputs[1 - place])
    return None if vector is None or vector.ndim != 1 else (user, vector)


def _constant(value: Value | None) -> NDArray[Any] | None:
    return None if value is None or value.const_value is None else value.const_value.numpy()


def _replace(graph: Graph, node: Node, new: list[Node], outputs: dict[int, Value]) -> None:
    """Put new nodes where a node is; `outputs` has, for places among its outputs, what gives them now."""
    graph.insert_before(node, new)
    for place, output in enumerate(node.outputs):
        if place in outputs:
            outputs[place].type, outputs[place].shape = output.type, output.shape
            output.replace_all_uses_with(outputs[place], replace_graph_outputs=True)
    graph.remove(node, safe=True)
