"""Products and convolutions of quantized tensors, in the formats in which quantizers write them, against ONNX Runtime."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper

RNG = np.random.default_rng(11)
LEVELS = ["x86-64-v3", "x86-64-v3-vnni", "x86-64-v4", "x86-64-v4-vnni", "x86-64-v4-amx"]
NEEDED = {
    "x86-64-v3-vnni": "avx_vnni",
    "x86-64-v4": "avx512bw",
    "x86-64-v4-vnni": "avx512_vnni",
    "x86-64-v4-amx": "amx_int8",
}


@pytest.fixture(params=LEVELS)
def level(request):
    needed = NEEDED.get(request.param, "avx2")
    if needed not in pathlib.Path("/proc/cpuinfo").read_text():
        pytest.skip("the machine has no " + needed)
    return request.param


# Where the weight and its zero point are among the inputs of a product, whose first input is the other factor.
WEIGHTS = {"MatMulInteger": (1, 3), "ConvInteger": (1, 3), "QLinearMatMul": (3, 5), "QLinearConv": (3, 5)}


def with_exact_sums(model):
    """The same network for ONNX Runtime: without an instruction for products of bytes it adds two of unsigned by signed
    ones in 16 bits, where they saturate. Weights without a sign, with zero points that are 128 larger, it multiplies
    exactly."""
    if "vnni" in pathlib.Path("/proc/cpuinfo").read_text():
        return model
    exact = onnx.ModelProto()
    exact.CopyFrom(model)
    graph = exact.graph
    types = {info.name: info.type.tensor_type.elem_type for info in [*graph.input, *graph.value_info]}
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    types.update((tensor.name, tensor.data_type) for tensor in graph.initializer)

    def unsigned(name):
        array = (constants[name].astype(np.int16) + 128).astype(np.uint8) if name else np.uint8(128)
        graph.initializer.append(numpy_helper.from_array(np.asarray(array), f"unsigned{len(graph.initializer)}"))
        return graph.initializer[-1].name

    for node in graph.node:
        weight, zero = WEIGHTS.get(node.op_type, (0, 0))
        if not weight or types.get(node.input[0]) != TensorProto.UINT8 or types.get(node.input[weight]) != TensorProto.INT8:
            continue
        if node.input[weight] in constants:
            node.input.extend([""] * (zero + 1 - len(node.input)))
            node.input[weight], node.input[zero] = unsigned(node.input[weight]), unsigned(node.input[zero])
    return exact


class Net:
    """A graph under construction; values are named by strings."""

    def __init__(self):
        self.nodes, self.constants, self.inputs = [], [], {}

    def input(self, array, dims=None):
        name = f"x{len(self.inputs)}"
        self.inputs[name] = (array, dims or array.shape)
        return name

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def op(self, kind, *inputs, count=1, **attributes):
        """A name with a dot in front of it is one of com.microsoft's."""
        names = [f"v{len(self.nodes)}_{i}" for i in range(count)]
        if kind.startswith("."):
            kind, attributes["domain"] = kind[1:], "com.microsoft"
        named = [i if isinstance(i, str) else self.constant(i) for i in inputs]
        self.nodes.append(helper.make_node(kind, named, names, **attributes))
        return names[0] if count == 1 else names

    def check(self, tmp_path, level, y, off=0):
        """`off`: by how much a few results may differ, since halves round to either side; reals differ by 1e-5 of the
        largest in any case, and `off` is in the same unit."""
        self.nodes.append(helper.make_node("Identity", [y], ["y"]))
        infos = [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), dims)
            for name, (x, dims) in self.inputs.items()
        ]
        result = helper.make_empty_tensor_value_info("y")
        graph = helper.make_graph(self.nodes, "quantized", infos, [result], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)])
        model.ir_version = 8
        model = onnx.shape_inference.infer_shapes(model)
        path = tmp_path / "model.onnx"
        onnx.save(model, path)
        options = ort.SessionOptions()
        options.log_severity_level = 3
        # As ONNX defines it: what ONNX Runtime fuses rounds a few results to the other side of a half.
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        reference = with_exact_sums(model).SerializeToString()
        session = ort.InferenceSession(reference, options, providers=["CPUExecutionProvider"])
        inputs = {name: x for name, (x, _) in self.inputs.items()}
        (expected,) = session.run(None, inputs)
        library = nnc.compile(path, tmp_path / "model.so", cpu=level)
        for threads in (1, 3):
            (got,) = nnc.load(library, threads=threads).run(inputs).values()
            assert got.shape == expected.shape and got.dtype == expected.dtype
            difference = np.abs(got.astype(np.float64) - expected.astype(np.float64))
            if got.dtype == np.float32:
                difference /= np.abs(expected).max(initial=1e-9)
            rounding = 1e-5 if got.dtype == np.float32 else 0
            assert difference.max(initial=0) <= max(off, rounding)
            assert np.count_nonzero(difference > rounding) <= max(2, 0.003 * difference.size)


