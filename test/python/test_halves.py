"""Networks of f16 and bf16 are computed in f32, by the kernels of networks of f32. Between casts of f32 they give what
ONNX Runtime gives for the same network in f32 with the same weights, which no rounding on the way would allow. The left
factors of products by weights of bf16 alone are rounded."""

import os
import pathlib
import subprocess

import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper

LEVELS = {"x86-64-v3": "avx2", "x86-64-v4": "avx512bw", "x86-64-v4-bf16": "avx512_bf16"}
FLAGS = pathlib.Path("/proc/cpuinfo").read_text().split()
HALVES = {"f16": TensorProto.FLOAT16, "bf16": TensorProto.BFLOAT16}
# What rounding the left factors of products costs.
ROUNDED = {"f16": 1e-5, "bf16": 1e-2}


class Net:
    """Nodes one after another; every method takes and gives names of values."""

    def __init__(self):
        self.rng = np.random.default_rng(7)
        self.nodes, self.constants = [], []

    def constant(self, array):
        self.constants.append(np.asarray(array))
        return f"c{len(self.constants) - 1}"

    def weight(self, *shape, scale=1.0):
        return self.constant((scale * self.rng.standard_normal(shape)).astype(np.float32))

    def op(self, kind, *inputs, count=1, **attributes):
        names = [f"t{len(self.nodes)}_{i}" for i in range(count)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[0] if count == 1 else names

    def model(self, element, y, shape, outer):
        """The network with its floats in `element`, between casts from and to `outer` where that is another type."""
        dtype = helper.tensor_dtype_to_np_dtype(element)
        constants = [
            numpy_helper.from_array(a.astype(dtype) if a.dtype == np.float32 else a, f"c{i}")
            for i, a in enumerate(self.constants)
        ]
        nodes = [
            helper.make_node("Cast", ["x"], ["inner"], to=element),
            *self.nodes,
            helper.make_node("Cast", [y], ["y"], to=outer),
        ]
        graph = helper.make_graph(
            nodes,
            "net",
            [helper.make_tensor_value_info("x", outer, shape)],
            [helper.make_tensor_value_info("y", outer, None)],
            constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)])
        model.ir_version = 10
        return model

    def round_constants(self, element):
        dtype = helper.tensor_dtype_to_np_dtype(element)
        self.constants = [a.astype(dtype).astype(a.dtype) if a.dtype == np.float32 else a for a in self.constants]


def check(tmp_path, level, element, net, y, shape, ops, tolerance=1e-5, rounds=False):
    element = HALVES[element]
    net.round_constants(element)
    x = net.rng.standard_normal(shape).astype(np.float32)
    if rounds:
        x = x.astype(helper.tensor_dtype_to_np_dtype(element)).astype(np.float32)
    wide = net.model(TensorProto.FLOAT, y, shape, TensorProto.FLOAT).SerializeToString()
    (expected,) = ort.InferenceSession(wide, providers=["CPUExecutionProvider"]).run(None, {"x": x})
    path, library = tmp_path / "net.onnx", tmp_path / "net.so"
    onnx.save(net.model(element, y, shape, TensorProto.FLOAT), path)
    program = pathlib.Path(os.environ["NNC_BIN"]) / "nnc"
    command = [program, path, "--emit=graph", "-o", "-"]
    graph = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for op in ops:
        assert f"nn.{op} " in graph, f"no nn.{op}"
    subprocess.run([program, path, "-o", library, f"--cpu={level}"], check=True)
    for threads in (1, 2):
        (got,) = nnc.load(library, threads=threads).run({"x": x}).values()
        assert np.abs(got - expected).max() <= tolerance * np.abs(expected).max()


