"""Convolutional networks over other things than one picture at one scale: volumes, signals, pictures that grow, and kernels
whose taps are far apart."""

import math


def _growing(n, x, channels, filters, kernel, stride, padding):
    """A transposed convolution; each output sees kernel / stride taps of a dim."""
    seen = channels * math.prod(extent / stride for extent in kernel)
    weight = n.weight(channels, filters, *kernel, deviation=math.sqrt(2 / seen))
    return n.apply(
        "ConvTranspose",
        x,
        weight,
        n.weight(filters, deviation=0.05),
        kernel_shape=list(kernel),
        strides=[stride] * len(kernel),
        pads=[padding] * (2 * len(kernel)),
    )


def deeplab_head(n):
    """Chen 2017: three dilations beside each other over a backbone's features, then the picture's size."""
    x = n.input("input", [1, 512, 28, 28])
    branches = [n.relu(n.conv(x, 512, 128, (1, 1)))]
    branches += [n.relu(n.conv(x, 512, 128, (3, 3), dilation=dilation)) for dilation in (6, 12, 18)]
    y = n.relu(n.conv(n.apply("Concat", *branches, axis=1), 512, 128, (1, 1)))
    y = n.conv(n.relu(n.conv(y, 128, 128, (3, 3))), 128, 21, (1, 1))
    sizes = n.literal([1, 21, 224, 224])
    n.output(n.apply("Resize", y, "", "", sizes, mode="linear", coordinate_transformation_mode="half_pixel"), "output")


def unet3d(n):
    """Cicek 2016 on a volume of 32 x 64 x 64, half as wide."""

    def stage(x, channels, inner, filters):
        x = n.relu(n.conv(x, channels, inner, (3, 3, 3)))
        return n.relu(n.conv(x, inner, filters, (3, 3, 3)))

    def halved(x):
        return n.apply("MaxPool", x, kernel_shape=[2, 2, 2], strides=[2, 2, 2])

    def joined(x, channels, beside):
        return n.apply("Concat", _growing(n, x, channels, channels // 2, (2, 2, 2), 2, 0), beside, axis=1)

    a = stage(n.input("input", [1, 1, 32, 64, 64]), 1, 16, 32)
    b = stage(halved(a), 32, 32, 64)
    c = stage(halved(b), 64, 64, 128)
    d = stage(joined(c, 128, b), 128, 64, 64)
    e = stage(joined(d, 64, a), 64, 32, 32)
    n.output(n.conv(e, 32, 3, (1, 1, 1)), "output")


def x3d_s(n):
    """Feichtenhofer 2020 on 13 pictures of 160 x 160: every channel of a film by itself, then all of a pixel."""
    x = n.input("input", [1, 3, 13, 160, 160])
    x = n.relu(n.conv(n.conv(x, 3, 24, (1, 3, 3), (1, 2, 2)), 24, 24, (5, 1, 1), groups=24))
    channels = 24
    for filters, blocks in ((24, 3), (48, 5), (96, 11), (192, 7)):
        for block in range(blocks):
            stride, width = (1, 1, 1) if block else (1, 2, 2), filters * 9 // 4
            y = n.relu(n.conv(x, channels, width, (1, 1, 1)))
            y = n.conv(y, width, width, (3, 3, 3), stride, groups=width)
            if block % 2 == 0:
                narrow = width // 16 // 8 * 8 + 8
                gates = n.relu(n.conv(n.apply("GlobalAveragePool", y), width, narrow, (1, 1, 1)))
                y = n.apply("Mul", n.apply("Sigmoid", n.conv(gates, narrow, width, (1, 1, 1))), y)
            y = n.conv(n.apply("Mul", y, n.apply("Sigmoid", y)), width, filters, (1, 1, 1), gain=1.0)
            shortcut = x if block else n.conv(x, channels, filters, (1, 1, 1), stride, gain=1.0)
            x, channels = n.relu(n.apply("Add", y, shortcut)), filters
    x = n.global_pool(n.relu(n.conv(x, 192, 432, (1, 1, 1))))
    n.output(n.dense(n.relu(n.dense(x, 432, 2048)), 2048, 400), "output")


def dcgan(n):
    """Radford 2015, the generator of 64 x 64 pictures."""
    x = n.relu(_growing(n, n.input("input", [1, 100, 1, 1]), 100, 512, (4, 4), 1, 0))
    for channels in (512, 256, 128):
        x = n.relu(_growing(n, x, channels, channels // 2, (4, 4), 2, 1))
    n.output(n.apply("Tanh", _growing(n, x, 64, 3, (4, 4), 2, 1)), "output")


def wavenet(n):
    """Oord 2016, one stack of gated layers over 4,000 samples, each looking twice as far as the one before."""
    x = n.input("input", [1, 64, 4000])
    for layer in range(8):
        kept = n.apply("Tanh", n.conv(x, 64, 64, (3,), dilation=2**layer))
        gate = n.apply("Sigmoid", n.conv(x, 64, 64, (3,), dilation=2**layer))
        x = n.apply("Add", x, n.conv(n.apply("Mul", kept, gate), 64, 64, (1,), gain=0.5))
    n.output(x, "output")


def edsr(n):
    """Lim 2017, the small one with 4 blocks: twice the resolution."""
    x = n.conv(n.input("input", [1, 3, 64, 64]), 3, 64, (3, 3))
    y = x
    for _ in range(4):
        y = n.apply("Add", y, n.conv(n.relu(n.conv(y, 64, 64, (3, 3))), 64, 64, (3, 3), gain=0.25))
    y = n.conv(n.apply("Add", x, y), 64, 256, (3, 3))
    n.output(n.conv(n.apply("DepthToSpace", y, blocksize=2, mode="CRD"), 64, 3, (3, 3)), "output")


NETWORKS = {build.__name__: build for build in (deeplab_head, unet3d, x3d_s, dcgan, wavenet, edsr)}