def numbers(shape, dtype):
    info = np.iinfo(dtype)
    return RNG.integers(info.min, info.max + 1, shape).astype(dtype)


def normal(shape):
    return RNG.standard_normal(shape).astype(np.float32)


def scaled(net, weight, zero, axis):
    """DequantizeLinear of a constant with a scale for each zero point."""
    scale = RNG.uniform(0.01, 0.1, zero.shape).astype(np.float32)
    return net.op("DequantizeLinear", weight, scale, zero, **({"axis": axis} if zero.ndim else {}))


@pytest.mark.parametrize("zero", [np.uint8(0), np.uint8(128), np.uint8(101), "columns", "odd columns", np.int8(0), np.int8(-7)])
@pytest.mark.parametrize("rows, depth, columns", [(1, 300, 77), (7, 64, 48), (60, 256, 512), (64, 33, 100), (50, 3000, 130)])
def test_weights_of_bytes(tmp_path, level, rows, depth, columns, zero):
    """f32 by bytes: as few rows as a tile has, so many that panels are made f32 first, and sums so long that they are cut."""
    if zero == "columns":
        zero = np.zeros(columns, np.int8)
    elif zero == "odd columns":
        zero = RNG.integers(90, 160, columns).astype(np.uint8)
    net = Net()
    x = net.input(normal((rows, depth)))
    w = scaled(net, numbers((depth, columns), zero.dtype), zero, 1)
    net.check(tmp_path, level, net.op("Relu", net.op("MatMul", x, w)))
    assert (tmp_path / "model.so").stat().st_size < depth * columns * 2 + 40000


def test_weights_of_bytes_for_unknown_rows(tmp_path, level):
    net = Net()
    x = net.input(normal((2, 19, 130)), ["b", "s", 130])
    w = scaled(net, numbers((80, 130), np.uint8), np.full(80, 128, np.uint8), 0)
    net.check(tmp_path, level, net.op("Add", net.op("MatMul", x, net.op("Transpose", w, perm=[1, 0])), normal(80)))


def test_table_of_words(tmp_path, level):
    """Words are looked up in the bytes that also make the scores of the next one."""
    net = Net()
    words = net.constant(numbers((1000, 64), np.uint8))
    table = scaled(net, words, np.asarray(121, np.uint8), 0)
    x = net.op("Gather", table, net.input(np.asarray([[3, 999, 0, -1]])))
    net.check(tmp_path, level, net.op("MatMul", net.op("Tanh", x), net.op("Transpose", table, perm=[1, 0])))
    assert (tmp_path / "model.so").stat().st_size < 2 * 64000 + 40000


