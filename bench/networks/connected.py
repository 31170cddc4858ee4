"""Convolutional networks whose layers are connected otherwise: groups, shuffles, concatenations, ways around."""

from .vision import IMAGE


def _hard_sigmoid(n, x):
    return n.apply("HardSigmoid", x, alpha=1 / 6, beta=0.5)


def _hard_swish(n, x):
    return n.apply("HardSwish", x)


def resnext50(n):
    """Xie 2017: ResNet's 3x3 convolutions in 32 groups."""
    x = n.pool(n.relu(n.conv(n.input("input", IMAGE), 3, 64, 7, 2)), 3, 2, 1)
    channels = 64
    for width, blocks, first_stride in ((128, 3, 1), (256, 4, 2), (512, 6, 2), (1024, 3, 2)):
        for block in range(blocks):
            stride = first_stride if block == 0 else 1
            y = n.relu(n.conv(x, channels, width, 1))
            y = n.relu(n.conv(y, width, width, 3, stride, groups=32))
            y = n.conv(y, width, 2 * width, 1, gain=0.25)
            shortcut = n.conv(x, channels, 2 * width, 1, stride, gain=1.0) if block == 0 else x
            x, channels = n.relu(n.apply("Add", y, shortcut)), 2 * width
    n.output(n.dense(n.global_pool(x), 2048, 1000), "output")


