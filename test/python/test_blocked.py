"""Convolutional nets, whose tensors are in blocks of channels from the first convolution to the last, against ONNX
Runtime. Each case also says which ops the compiler must have chosen, so that none passes by another path."""

import os
import subprocess

import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper


class Net:
    """Nodes one after another; every method takes and gives names of values."""

    def __init__(self):
        self.rng = np.random.default_rng(3)
        self.nodes, self.constants = [], []

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def op(self, kind, *inputs, count=1, **attributes):
        names = [f"t{len(self.nodes)}_{i}" for i in range(count)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[0] if count == 1 else names

    def conv(self, x, channels, filters, kernel, bias=True, group=1, **attributes):
        shape = (filters, channels // group, *kernel)
        weight = self.rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))
        inputs = [x, self.constant(weight.astype(np.float32))]
        if bias:
            inputs.append(self.constant(self.rng.standard_normal(filters).astype(np.float32)))
        return self.op("Conv", *inputs, kernel_shape=list(kernel), group=group, **attributes)


def check(tmp_path, level, net, y, shape, ops, dims=None, options=(), absent=(), more=()):
    """`dims` has names for extents that only the run knows; it is run with the shapes of `more`, too."""
    nodes = [*net.nodes, helper.make_node("Identity", [y], ["y"])]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, dims or shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        net.constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    path = tmp_path / "net.onnx"
    onnx.save(model, path)

    command = [os.path.join(os.environ["NNC_BIN"], "nnc"), path, "--emit=graph", "-o", "-", *options]
    graph = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for op in ops:
        assert f"nn.{op} " in graph, f"no nn.{op}"
    for op in absent:
        assert f"nn.{op} " not in graph, f"an nn.{op}"

    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    library = path.with_suffix(".so")
    subprocess.run(
        [os.path.join(os.environ["NNC_BIN"], "nnc"), path, "-o", library, f"--cpu={level}", *options], check=True
    )
    for shape in (shape, *more):
        x = net.rng.standard_normal(shape).astype(np.float32)
        (expected,) = session.run(None, {"x": x})
        for threads in (1, 3):
            (got,) = nnc.load(library, threads=threads).run({"x": x}).values()
            assert got.shape == expected.shape
            scale = np.abs(expected).max(initial=1e-9)
            np.testing.assert_allclose(got / scale, expected / scale, rtol=0, atol=2e-5)


DIRECT = [
    # channels, filters, kernel, image, batch, attributes
    (3, 20, (3, 3), (17, 13), 1, dict(strides=[2, 2], pads=[1, 1, 1, 1])),
    (1, 6, (5, 5), (14, 17), 2, dict(pads=[2, 2, 2, 2])),
    (16, 24, (1, 1), (9, 11), 1, {}),
    (40, 17, (1, 1), (7, 7), 3, {}),
    (24, 48, (1, 1), (12, 12), 1, dict(strides=[2, 2])),
    (20, 33, (3, 3), (9, 8), 2, dict(strides=[2, 1], pads=[0, 1, 1, 0])),
    (16, 80, (5, 3), (11, 14), 1, dict(dilations=[2, 3], pads=[4, 3, 4, 3])),
    (32, 16, (2, 2), (3, 3), 1, dict(auto_pad="SAME_UPPER")),
    (18, 18, (7, 1), (10, 5), 1, dict(auto_pad="SAME_LOWER")),
    (64, 64, (3, 3), (6, 6), 1, dict(group=4, pads=[1, 1, 1, 1])),
    (32, 16, (5,), (30,), 2, dict(pads=[2, 2])),
    (12, 40, (1,), (9,), 1, {}),
    # Items of a long row read a part of it; far taps meet padding alone in some outputs.
    (24, 32, (3,), (1000,), 1, dict(dilations=[8], pads=[8, 8])),
    (16, 20, (4,), (301,), 2, dict(strides=[3], dilations=[5], pads=[11, 3])),
    (32, 40, (3, 3), (28, 28), 1, dict(dilations=[18, 18], pads=[18, 18, 18, 18])),
    (16, 33, (3, 5), (7, 5), 2, dict(dilations=[3, 4], pads=[7, 8, 0, 9])),
    (40, 24, (5, 3), (9, 30), 1, dict(strides=[2, 1], dilations=[2, 13], pads=[4, 13, 4, 13])),
    (32, 64, (3, 3), (16, 17), 1, dict(dilations=[12, 12], pads=[12, 12, 12, 12])),
    (24, 48, (3, 5), (33, 30), 2, dict(strides=[1, 2], dilations=[12, 6], pads=[12, 12, 12, 12])),
    (16, 32, (3, 3), (14, 33), 1, dict(dilations=[6, 18], pads=[6, 18, 6, 18])),
    # Some outputs meet no tap at all; taps that no output meets are cut off.
    (16, 64, (3, 3), (6, 12), 1, dict(dilations=[4, 6], pads=[14, 18, 14, 18])),
    (20, 40, (3, 3), (16, 16), 2, dict(dilations=[24, 12], pads=[24, 12, 24, 12])),
    (20, 16, (3, 3), (1, 50), 1, dict(pads=[1, 1, 1, 1])),
    (3, 16, (9, 9), (6, 40), 1, dict(dilations=[2, 2], pads=[8, 8, 8, 8])),
]


