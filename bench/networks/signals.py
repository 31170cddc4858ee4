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


NETWORKS = {build.__name__: build for build in (deeplab_head, unet3d, dcgan, wavenet, edsr)}
