"""Softmax along rows, and its logarithm, against f64."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper

import nnc


def compiled(tmp_path, op, dims, level, axis=-1):
    types = [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name in "xy"]
    graph = helper.make_graph([helper.make_node(op, ["x"], ["y"], axis=axis)], "g", types[:1], types[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, tmp_path / "model.onnx")
    library = nnc.compile(tmp_path / "model.onnx", tmp_path / "model.so", cpu=level)
    return lambda x, threads: next(iter(nnc.load(library, threads=threads).run({"x": x}).values()))


def reference(op, x, axis=-1):
    shifted = (x - x.max(axis, keepdims=True)).astype(np.float64)
    exponentials = np.exp(shifted)
    total = exponentials.sum(axis, keepdims=True)
    return exponentials / total if op == "Softmax" else shifted - np.log(total)


def inputs(rows, length):
    rng = np.random.default_rng(length)
    spread = rng.choice([0.1, 3, 30, 100], (rows, 1))
    return (rng.normal(size=(rows, length)) * spread).astype(np.float32)


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
@pytest.mark.parametrize("length", [1, 7, 16, 33, 512, 1000, 5001])
def test_rows(tmp_path, level, op, length):
    shape = (3, 3, length)
    x = inputs(9, length).reshape(shape)
    run, expected = compiled(tmp_path, op, shape, level), reference(op, x)
    for threads in (1, 3):
        np.testing.assert_allclose(run(x, threads), expected, rtol=1e-6, atol=1e-30 if op == "Softmax" else 1e-5)


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
def test_unknown_extents(tmp_path, level, op):
    run = compiled(tmp_path, op, ["n", "m"], level)
    for rows, length in [(1, 1), (5, 31), (4, 64), (0, 8), (7, 3001)]:
        x = inputs(rows, length)
        expected = reference(op, x) if rows else x
        np.testing.assert_allclose(run(x, 1), expected, rtol=1e-6, atol=1e-30 if op == "Softmax" else 1e-5)


@pytest.mark.parametrize("length", [5, 40, 2000])
def test_special_values(tmp_path, level, length):
    x = inputs(9, length)
    x[1, 2] = np.nan
    x[2, 3] = np.inf
    x[3, :] = -np.inf
    x[4, 1:] = -np.inf
    x[5, -1] = np.finfo(np.float32).max
    x[6, ::2] = np.finfo(np.float32).min
    x[7, :] = -np.inf
    x[7, -1] = np.nan
    with np.errstate(all="ignore"):
        expected = reference("Softmax", x)
    got = compiled(tmp_path, "Softmax", x.shape, level)(x, 1)
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-30)
