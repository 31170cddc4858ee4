"""Single operators, of the sizes that the networks have."""

import math

import numpy as np


def _product(rows, depth, columns, constant):
    """A matrix product; with a constant right factor, which can be packed ahead of time, or of two inputs."""

    def build(n):
        a = n.input("A", [rows, depth], scale=1 / math.sqrt(depth))
        b = n.weight(depth, columns, deviation=1.0) if constant else n.input("B", [depth, columns])
        n.output(n.apply("MatMul", a, b), "Y")

    return build


def _convolution(channels, filters, kernel, size, groups=1):
    def build(n):
        x = n.input("X", [1, channels, size, size])
        n.output(n.conv(x, channels, filters, kernel, groups=groups, gain=1.0), "Y")

    return build


def attention(n):
    q, k, v = (n.input(name, [1, 12, 512, 64]) for name in "QKV")
    scores = n.apply("MatMul", q, n.apply("Transpose", k, perm=[0, 1, 3, 2]))
    weights = n.apply("Softmax", n.apply("Mul", scores, n.literal(0.125)), axis=-1)
    n.output(n.apply("MatMul", weights, v), "Y")


def softmax(n):
    n.output(n.apply("Softmax", n.input("X", [4096, 512]), axis=-1), "Y")


def layer_norm(n):
    n.output(n.layer_norm(n.input("X", [512, 768]), 768), "Y")


def gelu(n):
    n.output(n.gelu(n.input("X", [512, 3072])), "Y")


def nothing(n):
    """What a call costs."""
    n.output(n.apply("Add", n.input("X", [4]), n.parameter(np.ones(4, np.float32))), "Y")


NETWORKS = {f"mm_{size}": _product(size, size, size, False) for size in (512, 1024, 2048)}
NETWORKS |= {f"mmw_{size}": _product(size, size, size, True) for size in (512, 1024, 2048)}
NETWORKS |= {
    "mmw_1x4096x4096": _product(1, 4096, 4096, True),
    "mmw_128x768x3072": _product(128, 768, 3072, True),
    "conv3x3_64_56": _convolution(64, 64, 3, 56),
    "conv1x1_256_64_56": _convolution(256, 64, 1, 56),
    "dwconv3x3_144_56": _convolution(144, 144, 3, 56, 144),
    "attention_h12_s512_d64": attention,
    "softmax_4096x512": softmax,
    "layernorm_512x768": layer_norm,
    "gelu_512x3072": gelu,
    "null_add": nothing,
}
