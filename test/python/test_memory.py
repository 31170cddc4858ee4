"""Results that overwrite operands, against ONNX Runtime: sizes that fill no vector, residuals of long products, sizes
that only the run knows, branches and loops."""

import os
import pathlib
import subprocess

import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
import onnx.parser

RNG = np.random.default_rng(11)


def check(tmp_path, text, inputs, weights=None, in_place=1, tolerance=1e-5):
    model = onnx.parser.parse_model('<ir_version: 8, opset_import: ["" : 17]>\n' + text)
    for name, array in (weights or {}).items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    path, library = tmp_path / "m.onnx", tmp_path / "m.so"
    onnx.save(model, path)
    # In place it must be, or nothing is tested.
    text = subprocess.run(
        [pathlib.Path(os.environ["NNC_BIN"]) / "nnc", path, "--emit=loops"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert text.count("nn.in_place") >= in_place
    want = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, inputs)
    for level in ("x86-64-v3", "native"):
        nnc.compile(path, library, cpu=level)
        for threads in (1, 2):
            loaded = nnc.load(str(library), threads=threads)
            for _ in range(2):
                got = loaded.run(inputs)
                for expected, name in zip(want, got):
                    np.testing.assert_allclose(got[name], expected, rtol=tolerance, atol=tolerance / 10)
        library = tmp_path / "native.so"  # a loaded file must not be replaced


@pytest.mark.parametrize("rows,columns", [(1, 1), (3, 7), (5, 1001), (37, 33), (129, 515)])
def test_elementwise(tmp_path, rows, columns):
    text = f"""m (float[{rows}, {columns}] x, float[{columns}] b) => (float[{rows}, {columns}] y) {{
      s = Softmax <axis = 0> (x)
      t = Add(s, b)
      u = Mul(t, s)
      v = Sub(u, x)
      y = Softmax <axis = 1> (v)
    }}"""
    x = RNG.standard_normal((rows, columns), np.float32)
    check(tmp_path, text, {"x": x, "b": RNG.standard_normal(columns).astype(np.float32)})


@pytest.mark.parametrize("rows,depth,columns", [(1, 5000, 40), (7, 33, 17), (13, 3001, 100), (200, 64, 48)])
def test_residual(tmp_path, rows, depth, columns):
    text = f"""m (float[{rows}, {depth}] x, float[{rows}, {columns}] r) => (float[{rows}, {columns}] y) {{
      s = Softmax <axis = 1> (r)
      p = MatMul(x, w)
      q = Add(p, b)
      t = Add(q, s)
      u = Relu(t)
      y = Softmax <axis = 1> (u)
    }}"""
    weights = {
        "w": RNG.standard_normal((depth, columns)).astype(np.float32) / 30,
        "b": np.ones(columns, np.float32),
    }
    inputs = {
        "x": RNG.standard_normal((rows, depth), np.float32),
        "r": RNG.standard_normal((rows, columns), np.float32),
    }
    check(tmp_path, text, inputs, weights)


@pytest.mark.parametrize("kernel,channels,size", [(1, 32, 7), (3, 64, 13), (3, 20, 9), (5, 48, 6)])
def test_residual_of_convolutions(tmp_path, kernel, channels, size):
    """Two blocks of a residual network; the kernels of 3 x 3 are Winograd's where there are channels enough."""
    shape, pad = f"float[1, {channels}, {size}, {size}]", kernel // 2
    attributes = f"kernel_shape = [{kernel}, {kernel}], pads = [{pad}, {pad}, {pad}, {pad}]"
    text = f"""m ({shape} x) => ({shape} y) {{
      a = Conv <{attributes}> (x, w0, b)
      r = Relu(a)
      p = Conv <{attributes}> (r, w1, b)
      q = Relu(p)
      c = Conv <{attributes}> (q, w0, b)
      s = Add(c, r)
      t = Relu(s)
      d = Conv <{attributes}> (t, w1, b)
      e = Sigmoid(d)
      f = Mul(e, t)
      y = Conv <{attributes}> (f, w0, b)
    }}"""
    deviation = 1 / np.sqrt(channels * kernel * kernel)
    weights = {
        name: RNG.standard_normal((channels, channels, kernel, kernel)).astype(np.float32)
        * np.float32(deviation)
        for name in ("w0", "w1")
    }
    weights["b"] = RNG.standard_normal(channels).astype(np.float32)
    x = RNG.standard_normal((1, channels, size, size), np.float32)
    check(tmp_path, text, {"x": x}, weights, tolerance=1e-4)


def test_dynamic(tmp_path):
    text = """m (float[N, 19] x) => (float[N, 19] y) {
      s = Softmax <axis = 1> (x)
      t = Exp(s)
      u = Softmax <axis = 1> (t)
      v = Sigmoid(u)
      y = Softmax <axis = 1> (v)
    }"""
    check(tmp_path, text, {"x": RNG.standard_normal((23, 19), np.float32)}, in_place=2)


def test_control_flow(tmp_path):
    text = """m (float[5, 9] x, bool c) => (float[5, 9] y, float[4, 5, 9] z)
    <int64 four = {4}, bool yes = {1}>
    {
      s = Softmax <axis = 1> (x)
      b = If (c) <
        then_branch = one () => (float[5, 9] p) { a = Softmax <axis = 0> (s)  d = Exp(a)  p = Softmax <axis = 0> (d) },
        else_branch = two () => (float[5, 9] p) { p = Neg(s) }
      >
      y, z = Loop (four, yes, b) <body = body (int64 i, bool k, float[5, 9] h) => (bool more, float[5, 9] n, float[5, 9] o) {
        more = Identity(k)
        e = Softmax <axis = 1> (h)
        f = Exp(e)
        n = Softmax <axis = 1> (f)
        o = Add(n, s)
      }>
    }"""
    x = RNG.standard_normal((5, 9), np.float32)
    for condition in (True, False):
        check(tmp_path, text, {"x": x, "c": np.array(condition)}, in_place=2)
