"""Images and signals whose height, width or length only the run knows, in blocks of channels as known ones are, against
ONNX Runtime: each model is compiled once and run with several shapes."""

import numpy as np
import pytest
from test_blocked import Net, check

IMAGES = [(17, 13), (1, 1), (2, 40), (7, 7), (30, 3), (28, 121), (65, 33)]
SIGNALS = [(17,), (1,), (129,), (6,), (1001,)]
NAMES = {1: [("l",)], 2: [("h", "w"), ("h", None), (None, "w")]}


def with_names(cases):
    """Each case with each way of which extents are unknown; `kernel` is its third entry. Large weights once."""
    return [(*case, unknown) for case in cases for unknown in NAMES[len(case[2])][: 1 if case[0] > 200 else 3]]


def check_extents(tmp_path, level, net, y, channels, unknown, ops, batch=1, least=1, **further):
    """`unknown` names the extents that the run finds; images are as large as `least` in all dims."""
    sizes = SIGNALS if len(unknown) == 1 else IMAGES
    known = [None if name else extent for name, extent in zip(unknown, sizes[0])]
    shapes = []
    for size in sizes:
        size = tuple(extent or max(own, least) for extent, own in zip(known, size))
        if (batch, channels, *size) not in shapes:
            shapes.append((batch, channels, *size))
    dims = (batch, channels, *(name or extent for name, extent in zip(unknown, known)))
    check(tmp_path, level, net, y, shapes[0], ops, dims=dims, more=shapes[1:], **further)


@pytest.mark.parametrize("channels, filters, kernel, attributes, unknown", with_names([
    (3, 20, (7, 7), dict(strides=[2, 2], pads=[3] * 4)),
    (16, 24, (1, 1), dict()),
    (40, 17, (1, 1), dict(strides=[2, 2])),
    (24, 48, (2, 2), dict(pads=[1, 0, 0, 1])),
    (20, 33, (3, 3), dict(strides=[2, 1], pads=[0, 1, 2, 1])),
    (16, 80, (5, 3), dict(dilations=[2, 3], pads=[4, 3, 4, 3])),
    (18, 18, (3, 2), dict(auto_pad="SAME_LOWER")),
    (64, 64, (3, 3), dict(group=4, pads=[1] * 4)),
    (288, 320, (3, 3), dict(strides=[2, 2], pads=[1] * 4)),  # large weights: panels are shared
    (32, 16, (5,), dict(pads=[2, 2])),
    (12, 40, (1,), dict()),
    (16, 20, (4,), dict(strides=[3], dilations=[5], pads=[11, 8])),
]))
def test_direct(tmp_path, level, channels, filters, kernel, attributes, unknown):
    net = Net()
    y = net.op("Relu", net.conv("x", channels, filters, kernel, **attributes))
    y = net.op("Relu", net.conv(y, filters, 16, (1,) * len(kernel)))
    check_extents(tmp_path, level, net, y, channels, unknown, ["blocked_conv"],
                  options=["--no-winograd"], absent=["packed_conv"], least=2)


@pytest.mark.parametrize("channels, filters, kernel, attributes, unknown", with_names([
    (16, 32, (3, 3), dict(pads=[1] * 4)),
    (33, 40, (3, 3), dict(pads=[2, 0, 1, 2])),
    (256, 288, (3, 3), dict(pads=[1] * 4)),  # large weights: patches of many pieces, or threads share panels
    (64, 80, (3, 3), dict(pads=[1] * 4, strides=[2, 2])),
    (48, 64, (3, 3), dict(pads=[2, 3, 2, 3], dilations=[2, 3])),
    (64, 64, (3, 1), dict(pads=[2, 0, 2, 0], dilations=[2, 1])),
    (64, 64, (3,), dict(pads=[7, 7], dilations=[7])),
    (32, 48, (5, 5), dict(pads=[2] * 4)),
    (96, 80, (2, 2), dict(pads=[1, 0, 0, 1])),
    (64, 96, (3, 3), dict(pads=[1] * 4, group=2)),
    (64, 72, (3, 1), dict(pads=[1, 0, 1, 0])),
    (64, 64, (3,), dict(pads=[1, 1])),
]))
def test_winograd(tmp_path, level, channels, filters, kernel, attributes, unknown):
    net = Net()
    y = net.op("Relu", net.conv("x", channels, filters, kernel, **attributes))
    check_extents(tmp_path, level, net, y, channels, unknown, ["winograd_conv"], batch=2, least=2)


@pytest.mark.parametrize("activation", ["Sigmoid", "Relu"])
def test_epilogue(tmp_path, level, activation):
    """Residuals, and functions that are applied apart from the sums."""
    net = Net()
    x = net.op("Relu", net.conv("x", 3, 32, (3, 3), pads=[1] * 4))
    y = net.op(activation, net.conv(x, 32, 32, (3, 3), pads=[1] * 4))
    y = net.op("Add", net.op(activation, net.conv(y, 32, 32, (1, 1))), x)
    z = net.op("Mul", net.op("Sigmoid", net.conv(net.op("GlobalAveragePool", y), 32, 32, (1, 1))), y)
    check_extents(tmp_path, level, net, net.conv(z, 32, 20, (3, 3), strides=[2, 2], pads=[1] * 4), 3, ("h", "w"),
                  ["blocked_conv", "winograd_conv"], batch=2, absent=["packed_conv"])


