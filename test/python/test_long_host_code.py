"""A graph of so many steps that its host code is generated without optimization (compiler/EmitObject.cpp)."""

import os
import subprocess

import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper

# Ten to twenty instructions each: the second model is beyond the limit of 10,000.
STEPS = [100, 1200]


def compiled(steps, folder):
    """y: one softmax after the other, along the columns and the rows of (rows, 3) in turn."""
    names = ["x", *(f"t{i}" for i in range(1, steps)), "y"]
    nodes = [helper.make_node("Softmax", [names[i]], [names[i + 1]], axis=i % 2) for i in range(steps)]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", 3]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "net", values[:1], values[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, folder / "net.onnx")
    program = os.path.join(os.environ["NNC_BIN"], "nnc")
    subprocess.run([program, folder / "net.onnx", "-o", folder / "net.so"], check=True, timeout=300)
    return nnc.load(folder / "net.so")


@pytest.mark.parametrize("steps", STEPS)
def test_steps(steps, tmp_path):
    x = np.random.default_rng(0).standard_normal((5, 3), dtype=np.float32) * 4
    expected = x.astype(np.float64)
    for i in range(steps):
        e = np.exp(expected - expected.max(axis=i % 2, keepdims=True))
        expected = e / e.sum(axis=i % 2, keepdims=True)
    model = compiled(steps, tmp_path)
    for _ in range(2):
        np.testing.assert_allclose(model.run({"x": x})["y"], expected, rtol=1e-5)
