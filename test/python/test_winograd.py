"""Convolutions by Winograd's algorithm, against ONNX Runtime."""

import os
import subprocess

import pytest
from test_blocked import Net, check


def graph_of(path):
    command = [os.path.join(os.environ["NNC_BIN"], "nnc"), path, "--emit=graph", "-o", "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def check_winograd(tmp_path, level, channels, filters, image, kernel, **attributes):
    net = Net()
    y = net.op("Relu", net.conv("x", channels, filters, kernel, **attributes))
    check(tmp_path, level, net, y, (2, channels, *image), ["winograd_conv"])


@pytest.mark.parametrize("channels, filters, image, pads", [
    (16, 16, (32, 32), [1, 1, 1, 1]),
    (24, 40, (30, 21), [0, 0, 0, 0]),
    (33, 64, (13, 27), [1, 0, 2, 1]),
    (64, 96, (9, 50), [1, 1, 1, 1]),
    (64, 64, (14, 14), [1, 1, 1, 1]),
    (40, 32, (13, 12), [1, 1, 1, 1]),  # one output more than whole pieces
    (32, 24, (8, 11), [1, 0, 1, 0]),
])
def test_winograd(tmp_path, level, channels, filters, image, pads):
    check_winograd(tmp_path, level, channels, filters, image, (3, 3), pads=pads)


@pytest.mark.parametrize("channels, filters, groups, image, kernel, attributes", [
    (64, 64, 4, (28, 28), (3, 3), dict(pads=[1] * 4)),
    (96, 192, 2, (14, 30), (3, 3), dict(pads=[1] * 4)),
    (128, 64, 2, (21, 20), (3, 3), dict(pads=[1, 0, 0, 1], dilations=[2, 1])),
    (64, 96, 2, (40, 37), (3, 3), dict(pads=[1] * 4, strides=[2, 2])),
    (80, 80, 5, (30, 30), (5, 5), dict(pads=[2] * 4)),
    (64, 64, 2, (200,), (3,), dict(pads=[1] * 2)),
])
def test_groups(tmp_path, level, channels, filters, groups, image, kernel, attributes):
    check_winograd(tmp_path, level, channels, filters, image, kernel, group=groups, **attributes)


@pytest.mark.parametrize("channels, filters, groups, image", [
    (112, 112, 2, (28, 28)),
    (96, 192, 4, (28, 28)),
    (96, 64, 4, (29, 40)),
    (80, 80, 2, (14, 30)),
])
def test_merged_groups(tmp_path, level, channels, filters, groups, image):
    """Groups that fill no blocks are merged by twos, and the other one's channels meet zeros."""
    check_winograd(tmp_path, level, channels, filters, image, (3, 3), group=groups, pads=[1] * 4)


@pytest.mark.parametrize("channels, filters, image, pads", [
    (16, 32, (28, 28), [2, 2, 2, 2]),
    (33, 40, (13, 30), [0, 1, 2, 3]),
    (64, 192, (27, 27), [2, 2, 2, 2]),
])
def test_winograd_of_five_taps(tmp_path, level, channels, filters, image, pads):
    check_winograd(tmp_path, level, channels, filters, image, (5, 5), pads=pads)


@pytest.mark.parametrize("channels, filters, kernel, image, dilations, pads", [
    (16, 32, 3, (28, 28), [2, 2], [2, 2, 2, 2]),
    (33, 40, 3, (21, 30), [4, 1], [4, 1, 3, 0]),
    (32, 48, 3, (26, 25), [5, 3], [0, 3, 0, 3]),
    # More remainders than outputs, and pieces that are nearly empty.
    (64, 64, 3, (9, 40), [1, 9], [1, 9, 1, 9]),
    (64, 96, 5, (27, 30), [2, 2], [4, 4, 4, 4]),
])
def test_dilated_winograd(tmp_path, level, channels, filters, kernel, image, dilations, pads):
    check_winograd(tmp_path, level, channels, filters, image, (kernel, kernel), dilations=dilations, pads=pads)


@pytest.mark.parametrize("channels, filters, image, pads", [
    (32, 64, (28, 28), [1, 1, 1, 1]),
    (65, 80, (29, 24), [0, 1, 2, 1]),  # an odd number of rows, and padding behind alone
    (128, 96, (13, 30), [1, 1, 1, 1]),
    (96, 128, (31, 14), [2, 0, 2, 1]),
    (128, 136, (14, 14), [1, 1, 1, 1]),
    (40, 64, (90, 97), [0, 0, 1, 1]),  # more than one item
    (64, 64, (65, 33), [1, 1, 1, 1]),  # one output more than whole pieces
])
def test_strided_winograd(tmp_path, level, channels, filters, image, pads):
    check_winograd(tmp_path, level, channels, filters, image, (3, 3), pads=pads, strides=[2, 2])


@pytest.mark.parametrize("channels, filters, image, kernel, attributes", [
    (64, 64, (400,), (3,), dict(pads=[1, 1])),
    (64, 64, (401,), (2,), dict(pads=[1, 1])),
    (64, 64, (6, 57), (1, 2), dict()),
    (33, 48, (61,), (3,), dict(pads=[2, 0])),  # the last piece is short
    (64, 64, (130,), (3,), dict(pads=[7, 7], dilations=[7])),
    (128, 136, (401,), (3,), dict(pads=[1, 0], strides=[2])),
    (40, 64, (77,), (5,), dict(pads=[2, 1])),
    (64, 64, (5, 60), (1, 3), dict(pads=[0, 1, 0, 1])),
    (64, 72, (61, 6), (3, 1), dict(pads=[1, 1, 1, 0])),
    (48, 64, (30, 9), (5, 1), dict(pads=[2, 0, 2, 0], dilations=[1, 3])),
    (64, 64, (7, 90), (1, 3), dict(pads=[0, 2, 0, 2], dilations=[3, 2])),
])
def test_winograd_along_one_dim(tmp_path, level, channels, filters, image, kernel, attributes):
    net = Net()
    y = net.op("Relu", net.conv("x", channels, filters, kernel, **attributes))
    y = net.op("Relu", net.conv(y, filters, 16, (1,) * len(kernel)))
    check(tmp_path, level, net, y, (2, channels, *image), ["winograd_conv"])


def test_half_empty_blocks_are_summed_directly(tmp_path, level):
    """Eight filters have half of the products that Winograd's algorithm would compute for a whole block."""
    net = Net()
    y = net.op("Relu", net.conv("x", 64, 8, (3, 3), pads=[1] * 4, strides=[2, 2]))
    check(tmp_path, level, net, y, (1, 64, 40, 40), ["blocked_conv"], absent=["winograd_conv"])


@pytest.mark.parametrize("outputs, image", [(2, (11, 10)), (4, (33, 29)), (4, (60, 18))])
def test_winograd_of_two_taps(tmp_path, level, outputs, image):
    """As transposed convolutions have them."""
    net = Net()
    y = net.op("Relu", net.conv("x", 96, 80, (2, 2), pads=[1, 0, 0, 1]))
    check(tmp_path, level, net, y, (2, 96, *image), ["winograd_conv"])
    assert f"outputs = array<i64: {outputs}, {outputs}>" in graph_of(tmp_path / "net.onnx")


@pytest.mark.parametrize("outputs, image", [(2, (28, 28)), (4, (55, 62))])
def test_outputs_of_strided_winograd(tmp_path, level, outputs, image):
    net = Net()
    y = net.op("Tanh", net.conv("x", 64, 64, (3, 3), pads=[1, 1, 0, 0], strides=[2, 2]))
    check(tmp_path, level, net, y, (1, 64, *image), ["winograd_conv"])
    assert f"outputs = array<i64: {outputs}, {outputs}>" in graph_of(tmp_path / "net.onnx")


@pytest.mark.parametrize("outputs, channels, filters, kernel, image, attributes", [
    ((4, 2), 250, 256, 3, (14, 14), dict(pads=[1, 1, 1, 1])),
    ((2, 4), 200, 240, 3, (13, 12), dict(pads=[1, 1, 1, 1])),
    ((4, 2), 192, 136, 3, (13, 12), dict(pads=[2, 2, 2, 2], dilations=[2, 2])),
    ((2, 4), 190, 128, 2, (13, 12), dict(pads=[1, 0, 0, 1])),
    ((2, 1), 190, 72, 2, (7, 7), dict(pads=[1, 0, 0, 1])),
    ((1, 2), 120, 136, 3, (14, 14), dict(pads=[1, 1, 1, 1], strides=[2, 2])),
    ((1, 2), 72, 64, 3, (13, 14), dict(pads=[1, 1, 1, 0], strides=[2, 2])),
])
def test_rectangular_pieces(tmp_path, level, outputs, channels, filters, kernel, image, attributes):
    """Many weights for few outputs: fewer weights than square pieces have. Channels that leave a block half empty do not
    have their weights computed by the kernel."""
    net = Net()
    y = net.op("Tanh", net.conv("x", channels, filters, (kernel, kernel), **attributes))
    check(tmp_path, level, net, y, (2, channels, *image), ["winograd_conv"])
    assert f"outputs = array<i64: {outputs[0]}, {outputs[1]}>" in graph_of(tmp_path / "net.onnx")


def test_winograd_of_small_pieces(tmp_path, level):
    """Few outputs and large weights: pieces of 2 x 2, whose weights grow less."""
    net = Net()
    y = net.op("Relu", net.conv("x", 504, 512, (3, 3), pads=[1, 1, 1, 1]))
    check(tmp_path, level, net, y, (1, 504, 7, 7), ["winograd_conv"])
    assert "outputs = array<i64: 2, 2>" in graph_of(tmp_path / "net.onnx")


@pytest.mark.parametrize("channels, filters, kernel, image, attributes", [
    (256, 256, (3, 3), (14, 14), dict(pads=[1, 1, 1, 1])),  # short pieces
    (512, 500, (3, 3), (7, 7), dict(pads=[1, 1, 1, 1])),
    (512, 264, (3, 3), (7, 8), dict(pads=[2, 2, 2, 1], dilations=[2, 2])),
    (272, 256, (3, 3), (14, 13), dict(pads=[1, 1, 1, 1], strides=[2, 2])),
    (544, 544, (3, 3), (7, 7), dict(pads=[1, 1, 1, 1], group=2)),
    (256, 240, (2, 2), (7, 6), dict(pads=[1, 0, 0, 1])),
    (512, 504, (3,), (39,), dict(pads=[1, 1])),
    (512, 512, (1, 3), (3, 8), dict(pads=[0, 1, 0, 1])),
])
def test_weights_computed_from_taps(tmp_path, level, channels, filters, kernel, image, attributes):
    """Few pieces of many large weights, which come from memory sooner as taps."""
    net = Net()
    y = net.op("Tanh", net.conv("x", channels, filters, kernel, **attributes))
    check(tmp_path, level, net, y, (2, channels, *image), ["winograd_conv"])
    assert "from_taps" in graph_of(tmp_path / "net.onnx")
