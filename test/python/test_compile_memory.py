"""How much memory compiling takes."""

import os
import subprocess
import sys

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper


def test_weights_are_in_memory_once(tmp_path):
    """What is packed gives back what it was packed from, and the linker sees no weights: compiling takes less than twice
    their size."""
    size, count = 2048, 12
    rng = np.random.default_rng(0)
    weights = [
        numpy_helper.from_array(rng.standard_normal((size, size), dtype=np.float32), f"w{i}") for i in range(count)
    ]
    names = ["x", *(f"t{i}" for i in range(1, count)), "y"]
    nodes = [helper.make_node("MatMul", [names[i], f"w{i}"], [names[i + 1]]) for i in range(count)]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, size]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "net", values[:1], values[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, tmp_path / "net.onnx")
    program = os.path.join(os.environ["NNC_BIN"], "nnc")

    # A process counts the memory of the one that it was forked from: this one is small.
    measure = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "-c", measure, program, tmp_path / "net.onnx", "-o", tmp_path / "net.so"]
    peak = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) * 1024
    assert peak < 130e6 + 1.8 * 4 * size * size * count