@pytest.mark.parametrize("channels, group, kernel, attributes, unknown", with_names([
    (32, 32, (3, 3), dict(pads=[1] * 4)),
    (20, 20, (5, 5), dict(strides=[2, 2], pads=[2] * 4)),
    (24, 24, (3, 3), dict(dilations=[2, 7], pads=[2, 7, 2, 7])),
    (16, 16, (1, 13), dict(strides=[1, 2], pads=[0, 6, 0, 6])),
    (32, 8, (3, 3), dict(pads=[1] * 4)),
    (48, 48, (9,), dict(pads=[4, 4])),
]))
def test_depthwise(tmp_path, level, channels, group, kernel, attributes, unknown):
    net = Net()
    y = net.op("Relu", net.conv("x", channels, channels, kernel, group=group, **attributes))
    check_extents(tmp_path, level, net, y, channels, unknown, ["blocked_depthwise"])


@pytest.mark.parametrize("kind, attributes", [
    ("MaxPool", dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)),
    ("MaxPool", dict(kernel_shape=[2, 2], strides=[2, 2])),
    ("MaxPool", dict(kernel_shape=[3, 2], dilations=[2, 1], pads=[2, 0, 2, 1])),
    ("MaxPool", dict(kernel_shape=[3, 2], auto_pad="SAME_UPPER")),
    ("AveragePool", dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)),
    ("AveragePool", dict(kernel_shape=[3, 3], strides=[1, 2], pads=[1] * 4, count_include_pad=1)),
    ("AveragePool", dict(kernel_shape=[2, 2], strides=[2, 2])),
])
@pytest.mark.parametrize("unknown", NAMES[2])
def test_pools(tmp_path, level, kind, attributes, unknown):
    net = Net()
    y = net.op(kind, net.conv("x", 3, 20, (3, 3), pads=[1] * 4), **attributes)
    check_extents(tmp_path, level, net, net.op("Relu", y), 3, unknown, ["blocked_pool"], least=3, absent=["pool"])


@pytest.mark.parametrize("attributes", [
    dict(kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
    dict(kernel_shape=[3, 2], strides=[2, 1], auto_pad="SAME_UPPER"),
])
def test_pools_by_extents(tmp_path, level, attributes):
    """How much padding there is depends on the extents: such pools are no windows over blocks."""
    net = Net()
    y = net.op("MaxPool", net.conv("x", 3, 20, (3, 3), pads=[1] * 4), **attributes)
    check_extents(tmp_path, level, net, y, 3, ("h", "w"), ["pool"], least=3, absent=["blocked_pool"])


@pytest.mark.parametrize("channels, op", [(256, "blocked_conv"), (1024, "packed_conv")])
def test_far_taps(tmp_path, level, channels, op):
    """A patch is mostly what lies around its outputs; where that is too much to copy, the inputs are gathered."""
    net = Net()
    y = net.op("Relu", net.conv("x", channels, 16, (3, 3), pads=[18] * 4, dilations=[18, 18]))
    check(tmp_path, level, net, y, (1, channels, 25, 33), [op], dims=(1, channels, "h", "w"),
          more=[(1, channels, 1, 1), (1, channels, 60, 7)])


def test_strided_convolution_by_extents(tmp_path, level):
    net = Net()
    y = net.op("Relu", net.conv("x", 16, 32, (3, 3), strides=[2, 2], auto_pad="SAME_UPPER"))
    check_extents(tmp_path, level, net, y, 16, ("h", "w"), ["packed_conv"], absent=["blocked_conv", "winograd_conv"])


@pytest.mark.parametrize("by_size", [True, False])
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_unet(tmp_path, level, by_size, mode):
    """Pools, resizes to the extents of another image, and concatenations, from the first convolution to the last."""
    net = Net()

    def conv(x, channels, filters, kernel=3):
        return net.op("Relu", net.conv(x, channels, filters, (kernel, kernel), pads=[kernel // 2] * 4))

    first = conv("x", 3, 16)
    x = conv(net.op("MaxPool", first, kernel_shape=[2, 2], strides=[2, 2]), 16, 32)
    if by_size:
        of = lambda v, begin, end: net.op("Slice", net.op("Shape", v), *(net.constant(np.array([i], np.int64))
                                                                         for i in (begin, end, 0)))
        x = net.op("Resize", x, "", "", net.op("Concat", of(x, 0, 2), of(first, 2, 4), axis=0), mode=mode)
    else:
        first = conv(first, 16, 16, 1)
        x = net.op("Resize", x, "", net.constant(np.array([1, 1, 2, 2], np.float32)), mode=mode)
    if by_size:
        x = net.op("Concat", x, first, axis=1)
    y = conv(conv(x, 48 if by_size else 32, 32), 32, 20, 1)
    check_extents(tmp_path, level, net, y, 3, ("h", "w"), ["resize", "winograd_conv"], batch=2, least=2,
                  absent=["packed_conv", "block_channels"])


@pytest.mark.parametrize("channels, filters, kernel, attributes", [
    (20, 32, 3, dict(pads=[1] * 4)),
    (32, 40, 1, dict()),
    (16, 24, 5, dict(pads=[2] * 4, strides=[2, 2])),
])
@pytest.mark.parametrize("zero", [0, 120])
def test_bytes(tmp_path, level, channels, filters, kernel, attributes, zero):
    """Products of bytes take the same patches."""
    net = Net()
    scale, zero = net.constant(np.float32(0.05)), net.constant(np.uint8(zero))
    x = net.op("DequantizeLinear", net.op("QuantizeLinear", "x", scale, zero), scale, zero)
    weight = net.constant(net.rng.integers(-100, 100, (filters, channels, kernel, kernel)).astype(np.int8))
    weight = net.op("DequantizeLinear", weight, net.constant(np.float32(0.02)), net.constant(np.int8(0)))
    y = net.op("Relu", net.op("Conv", x, weight, **attributes))
    check_extents(tmp_path, level, net, y, channels, ("h", "w"), ["blocked_byte_conv"], batch=2)
