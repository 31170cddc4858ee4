"""Convolutional networks on one image."""

IMAGE = [1, 3, 224, 224]


def alexnet(n):
    """Krizhevsky 2012, in the single-column form of torchvision."""
    x = n.input("input", IMAGE)
    x = n.pool(n.relu(n.conv(x, 3, 64, 11, 4, 2)), 3, 2)
    x = n.pool(n.relu(n.conv(x, 64, 192, 5)), 3, 2)
    for channels, filters in ((192, 384), (384, 256), (256, 256)):
        x = n.relu(n.conv(x, channels, filters, 3))
    x = n.apply("Flatten", n.pool(x, 3, 2), axis=1)
    for inputs in (9216, 4096):
        x = n.relu(n.dense(x, inputs, 4096, gain=2.0))
    n.output(n.dense(x, 4096, 1000), "output")


def vgg16(n):
    """Simonyan and Zisserman 2014, configuration D."""
    x, channels = n.input("input", IMAGE), 3
    for filters, layers in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(layers):
            x, channels = n.relu(n.conv(x, channels, filters, 3)), filters
        x = n.pool(x, 2, 2)
    x = n.apply("Flatten", x, axis=1)
    for inputs in (25088, 4096):
        x = n.relu(n.dense(x, inputs, 4096, gain=2.0))
    n.output(n.dense(x, 4096, 1000), "output")


def resnet50(n):
    """He 2015; as in version 1.5 the 3x3 convolutions have the strides."""
    x = n.pool(n.relu(n.conv(n.input("input", IMAGE), 3, 64, 7, 2)), 3, 2, 1)
    channels = 64
    for width, blocks, first_stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for block in range(blocks):
            stride = first_stride if block == 0 else 1
            y = n.relu(n.conv(x, channels, width, 1))
            y = n.relu(n.conv(y, width, width, 3, stride))
            y = n.conv(y, width, 4 * width, 1, gain=0.25)
            shortcut = n.conv(x, channels, 4 * width, 1, stride, gain=1.0) if block == 0 else x
            x, channels = n.relu(n.apply("Add", y, shortcut)), 4 * width
    n.output(n.dense(n.global_pool(x), 2048, 1000), "output")


def _inverted_residuals(n, x, channels, stages, activation, gain, squeeze):
    """The blocks of MobileNetV2 and EfficientNet: expand, filter by channel, perhaps squeeze and excite, project."""
    for expansion, kernel, first_stride, filters, blocks in stages:
        for block in range(blocks):
            stride = first_stride if block == 0 else 1
            keeps_shape = stride == 1 and channels == filters
            y, width = x, channels * expansion
            if expansion != 1:
                y = activation(n.conv(y, channels, width, 1, gain=gain))
            y = activation(n.conv(y, width, width, kernel, stride, groups=width, gain=gain))
            if squeeze:
                narrow = max(1, channels // 4)
                weights = activation(n.conv(n.apply("GlobalAveragePool", y), width, narrow, 1))
                y = n.apply("Mul", n.apply("Sigmoid", n.conv(weights, narrow, width, 1)), y)
            y = n.conv(y, width, filters, 1, gain=2.0 if squeeze else 0.5 if keeps_shape else 1.0)
            x = n.apply("Add", x, y) if keeps_shape else y
            channels = filters
    return x


def mobilenetv2(n):
    """Sandler 2018."""
    stages = (
        (1, 3, 1, 16, 1),
        (6, 3, 2, 24, 2),
        (6, 3, 2, 32, 3),
        (6, 3, 2, 64, 4),
        (6, 3, 1, 96, 3),
        (6, 3, 2, 160, 3),
        (6, 3, 1, 320, 1),
    )
    x = n.relu6(n.conv(n.input("input", IMAGE), 3, 32, 3, 2))
    x = _inverted_residuals(n, x, 32, stages, n.relu6, 2.0, squeeze=False)
    x = n.relu6(n.conv(x, 320, 1280, 1))
    n.output(n.dense(n.global_pool(x), 1280, 1000), "output")


def efficientnet_b0(n):
    """Tan and Le 2019."""
    stages = (
        (1, 3, 1, 16, 1),
        (6, 3, 2, 24, 2),
        (6, 5, 2, 40, 2),
        (6, 3, 2, 80, 3),
        (6, 5, 1, 112, 3),
        (6, 5, 2, 192, 4),
        (6, 3, 1, 320, 1),
    )
    x = n.silu(n.conv(n.input("input", IMAGE), 3, 32, 3, 2, gain=3.0))
    x = _inverted_residuals(n, x, 32, stages, n.silu, 3.0, squeeze=True)
    x = n.silu(n.conv(x, 320, 1280, 1, gain=3.0))
    n.output(n.dense(n.global_pool(x), 1280, 1000), "output")


def squeezenet(n):
    """Iandola 2016, version 1.1."""

    def fire(x, channels, narrow, wide):
        squeezed = n.relu(n.conv(x, channels, narrow, 1))
        parts = [n.relu(n.conv(squeezed, narrow, wide, kernel)) for kernel in (1, 3)]
        return n.apply("Concat", *parts, axis=1)

    x = n.relu(n.conv(n.input("input", IMAGE), 3, 64, 3, 2, 0))
    x = n.pool(x, 3, 2, ceil=True)
    x = fire(fire(x, 64, 16, 64), 128, 16, 64)
    x = n.pool(x, 3, 2, ceil=True)
    x = fire(fire(x, 128, 32, 128), 256, 32, 128)
    x = n.pool(x, 3, 2, ceil=True)
    x = fire(fire(x, 256, 48, 192), 384, 48, 192)
    x = fire(fire(x, 384, 64, 256), 512, 64, 256)
    n.output(n.global_pool(n.relu(n.conv(x, 512, 1000, 1))), "output")


def lenet5(n):
    """LeCun 1998, with the activations of today."""
    x = n.pool(n.relu(n.conv(n.input("input", [1, 1, 28, 28]), 1, 6, 5)), 2, 2)
    x = n.pool(n.relu(n.conv(x, 6, 16, 5, padding=0)), 2, 2)
    x = n.apply("Flatten", x, axis=1)
    x = n.relu(n.dense(x, 400, 120, gain=2.0))
    x = n.relu(n.dense(x, 120, 84, gain=2.0))
    n.output(n.dense(x, 84, 10), "output")


NETWORKS = {
    build.__name__: build
    for build in (alexnet, vgg16, resnet50, mobilenetv2, efficientnet_b0, squeezenet, lenet5)
}