@pytest.mark.parametrize(
    "a, b, rows, depth, columns, dims",
    [
        (np.uint8, np.int8, (7,), 64, 48, None),
        (np.int8, np.int8, (13,), 37, 33, None),
        (np.uint8, np.uint8, (13,), 38, 33, None),
        (np.int8, np.uint8, (1,), 70, 100, None),
        (np.uint8, np.uint8, (2,), 3, 5, None),
        (np.int8, np.int8, (30,), 1, 16, None),
        (np.uint8, np.int8, (2, 19), 130, 80, ["b", "s", 130]),
        (np.int8, np.uint8, (0,), 16, 16, ["n", 16]),
        (np.int8, np.int8, (197,), 200, 70, None),
        (np.uint8, np.int8, (3, 33), 1027, 144, None),
        (np.uint8, np.uint8, (16,), 4096, 48, None),
        (np.uint8, np.int8, (2, 1), 130, 80, ["b", "s", 130]),
        (np.uint8, np.int8, (40,), 131, 33, ["n", "k"]),
        (np.int8, np.int8, (20,), 256, 64, ["n", "k"]),
    ],
)
def test_integer_product(tmp_path, level, a, b, rows, depth, columns, dims):
    net = Net()
    x = net.input(numbers((*rows, depth), a), dims)
    y = net.op("MatMulInteger", x, numbers((depth, columns), b), numbers((), a), numbers((), b))
    net.check(tmp_path, level, y)


def test_integer_product_of_extremes(tmp_path, level):
    """Sums of two products of bytes do not fit into 16 bits."""
    net = Net()
    x = net.input(np.full((6, 64), 255, np.uint8))
    y = net.op("MatMulInteger", x, np.full((64, 32), 127, np.int8))
    net.check(tmp_path, level, y)


@pytest.mark.parametrize("a", [np.uint8, np.int8])
@pytest.mark.parametrize("per_column", [False, True])
def test_quantized_product(tmp_path, level, a, per_column):
    net = Net()
    depth, columns = 75, 40
    x = net.input(numbers((9, depth), a))
    scales = RNG.uniform(0.5, 1, columns if per_column else ()).astype(np.float32)
    zeros = np.zeros(scales.shape, np.int8)
    y = net.op("QLinearMatMul", x, np.float32(0.02), a(3), numbers((depth, columns), np.int8), scales, zeros,
               np.float32(30), a(100))  # fmt: skip
    net.check(tmp_path, level, y, off=1)


def quantized_weight(net, shape, axis, signed=True):
    """Bytes behind DequantizeLinear; one scale for each entry of `axis`, or a single one."""
    dtype = np.int8 if signed else np.uint8
    count = () if axis is None else shape[axis]
    scale = RNG.uniform(0.005, 0.01, count).astype(np.float32)
    zero = np.zeros(count, dtype) if signed else numbers(count, dtype)
    attributes = {} if axis is None else {"axis": axis}
    return net.op("DequantizeLinear", numbers(shape, dtype), scale, zero, **attributes)


def through(net, x, scale, zero):
    """QuantizeLinear and DequantizeLinear, as a quantizer puts them on every edge."""
    scale = np.float32(scale)
    return net.op("DequantizeLinear", net.op("QuantizeLinear", x, scale, zero), scale, zero)


@pytest.mark.parametrize(
    "zero, axis, signed, rows, dims",
    [
        (np.uint8(117), None, True, (33,), None),
        (np.int8(-5), 1, True, (2, 5), ["b", "s", 70]),
        (np.uint8(3), None, False, (33,), None),
        (np.int8(0), 1, False, (33,), ["n", 70]),
    ],
)
def test_product_between_borders(tmp_path, level, zero, axis, signed, rows, dims):
    net = Net()
    x = through(net, net.input(normal((*rows, 70)), dims), 0.03, zero)
    y = net.op("MatMul", x, quantized_weight(net, (70, 50), axis, signed))
    y = net.op("QuantizeLinear", net.op("Relu", net.op("Add", y, normal((50,)))), np.float32(0.2), zero)
    net.check(tmp_path, level, y, off=1)


def test_gemm_between_borders(tmp_path, level):
    net = Net()
    x = through(net, net.input(normal((11, 64))), 0.03, np.uint8(120))
    y = net.op("Gemm", x, quantized_weight(net, (24, 64), 0), normal((24,)), transB=1)
    net.check(tmp_path, level, net.op("QuantizeLinear", y, np.float32(0.1), np.uint8(128)), off=1)