@pytest.mark.parametrize("element", HALVES)
def test_convolutions(tmp_path, level, element):
    """Blocks of channels, Winograd's algorithm, a residual, pools."""
    net = Net()
    y = net.op("Conv", "inner", net.weight(32, 3, 7, 7, scale=0.1), net.weight(32), strides=[2, 2], pads=[3] * 4)
    y = net.op("MaxPool", net.op("Relu", y), kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    before = y
    y = net.op("Relu", net.op("Conv", y, net.weight(32, 32, 3, 3, scale=0.1), pads=[1] * 4))
    y = net.op("Conv", y, net.weight(32, 1, 3, 3, scale=0.3), group=32, pads=[1] * 4)
    y = net.op("Add", net.op("HardSwish", y), before)
    y = net.op("Flatten", net.op("GlobalAveragePool", y))
    y = net.op("Softmax", net.op("Add", y, net.weight(32)))
    ops = ["blocked_conv", "winograd_conv", "blocked_depthwise", "blocked_pool"]
    check(tmp_path, level, element, net, y, (1, 3, 64, 64), ops)


@pytest.mark.parametrize("element", HALVES)
def test_transformer(tmp_path, level, element):
    """An embedding, normalizations by an operator, which is in f32, and written out in halves; attention and GELU."""
    net = Net()
    heads, size, width = 4, 16, 64

    def split(x):
        return net.op("Transpose", net.op("Reshape", x, net.constant([0, 0, heads, size])), perm=[0, 2, 1, 3])

    def one(value):
        return net.constant(np.float32(value))

    x = net.op("Add", "inner", net.weight(24, width))
    x = net.op("LayerNormalization", x, net.weight(width), net.weight(width))
    centered = net.op("Sub", x, net.op("ReduceMean", x, net.constant([-1])))
    variance = net.op("ReduceMean", net.op("Mul", centered, centered), net.constant([-1]))
    y = net.op("Div", centered, net.op("Sqrt", net.op("Add", variance, one(2.0**-14))))
    q, k, v = (split(net.op("MatMul", y, net.weight(width, width, scale=0.1))) for _ in range(3))
    scores = net.op("Div", net.op("MatMul", q, net.op("Transpose", k, perm=[0, 1, 3, 2])), one(4))
    y = net.op("MatMul", net.op("Softmax", scores, axis=-1), v)
    y = net.op("Reshape", net.op("Transpose", y, perm=[0, 2, 1, 3]), net.constant([0, 0, width]))
    x = net.op("Add", x, net.op("MatMul", y, net.weight(width, width, scale=0.1)))
    y = net.op("MatMul", x, net.weight(width, 256, scale=0.1))
    # 1.4140625 is the root of 2 in both types, to 1.1e-4: the pattern's constant may be that inexact.
    erf = net.op("Erf", net.op("Div", y, one(1.4140625)))
    y = net.op("Mul", net.op("Mul", y, net.op("Add", erf, one(1))), one(0.5))
    y = net.op("Add", x, net.op("MatMul", y, net.weight(256, width, scale=0.1)))
    ops = ["normalize", "attention", "packed_matmul"]
    check(tmp_path, level, element, net, y, (2, 24, width), ops, ROUNDED[element])


@pytest.mark.parametrize("element", HALVES)
def test_recurrent(tmp_path, level, element):
    net = Net()
    w, r, bias = net.weight(1, 128, 24, scale=0.2), net.weight(1, 128, 32, scale=0.2), net.weight(1, 256, scale=0.1)
    y = net.op("LSTM", "inner", w, r, bias, hidden_size=32, count=3)[0]
    check(tmp_path, level, element, net, y, (12, 2, 24), ["packed_recurrent"], ROUNDED[element])


@pytest.mark.parametrize("element", HALVES)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("shape", "columns"),
    [
        ((1, 64), 48),
        ((1, 1023), 1037),
        ((3, 37), 5),
        ((2, 31, 96), 64),
        ((64, 1024), 1037),
        ((256, 1024), 512),
        ((50, 1501), 33),
    ],
)
def test_products(tmp_path, level, element, shape, columns):
    """Weights that stay halves, factors of bf16 in pairs. Depths are even and odd, sums cut and whole, and of 256 rows
    Strassen's algorithm would multiply f32."""
    if LEVELS[level] not in FLAGS:
        pytest.skip(f"no {LEVELS[level]} here")
    net = Net()
    y = net.op("MatMul", "inner", net.weight(shape[-1], columns, scale=0.1))
    check(tmp_path, level, element, net, y, shape, ["packed_matmul"], rounds=True)


def test_batched_product(tmp_path, level):
    """A matrix of pairs for each point of the batch."""
    net = Net()
    y = net.op("MatMul", "inner", net.weight(3, 19, 20))
    check(tmp_path, level, "bf16", net, y, (2, 3, 7, 19), ["packed_matmul"], rounds=True)


def test_rounded_result(tmp_path, level):
    """Inputs and results are halves; the sum of the products is rounded once."""
    net = Net()
    y = net.op("Add", net.op("MatMul", "inner", net.weight(300, 17)), net.weight(17))
    net.round_constants(TensorProto.FLOAT16)
    path, library = tmp_path / "net.onnx", tmp_path / "net.so"
    onnx.save(net.model(TensorProto.FLOAT16, y, (5, 300), TensorProto.FLOAT16), path)
    subprocess.run([pathlib.Path(os.environ["NNC_BIN"]) / "nnc", path, "-o", library, f"--cpu={level}"], check=True)
    x = net.rng.standard_normal((5, 300)).astype(np.float16)
    (got,) = nnc.load(library).run({"x": x}).values()
    weight, bias = (c.astype(np.float64) for c in net.constants)
    exact = x.astype(np.float64) @ weight + bias
    assert got.dtype == np.float16
    # Half a unit in the last place of f16, and what the sum in f32 is off.
    assert (np.abs(got - exact) <= np.abs(exact) * 2.0**-11 + 1e-4).all()