@pytest.mark.parametrize("channels, filters, kernel, image, batch, attributes", DIRECT)
@pytest.mark.parametrize("bias", [True, False])
def test_direct(tmp_path, level, channels, filters, kernel, image, batch, attributes, bias):
    net = Net()
    y = net.op("Relu", net.conv("x", channels, filters, kernel, bias, **attributes))
    check(tmp_path, level, net, y, (batch, channels, *image), ["blocked_conv"], options=["--no-winograd"])


@pytest.mark.parametrize("filters", [1, 2, 3, 4])
@pytest.mark.parametrize("kernel, image, attributes", [
    ((7, 7), (11, 50), dict(pads=[3] * 4)),
    ((3, 5), (9, 71), dict(strides=[1, 2], pads=[1, 0, 1, 4])),
    ((2, 3), (6, 80), dict(dilations=[2, 7], pads=[0, 7, 2, 3])),
    ((5,), (300,), dict(pads=[2, 2])),
])
def test_few_filters(tmp_path, level, filters, kernel, image, attributes):
    """They share rows of the input as they lie."""
    net = Net()
    y = net.op("Relu", net.conv("x", 6, filters, kernel, **attributes))
    check(tmp_path, level, net, y, (2, 6, *image), ["conv"])


@pytest.mark.parametrize("channels, kernel, image, attributes", [
    (32, (3, 3), (15, 15), dict(pads=[1, 1, 1, 1])),
    (20, (5, 5), (14, 30), dict(strides=[2, 2], pads=[2, 2, 2, 2])),
    (16, (3, 3), (2, 3), dict(pads=[1, 1, 1, 1])),
    (24, (3, 3), (40, 41), dict(dilations=[2, 2], pads=[2, 1, 0, 3])),
    (48, (9,), (50,), dict(pads=[4, 4])),
    (20, (31, 31), (40, 37), dict(pads=[15] * 4)),
    (16, (1, 13), (4, 50), dict(strides=[1, 2], dilations=[1, 2], pads=[0, 11, 0, 3])),
    (16, (25,), (80,), dict(pads=[12, 12])),
])
def test_depthwise(tmp_path, level, channels, kernel, image, attributes):
    net = Net()
    y = net.conv("x", channels, channels, kernel, group=channels, **attributes)
    y = net.op("Clip", y, net.constant(np.float32(0)), net.constant(np.float32(6)))
    check(tmp_path, level, net, y, (2, channels, *image), ["blocked_depthwise"])


