"""Arithmetic of a model: two operations for each multiply-add of convolutions, products and recurrences."""

import math


def _shapes(model):
    shapes = {weight.name: list(weight.dims) for weight in model.graph.initializer}
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        shapes[value.name] = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
    return shapes


def _conv(node, shapes):
    return 2 * math.prod(shapes[node.output[0]]) * math.prod(shapes[node.input[1]][1:])


def _conv_transpose(node, shapes):
    return 2 * math.prod(shapes[node.input[0]]) * math.prod(shapes[node.input[1]][1:])


def _gemm(node, shapes):
    transposed = any(a.name == "transB" and a.i for a in node.attribute)
    return 2 * math.prod(shapes[node.output[0]]) * shapes[node.input[1]][1 if transposed else 0]


def _matmul(node, shapes):
    return 2 * math.prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]


def _lstm(node, shapes):
    steps, batch, inputs = shapes[node.input[0]]
    hidden = shapes[node.input[2]][-1]
    return 2 * steps * batch * 4 * hidden * (inputs + hidden)


def _einsum(node, shapes):
    terms = next(a.s for a in node.attribute if a.name == "equation").decode().split("->")[0].split(",")
    extents = {
        letter: extent for term, x in zip(terms, node.input) for letter, extent in zip(term, shapes[x])
    }
    return 2 * math.prod(extents.values())


COUNTERS = {
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "Einsum": _einsum,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "LSTM": _lstm,
}


def count_flops(model):
    shapes = _shapes(model)
    return sum(COUNTERS[node.op_type](node, shapes) for node in model.graph.node if node.op_type in COUNTERS)
