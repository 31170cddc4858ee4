"""Make the network that quickstart and the examples use: it reads a digit from a 16x16 picture.

usage: make_example_model.py FOLDER

The digits are drawn here (a 5x7 font, turned, scaled, moved, smeared and noisy), and a small convolutional network is
trained on them with numpy in a few seconds. In FOLDER then lie
    digits.onnx      image float32[batch,1,16,16] -> scores float32[batch,10], the probabilities of the ten digits
    digit_<d>.pgm    a picture of each digit that the training did not see
The same numpy gives the same files.
"""

import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE = 16
FONT = [
    "01110 10001 10011 10101 11001 10001 01110",
    "00100 01100 00100 00100 00100 00100 01110",
    "01110 10001 00001 00010 00100 01000 11111",
    "11111 00010 00100 00010 00001 10001 01110",
    "00010 00110 01010 10010 11111 00010 00010",
    "11111 10000 11110 00001 00001 10001 01110",
    "00110 01000 10000 11110 10001 10001 01110",
    "11111 00001 00010 00100 01000 01000 01000",
    "01110 10001 10001 01110 10001 10001 01110",
    "01110 10001 10001 01111 00001 00010 01100",
]
GLYPHS = np.array([[[int(pixel) for pixel in row] for row in glyph.split()] for glyph in FONT], np.float32)
CHANNELS = (8, 16)


def draw(digits, rng):
    """Draws one picture, 0 to 1, for each of `digits`."""
    count = len(digits)
    angle = rng.uniform(-0.25, 0.25, count)
    scale = rng.uniform(1.5, 2.0, (count, 2))
    centre = (SIZE - 1) / 2 + rng.uniform(-1.5, 1.5, (count, 2))
    # Where in the glyph each pixel comes from: the picture's turn, size and place undone.
    y, x = np.mgrid[:SIZE, :SIZE].reshape(2, 1, -1) - centre.T[:, :, None]
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    row = (cos * y + sin * x) / scale[:, :1] + 3
    column = (cos * x - sin * y) / scale[:, 1:] + 2
    pictures = _sample(np.pad(GLYPHS, ((0, 0), (1, 1), (1, 1))), digits, row + 1, column + 1)
    pictures *= rng.uniform(0.6, 1, (count, 1))
    pictures += rng.normal(0, 0.08, pictures.shape)
    return np.clip(pictures, 0, 1).reshape(count, 1, SIZE, SIZE).astype(np.float32)


def _sample(glyphs, digits, row, column):
    """Reads the glyphs between their pixels, linearly."""
    row = np.clip(row, 0, glyphs.shape[1] - 1.001)
    column = np.clip(column, 0, glyphs.shape[2] - 1.001)
    top, left = row.astype(int), column.astype(int)
    down, right = row - top, column - left
    which = np.asarray(digits)[:, None]
    upper = glyphs[which, top, left] * (1 - right) + glyphs[which, top, left + 1] * right
    lower = glyphs[which, top + 1, left] * (1 - right) + glyphs[which, top + 1, left + 1] * right
    return upper * (1 - down) + lower * down


# The network's layers, forwards and backwards. Images are [batch, height, width, channels] in here.


def patches(images):
    """The 3x3 neighbourhood of each pixel, zeros outside: [batch, height, width, 9 * channels]."""
    batch, height, width, channels = images.shape
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = [padded[:, i : i + height, j : j + width] for i in range(3) for j in range(3)]
    return np.stack(windows, 3).reshape(batch, height, width, 9 * channels)


