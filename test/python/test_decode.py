"""A layer that generates text step by step, as Llama's and GPT-2's exporters write it.

Keys and values of earlier tokens come in, and go out with the new ones. How many there are only the run knows.
"""

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

WIDTH, SIZE = 96, 24


def number(value, dtype=np.float32):
    return np.asarray(value, dtype)


def heads_of(g, x, weight, heads):
    """[B, S, width] to [B, heads, S, size], with extents that are asked for."""
    shape = g.add("Shape", x)
    extents = [g.add("Gather", shape, g.constant(number([i], np.int64)), axis=0) for i in (0, 1)]
    target = g.add("Concat", *extents, g.constant(number([heads, SIZE], np.int64)), axis=0)
    rows = g.add("Reshape", g.add("MatMul", x, g.constant(weight)), target)
    return g.add("Transpose", rows, perm=[0, 2, 1, 3])


def rotated(g, x, cosine, sine):
    """Su 2021, the halves of each head taken as pairs."""

    def part(first, last):
        bounds = [g.constant(number([i], np.int64)) for i in (first, last, 3, 1)]
        return g.add("Slice", x, *bounds)

    turned = g.add("Concat", g.add("Neg", part(SIZE // 2, 2**62)), part(0, SIZE // 2), axis=-1)
    return g.add("Add", g.add("Mul", x, cosine), g.add("Mul", turned, sine))


def repeated(g, x, heads, kv_heads):
    """Keys or values once for each of the heads that share them."""
    if heads == kv_heads:
        return x
    shape = g.add("Shape", x)
    batch, keys = (g.add("Gather", shape, g.constant(number([i], np.int64)), axis=0) for i in (0, 2))
    wide = [batch, g.constant(number([kv_heads, heads // kv_heads], np.int64)), keys]
    size = g.constant(number([SIZE], np.int64))
    apart = g.add("Unsqueeze", x, g.constant(number([2], np.int64)))
    copies = g.add("Expand", apart, g.add("Concat", *wide, size, axis=0))
    joined = g.add("Concat", batch, g.constant(number([heads], np.int64)), keys, size, axis=0)
    return g.add("Reshape", copies, joined)


def layer(heads, kv_heads):
    g = Graph()

    def weight(inputs, outputs):
        return normal((inputs, outputs)) / np.float32(inputs**0.5)

    square = g.add("ReduceMean", g.add("Pow", "x", g.constant(number(2))), axes=[-1], keepdims=1)
    root = g.add("Sqrt", g.add("Add", square, g.constant(number(1e-6))))
    scaled = g.add("Mul", "x", g.add("Div", g.constant(number(1)), root))
    x = g.add("Mul", g.constant(normal((WIDTH,))), scaled)
    q, k, v = (heads_of(g, x, weight(WIDTH, n * SIZE), n) for n in (heads, kv_heads, kv_heads))
    places = g.add("Unsqueeze", "place", g.constant(number([2], np.int64)))
    angles = g.add("MatMul", places, g.constant(normal((1, SIZE // 2))))
    angles = g.add("Concat", angles, angles, axis=-1)
    both = g.add("Unsqueeze", angles, g.constant(number([1], np.int64)))
    cosine, sine = g.add("Cos", both), g.add("Sin", both)
    q, k = rotated(g, q, cosine, sine), rotated(g, k, cosine, sine)
    k, v = g.add("Concat", "past_k", k, axis=2), g.add("Concat", "past_v", v, axis=2)
    keys = g.add("Transpose", repeated(g, k, heads, kv_heads), perm=[0, 1, 3, 2])
    scores = g.add("Mul", g.add("MatMul", q, keys), g.constant(number(SIZE**-0.5)))
    mixed = g.add("MatMul", g.add("Softmax", scores, axis=-1), repeated(g, v, heads, kv_heads))
    rows = g.add("Transpose", mixed, perm=[0, 2, 1, 3])
    joined = g.add("Reshape", rows, g.constant(number([0, 0, heads * SIZE], np.int64)))
    y = g.add("Add", "x", g.add("MatMul", joined, g.constant(weight(heads * SIZE, WIDTH))))
    for value, name in ((y, "y"), (k, "present_k"), (v, "present_v")):
        g.nodes.append(helper.make_node("Identity", [value], [name]))
    dims = {
        "x": ["b", "s", WIDTH],
        "place": ["b", "s"],
        "past_k": ["b", kv_heads, "past", SIZE],
        "past_v": ["b", kv_heads, "past", SIZE],
    }

    def values(names):
        return [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims.get(name)) for name in names]

    results = values(["y", "present_k", "present_v"])
    graph = helper.make_graph(g.nodes, "layer", values(dims), results, g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model


@pytest.mark.parametrize("heads, kv_heads", [(4, 4), (4, 2), (6, 1)])
def test_step(tmp_path, level, heads, kv_heads):
    model = layer(heads, kv_heads)
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    command = [pathlib.Path(os.environ["NNC_BIN"]) / "nnc", "--emit=graph", path, "-o", "-"]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # Heads that share keys read them where the cache has them, and the normalization is one op with its scale.
    assert f"kv_heads = {kv_heads}" in listing
    assert "nn.softmax" not in listing and "nn.broadcast_to" not in listing and "nn.reduce" not in listing
    library = nnc.compile(path, tmp_path / "model.so", cpu=level)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for batch, steps, past in [(1, 1, 0), (1, 1, 1), (1, 1, 127), (2, 1, 300), (1, 5, 33), (2, 17, 0), (1, 1, 4000)]:
        cache = (batch, kv_heads, past, SIZE)
        inputs = {
            "x": normal((batch, steps, WIDTH)),
            "place": np.tile(np.arange(past, past + steps, dtype=np.float32) / 100, (batch, 1)),
            "past_k": normal(cache),
            "past_v": normal(cache),
        }
        expected = session.run(None, inputs)
        for threads in (1, 3):
            for got, want in zip(nnc.load(library, threads=threads).run(inputs).values(), expected):
                assert got.shape == want.shape
                np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-5)
