"""Normalizations along rows with what surrounds them, and written out in primitive operators, against ONNX Runtime."""

import os
import pathlib
import subprocess

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper

import nnc
from test_attention import Graph
from test_contraction import normal


def run(tmp_path, graph, result, inputs, dims, level, kernels, opset=17):
    """Compares, and counts the kernels that are no products."""
    graph.nodes.append(helper.make_node("Identity", [result], ["y"]))
    made = helper.make_graph(
        graph.nodes,
        "normalization",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, dims.get(n, x.shape)) for n, x in inputs.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        graph.constants,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, inputs)
    command = [pathlib.Path(os.environ["NNC_BIN"]) / "nnc", "--emit=graph", path, "-o", "-"]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert listing.count("nn.group") == kernels
    library = nnc.compile(path, tmp_path / "model.so", cpu=level)
    for threads in (1, 3):
        (got,) = nnc.load(library, threads=threads).run(inputs).values()
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("shape", [(1, 768), (9, 64), (2, 3, 37), (4, 5, 1000), (3, 5000), (6, 3), (1, 1, 5, 1)])
@pytest.mark.parametrize("dynamic", [False, True])
def test_layer_normalization(tmp_path, level, shape, dynamic):
    g, width = Graph(), shape[-1]
    inputs = {"x": normal(shape) * 3 + 2}
    dims = {"x": [f"d{i}" for i in range(len(shape) - 1)] + [width]} if dynamic else {}
    scale, shift = g.constant(normal((width,))), g.constant(normal((width,)))
    y = g.add("LayerNormalization", "x", scale, shift, axis=-1, epsilon=1e-5)
    # A row of one element is no row.
    run(tmp_path, g, g.add("Relu", y), inputs, dims, level, 1 if width > 1 else 2)


@pytest.mark.parametrize("shape", [(1, 6, 7, 9), (2, 5, 4, 4, 3), (3, 2, 112, 112), (2, 3, 17)])
@pytest.mark.parametrize("dynamic", [False, True])
def test_instance_normalization(tmp_path, level, shape, dynamic):
    """Scale and shift of the channels, a residual and an activation are part of the kernel where extents are known."""
    g, channels = Graph(), shape[1]
    inputs = {"x": normal(shape) * 3 + 2, "r": normal(shape)}
    dims = {name: [*shape[:2], *(f"d{i}" for i in range(len(shape) - 2))] for name in inputs} if dynamic else {}
    scale, shift = g.constant(normal((channels,))), g.constant(normal((channels,)))
    y = g.add("InstanceNormalization", "x", scale, shift, epsilon=1e-5)
    y = g.add("Relu", g.add("Add", y, "r"))
    run(tmp_path, g, y, inputs, dims, level, 2 if dynamic and len(shape) > 3 else 1)


@pytest.mark.parametrize(
    ("shape", "groups", "kernels"),
    [((2, 12, 8, 9), 4, 1), ((1, 64, 16, 16), 32, 1), ((1, 10, 100), 5, 1), ((2, 12, 10, 13), 12, 1), ((1, 12, 7, 7), 4, 2)],
)
def test_group_normalization(tmp_path, level, shape, groups, kernels):
    """As PyTorch writes it: an instance normalization of the groups, and scale and shift of the channels. Parts of a row
    that are a channel may be too short for that."""
    g, channels = Graph(), shape[1]
    flat = g.add("Reshape", "x", g.constant(np.array([0, groups, -1])))
    ones, zeros = g.constant(np.ones(groups, np.float32)), g.constant(np.zeros(groups, np.float32))
    y = g.add("InstanceNormalization", flat, ones, zeros, epsilon=1e-5)
    y = g.add("Reshape", y, g.constant(np.array(shape)))
    along = (channels,) + (1,) * (len(shape) - 2)
    y = g.add("Add", g.add("Mul", y, g.constant(normal(along))), g.constant(normal(along)))
    y = g.add("Mul", y, g.add("Sigmoid", y))
    run(tmp_path, g, g.add("Add", y, "r"), {"x": normal(shape) * 3 + 2, "r": normal(shape)}, {}, level, kernels)


@pytest.mark.parametrize("axis", [1, 2])
def test_layer_normalization_over_dims(tmp_path, level, axis):
    g, shape = Graph(), (3, 4, 10, 13)
    scale, shift = g.constant(normal(shape[axis:])), g.constant(normal(shape[axis:]))
    y = g.add("LayerNormalization", "x", scale, shift, axis=axis, epsilon=1e-5)
    run(tmp_path, g, g.add("Sigmoid", y), {"x": normal(shape) * 3 + 2}, {}, level, 1)


@pytest.mark.parametrize("shape", [(8, 96), (2, 5, 33)])
def test_with_residual(tmp_path, level, shape):
    """What is normalized is needed again, and so is the result."""
    g, width = Graph(), shape[-1]
    inputs = {"a": normal(shape), "b": normal(shape)}
    x = g.add("Add", "a", "b")
    n = g.add("LayerNormalization", x, g.constant(normal((width,))), g.constant(normal((width,))), axis=-1)
    run(tmp_path, g, g.add("Add", g.add("Mul", n, x), g.add("Sigmoid", n)), inputs, {}, level, 2)


@pytest.mark.parametrize("spelling", ["div", "reciprocal", "power", "quotient"])
@pytest.mark.parametrize("kind", ["standard", "rms"])
@pytest.mark.parametrize("shape", [(5, 64), (2, 3, 100)])
def test_written_out(tmp_path, level, spelling, kind, shape):
    g, width = Graph(), shape[-1]
    inputs = {"x": normal(shape) + 1}
    x = "x"
    if kind == "standard":
        x = g.add("Sub", "x", g.add("ReduceMean", "x", axes=[-1], keepdims=1))
    square = g.add("Mul", x, x) if spelling == "power" else g.add("Pow", x, g.constant(np.float32(2)))
    mean = g.add("ReduceMean", square, axes=[-1], keepdims=1)
    sum = g.add("Add", mean, g.constant(np.float32(1e-6)))
    if spelling == "div":
        y = g.add("Div", x, g.add("Sqrt", sum))
    elif spelling == "reciprocal":
        y = g.add("Mul", x, g.add("Reciprocal", g.add("Sqrt", sum)))
    elif spelling == "quotient":
        y = g.add("Mul", g.add("Div", g.constant(np.float32(1)), g.add("Sqrt", sum)), x)
    else:
        y = g.add("Mul", x, g.add("Pow", sum, g.constant(np.float32(-0.5))))
    run(tmp_path, g, g.add("Mul", g.constant(normal((width,))), y), inputs, {}, level, 1)