@pytest.mark.parametrize("channels, per_group, kernel, image, attributes", [
    (32, 4, (3, 3), (15, 15), dict(pads=[1, 1, 1, 1])),
    (24, 8, (3, 3), (14, 30), dict(strides=[2, 2], pads=[1, 1, 1, 1])),
    (40, 2, (5, 3), (9, 20), dict(dilations=[1, 2], pads=[2, 2, 2, 2])),
    (48, 8, (1, 1), (7, 9), {}),
    (64, 4, (5,), (50,), dict(pads=[2, 2])),
])
def test_small_groups(tmp_path, level, channels, per_group, kernel, image, attributes):
    """Groups that lie within a block of channels."""
    net = Net()
    y = net.op("Relu", net.conv("x", channels, channels, kernel, group=channels // per_group, **attributes))
    check(tmp_path, level, net, y, (2, channels, *image), ["blocked_depthwise"], absent=["conv", "packed_conv"])


@pytest.mark.parametrize("activation", ["Sigmoid", "swish", "Relu", "none"])
@pytest.mark.parametrize("channels, filters, image", [(240, 96, (14, 14)), (20, 40, (9, 23)), (33, 17, (5, 8))])
def test_epilogue_of_functions(tmp_path, level, activation, channels, filters, image):
    """Long epilogues run apart from the sums, several pixels at a time, with a residual and a factor per channel."""
    net = Net()
    x = net.op("Relu", net.conv("x", channels, channels, (1, 1)))
    y = net.conv(x, channels, filters, (1, 1))
    if activation == "swish":
        y = net.op("Mul", y, net.op("Sigmoid", y))
    elif activation != "none":
        y = net.op(activation, y)
    y = net.op("Mul", net.op("Exp", net.op("Neg", net.op("Abs", y))), net.constant(
        net.rng.standard_normal((filters, 1, 1)).astype(np.float32)))
    z = net.op("Sigmoid", net.conv(x, channels, filters, (3, 3), pads=[1] * 4))
    check(tmp_path, level, net, net.op("Tanh", net.op("Add", net.op("Sin", y), z)), (2, channels, *image),
          ["blocked_conv"])


@pytest.mark.parametrize("channels, filters, kernel, image, attributes", [
    (16, 24, (2, 2), (5, 7), dict(strides=[2, 2])),
    (8, 12, (4, 4), (6, 6), dict(strides=[2, 2], pads=[1, 1, 1, 1])),
    (12, 10, (3, 3), (5, 4), dict(strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1])),
    (6, 9, (3, 5), (4, 6), dict(strides=[3, 2], pads=[0, 2, 1, 0], output_padding=[2, 1])),
    (16, 16, (3, 3), (8, 8), dict(pads=[1, 1, 1, 1])),
    (9, 6, (3, 2), (7, 5), dict(dilations=[2, 3])),
    (8, 12, (5,), (11,), dict(strides=[4])),
    (8, 12, (3, 3), (5, 5), dict(strides=[2, 2], group=2)),
    (6, 8, (2, 2), (5, 5), dict(strides=[3, 3], output_padding=[1, 0])),
    # A convolution for each remainder.
    (20, 32, (4, 4), (4, 4), dict(strides=[2, 2], pads=[1, 1, 1, 1])),
    (16, 48, (3, 3), (4, 5), dict(strides=[2, 2], pads=[1, 1, 1, 1])),
    (8, 16, (5, 3), (3, 6), dict(strides=[3, 1], pads=[1, 1, 2, 1], output_padding=[1, 0])),
    (16, 16, (6,), (9,), dict(strides=[4], pads=[1, 1])),
    (4, 16, (3, 3, 3), (3, 4, 4), dict(strides=[2, 2, 2], pads=[1] * 6)),
    (32, 32, (4, 4), (9, 7), dict(strides=[2, 2], pads=[1, 1, 1, 1], group=32)),
    (48, 48, (3, 2), (5, 6), dict(strides=[3, 2], output_padding=[1, 0], group=48)),
    (32, 64, (3, 3), (4, 5), dict(strides=[2, 2], pads=[1, 1, 1, 1], group=2)),
])
@pytest.mark.parametrize("known", ["constant", "computed"])
def test_transposed(tmp_path, level, known, channels, filters, kernel, image, attributes):
    """Weights may be computed by the run, too."""
    net = Net()
    shapes = (channels, filters // attributes.get("group", 1), *kernel), (filters,)
    weights = [net.constant(net.rng.standard_normal(shape).astype(np.float32)) for shape in shapes]
    if known == "computed":
        mean = net.op("ReduceMean", "x", keepdims=0)
        weights = [net.op("Add", constant, mean) for constant in weights]
    y = net.op("ConvTranspose", "x", *weights, **attributes)
    check(tmp_path, level, net, net.op("Relu", y), (2, channels, *image), [], absent=["conv_transpose"])


@pytest.mark.parametrize("kernel, attributes", [
    ((2, 2), dict(strides=[2, 2])),
    ((4, 3), dict(strides=[2, 3], pads=[1, 0, 1, 2])),
    ((3, 3), dict(strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1])),
    ((3, 3), dict(pads=[1, 1, 1, 1])),
])
def test_transposed_any_extents(tmp_path, level, kernel, attributes):
    """The shapes of what is interleaved are computed by the run."""
    net = Net()
    weight = net.constant(net.rng.standard_normal((8, 12, *kernel)).astype(np.float32))
    y = net.op("Relu", net.op("ConvTranspose", "x", weight, **attributes))
    check(tmp_path, level, net, y, (2, 8, 6, 9), [], dims=("n", 8, "h", "w"), absent=["conv_transpose"])


VOLUMES = [
    # channels, filters, kernel, volume, batch, attributes
    (3, 20, (3, 3, 3), (8, 17, 13), 1, dict(pads=[1, 1, 1, 1, 1, 1])),
    (16, 32, (3, 3, 3), (6, 12, 12), 2, dict(pads=[1, 1, 1, 1, 1, 1])),
    (20, 33, (2, 3, 1), (7, 9, 8), 1, dict(strides=[2, 1, 2], pads=[1, 0, 0, 0, 1, 0])),
    (32, 16, (3, 1, 1), (9, 5, 5), 1, dict(dilations=[3, 1, 1], pads=[3, 0, 0, 3, 0, 0])),
    (16, 24, (1, 3, 3), (4, 10, 10), 2, dict(auto_pad="SAME_UPPER")),
    (16, 24, (1, 1, 1), (5, 6, 7), 1, dict(strides=[2, 2, 2])),
    (8, 16, (3, 3, 3), (1, 7, 7), 1, dict(pads=[1, 1, 1, 1, 1, 1])),
]


@pytest.mark.parametrize("channels, filters, kernel, volume, batch, attributes", VOLUMES)
def test_volume(tmp_path, level, channels, filters, kernel, volume, batch, attributes):
    net = Net()
    y = net.op("Relu", net.conv("x", channels, filters, kernel, **attributes))
    check(tmp_path, level, net, y, (batch, channels, *volume), ["unblock_channels"], absent=["packed_conv", "conv"])


@pytest.mark.parametrize("channels, per_group, kernel, volume, batch, attributes", [
    (24, 1, (3, 3, 3), (7, 12, 15), 2, dict(pads=[1] * 6)),
    (40, 1, (5, 1, 1), (6, 9, 8), 1, dict(pads=[2, 0, 0, 2, 0, 0])),
    (16, 1, (3, 3, 3), (9, 11, 30), 1, dict(strides=[2, 2, 1], pads=[1, 1, 1, 0, 1, 1])),
    (36, 1, (2, 3, 5), (8, 16, 40), 2, dict(dilations=[3, 1, 2], pads=[1, 0, 4, 2, 2, 4])),
    (32, 4, (3, 3, 3), (5, 9, 9), 1, dict(pads=[1] * 6)),
    (48, 8, (3, 1, 3), (4, 20, 7), 2, dict(strides=[1, 2, 2], pads=[2, 0, 1, 2, 0, 1])),
])
def test_depthwise_volume(tmp_path, level, channels, per_group, kernel, volume, batch, attributes):
    """A depthwise kernel reads slices where they lie; it works on blocks as what is around it does."""
    net = Net()
    x = net.op("Relu", net.conv("x", 3, channels, (1, 1, 1)))
    y = net.conv(x, channels, channels, kernel, group=channels // per_group, **attributes)
    y = net.op("Relu", net.conv(net.op("Relu", y), channels, 16, (1, 1, 1)))
    check(tmp_path, level, net, y, (batch, 3, *volume), ["blocked_depthwise"],
          absent=["packed_conv", "conv", "gather", "block_channels"])


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("pool", ["GlobalAveragePool", "GlobalMaxPool"])
def test_squeezed_volume(tmp_path, level, pool, batch):
    """Squeeze and excitation: what is pooled of a volume scales its slices, and those stay in blocks."""
    net = Net()
    x = net.op("Relu", net.conv("x", 3, 32, (1, 3, 3), pads=[0, 1, 1, 0, 1, 1]))
    gates = net.op("Sigmoid", net.conv(net.op(pool, x), 32, 32, (1, 1, 1)))
    y = net.conv(net.op("Mul", gates, x), 32, 16, (1, 1, 1))
    y = net.op("Flatten", net.op("GlobalAveragePool", net.op("Relu", y)))
    check(tmp_path, level, net, y, (batch, 3, 5, 12, 9), ["blocked_conv"], absent=["packed_conv", "conv"])


@pytest.mark.parametrize("channels, filters, groups, kernel, volume, batch, attributes", [
    (64, 32, 2, (3, 3, 3), (5, 9, 10), 2, dict(pads=[1] * 6)),
    (48, 96, 3, (2, 1, 1), (6, 7, 8), 1, dict(strides=[2, 1, 1])),
    (32, 64, 2, (1, 3, 3), (4, 8, 8), 1, dict(pads=[0, 1, 1, 0, 1, 1])),
])
def test_groups_of_volumes(tmp_path, level, channels, filters, groups, kernel, volume, batch, attributes):
    net = Net()
    x = net.op("Relu", net.conv("x", 3, channels, (1, 1, 1)))
    y = net.op("Relu", net.conv(x, channels, filters, kernel, group=groups, **attributes))
    check(tmp_path, level, net, y, (batch, 3, *volume), ["unblock_channels"], absent=["packed_conv", "conv"])


@pytest.mark.parametrize("pool", [
    dict(kernel_shape=[1, 2, 2], strides=[1, 2, 2]),
    dict(kernel_shape=[2, 2, 2], strides=[2, 2, 2]),
    dict(kernel_shape=[3, 3, 3], strides=[2, 2, 2], pads=[0, 1, 1, 0, 1, 1]),
    dict(kernel_shape=[2, 3, 3], pads=[0, 1, 1, 0, 1, 1], ceil_mode=1, strides=[1, 2, 2]),
    # Padding along the depth: the volume is put together for the pool.
    dict(kernel_shape=[3, 3, 3], strides=[2, 2, 2], pads=[1, 1, 1, 1, 1, 1]),
])
def test_net_of_volumes(tmp_path, level, pool):
    net = Net()
    around = dict(pads=[1] * 6)
    x = net.op("Relu", net.conv("x", 3, 16, (3, 3, 3), **around))
    x = net.op("MaxPool", x, **pool)
    scale = net.constant(net.rng.standard_normal((16, 1, 1, 1)).astype(np.float32))
    y = net.op("Relu", net.conv(net.op("Mul", net.op("Sigmoid", x), scale), 16, 32, (3, 3, 3), **around))
    z = net.op("Concat", net.op("Neg", x), y, axis=1)
    z = net.op("Add", net.conv(z, 48, 32, (1, 1, 1)), net.conv(y, 32, 32, (3, 3, 3), **around))
    z = net.op("AveragePool", z, kernel_shape=[1, 2, 2])
    check(tmp_path, level, net, z, (1, 3, 7, 14, 13), ["unblock_channels"], absent=["packed_conv", "conv"])


@pytest.mark.parametrize("mode", ["DCR", "CRD"])
def test_channels_become_pixels(tmp_path, level, mode):
    net = Net()
    x = net.op("DepthToSpace", net.conv("x", 20, 128, (3, 3), pads=[1] * 4), blocksize=2, mode=mode)
    y = net.conv(net.op("Relu", x), 32, 24, (3, 3), pads=[1] * 4)
    check(tmp_path, level, net, y, (2, 20, 9, 7), ["unblock_channels"])


def test_residual_block_stays_blocked(tmp_path, level):
    """Only the border of the net moves channels."""
    net = Net()
    x = net.op("Relu", net.conv("x", 3, 32, (3, 3), pads=[1] * 4))
    y = net.op("Relu", net.conv(x, 32, 48, (1, 1)))
    y = net.op("Relu", net.conv(y, 48, 48, (3, 3), pads=[1] * 4))
    y = net.op("Relu", net.op("Add", net.conv(y, 48, 32, (1, 1)), x))
    y = net.op("GlobalAveragePool", y)
    check(tmp_path, level, net, y, (1, 3, 24, 24), ["blocked_conv", "winograd_conv"],
          absent=["conv", "packed_conv", "block_channels", "unblock_channels"])


def test_squeeze_and_excitation(tmp_path, level):
    net = Net()
    x = net.conv("x", 3, 40, (3, 3), strides=[2, 2], pads=[1] * 4)
    x = net.op("Mul", x, net.op("Sigmoid", x))
    s = net.op("Relu", net.conv(net.op("GlobalAveragePool", x), 40, 10, (1, 1)))
    s = net.op("Sigmoid", net.conv(s, 10, 40, (1, 1)))
    y = net.conv(net.op("Mul", s, x), 40, 24, (1, 1))
    check(tmp_path, level, net, y, (2, 3, 20, 20), ["blocked_conv"], absent=["conv", "packed_conv"])


@pytest.mark.parametrize("kind, attributes", [
    ("MaxPool", dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])),
    ("MaxPool", dict(kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)),
    ("MaxPool", dict(kernel_shape=[3, 2], strides=[1, 1], dilations=[2, 1], pads=[2, 0, 1, 1])),
    ("MaxPool", dict(kernel_shape=[3, 2], strides=[2, 1], auto_pad="SAME_UPPER")),
    ("AveragePool", dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])),
    ("AveragePool", dict(kernel_shape=[3, 3], strides=[1, 2], pads=[1, 1, 1, 1], count_include_pad=1)),
    ("AveragePool", dict(kernel_shape=[2, 2], strides=[2, 2])),
])
def test_pools(tmp_path, level, kind, attributes):
    net = Net()
    y = net.op(kind, net.conv("x", 3, 20, (3, 3)), **attributes)
    check(tmp_path, level, net, net.op("Relu", y), (1, 3, 21, 15), ["blocked_pool"], absent=["pool"])


