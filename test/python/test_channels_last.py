"""Tensors whose channels are last but for a convolution: no transpose is left around it."""

import numpy as np
import pytest
from test_blocked import Net, check


@pytest.mark.parametrize("channels, image, batch", [(37, (9, 7), 2), (48, (21, 30), 1), (96, (50, 40), 1), (8, (5, 6), 3)])
@pytest.mark.parametrize("known", [True, False], ids=["static", "dynamic"])
def test_channels_last(tmp_path, level, channels, image, batch, known):
    """A transformer over images: its channels are last but for the convolution, and the residual sum needs no blocks."""
    net = Net()
    x = net.op("Mul", "x", net.constant(np.float32(2)))
    last = [0, 2, 3, 1]
    planes = net.op("Transpose", x, perm=[0, 3, 1, 2])
    y = net.conv(planes, channels, channels, (3, 3), group=channels, pads=[1] * 4)
    y = net.op("Sigmoid", net.op("Transpose", y, perm=last))
    y = net.op("Transpose", net.op("Mul", y, net.constant(np.float32(3))), perm=[0, 3, 1, 2])
    y = net.op("Add", y, planes)
    y = net.op("Relu", net.conv(y, channels, channels, (3, 3), group=channels, pads=[0, 1, 2, 1]))
    check(tmp_path, level, net, net.op("Transpose", y, perm=last), (batch, *image, channels),
          ["block_channels", "unblock_channels"], absent=["transpose"], dims=None if known else ["n", "h", "w", channels])


@pytest.mark.parametrize("channels, image", [(40, (12, 10)), (64, (28, 28))])
def test_tokens(tmp_path, level, channels, image):
    """The same with pixels numbered through, as tokens."""
    net = Net()
    tokens = image[0] * image[1]
    y = net.op("Reshape", net.op("Transpose", "x", perm=[0, 2, 1]), net.constant(np.array([0, 0, *image])))
    y = net.conv(y, channels, channels, (3, 3), group=channels, pads=[1] * 4)
    y = net.op("Transpose", net.op("Reshape", y, net.constant(np.array([1, channels, tokens]))), perm=[0, 2, 1])
    y = net.op("Add", net.op("Tanh", y), "x")
    check(tmp_path, level, net, y, (1, tokens, channels), ["block_channels", "unblock_channels"], absent=["transpose"])
