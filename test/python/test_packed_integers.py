"""Products by weights that are stored as integers of few bits with a scale for every few of them, against sums in f64."""

import pathlib

import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper

import beside_ort

RNG = np.random.default_rng(17)
LEVELS = ["x86-64-v3", "x86-64-v4"]


@pytest.fixture(params=LEVELS)
def level(request):
    if request.param == "x86-64-v4" and "avx512bw" not in pathlib.Path("/proc/cpuinfo").read_text():
        pytest.skip("this machine has no AVX-512")
    return request.param


def packed(integers, bits):
    """Rows of integers in as few bytes as hold them, the first in the lowest bits."""
    per_byte = 8 // bits
    padding = -integers.shape[-1] % per_byte
    integers = np.pad(integers, [(0, 0), (0, padding)]).reshape(len(integers), -1, per_byte)
    return np.bitwise_or.reduce(integers << (bits * np.arange(per_byte)), axis=-1).astype(np.uint8)


class Weights:
    """N rows of K integers of `bits` bits in blocks."""

    def __init__(self, columns, depth, bits, block, zeros=True, dtype=np.float32):
        self.blocks, self.bits, self.block = depth // block, bits, block
        self.integers = RNG.integers(0, 1 << bits, (columns, depth))
        self.scales = RNG.uniform(0.01, 0.1, (columns, self.blocks)).astype(dtype)
        self.zeros = RNG.integers(0, 1 << bits, (columns, self.blocks)) if zeros else None

    def reals(self):
        zeros = 1 << (self.bits - 1) if self.zeros is None else np.repeat(self.zeros, self.block, axis=1)
        return (self.integers - zeros) * np.repeat(self.scales.astype(np.float64), self.block, axis=1)

    def node(self, x, y, bias=False, **attributes):
        columns, depth = self.integers.shape
        stored = {
            "b": packed(self.integers, self.bits).reshape(columns, self.blocks, -1),
            "s": self.scales.reshape(-1),
        }
        if self.zeros is not None:
            stored["z"] = packed(self.zeros, self.bits).reshape(-1)
        inputs = [x, "b", "s", "z" if "z" in stored else "", *(["", "bias"] if bias else [])]
        node = helper.make_node("MatMulNBits", inputs, [y], domain="com.microsoft", K=depth, N=columns, bits=self.bits,
                                block_size=self.block, **attributes)  # fmt: skip
        return node, stored


def save(path, nodes, x, constants, dims=None):
    element = helper.np_dtype_to_tensor_dtype(x.dtype)
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", element, dims or x.shape)],
        [helper.make_tensor_value_info("y", element, None)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets)
    model.ir_version = 10
    onnx.save(model, path)


def check(tmp_path, level, nodes, x, constants, expected, dims=None, tolerance=1e-5):
    save(tmp_path / "model.onnx", nodes, x, constants, dims)
    library = nnc.compile(tmp_path / "model.onnx", tmp_path / "model.so", cpu=level)
    for threads in (1, 3):
        (y,) = nnc.load(library, threads=threads).run({"x": x}).values()
        assert y.dtype == x.dtype and y.shape == expected.shape
        assert np.abs(y - expected).max() <= tolerance * np.abs(expected).max()