def test_dynamic_scale(tmp_path, level):
    net = Net()
    q, scale, zero = net.op("DynamicQuantizeLinear", net.input(normal((17, 96)), ["n", 96]), count=3)
    y = net.op("MatMulInteger", q, numbers((96, 64), np.uint8), zero, np.uint8(130))
    y = net.op("Mul", net.op("Cast", y, to=TensorProto.FLOAT), net.op("Mul", scale, np.float32(0.01)))
    net.check(tmp_path, level, net.op("Add", y, normal((64,))))


CONVOLUTIONS = [
    (16, 32, 3, 9, {"pads": [1, 1, 1, 1]}),
    (3, 20, 7, 25, {"pads": [3, 3, 3, 3], "strides": [2, 2]}),
    (40, 24, 1, 10, {}),
    (64, 64, 1, 9, {"strides": [2, 2]}),
    (64, 32, 3, 8, {"pads": [1, 0, 1, 2], "group": 2}),
    (21, 9, 3, 12, {"pads": [2, 2, 2, 2], "dilations": [2, 2]}),
    (24, 24, 3, 11, {"pads": [1, 1, 1, 1], "group": 24}),
    (48, 80, 5, 30, {"pads": [2, 2, 2, 2]}),
    (3, 40, 7, 62, {"pads": [3, 3, 3, 3], "strides": [2, 2]}),
    (11, 16, 5, 20, {"pads": [0, 1, 2, 3]}),
    (136, 200, 1, 14, {}),
    (64, 288, 1, 7, {}),
    (96, 64, 3, 7, {"pads": [1, 1, 1, 1], "group": 2}),
]