def unpatch(gradient, channels):
    """The gradient of `patches`."""
    batch, height, width, _ = gradient.shape
    parts = gradient.reshape(batch, height, width, 9, channels)
    padded = np.zeros((batch, height + 2, width + 2, channels), np.float32)
    for k in range(9):
        padded[:, k // 3 : k // 3 + height, k % 3 : k % 3 + width] += parts[:, :, :, k]
    return padded[:, 1:-1, 1:-1]


def pool(images):
    """The largest of each 2x2 pixels, and the mask of where they were."""
    batch, height, width, channels = images.shape
    blocks = images.reshape(batch, height // 2, 2, width // 2, 2, channels)
    largest = blocks.max((2, 4), keepdims=True)
    return largest[:, :, 0, :, 0], blocks == largest


def unpool(gradient, mask):
    spread = mask * gradient[:, :, None, :, None]
    batch, height, _, width, _, channels = spread.shape
    return spread.reshape(batch, 2 * height, 2 * width, channels).astype(np.float32)


def softmax(logits):
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


class Network:
    """Two convolutions with pooling, and a dense layer; `weights` is a list of arrays."""

    def __init__(self, rng):
        first, second = CHANNELS
        inputs = [(9, first), (9 * first, second), (second * (SIZE // 4) ** 2, 10)]
        self.weights = []
        for shape in inputs:
            self.weights.append(rng.normal(0, np.sqrt(2 / shape[0]), shape).astype(np.float32))
            self.weights.append(np.zeros(shape[1], np.float32))

    def gradients(self, images, digits):
        """The gradient of the cross entropy in each of the weights."""
        w1, b1, w2, b2, w3, b3 = self.weights
        p1 = patches(images)
        a1, mask1 = pool(np.maximum(p1 @ w1 + b1, 0))
        p2 = patches(a1)
        a2, mask2 = pool(np.maximum(p2 @ w2 + b2, 0))
        flat = a2.reshape(len(images), -1)
        g = softmax(flat @ w3 + b3)
        g[np.arange(len(digits)), digits] -= 1
        g /= len(digits)
        grads = [flat.T @ g, g.sum(0)]
        g = unpool((g @ w3.T).reshape(a2.shape) * (a2 > 0), mask2)
        grads = [np.tensordot(p2, g, ((0, 1, 2), (0, 1, 2))), g.sum((0, 1, 2))] + grads
        g = unpool(unpatch(g @ w2.T, CHANNELS[0]) * (a1 > 0), mask1)
        return [np.tensordot(p1, g, ((0, 1, 2), (0, 1, 2))), g.sum((0, 1, 2))] + grads

    def scores(self, images):
        w1, b1, w2, b2, w3, b3 = self.weights
        a1, _ = pool(np.maximum(patches(images) @ w1 + b1, 0))
        a2, _ = pool(np.maximum(patches(a1) @ w2 + b2, 0))
        return softmax(a2.reshape(len(images), -1) @ w3 + b3)


def train(rng, steps=250, batch=64):
    """Trains a network with Adam on freshly drawn digits."""
    network = Network(rng)
    moments = [(np.zeros_like(w), np.zeros_like(w)) for w in network.weights]
    for step in range(1, steps + 1):
        digits = rng.integers(0, 10, batch)
        images = draw(digits, rng).transpose(0, 2, 3, 1)
        rate = 5e-3 * (1 - step / (steps + 1))
        for weight, gradient, (mean, square) in zip(network.weights, network.gradients(images, digits), moments):
            mean += 0.1 * (gradient - mean)
            square += 0.01 * (gradient**2 - square)
            weight -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    return network


def to_onnx(network):
    """The network as an ONNX model: channels first, and the picture's channel of the dense layer's rows with it."""
    first, second = CHANNELS
    side = SIZE // 4
    w1, b1, w2, b2, w3, b3 = network.weights
    tensors = {
        "conv1.weight": w1.reshape(3, 3, 1, first).transpose(3, 2, 0, 1),
        "conv1.bias": b1,
        "conv2.weight": w2.reshape(3, 3, first, second).transpose(3, 2, 0, 1),
        "conv2.bias": b2,
        "dense.weight": w3.reshape(side, side, second, 10).transpose(2, 0, 1, 3).reshape(-1, 10),
        "dense.bias": b3,
    }
    conv = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    pooling = {"kernel_shape": [2, 2], "strides": [2, 2]}
    nodes = [
        helper.make_node("Conv", ["image", "conv1.weight", "conv1.bias"], ["conv1"], "conv1", **conv),
        helper.make_node("Relu", ["conv1"], ["relu1"], "relu1"),
        helper.make_node("MaxPool", ["relu1"], ["pool1"], "pool1", **pooling),
        helper.make_node("Conv", ["pool1", "conv2.weight", "conv2.bias"], ["conv2"], "conv2", **conv),
        helper.make_node("Relu", ["conv2"], ["relu2"], "relu2"),
        helper.make_node("MaxPool", ["relu2"], ["pool2"], "pool2", **pooling),
        helper.make_node("Flatten", ["pool2"], ["flat"], "flatten"),
        helper.make_node("Gemm", ["flat", "dense.weight", "dense.bias"], ["logits"], "dense"),
        helper.make_node("Softmax", ["logits"], ["scores"], "softmax"),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, SIZE, SIZE])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 10])],
        [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"labels": ",".join(map(str, range(10)))})
    onnx.checker.check_model(model, full_check=True)
    return model


def save_picture(path, picture):
    """Writes a picture as a PGM, the simplest of the grey formats."""
    pixels = np.rint(picture * 255).astype(np.uint8)
    path.write_bytes(b"P5\n%d %d\n255\n" % (SIZE, SIZE) + pixels.tobytes())


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip().splitlines()[2])
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    network = train(rng)

    digits = rng.integers(0, 10, 1000)
    right = (network.scores(draw(digits, rng).transpose(0, 2, 3, 1)).argmax(1) == digits).mean()
    onnx.save(to_onnx(network), folder / "digits.onnx")
    for digit, picture in enumerate(draw(range(10), rng)):
        save_picture(folder / f"digit_{digit}.pgm", picture[0])
    print(f"{folder / 'digits.onnx'}: trained; right on {right:.1%} of 1000 new pictures")


if __name__ == "__main__":
    main()
