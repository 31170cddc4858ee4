"""Convolutions whose weights only the run knows, as layers have them that make the weights of the next one: packed in
every run, and then by the kernels of constant weights. Against ONNX Runtime."""

import subprocess

import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper


CASES = [
    # op, channels, filters, kernel, image, batch, attributes
    ("blocked_conv", 3, 20, (3, 3), (17, 13), 1, dict(strides=[2, 2], pads=[1, 1, 1, 1])),
    ("blocked_conv", 16, 24, (1, 1), (9, 11), 1, {}),
    ("blocked_conv", 40, 17, (1, 1), (7, 7), 3, {}),
    ("blocked_conv", 20, 33, (3, 3), (9, 8), 2, dict(strides=[2, 1], pads=[0, 1, 1, 0])),
    ("blocked_conv", 18, 18, (7, 1), (10, 5), 1, dict(auto_pad="SAME_LOWER")),
    ("blocked_conv", 64, 96, (3, 3), (6, 6), 1, dict(group=2, pads=[1, 1, 1, 1])),
    ("blocked_conv", 32, 16, (5,), (30,), 2, dict(pads=[2, 2], dilations=[2])),
    ("winograd_conv", 24, 40, (3, 3), (33, 30), 1, dict(pads=[1, 1, 1, 1])),
    ("winograd_conv", 16, 32, (5, 5), (40, 40), 2, dict(pads=[2, 2, 2, 2])),
    ("winograd_conv", 32, 32, (3, 3), (40, 40), 1, dict(pads=[2, 2, 2, 2], dilations=[2, 2])),
    ("winograd_conv", 32, 64, (3,), (900,), 2, dict(pads=[1, 1])),
    ("winograd_conv", 32, 64, (3, 1), (60, 60), 1, dict(pads=[1, 0, 1, 0])),
    ("winograd_conv", 32, 64, (3, 3), (101, 100), 1, dict(pads=[1, 1, 1, 1], strides=[2, 2])),
    ("winograd_conv", 256, 250, (3, 3), (14, 14), 1, dict(pads=[1, 1, 1, 1])),  # weights from the taps
    ("blocked_depthwise", 20, 20, (3, 3), (14, 9), 1, dict(group=20, pads=[1, 1, 1, 1])),
    ("blocked_depthwise", 256, 256, (6, 6), (22, 22), 1, dict(group=256)),
    ("blocked_depthwise", 33, 33, (7,), (50,), 2, dict(group=33, pads=[3, 3])),
    # Several channels to a group that lies within a block: as it was.
    ("conv", 32, 32, (3, 3), (8, 8), 1, dict(group=16, pads=[1, 1, 1, 1])),
]


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("case", CASES, ids=lambda c: "-".join(map(str, (c[0], *c[1:4]))))
def test_convolution(tmp_path, level, tools, case, bias):
    op, channels, filters, kernel, image, batch, attributes = case
    rng = np.random.default_rng(5)
    shapes = {"x": (batch, channels, *image), "w": (filters, channels // attributes.get("group", 1), *kernel)}
    if bias:
        shapes["b"] = (filters,)
    inputs = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    graph = helper.make_graph(
        [helper.make_node("Conv", list(inputs), ["c"], **attributes), helper.make_node("Relu", ["c"], ["y"])],
        "net",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    path, library = tmp_path / "net.onnx", tmp_path / "net.so"
    onnx.save(model, path)
    listing = subprocess.run(
        [tools / "nnc", path, "--emit=graph", "-o", "-"], check=True, capture_output=True, text=True
    ).stdout
    assert f"nn.{op} " in listing
    subprocess.run([tools / "nnc", path, "-o", library, f"--cpu={level}"], check=True)
    (expected,) = ort.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, inputs)
    for threads in (1, 3):
        (got,) = nnc.load(library, threads=threads).run(inputs).values()
        assert np.abs(got - expected).max() <= 2e-5 * np.abs(expected).max()