def regnetx(n):
    """Radosavovic 2020, RegNetX-3.2GF: groups of 48 channels."""
    x, channels = n.relu(n.conv(n.input("input", IMAGE), 3, 32, 3, 2)), 32
    for width, blocks in ((96, 2), (192, 6), (432, 15), (1008, 2)):
        for block in range(blocks):
            stride = 1 if block else 2
            y = n.relu(n.conv(x, channels, width, 1))
            y = n.relu(n.conv(y, width, width, 3, stride, groups=width // 48))
            y = n.conv(y, width, width, 1, gain=0.25)
            shortcut = x if block else n.conv(x, channels, width, 1, stride, gain=1.0)
            x, channels = n.relu(n.apply("Add", y, shortcut)), width
    n.output(n.dense(n.global_pool(x), 1008, 1000), "output")


def densenet121(n):
    """Huang 2017. A batch normalization before a concatenation's reader is a scale and a shift of its own."""

    def normalized(x, channels):
        scale = n.parameter(abs(1 + 0.1 * n._random.standard_normal((channels, 1, 1))).astype("float32"))
        shift = n.weight(channels, 1, 1, deviation=0.05)
        return n.relu(n.apply("Add", n.apply("Mul", x, scale), shift))

    x, channels = n.pool(n.relu(n.conv(n.input("input", IMAGE), 3, 64, 7, 2)), 3, 2, 1), 64
    for stage, layers in enumerate((6, 12, 24, 16)):
        for _ in range(layers):
            y = n.relu(n.conv(normalized(x, channels), channels, 128, 1, gain=1.0))
            x, channels = n.apply("Concat", x, n.conv(y, 128, 32, 3, gain=1.0), axis=1), channels + 32
        if stage < 3:
            x = n.conv(normalized(x, channels), channels, channels // 2, 1)
            x, channels = n.apply("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2]), channels // 2
    n.output(n.dense(n.global_pool(normalized(x, channels)), 1024, 1000), "output")


def shufflenetv2(n):
    """Ma 2018, width 1."""

    def shuffled(x, channels, size):
        x = n.reshape(x, 1, 2, channels // 2, size, size)
        return n.reshape(n.apply("Transpose", x, perm=[0, 2, 1, 3, 4]), 1, channels, size, size)

    def branch(x, channels, filters, stride):
        y = n.relu(n.conv(x, channels, filters, 1))
        y = n.conv(y, filters, filters, 3, stride, groups=filters)
        return n.relu(n.conv(y, filters, filters, 1))

    x, channels, size = n.pool(n.relu(n.conv(n.input("input", IMAGE), 3, 24, 3, 2)), 3, 2, 1), 24, 56
    for width, blocks in ((116, 4), (232, 8), (464, 4)):
        half, size = width // 2, size // 2
        left = n.conv(x, channels, channels, 3, 2, groups=channels)
        left = n.relu(n.conv(left, channels, half, 1))
        x = shuffled(n.apply("Concat", left, branch(x, channels, half, 2), axis=1), width, size)
        for _ in range(blocks - 1):
            left, right = n.apply_many(2, "Split", x, n.literal([half, half]), axis=1)
            x = shuffled(n.apply("Concat", left, branch(right, half, half, 1), axis=1), width, size)
        channels = width
    x = n.relu(n.conv(x, channels, 1024, 1))
    n.output(n.dense(n.global_pool(x), 1024, 1000), "output")


def mobilenetv3(n):
    """Howard 2019, the large one."""
    rows = (
        # kernel, expanded, filters, squeezes, activation, stride
        (3, 16, 16, False, n.relu, 1),
        (3, 64, 24, False, n.relu, 2),
        (3, 72, 24, False, n.relu, 1),
        (5, 72, 40, True, n.relu, 2),
        (5, 120, 40, True, n.relu, 1),
        (5, 120, 40, True, n.relu, 1),
        (3, 240, 80, False, None, 2),
        (3, 200, 80, False, None, 1),
        (3, 184, 80, False, None, 1),
        (3, 184, 80, False, None, 1),
        (3, 480, 112, True, None, 1),
        (3, 672, 112, True, None, 1),
        (5, 672, 160, True, None, 2),
        (5, 960, 160, True, None, 1),
        (5, 960, 160, True, None, 1),
    )
    x, channels = _hard_swish(n, n.conv(n.input("input", IMAGE), 3, 16, 3, 2)), 16
    for kernel, width, filters, squeezes, activation, stride in rows:
        activate = activation or (lambda value: _hard_swish(n, value))
        y = activate(n.conv(x, channels, width, 1)) if width != channels else x
        y = activate(n.conv(y, width, width, kernel, stride, groups=width))
        if squeezes:
            narrow = (width // 4 + 4) // 8 * 8
            weights = n.relu(n.conv(n.apply("GlobalAveragePool", y), width, narrow, 1))
            y = n.apply("Mul", _hard_sigmoid(n, n.conv(weights, narrow, width, 1)), y)
        y = n.conv(y, width, filters, 1, gain=1.0)
        x, channels = n.apply("Add", x, y) if stride == 1 and channels == filters else y, filters
    x = _hard_swish(n, n.conv(x, 160, 960, 1))
    x = _hard_swish(n, n.dense(n.global_pool(x), 960, 1280))
    n.output(n.dense(x, 1280, 1000), "output")


def unet(n):
    """Ronneberger 2015, padded, half as wide, on 256 x 256 pixels."""

    def twice(x, channels, filters):
        return n.relu(n.conv(n.relu(n.conv(x, channels, filters, 3)), filters, filters, 3))

    x, channels, around = n.input("input", [1, 3, 256, 256]), 3, []
    for filters in (32, 64, 128, 256):
        x, channels = twice(x, channels, filters), filters
        around.append(x)
        x = n.pool(x, 2, 2)
    x, channels = twice(x, 256, 512), 512
    for skipped in reversed(around):
        weight = n.weight(channels, channels // 2, 2, 2, deviation=(2.0 / channels) ** 0.5)
        x = n.apply("ConvTranspose", x, weight, kernel_shape=[2, 2], strides=[2, 2])
        x = twice(n.apply("Concat", skipped, x, axis=1), channels, channels // 2)
        channels //= 2
    n.output(n.conv(x, 32, 2, 1), "output")


def yolo(n):
    """After YOLOv5 n: halves of channels that go around, pyramids up and down, three heads."""

    def layer(x, channels, filters, kernel, stride=1):
        return n.silu(n.conv(x, channels, filters, kernel, stride, (kernel - 1) // 2, gain=1.5))

    def partial(x, channels, filters, blocks, around=True):
        half = filters // 2
        y = layer(x, channels, half, 1)
        for _ in range(blocks):
            z = layer(layer(y, half, half, 1), half, half, 3)
            y = n.apply("Add", y, z) if around else z
        return layer(n.apply("Concat", y, layer(x, channels, half, 1), axis=1), filters, filters, 1)

    def doubled(x):
        return n.apply("Resize", x, "", n.literal([1.0, 1.0, 2.0, 2.0]), mode="nearest",
                       coordinate_transformation_mode="asymmetric", nearest_mode="floor")

    x = layer(n.input("input", [1, 3, 320, 320]), 3, 16, 6, 2)
    x = partial(layer(x, 16, 32, 3, 2), 32, 32, 1)
    third = partial(layer(x, 32, 64, 3, 2), 64, 64, 2)
    fourth = partial(layer(third, 64, 128, 3, 2), 128, 128, 3)
    x = partial(layer(fourth, 128, 256, 3, 2), 256, 256, 1)
    x = layer(x, 256, 128, 1)
    pools = [x]
    for _ in range(3):
        pools.append(n.pool(pools[-1], 5, 1, 2))
    x = layer(layer(n.apply("Concat", *pools, axis=1), 512, 256, 1), 256, 128, 1)
    y = partial(n.apply("Concat", doubled(x), fourth, axis=1), 256, 128, 1, around=False)
    y = layer(y, 128, 64, 1)
    heads = [(partial(n.apply("Concat", doubled(y), third, axis=1), 128, 64, 1, around=False), 64)]
    down = layer(heads[0][0], 64, 64, 3, 2)
    heads.append((partial(n.apply("Concat", down, y, axis=1), 128, 128, 1, around=False), 128))
    down = layer(heads[1][0], 128, 128, 3, 2)
    heads.append((partial(n.apply("Concat", down, x, axis=1), 256, 256, 1, around=False), 256))
    found = [n.reshape(n.conv(head, channels, 255, 1), 1, 255, -1) for head, channels in heads]
    n.output(n.apply("Sigmoid", n.apply("Concat", *found, axis=2)), "output")


def replknet_stage(n):
    """Ding 2022, the first stage of RepLKNet: depthwise kernels of 31 x 31."""
    x = n.input("input", [1, 128, 56, 56])
    for _ in range(2):
        y = n.relu(n.conv(x, 128, 128, 1))
        y = n.relu(n.conv(y, 128, 128, 31, groups=128))
        x = n.apply("Add", x, n.conv(y, 128, 128, 1, gain=0.25))
        y = n.conv(n.gelu(n.conv(x, 128, 512, 1)), 512, 128, 1, gain=0.25)
        x = n.apply("Add", x, y)
    n.output(x, "output")


def convnext_tiny(n):
    """Liu 2022: wide depthwise filters, then a perceptron of each pixel."""

    def normalized(x, channels):
        x = n.layer_norm(n.apply("Transpose", x, perm=[0, 2, 3, 1]), channels, 1e-6)
        return n.apply("Transpose", x, perm=[0, 3, 1, 2])

    x = normalized(n.conv(n.input("input", IMAGE), 3, 96, 4, 4, 0), 96)
    channels = 96
    for stage, (filters, blocks) in enumerate(((96, 3), (192, 3), (384, 9), (768, 3))):
        if stage:
            x, channels = n.conv(normalized(x, channels), channels, filters, 2, 2, 0), filters
        for _ in range(blocks):
            y = n.conv(x, channels, channels, 7, groups=channels)
            y = n.layer_norm(n.apply("Transpose", y, perm=[0, 2, 3, 1]), channels, 1e-6)
            y = n.linear(n.gelu(n.linear(y, channels, 4 * channels)), 4 * channels, channels)
            y = n.apply("Mul", n.weight(channels, deviation=0.3), y)
            x = n.apply("Add", n.apply("Transpose", y, perm=[0, 3, 1, 2]), x)
    x = n.apply("Flatten", n.apply("GlobalAveragePool", x), axis=1)
    n.output(n.dense(n.layer_norm(x, 768, 1e-6), 768, 1000), "output")


NETWORKS = {
    build.__name__: build
    for build in (
        resnext50,
        regnetx,
        densenet121,
        shufflenetv2,
        mobilenetv3,
        unet,
        yolo,
        convnext_tiny,
        replknet_stage,
    )
}
