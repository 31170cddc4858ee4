"""Attention in the shapes that exporters give it, against ONNX Runtime; each is one kernel."""

import os
import pathlib
import subprocess

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper

import nnc
from test_contraction import normal

FLOAT = TensorProto.FLOAT


class Graph:
    """Nodes one after another; values are names."""

    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0

    def add(self, op, *inputs, **attributes):
        self.count += 1
        self.nodes.append(helper.make_node(op, inputs, [f"t{self.count}"], **attributes))
        return f"t{self.count}"

    def constant(self, value):
        self.count += 1
        self.constants.append(numpy_helper.from_array(np.asarray(value), f"c{self.count}"))
        return f"c{self.count}"


def run(tmp_path, graph, result, inputs, dims, level, opset=17, kernels=1):
    graph.nodes.append(helper.make_node("Identity", [result], ["y"]))
    types = {np.dtype(np.float32): FLOAT, np.dtype(np.bool_): TensorProto.BOOL, np.dtype(np.int64): TensorProto.INT64}
    made = helper.make_graph(
        graph.nodes,
        "attention",
        [helper.make_tensor_value_info(n, types[x.dtype], dims.get(n, x.shape)) for n, x in inputs.items()],
        [helper.make_tensor_value_info("y", FLOAT, None)],
        graph.constants,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, inputs)
    listing = subprocess.run(
        [pathlib.Path(os.environ["NNC_BIN"]) / "nnc", "--emit=graph", path, "-o", "-"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert listing.count("nn.attention") == kernels
    assert "nn.softmax" not in listing or kernels == 0
    library = nnc.compile(path, tmp_path / "model.so", cpu=level)
    for threads in (1, 3):
        (got,) = nnc.load(library, threads=threads).run(inputs).values()
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, rtol=2e-4, atol=2e-5)
    return listing


def split(g, x, batch, rows, heads, size, perm=(0, 2, 1, 3)):
    return g.add("Transpose", g.add("Reshape", x, g.constant([batch, rows, heads, size])), perm=list(perm))


@pytest.mark.parametrize(
    "batch, heads, rows, keys, size, value_size",
    [
        (1, 12, 128, 128, 64, 64),
        (2, 3, 197, 197, 32, 32),
        (1, 2, 5, 33, 20, 12),
        (2, 4, 1, 70, 64, 64),
        (1, 4, 3, 50, 24, 40),
        (1, 1, 40, 3000, 64, 64),
        (1, 2, 1, 5000, 128, 128),
        (1, 2, 700, 31, 16, 16),
        (1, 1, 13, 1, 8, 7),
    ],
)
def test_shapes(tmp_path, level, batch, heads, rows, keys, size, value_size):
    g = Graph()
    inputs = {
        "q": normal((batch, heads, rows, size)),
        "k": normal((batch, heads, keys, size)),
        "v": normal((batch, heads, keys, value_size)),
    }
    scores = g.add("MatMul", "q", g.add("Transpose", "k", perm=[0, 1, 3, 2]))
    weights = g.add("Softmax", g.add("Div", scores, g.constant(np.float32(size**0.5))), axis=-1)
    run(tmp_path, g, g.add("MatMul", weights, "v"), inputs, {}, level)


@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize("mask", ["none", "keys", "full", "causal", "bias"])
def test_encoder(tmp_path, level, mask, dynamic):
    """Heads split off projections, as BERT and GPT-2 export it."""
    batch, rows, heads, size = 2, 41, 3, 24
    g = Graph()
    inputs = {name: normal((batch, rows, heads * size)) for name in "qkv"}
    extents = ("b", "s") if dynamic else (batch, rows)
    dims = {name: [*extents, heads * size] for name in "qkv"}
    zero = 0 if dynamic else rows
    q, v = (split(g, x, 0 if dynamic else batch, zero, heads, size) for x in "qv")
    k = split(g, "k", 0 if dynamic else batch, zero, heads, size, (0, 2, 3, 1))
    scores = g.add("Mul", g.add("MatMul", q, k), g.constant(np.float32(size**-0.5)))
    if mask == "keys":
        inputs["m"] = np.where(np.arange(rows) < 30, 0, -1e9).astype(np.float32).reshape(1, 1, 1, rows)
        dims["m"] = [1, 1, 1, extents[1]]
        scores = g.add("Add", scores, "m")
    elif mask == "full":
        inputs["m"] = normal((batch, 1, rows, rows)) > 0
        dims["m"] = [extents[0], 1, extents[1], extents[1]]
        scores = g.add("Where", "m", scores, g.constant(np.float32(-1e4)))
    elif mask == "causal" and not dynamic:
        scores = g.add("Where", g.constant(np.tri(rows, dtype=bool)[None, None]), scores, g.constant(np.float32(-1e30)))
    elif mask == "bias":
        inputs["m"] = normal((1, heads, rows, rows))
        dims["m"] = [1, heads, extents[1], extents[1]]
        scores = g.add("Tanh", g.add("Add", "m", scores))
    y = g.add("MatMul", g.add("Softmax", scores, axis=-1), v)
    y = g.add("Reshape", g.add("Transpose", y, perm=[0, 2, 1, 3]), g.constant([0, 0, heads * size]))
    run(tmp_path, g, y, inputs, dims, level)


def test_one_projection(tmp_path, level):
    """Queries, keys and values side by side in one projection."""
    rows, heads, size = 30, 4, 16
    g = Graph()
    g.nodes.append(helper.make_node("Split", ["x", g.constant([heads * size] * 3)], ["a", "b", "c"], axis=2))
    q, v = split(g, "a", 1, rows, heads, size), split(g, "c", 1, rows, heads, size)
    weights = g.add("Softmax", g.add("MatMul", q, split(g, "b", 1, rows, heads, size, (0, 2, 3, 1))), axis=-1)
    y = g.add("Transpose", g.add("MatMul", weights, v), perm=[0, 2, 1, 3])
    run(tmp_path, g, y, {"x": normal((1, rows, 3 * heads * size))}, {}, level)


@pytest.mark.parametrize("kind, products, dynamic", [
    ("self", 1, False), ("self", 1, True), ("cross", 2, False), ("cross", 2, True), ("grouped", 1, False),
    ("one_bias_less", 1, True),
])
def test_projections(tmp_path, level, kind, products, dynamic):
    """Products that give queries, keys and values are one where they are of the same rows."""
    batch, rows, keys, heads, size = 2, 33, 33 if kind != "cross" else 21, 4, 16
    kv_heads = 2 if kind == "grouped" else heads
    width = 40
    g = Graph()
    b, s, t = (0, 0, 0) if dynamic else (batch, rows, keys)
    inputs = {"x": normal((batch, rows, width))}
    dims = {"x": ["b", "s", width]} if dynamic else {}
    source = "x"
    if kind == "cross":
        source = "m"
        inputs["m"] = normal((batch, keys, width))
        if dynamic:
            dims["m"] = ["b", "t", width]

    def project(x, count, bias, last=False):
        y = g.add("MatMul", x, g.constant(normal((width, count * size)) / 6))
        if not bias:
            return y
        bias = g.constant(normal((count * size,)))
        return g.add("Add", y, bias) if last else g.add("Add", bias, y)

    def shared(x):
        if kv_heads == heads:
            return x
        x = g.add("Expand", g.add("Unsqueeze", x, g.constant([2])), g.constant([1, 1, heads // kv_heads, 1, 1]))
        return g.add("Reshape", x, g.constant([batch, heads, keys, size]))

    q = split(g, project("x", heads, True), b, s, heads, size)
    k = split(g, project(source, kv_heads, kind != "one_bias_less"), b, t, kv_heads, size)
    v = split(g, project(source, kv_heads, kind != "grouped", last=True), b, t, kv_heads, size)
    k, v = g.add("Transpose", shared(k), perm=[0, 1, 3, 2]), shared(v)
    y = g.add("MatMul", g.add("Softmax", g.add("MatMul", q, k), axis=-1), v)
    y = g.add("Reshape", g.add("Transpose", y, perm=[0, 2, 1, 3]), g.constant([0, 0, heads * size]))
    listing = run(tmp_path, g, y, inputs, dims, level)
    assert listing.count("nn.packed_matmul") == products


def test_scaled_factors(tmp_path, level):
    """Both factors scaled, as scaled_dot_product_attention is exported."""
    g = Graph()
    inputs = {name: normal((2, 3, 20, 16)) for name in "qkv"}
    root = g.constant(np.float32(0.5))
    k = g.add("Mul", g.add("Transpose", "k", perm=[0, 1, 3, 2]), root)
    weights = g.add("Softmax", g.add("MatMul", g.add("Mul", "q", root), k), axis=-1)
    run(tmp_path, g, g.add("MatMul", weights, "v"), inputs, {}, level)


def test_shared_heads(tmp_path, level):
    g = Graph()
    inputs = {"q": normal((2, 6, 9, 16)), "k": normal((2, 2, 21, 16)), "v": normal((2, 2, 21, 16))}
    k, v = (
        g.add("Reshape", g.add("Expand", g.add("Unsqueeze", x, g.constant([2])), g.constant([2, 2, 3, 21, 16])),
              g.constant([2, 6, 21, 16]))
        for x in "kv"
    )
    scores = g.add("MatMul", "q", g.add("Transpose", k, perm=[0, 1, 3, 2]))
    run(tmp_path, g, g.add("MatMul", g.add("Softmax", scores, axis=-1), v), inputs, {}, level)


def test_merged_batch(tmp_path, level):
    """Batch and heads in one dim."""
    g = Graph()
    inputs = {"q": normal((6, 9, 16)), "k": normal((6, 16, 21)), "v": normal((6, 21, 16))}
    scores = g.add("MatMul", "q", "k")
    run(tmp_path, g, g.add("MatMul", g.add("Softmax", scores, axis=-1), "v"), inputs, {}, level)


def test_masked_rows(tmp_path, level):
    """Rows of -infinity are NaN, also where the keys take several blocks."""
    keys = 3000
    g = Graph()
    inputs = {"q": normal((1, 2, 20, 64)), "k": normal((1, 2, keys, 64)), "v": normal((1, 2, keys, 64))}
    mask = np.zeros((20, keys), np.float32)
    mask[3], mask[5, :2000], mask[6, 1000:] = -np.inf, -np.inf, -np.inf
    inputs["m"] = mask
    scores = g.add("Add", g.add("MatMul", "q", g.add("Transpose", "k", perm=[0, 1, 3, 2])), "m")
    run(tmp_path, g, g.add("MatMul", g.add("Softmax", scores, axis=-1), "v"), inputs, {}, level)


def test_used_weights_stay(tmp_path, level):
    """What something else reads must exist."""
    g = Graph()
    inputs = {name: normal((1, 2, 8, 8)) for name in "qkv"}
    weights = g.add("Softmax", g.add("MatMul", "q", g.add("Transpose", "k", perm=[0, 1, 3, 2])), axis=-1)
    y = g.add("Add", g.add("MatMul", weights, "v"), weights)
    run(tmp_path, g, y, inputs, {}, level, kernels=0)


@pytest.mark.parametrize("form", ["select", "infinite", "finite", "trilu"])
@pytest.mark.parametrize(
    "rows, keys, first", [(64, 64, 0), (41, 41, 0), (13, 50, 37), (3, 35, 32), (150, 2500, 2350), (700, 700, 0)]
)
def test_causal(tmp_path, level, form, rows, keys, first):
    """Query i attends to the keys up to first + i; what lies beyond is not even computed."""
    heads, size = 2, 24
    g = Graph()
    inputs = {"q": normal((1, heads, rows, size)), "k": normal((1, heads, keys, size)), "v": normal((1, heads, keys, 40))}
    visible = np.tril(np.ones((rows, keys), bool), first)
    scores = g.add("MatMul", "q", g.add("Transpose", "k", perm=[0, 1, 3, 2]))
    scores = g.add("Div", scores, g.constant(np.float32(size**0.5)))
    if form == "select":
        lowest = g.constant(np.finfo(np.float32).min)
        scores = g.add("Where", g.constant(visible[None, None]), scores, lowest)
    elif form == "trilu":
        full = g.constant(np.full((rows, keys), -np.inf, np.float32))
        scores = g.add("Add", scores, g.add("Trilu", full, g.constant(np.int64(first + 1)), upper=1))
    else:
        low = -np.inf if form == "infinite" else -1e9
        scores = g.add("Add", scores, g.constant(np.where(visible, 0, low).astype(np.float32)))
    weights = g.add("Softmax", scores, axis=-1)
    listing = run(tmp_path, g, g.add("MatMul", weights, "v"), inputs, {}, level)
    assert f"diagonal = {first} : i64" in listing


@pytest.mark.parametrize("rows, keys, past", [(33, 33, 0), (20, 50, 0), (5, 5, 40), (1, 1, 100)])
def test_causal_operator(tmp_path, level, rows, keys, past):
    """ONNX's own: the triangle starts at the first key, and behind the keys of earlier tokens."""
    g = Graph()
    inputs = {"q": normal((1, 4, rows, 32)), "k": normal((1, 2, keys, 32)), "v": normal((1, 2, keys, 32))}
    names = ["q", "k", "v"]
    if past:
        inputs |= {"past_k": normal((1, 2, past, 32)), "past_v": normal((1, 2, past, 32))}
        names += ["", "past_k", "past_v"]
    y = g.add("Attention", *names, is_causal=1)
    if past:
        g.nodes[-1].output.extend(["present_k", "present_v"])
    listing = run(tmp_path, g, y, inputs, {}, level, opset=23)
    assert ("diagonal" in listing) == (rows > 1)