@pytest.mark.parametrize("scales, attributes", [
    ((1, 1, 2, 2), dict(mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")),
    ((1, 1, 1.5, 2.25), dict(mode="linear", coordinate_transformation_mode="half_pixel")),
    ((1, 1, 0.6, 3), dict(mode="cubic", coordinate_transformation_mode="align_corners")),
])
@pytest.mark.parametrize("by_size", [True, False])
def test_resizing(tmp_path, level, scales, attributes, by_size):
    net = Net()
    x = net.conv("x", 3, 20, (3, 3), pads=[1] * 4)
    if by_size:
        sizes = np.array([2, 20, int(10 * scales[2]), int(8 * scales[3])], np.int64)
        y = net.op("Resize", x, "", "", net.constant(sizes), **attributes)
    else:
        y = net.op("Resize", x, "", net.constant(np.array(scales, np.float32)), **attributes)
    y = net.conv(net.op("Relu", y), 20, 16, (1, 1))
    check(tmp_path, level, net, y, (2, 3, 10, 8), ["resize", "blocked_conv"], absent=["block_channels"])


@pytest.mark.parametrize("widths, blocked", [((16, 32, 20), True), ((20, 12), False)])
def test_concatenation(tmp_path, level, widths, blocked):
    net = Net()
    x = net.op("Relu", net.conv("x", 3, 16, (3, 3)))
    y = net.op("Concat", *[net.op("Relu", net.conv(x, 16, width, (1, 1))) for width in widths], axis=1)
    y = net.conv(y, sum(widths), 24, (1, 1))
    check(tmp_path, level, net, y, (1, 3, 12, 12), ["concat", "blocked_conv"],
          absent=["block_channels"] if blocked else [])


def test_concatenation_of_one_value(tmp_path, level):
    """Twice the same operand: its first copy, too, has to fill its blocks."""
    net = Net()
    x = net.op("Relu", net.conv("x", 3, 24, (3, 3)))
    check(tmp_path, level, net, net.op("Concat", x, x, axis=1), (1, 3, 12, 12), ["concat"])


def connected(net, kind, x):
    """Nets of concatenations; x has 16 channels."""

    def conv(v, channels, filters, kernel=1):
        return net.op("Relu", net.conv(v, channels, filters, (kernel, kernel), pads=[kernel // 2] * 4))

    if kind == "dense":  # each operand stays in use
        for i in range(4):
            x = net.op("Concat", x, conv(x, 16 + 32 * i, 32, 3), axis=1)
        return conv(x, 144, 20)
    if kind == "lists":  # the same operand in several concatenations
        features = [x]
        for i in range(3):
            features.append(conv(net.op("Concat", *features, axis=1) if i else x, 16 * (i + 1), 16, 3))
        return conv(net.op("Concat", *features, axis=1), 64, 20)
    if kind == "around":  # a residual and a pool read what is concatenated
        y, z = conv(x, 16, 32), conv(x, 16, 16)
        c = net.op("Concat", y, z, axis=1)
        p = net.op("MaxPool", y, kernel_shape=[3, 3], pads=[1] * 4)
        return net.op("Concat", net.op("Add", conv(c, 48, 32), y), p, net.op("Sigmoid", z), axis=1)
    if kind == "twice":
        y = conv(x, 16, 32)
        return conv(net.op("Concat", y, x, y, net.op("Sigmoid", y), axis=1), 112, 20)
    # Halves, one of which goes on, and a constant.
    y, z = net.op("Split", conv(x, 16, 64), axis=1, count=2)
    filler = net.constant(net.rng.standard_normal((1, 16, 10, 12)).astype(np.float32))
    return conv(net.op("Concat", conv(y, 32, 32, 3), z, filler, x, axis=1), 96, 20)


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("kind", ["dense", "lists", "around", "twice", "halves"])
def test_connected(tmp_path, level, kind, batch):
    if kind == "halves" and batch > 1:
        pytest.skip("the constant is one image")
    net = Net()
    y = connected(net, kind, net.op("Relu", net.conv("x", 3, 16, (3, 3), pads=[1] * 4)))
    check(tmp_path, level, net, y, (batch, 3, 10, 12), ["concat"])


def test_broadcasts(tmp_path, level):
    """Operands per channel, scalars, and an image that was never in blocks."""
    net = Net()
    y = net.conv("x", 20, 20, (3, 3), pads=[1] * 4)
    y = net.op("Mul", y, net.constant(net.rng.standard_normal((20, 1, 1)).astype(np.float32)))
    y = net.op("Add", net.op("Sub", y, net.constant(np.float32(0.5))), "x")
    y = net.op("Tanh", net.op("Max", y, net.constant(np.full((1, 1, 1, 1), -1, np.float32))))
    check(tmp_path, level, net, y, (2, 20, 10, 10), ["block_channels"])


def test_garbage_lanes(tmp_path, level):
    """What the lanes behind the last channel hold (1 / 0 here) reaches no result."""
    net = Net()
    y = net.op("Div", net.constant(np.float32(1)), net.conv("x", 3, 20, (1, 1), bias=False))
    y = net.conv(net.op("Clip", y, net.constant(np.float32(-3)), net.constant(np.float32(3))), 20, 24, (3, 3), pads=[1] * 4)
    check(tmp_path, level, net, net.op("GlobalMaxPool", y), (1, 3, 12, 12), ["blocked_conv"])


def test_any_batch(tmp_path, level):
    net = Net()
    y = net.op("Relu", net.conv("x", 3, 24, (3, 3), pads=[1] * 4))
    y = net.conv(net.conv(y, 24, 24, (3, 3), group=24, pads=[1] * 4), 24, 32, (3, 3), pads=[1] * 4)
    y = net.op("Flatten", net.op("GlobalAveragePool", y))
    check(tmp_path, level, net, y, (3, 3, 18, 18), ["blocked_conv", "blocked_depthwise", "winograd_conv"],
          dims=("n", 3, 18, 18))


@pytest.mark.parametrize("shape", [(2, 3, 13, 9), (1, 3, 7, 7), (1, 3, 40, 33), (1, 3, 1, 5)])
def test_any_extents(tmp_path, level, shape):
    """Groups that cut blocks: tiles of pixels straddle rows whose length only the run knows, and threads share them."""
    net = Net()
    x = net.op("Relu", net.conv("x", 3, 24, (3, 3), pads=[1] * 4))
    y = net.op("Relu", net.conv(x, 24, 40, (1, 1), group=2))
    y = net.conv(y, 40, 24, (3, 3), group=2, pads=[1] * 4)
    y = net.op("Mul", net.op("Add", y, x), net.constant(net.rng.standard_normal((24, 1, 1)).astype(np.float32)))
    y = net.op("Sigmoid", net.conv(y, 24, 18, (3, 1), group=2, strides=[2, 2], pads=[1, 0, 1, 0]))
    check(tmp_path, level, net, y, shape, ["packed_conv"], dims=("n", 3, "h", "w"))


def test_not_a_number(tmp_path, level):
    """NaN and infinity go through maxima and sums as in ONNX."""
    net = Net()
    y = net.op("MaxPool", net.conv("x", 3, 16, (1, 1), bias=False), kernel_shape=[2, 2])
    graph = helper.make_graph(
        [*net.nodes, helper.make_node("Identity", [y], ["y"])], "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, 4, 4))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], net.constants)
    path = tmp_path / "net.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, path)
    x = np.zeros((1, 3, 4, 4), np.float32)
    x[0, 0, 1, 1] = np.nan
    library = nnc.compile(path, tmp_path / "net.so", cpu=level)
    (got,) = nnc.load(library).run({"x": x}).values()
    window = np.zeros((3, 3), bool)
    window[:2, :2] = True
    np.testing.assert_array_equal(np.isnan(got[0, 0]), window)
