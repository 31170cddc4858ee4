"""Convolutions whose last panel of filters is half empty, against ONNX Runtime. test/passes/lower/half-empty-panel.mlir
sees that nothing is multiplied by that half."""

import numpy as np
import pytest
from test_blocked import Net, check


@pytest.mark.parametrize("filters", [3, 8, 9, 16, 20, 24, 25, 36, 40, 56, 72])
@pytest.mark.parametrize("pixels", [14, 56])
def test_filters(tmp_path, level, filters, pixels):
    net = Net()
    x = net.conv("x", 48, filters, (1, 1))
    # What follows reads whole blocks.
    x = net.op("Relu", net.conv(x, filters, filters, (3, 3), group=filters, pads=[1] * 4))
    check(tmp_path, level, net, net.conv(x, filters, 24, (4, 5), bias=False), (1, 48, pixels, pixels), ["blocked_conv"])


@pytest.mark.parametrize("filters", [8, 24, 40])
def test_long_epilogue(tmp_path, level, filters):
    """Sums that wait in memory for what follows them, and a residual."""
    net = Net()
    first = net.conv("x", 16, filters, (3, 3), strides=[2, 2], pads=[1] * 4)
    second = net.conv(first, filters, filters, (1, 1))
    gated = net.op("Mul", second, net.op("Sigmoid", second))
    check(tmp_path, level, net, net.op("Add", gated, first), (1, 16, 30, 34), ["blocked_conv"])


@pytest.mark.parametrize("filters", [8, 24])
def test_pictures_and_signals(tmp_path, level, filters):
    """An input of few channels, which is read as it comes; a single spatial dim; several images."""
    net = Net()
    picture = net.conv("x", 3, filters, (3, 3), strides=[2, 2], pads=[1] * 4)
    check(tmp_path, level, net, picture, (2, 3, 30, 30), ["blocked_conv"])
    net = Net()
    signal = net.conv(net.conv("x", 32, filters, (5,), pads=[2, 2]), filters, 8, (3,))
    check(tmp_path, level, net, signal, (3, 32, 100), ["blocked_conv"], options=["--no-winograd"])


def test_lanes_without_filters(tmp_path, level):
    """The empty lanes hold what follows makes of zeros; nothing that is read later."""
    net = Net()
    shift = net.constant(np.full((24, 1, 1), 10, np.float32))
    x = net.op("Log", net.op("Add", net.conv("x", 16, 24, (1, 1), bias=False), shift))
    check(tmp_path, level, net, net.conv(x, 24, 16, (3, 3)), (1, 16, 20, 20), ["blocked_conv"])
