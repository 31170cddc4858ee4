"""Convolutions of one pixel whose sums wait in memory between rounds over the channels, against ONNX Runtime.
test/passes/lower/rounds.mlir sees that there are rounds."""

import pytest
from test_blocked import Net, check


@pytest.mark.parametrize(
    "channels, filters, size",
    [(2048, 512, (7, 7)), (1040, 64, (9, 13)), (512, 128, (28, 28)), (1536, 16, (5, 31)), (768, 256, (1, 60))],
)
@pytest.mark.parametrize("bias", [True, False])
def test_extents(tmp_path, level, channels, filters, size, bias):
    net = Net()
    x = net.op("Relu", net.conv("x", channels, filters, (1, 1), bias=bias))
    check(tmp_path, level, net, net.conv(x, filters, 32, (1, 1)), (1, channels, *size), ["blocked_conv"])


def test_stride(tmp_path, level):
    """Outputs that are not all in one row."""
    net = Net()
    x = net.conv("x", 1024, 96, (1, 1), strides=[2, 2])
    x = net.conv(x, 96, 1024, (1, 1))
    check(tmp_path, level, net, net.conv(x, 1024, 64, (1, 1), strides=[1, 2]), (1, 1024, 27, 22), ["blocked_conv"])


def test_long_epilogue(tmp_path, level):
    """What follows the sums reads another tensor, and one number of each channel."""
    net = Net()
    first = net.conv("x", 64, 128, (1, 1))
    second = net.conv(net.conv(first, 128, 1024, (1, 1)), 1024, 128, (1, 1))
    gate = net.op("Sigmoid", net.conv(net.op("GlobalAveragePool", first), 128, 128, (1, 1)))
    gated = net.op("Mul", net.op("Add", net.op("Mul", second, net.op("Sigmoid", second)), first), gate)
    check(tmp_path, level, net, gated, (1, 64, 15, 17), ["blocked_conv"])


def test_groups_and_images(tmp_path, level):
    net = Net()
    x = net.conv("x", 2048, 128, (1, 1), group=2)
    check(tmp_path, level, net, net.conv(x, 128, 16, (1, 1)), (3, 2048, 8, 9), ["blocked_conv"])


def test_signal(tmp_path, level):
    net = Net()
    x = net.op("Relu", net.conv("x", 1536, 48, (1,)))
    check(tmp_path, level, net, net.conv(x, 48, 16, (1,)), (2, 1536, 75), ["blocked_conv"])
