"""Depthwise convolutions in one kernel with what is before and after them, against ONNX Runtime."""

import numpy as np
import pytest
from test_blocked import Net, check

ACTIVATIONS = ["Relu", "swish", "Clip", "none"]


def activate(net, y, activation):
    if activation == "Clip":
        return net.op("Clip", y, net.constant(np.float32(0)), net.constant(np.float32(6)))
    if activation == "swish":
        return net.op("Mul", y, net.op("Sigmoid", y))
    return y if activation == "none" else net.op(activation, y)


def depthwise(net, y, channels, kernel, bias, **attributes):
    return net.conv(y, channels, channels, kernel, bias, group=channels, **attributes)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("channels, expanded, image, kernel, batch, attributes", [
    (16, 96, (96, 100), (3, 3), 1, dict(strides=[2, 2], pads=[1] * 4)),
    (24, 84, (103, 101), (5, 5), 1, dict(pads=[2] * 4)),
    (40, 80, (60, 75), (3, 3), 3, dict(strides=[1, 2], pads=[0, 1, 1, 0])),
    (17, 200, (70, 64), (3, 5), 1, dict(dilations=[3, 2], pads=[3, 4, 2, 1])),
    # Rows of all channels are too much for the cache: items take some each.
    (8, 256, (16, 300), (3, 3), 2, dict(pads=[1] * 4)),
    (20, 330, (9, 200), (3, 3), 1, dict(strides=[3, 1], pads=[1, 0, 1, 0])),
])
def test_expansion(tmp_path, level, activation, channels, expanded, image, kernel, batch, attributes):
    """A large tensor between a 1 x 1 and a depthwise convolution is never written."""
    net = Net()
    x = net.op("Relu", net.conv("x", 3, channels, (1, 1)))
    y = activate(net, net.conv(x, channels, expanded, (1, 1), bias=activation != "none"), activation)
    y = net.op("Relu", depthwise(net, y, expanded, kernel, activation != "none", **attributes))
    check(tmp_path, level, net, y, (batch, 3, *image), ["blocked_bottleneck"], absent=["blocked_depthwise"])


@pytest.mark.parametrize("activation", ["Clip", "swish"])
@pytest.mark.parametrize("channels, filters, image, kernel, batch, attributes", [
    (3, 32, (224, 224), (3, 3), 1, dict(strides=[2, 2], pads=[1] * 4)),
    (3, 40, (130, 133), (3, 3), 2, dict(strides=[2, 2])),
    (1, 24, (100, 131), (5, 4), 1, dict(pads=[0, 3, 2, 1])),
    (5, 72, (150, 91), (2, 3), 1, dict(strides=[1, 2], dilations=[3, 1], pads=[3, 0, 0, 2])),
])
def test_first_layer(tmp_path, level, activation, channels, filters, image, kernel, batch, attributes):
    """The first convolution reads the picture as it comes, with its padding."""
    net = Net()
    y = activate(net, net.conv("x", channels, filters, kernel, **attributes), activation)
    y = net.op("Relu", depthwise(net, y, filters, (3, 3), True, pads=[1] * 4))
    check(tmp_path, level, net, y, (batch, channels, *image), ["blocked_bottleneck"], absent=["blocked_conv"])


@pytest.mark.parametrize("channels, filters, image, kernel, attributes", [
    (16, 64, (80, 151), (3, 3), dict(strides=[1, 2], pads=[1] * 4)),
    (40, 88, (70, 61), (2, 5), dict(pads=[1, 2, 0, 2])),
])
def test_window_of_blocks(tmp_path, level, channels, filters, image, kernel, attributes):
    """What is before the depthwise convolution may have any kernel that is summed directly."""
    net = Net()
    x = net.op("Relu", net.conv("x", 3, channels, (1, 1)))
    y = net.op("Relu", net.conv(x, channels, filters, kernel, **attributes))
    y = net.op("Relu", depthwise(net, y, filters, (3, 3), True, strides=[2, 1], pads=[1] * 4))
    check(tmp_path, level, net, y, (1, 3, *image), ["blocked_bottleneck"], absent=["blocked_depthwise"],
          options=["--no-winograd"])


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("channels, expanded, filters, image, batch, attributes", [
    (16, 96, 24, (112, 112), 1, dict(strides=[2, 2], pads=[1] * 4)),
    (24, 144, 24, (57, 58), 1, dict(pads=[1] * 4)),
    (24, 100, 67, (64, 70), 2, dict(pads=[1, 0, 0, 1])),
    (12, 180, 100, (41, 60), 3, dict(dilations=[2, 2], pads=[2] * 4)),
])
def test_projection(tmp_path, level, activation, channels, expanded, filters, image, batch, attributes):
    """Nor is the depthwise convolution's result written, where a 1 x 1 one reads it; what is added to that is."""
    net = Net()
    x = net.op("Relu", net.conv("x", 3, channels, (1, 1)))
    y = activate(net, net.conv(x, channels, expanded, (1, 1)), activation)
    y = activate(net, depthwise(net, y, expanded, (3, 3), activation != "Clip", **attributes), activation)
    y = net.conv(y, expanded, filters, (1, 1), bias=activation != "swish")
    if channels == filters:
        y = net.op("Add", y, x)
    check(tmp_path, level, net, y, (batch, 3, *image), ["blocked_bottleneck"], absent=["blocked_depthwise"])


def test_dynamic_batch(tmp_path, level):
    net = Net()
    y = net.op("Relu", net.conv("x", 3, 32, (3, 3), strides=[2, 2], pads=[1] * 4))
    y = net.op("Relu", depthwise(net, y, 32, (3, 3), True, pads=[1] * 4))
    y = net.conv(y, 32, 16, (1, 1))
    check(tmp_path, level, net, y, (5, 3, 208, 216), ["blocked_bottleneck"], dims=("n", 3, 208, 216),
          absent=["blocked_depthwise", "blocked_conv"])


def test_two_readers(tmp_path, level):
    """A result that somebody else reads, too, is written."""
    net = Net()
    y = net.op("Relu", net.conv("x", 3, 32, (3, 3), strides=[2, 2], pads=[1] * 4))
    z = net.op("Relu", depthwise(net, y, 32, (3, 3), True, pads=[1] * 4))
    y = net.op("Mul", net.conv(z, 32, 16, (1, 1)), net.conv(z, 32, 16, (1, 1)))
    check(tmp_path, level, net, y, (1, 3, 208, 216), ["blocked_bottleneck", "blocked_conv"])