@pytest.mark.parametrize("channels, filters, kernel, extent, attributes", CONVOLUTIONS)
def test_quantized_convolution(tmp_path, level, channels, filters, kernel, extent, attributes):
    net = Net()
    x, w = [(np.uint8, np.int8), (np.int8, np.int8), (np.uint8, np.uint8)][(channels + filters + kernel) % 3]
    shape = (filters, channels // attributes.get("group", 1), kernel, kernel)
    scales = RNG.uniform(0.5, 1, filters if w == np.int8 else ()).astype(np.float32)
    zeros = np.zeros(filters, w) if w == np.int8 else w(77)
    bias = RNG.integers(-9999, 9999, filters).astype(np.int32)
    y = net.op("QLinearConv", net.input(numbers((2, channels, extent, extent), x)), np.float32(0.02), x(13),
               numbers(shape, w), scales, zeros, np.float32(50), x(60), bias, **attributes)  # fmt: skip
    net.check(tmp_path, level, y, off=1)


@pytest.mark.parametrize("channels, filters, kernel, extent, attributes", CONVOLUTIONS)
def test_convolution_between_borders(tmp_path, level, channels, filters, kernel, extent, attributes):
    net = Net()
    zero = [np.uint8(110), np.int8(-3)][filters // 4 % 2]
    x = through(net, net.input(normal((1, channels, extent, extent))), 0.03, zero)
    shape = (filters, channels // attributes.get("group", 1), kernel, kernel)
    y = net.op("Conv", x, quantized_weight(net, shape, 0), normal((filters,)), **attributes)
    net.check(tmp_path, level, net.op("QuantizeLinear", net.op("Relu", y), np.float32(0.2), zero), off=1)


@pytest.mark.parametrize("channels, kernel", [(3, 3), (32, 3), (32, 1)])
@pytest.mark.parametrize("activation", ["HardSwish", "Sigmoid"])
def test_long_epilogue_of_neighbours(tmp_path, level, channels, kernel, activation):
    """What follows the sums goes through memory, some pixels at once where nothing differs from pixel to pixel."""
    net = Net()
    x = through(net, net.input(normal((1, channels, 20, 20))), 0.03, np.uint8(110))
    w = net.op("DequantizeLinear", numbers((32, channels, kernel, kernel), np.int8), np.float32(0.01), np.int8(0))
    y = through(net, net.op("Conv", x, w, pads=[kernel // 2] * 4), 0.05, np.uint8(120))
    y = net.op("Mul", y, through(net, net.op(activation.replace("Swish", "Sigmoid"), y), 0.004, np.uint8(0)))
    net.check(tmp_path, level, net.op("QuantizeLinear", y, np.float32(0.07), np.uint8(30)), off=1)


@pytest.mark.parametrize("length, kernel, pads", [(300, 5, [2, 2]), (40, 1, [0, 0]), (9, 9, [4, 4]), (90, 45, [20, 0])])
def test_convolution_of_signals(tmp_path, level, length, kernel, pads):
    net = Net()
    x = net.input(numbers((2, 48, length), np.int8))
    w = numbers((40, 48, kernel), np.int8)
    y = net.op("QLinearConv", x, np.float32(0.02), np.int8(-9), w, np.float32(0.3), np.int8(0), np.float32(9), np.int8(4),
               pads=pads)  # fmt: skip
    net.check(tmp_path, level, y, off=1)


def test_integer_convolution(tmp_path, level):
    net = Net()
    x = net.input(numbers((2, 20, 9, 9), np.uint8))
    y = net.op("ConvInteger", x, numbers((33, 20, 3, 3), np.int8), np.uint8(9), pads=[1, 1, 1, 1])
    net.check(tmp_path, level, y)


def test_residual_block(tmp_path, level):
    net = Net()
    x = through(net, net.input(normal((1, 32, 12, 12))), 0.03, np.uint8(128))
    y = net.op("Conv", x, quantized_weight(net, (32, 32, 3, 3), 0), normal((32,)), pads=[1, 1, 1, 1])
    y = through(net, net.op("Relu", y), 0.1, np.uint8(0))
    y = net.op("Conv", y, quantized_weight(net, (32, 32, 1, 1), 0), normal((32,)))
    y = through(net, y, 0.5, np.uint8(128))
    y = through(net, net.op("Relu", net.op("Add", x, y)), 0.5, np.uint8(0))
    net.check(tmp_path, level, net.op("GlobalAveragePool", net.op("MaxPool", y, kernel_shape=[2, 2])), off=0.06)


def test_residual_that_is_written_over(tmp_path, level):
    """Items of nine blocks of filters each: what an item writes of the next one's blocks would be added there again."""
    net = Net()
    x = through(net, net.input(normal((1, 64, 7, 7))), 0.03, np.uint8(128))
    y = net.op("Conv", x, quantized_weight(net, (288, 64, 1, 1), 0))
    y = net.op("Add", y, net.op("Relu", net.input(normal((1, 288, 7, 7)))))
    net.check(tmp_path, level, net.op("MaxPool", y, kernel_shape=[2, 2]))


def test_operators_on_quantized_tensors(tmp_path, level):
    """The rest of what quantizers write in their format of operators."""
    net = Net()
    scale, zero = np.float32(0.03), np.uint8(120)
    x = net.input(numbers((1, 24, 6, 6), np.uint8))
    a = net.op(".QLinearLeakyRelu", x, scale, zero, scale, zero, alpha=0.1)
    b = net.op(".QLinearSigmoid", x, scale, zero, np.float32(1 / 256), np.uint8(0))
    s = net.op(".QLinearAdd", a, scale, zero, b, np.float32(1 / 256), np.uint8(0), np.float32(0.04), zero)
    m = net.op(".QLinearMul", s, np.float32(0.04), zero, b, np.float32(1 / 256), np.uint8(0), scale, zero)
    c = net.op(".QLinearConcat", scale, zero, s, np.float32(0.04), zero, m, scale, zero, axis=1)
    p = net.op("Flatten", net.op(".QLinearGlobalAveragePool", c, scale, zero, np.float32(0.02), zero, channels_last=0))
    bias = RNG.integers(-999, 999, 10).astype(np.int32)
    g = net.op(".QGemm", p, np.float32(0.02), zero, numbers((10, 48), np.int8),
               RNG.uniform(0.01, 0.02, 10).astype(np.float32), np.zeros(10, np.int8), bias, np.float32(0.2), zero,
               alpha=1.0, transB=1)  # fmt: skip
    y = net.op(".QLinearSoftmax", g, np.float32(0.2), zero, np.float32(1 / 256), np.uint8(0), opset=13, axis=-1)
    net.check(tmp_path, level, y, off=2)


def test_pools_of_quantized_tensors(tmp_path, level):
    net = Net()
    scale, zero, narrow = np.float32(0.03), np.int8(-7), np.float32(0.0213)
    x = net.input(numbers((1, 24, 9, 8), np.int8))
    parameters = [scale, zero, narrow, zero]
    window = {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 1, 1]}
    a = net.op(".QLinearAveragePool", x, *parameters, **window, channels_last=0)
    b = net.op(".QLinearAveragePool", net.op("Transpose", x, perm=[0, 2, 3, 1]), *parameters, **window, channels_last=1,
               count_include_pad=1)  # fmt: skip
    b = net.op("Transpose", b, perm=[0, 3, 1, 2])
    c = net.op("Greater", net.input(normal((1, 24, 1, 8))), np.float32(0))
    y = net.op(".QLinearWhere", c, a, narrow, zero, b, narrow, zero, np.float32(0.025), np.int8(3))
    net.check(tmp_path, level, y, off=1)


@pytest.mark.parametrize("bias", [False, True])
def test_product_to_reals(tmp_path, level, bias):
    net = Net()
    inputs = [net.input(numbers((9, 40), np.uint8)), numbers((40, 20), np.uint8), np.float32(0.02)]
    inputs += [np.float32(0.01), np.uint8(111), np.uint8(130), *([normal((20,))] if bias else [])]
    net.check(tmp_path, level, net.op(".MatMulIntegerToFloat", *inputs))


def test_dynamic_convolution(tmp_path, level):
    net = Net()
    q, scale, zero = net.op("DynamicQuantizeLinear", net.input(normal((1, 20, 9, 9))), count=3)
    y = net.op("ConvInteger", q, numbers((33, 20, 3, 3), np.int8), zero, pads=[1, 1, 1, 1])
    net.check(tmp_path, level, net.op("Mul", net.op("Cast", y, to=TensorProto.FLOAT), scale))


WITHOUT_TILES = """
import ctypes, sys
import numpy as np

class Stack(ctypes.Structure):
    _fields_ = [("start", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t)]

# Linux gives nobody tiles whose signals' stack has no room for them.
memory = ctypes.create_string_buffer(4096)
stack = Stack(ctypes.addressof(memory), 0, len(memory))
assert ctypes.CDLL(None, use_errno=True).sigaltstack(ctypes.byref(stack), None) == 0
import nnc
model = nnc.load(sys.argv[1])
(y,) = model.run({"x0": np.full((8, 64), 2, np.uint8)}).values()
print(model.cpu_level, np.unique(y))
"""


def test_process_that_may_not_use_tiles(tmp_path):
    if "amx_int8" not in pathlib.Path("/proc/cpuinfo").read_text():
        pytest.skip("the machine has no amx_int8")
    net = Net()
    y = net.op("MatMulInteger", net.input(np.full((8, 64), 2, np.uint8)), np.full((64, 32), 3, np.int8))
    net.check(tmp_path, "", y)
    assert nnc.load(tmp_path / "model.so").cpu_level == "x86-64-v4-amx"
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    script = [sys.executable, "-c", WITHOUT_TILES, tmp_path / "model.so"]
    run = subprocess.run(script, capture_output=True, text=True, env=environment, timeout=120)
    assert (run.stdout, run.returncode) == ("x86-64-v4-vnni [384]\n", 0), run.stderr
