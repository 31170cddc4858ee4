"""Layers that few networks have: weights that the network makes, equations for products, one or a few filters."""

import math


def modulated_conv(n):
    """Karras 2020, StyleGAN 2: three layers whose weights are scaled by a style and normalized."""
    x, style = n.input("input", [1, 64, 32, 32]), n.input("style", [1, 128])
    for _ in range(3):
        scale = n.reshape(n.dense(style, 128, 64), 1, 1, 64, 1, 1)
        weight = n.apply("Mul", n.weight(1, 64, 64, 3, 3, deviation=0.05), scale)
        square = n.apply("ReduceSum", n.apply("Mul", weight, weight), n.literal([2, 3, 4]), keepdims=1)
        weight = n.apply("Div", weight, n.apply("Sqrt", n.apply("Add", square, n.literal(1e-8))))
        weight = n.reshape(weight, 64, 64, 3, 3)
        x = n.apply("LeakyRelu", n.apply("Conv", x, weight, kernel_shape=[3, 3], pads=[1] * 4), alpha=0.2)
    n.output(x, "output")


def siamese_tracker(n):
    """Li 2019, SiamRPN++: features of the object are the kernel that is looked for in those of the picture."""
    template, search = n.input("template", [1, 256, 6, 6]), n.input("search", [1, 256, 22, 22])
    kernel = n.reshape(n.relu(n.conv(template, 256, 256, 3, padding=0)), 256, 1, 4, 4)
    found = n.relu(n.conv(search, 256, 256, 3, padding=0))
    found = n.apply("Conv", found, kernel, group=256, kernel_shape=[4, 4])
    n.output(n.conv(n.relu(n.conv(found, 256, 256, 1)), 256, 20, 1), "output")


def einsum_attention(n):
    """A layer of attention as programs of JAX write it."""
    heads, size, width = 8, 64, 512
    x = n.input("input", [1, 128, width])
    q, k, v = (n.reshape(n.linear(x, width, width), 1, 128, heads, size) for _ in range(3))
    scores = n.apply("Einsum", q, k, equation="bihd,bjhd->bhij")
    scores = n.apply("Softmax", n.apply("Mul", scores, n.literal(1 / math.sqrt(size))), axis=-1)
    y = n.apply("Einsum", scores, v, equation="bhij,bjhd->bihd")
    n.output(n.linear(n.reshape(y, 1, 128, width), width, width), "output")


def style_transfer_head(n):
    """Johnson 2016: from 32 channels to a picture by 9 x 9 taps."""
    x = n.relu(n.conv(n.input("input", [1, 32, 128, 128]), 32, 32, 3))
    n.output(n.apply("Tanh", n.conv(x, 32, 3, 9, gain=0.5)), "output")


def segmentation_head(n):
    """A probability for each pixel."""
    x = n.relu(n.conv(n.input("input", [1, 64, 96, 96]), 64, 64, 3))
    n.output(n.apply("Sigmoid", n.conv(x, 64, 1, 3, gain=0.5)), "output")


NETWORKS = {
    build.__name__: build
    for build in (modulated_conv, siamese_tracker, einsum_attention, style_transfer_head, segmentation_head)
}
