"""Convolutions that stay out of blocks, against ONNX Runtime."""

import numpy as np
import pytest
from test_blocked import Net, check


@pytest.mark.parametrize("channels, filters, shape, kernel, attributes", [
    (64, 48, (2, 20, 21), (1, 1), {}),  # the last tile of pixels is not whole
    (500, 64, (1, 16, 16), (1, 1), {}),  # the sum is cut
    (3, 100, (1, 17, 16), (1, 1), {}),
    (24, 5, (3, 300), (1,), {}),
    (3, 20, (2, 40, 41), (3, 3), dict(strides=[2, 2], pads=[1, 1, 1, 1])),
    (1, 30, (2, 1500), (10,), dict(strides=[5])),
    (24, 5, (3, 324), (1,), {}),  # the last tile has four pixels
    (1, 30, (2, 1465), (10,), dict(strides=[5])),
])
def test_lone(tmp_path, level, channels, filters, shape, kernel, attributes):
    """Between neighbours that want no blocks pixels are gathered where they lie."""
    net = Net()
    y = net.conv("x", channels, filters, kernel, **attributes)
    scale = net.rng.standard_normal((filters,) + (1,) * len(kernel)).astype(np.float32)
    y = net.op("Tanh", net.op("Mul", y, net.constant(scale)))
    check(tmp_path, level, net, y, (shape[0], channels, *shape[1:]), ["packed_conv"],
          absent=["blocked_conv", "block_channels"])


@pytest.mark.parametrize("filters", [6, 12])
@pytest.mark.parametrize("volume, attributes", [
    ((4, 5, 14), dict(pads=[1] * 6)),
    ((3, 4, 7), dict(pads=[1, 0, 1, 1, 1, 0])),
    ((3, 9, 31), dict(strides=[1, 2, 2], pads=[1] * 6)),
    ((3, 3, 3), dict(pads=[1] * 6)),
])
def test_depthwise_volumes(tmp_path, level, filters, volume, attributes):
    """Rows as short as a vector of the machine or shorter."""
    net = Net()
    y = net.op("Relu", net.conv("x", 6, filters, (3, 3, 3), group=6, **attributes))
    check(tmp_path, level, net, y, (2, 6, *volume), ["conv"])


@pytest.mark.parametrize("columns", [3, 6, 7, 14, 15, 19, 34, 150])
@pytest.mark.parametrize("attributes", [dict(pads=[1] * 4), dict(strides=[2, 2], pads=[0, 1, 0, 1])])
def test_depthwise_of_unknown_extents(tmp_path, level, columns, attributes):
    """Two filters to a channel; rows are cut into vectors of several widths when their length is known."""
    net = Net()
    y = net.op("Relu", net.conv("x", 24, 48, (3, 3), group=24, **attributes))
    check(tmp_path, level, net, y, (2, 24, 5, columns), ["conv"], dims=("n", 24, "h", "w"))


@pytest.mark.parametrize("length", [1, 2, 3, 5, 8, 9, 33])
@pytest.mark.parametrize("channels, filters, kernel, attributes", [
    (129, 128, 3, dict(strides=[2], auto_pad="SAME_UPPER")),
    (64, 13, 3, dict(strides=[2], auto_pad="SAME_LOWER")),
    (500, 10, 3, dict(strides=[2], auto_pad="SAME_UPPER")),  # the sum is cut
    (1, 258, 256, dict(strides=[128], auto_pad="SAME_UPPER")),
    (16, 3, 1, {}),
    (12, 20, 3, dict(group=2, pads=[2, 0])),
])
def test_few_pixels(tmp_path, level, length, channels, filters, kernel, attributes):
    """Of a signal whose length only the run knows, and with it the padding, or with groups that cut blocks: up to eight
    results lie along the scalars of the kernel, more along its vectors."""
    net = Net()
    y = net.op("Relu", net.conv("x", channels, filters, (kernel,), **attributes))
    stride = attributes.get("strides", [1])[0]
    check(tmp_path, level, net, y, (2, channels, stride * length), ["packed_conv"], dims=("n", channels, "length"))


@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize("image", [(1, 1), (3, 2), (7,), (2, 3, 2)])
def test_window_as_large_as_the_image(tmp_path, level, image, batch):
    """A product, also between convolutions over blocks."""
    net = Net()
    y = net.op("Relu", net.conv("x", 32, 576, (1,) * len(image)))
    y = net.op("HardSwish", net.conv(y, 576, 500, image))
    y = net.conv(y, 500, 40, (1,) * len(image))
    check(tmp_path, level, net, y, (batch, 32, *image), ["packed_matmul"])