def normal(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("bits, block, zeros", [(4, 32, False), (4, 16, True), (8, 64, True), (2, 32, True), (4, 128, True)])
@pytest.mark.parametrize("rows", [1, 5, 50])
def test_product(tmp_path, level, rows, bits, block, zeros):
    """A row, a tile of them, and so many that panels are made f32 first."""
    w = Weights(200, 384, bits, block, zeros)
    x, bias = normal(rows, 384), normal(200)
    if bits == 8:
        w.integers %= 128  # what is left without the zero point fits a byte
        w.zeros %= 128
    node, stored = w.node("x", "y", bias=True, accuracy_level=4)
    check(tmp_path, level, [node], x, {**stored, "bias": bias}, x.astype(np.float64) @ w.reals().T + bias)
    # Panels are of 16 columns; numbers of four bits or fewer take half a byte, scales with zero points twice four.
    bits, scale = (4, 8 if zeros else 4) if bits <= 4 else (8, 4)
    assert (tmp_path / "model.so").stat().st_size < 208 * (384 * bits // 8 + 384 // block * scale) + 45000


@pytest.mark.parametrize("rows", [1, 40])
def test_long_sums(tmp_path, level, rows):
    w = Weights(80, 4096, 4, 32)
    x = normal(rows, 4096)
    node, stored = w.node("x", "y")
    check(tmp_path, level, [node], x, stored, x.astype(np.float64) @ w.reals().T)


def test_bytes_that_zero_points_leave_no_bytes(tmp_path, level):
    """0 to 255 less up to 255: the weights are f32."""
    w = Weights(33, 64, 8, 32)
    x = normal(3, 64)
    node, stored = w.node("x", "y")
    check(tmp_path, level, [node], x, stored, x.astype(np.float64) @ w.reals().T)


def test_halves_and_unknown_rows(tmp_path, level):
    w = Weights(64, 96, 4, 32, dtype=np.float16)
    x = normal(2, 7, 96).astype(np.float16)
    node, stored = w.node("x", "y")
    expected = x.astype(np.float64) @ w.reals().T
    check(tmp_path, level, [node], x, stored, expected, ["b", "s", 96], tolerance=1e-3)


@pytest.mark.parametrize("transposed", [False, True])
def test_blocked_dequantize(tmp_path, level, transposed):
    """The same weights as ONNX's own DequantizeLinear has them."""
    w = Weights(72, 128, 8, 32, zeros=False)
    q, scales, x = (w.integers - 128).astype(np.int8), w.scales, normal(6, 128)
    nodes = [helper.make_node("DequantizeLinear", ["q", "s"], ["w"], axis=0 if transposed else 1, block_size=32)]
    if transposed:
        q, scales = q.T, scales.T
    else:
        nodes.append(helper.make_node("Transpose", ["w"], ["t"], perm=[1, 0]))
    nodes.append(helper.make_node("MatMul", ["x", nodes[-1].output[0]], ["y"]))
    constants = {"q": np.ascontiguousarray(q), "s": np.ascontiguousarray(scales)}
    check(tmp_path, level, nodes, x, constants, x.astype(np.float64) @ w.reals().T)


@pytest.mark.parametrize("kind, zeros", [("INT4", False), ("INT4", True), ("UINT4", True)])
@pytest.mark.parametrize("block, transposed", [(32, False), (0, False), (0, True), (16, True)])
@pytest.mark.parametrize("rows", [1, 3, 50])
def test_four_bits(tmp_path, level, rows, block, transposed, kind, zeros):
    """ONNX's own integers of four bits, with scales for blocks of a column or for columns, which are N of [K,N] or [N,K]."""
    depth, columns, low = 128, 72, -8 if kind == "INT4" else 0
    q = RNG.integers(low, low + 16, (depth, columns))
    blocks = depth // block if block else 1
    scales = RNG.uniform(0.01, 0.1, (blocks, columns)).astype(np.float32)
    points = RNG.integers(low, low + 16, (blocks, columns)) if zeros else np.zeros((blocks, columns), int)
    each = depth // blocks
    expected = (q - np.repeat(points, each, axis=0)) * np.repeat(scales.astype(np.float64), each, axis=0)
    stored = [("q", q), *([("z", points)] if zeros else [])]
    if not block:
        stored, scales = [(name, x if name == "q" else x[0]) for name, x in stored], scales[0]
    turned = (lambda a: a.T) if transposed else (lambda a: a)
    x = normal(rows, depth)
    axis = int(transposed) if block else int(not transposed)
    attributes = {"axis": axis, **({"block_size": block} if block else {})}
    nodes = [helper.make_node("DequantizeLinear", ["q", "s", *(["z"] if zeros else [])], ["w"], **attributes)]
    if transposed:
        nodes.append(helper.make_node("Transpose", ["w"], ["t"], perm=[1, 0]))
    nodes.append(helper.make_node("MatMul", ["x", nodes[-1].output[0]], ["y"]))
    constants = [numpy_helper.from_array(np.ascontiguousarray(turned(scales)), "s")]
    for name, array in stored:
        flat = turned(array).reshape(1, -1) & 15
        constants.append(helper.make_tensor(name, getattr(TensorProto, kind), turned(array).shape, packed(flat, 4).tobytes(), raw=True))
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        constants,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), tmp_path / "model.onnx")
    library = nnc.compile(tmp_path / "model.onnx", tmp_path / "model.so", cpu=level)
    (y,) = nnc.load(library).run({"x": x}).values()
    assert np.abs(y - x.astype(np.float64) @ expected).max() <= 1e-5 * np.abs(y).max()
    # Half a byte for each, not four.
    assert library.stat().st_size < 80 * (depth // 2 + 8 * blocks) + 45000


@pytest.mark.parametrize("bits, block, zeros, kind, dtype", [
    (4, 16, True, "UINT8", np.float32), (4, 32, False, "UINT8", np.float32), (8, 16, True, "UINT8", np.float32),
    (8, 32, False, "UINT8", np.float16), (2, 16, True, "UINT8", np.float32), (4, 16, True, "UINT4", np.float32),
    (4, 32, False, "UINT4", np.float32), (4, 16, True, "INT4", np.float32),
])  # fmt: skip
def test_rows(tmp_path, level, bits, block, zeros, kind, dtype):
    """Rows of a table that are looked up, beside ONNX Runtime."""
    w = Weights(30, 5 * block, bits, block, zeros, dtype)
    kinds = getattr(TensorProto, kind)

    def table(name, integers):
        if kind == "UINT8":
            return numpy_helper.from_array(packed(integers, bits), name)
        return helper.make_tensor(name, kinds, integers.shape, (integers - (8 if kind == "INT4" else 0)).reshape(-1))

    stored = [table("b", w.integers), numpy_helper.from_array(w.scales, "s")]
    stored += [table("z", w.zeros)] if zeros else []
    names = ["b", "i", "s", "z"][: 4 if zeros else 3]
    node = helper.make_node("GatherBlockQuantized", names, ["y"], domain="com.microsoft", bits=bits, block_size=block)
    inputs = [helper.make_tensor_value_info("i", TensorProto.INT64, ["n", "m"])]
    outputs = [helper.make_tensor_value_info("y", helper.np_dtype_to_tensor_dtype(w.scales.dtype), None)]
    runs = [{"i": RNG.integers(0, 30, shape)} for shape in ((1, 1), (3, 7))]
    beside_ort.check(tmp_path, level, [node], inputs, outputs, runs, stored, opset=21, rtol=1e-6)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"bits": 3}, "K, N, bits and block_size are 64, 8, 3 and 32"),
        ({"block_size": 48}, "K is 64, no multiple of block_size 48"),
        ({"N": 9}, "input 1 is not a constant of 288 elements"),
        ({"g_idx": True}, "an order of the blocks"),
        ({"float zeros": True}, "zero points that are not uint8"),
    ],
)
def test_refuses(tmp_path, change, message):
    node, stored = Weights(8, 64, 4, 32).node("x", "y")
    if "g_idx" in change:
        node.input.append("g")
        stored["g"] = np.zeros(64, np.int32)
    elif "float zeros" in change:
        stored["z"] = np.zeros(16, np.float32)
    else:
        for attribute in node.attribute:
            attribute.i = change.get(attribute.name, attribute.i)
    save(tmp_path / "model.onnx", [node], normal(2, 64), stored)
    with pytest.raises(nnc.CompileError, match=message):
        nnc.compile(tmp_path / "model.onnx", tmp_path / "model.so")
