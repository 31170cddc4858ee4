"""Large products and convolutions of one pixel, which take Strassen's algorithm, against sums in f64."""

import os
import pathlib
import subprocess

import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
from onnx import helper, numpy_helper


@pytest.fixture(params=["x86-64-v3", "x86-64-v4"])
def level(request):
    """Not the machine's own: of Intel's CPUs it has no Strassen for matrix products."""
    if request.param == "x86-64-v4" and "avx512vl" not in pathlib.Path("/proc/cpuinfo").read_text():
        pytest.skip("this machine has no AVX-512")
    return request.param


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def run(tmp_path, nodes, inputs, constants, level, *options, takes=True, dynamic=None):
    """What the model gives on one thread and on three, which share the panels in another way. `dynamic` is an input and
    its dim that only the run knows."""

    def shape(name, x):
        return ["n" if (name, i) == dynamic else extent for i, extent in enumerate(x.shape)]

    graph = helper.make_graph(
        [helper.make_node(op, names, [result], **dict(*rest)) for op, names, result, *rest in nodes],
        "product",
        [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), shape(name, x))
            for name, x in inputs.items()
        ],
        [helper.make_tensor_value_info("y", helper.np_dtype_to_tensor_dtype(inputs["a"].dtype), None)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    model.ir_version = 8
    path, library = tmp_path / "model.onnx", tmp_path / "model.so"
    onnx.save(model, path)
    program = pathlib.Path(os.environ["NNC_BIN"]) / "nnc"
    command = [program, path, "--emit=graph", "-o", "-", *options]
    assert ("strassen" in subprocess.run(command, check=True, capture_output=True, text=True).stdout) == takes
    subprocess.run([program, path, "-o", library, f"--cpu={level}", *options], check=True)
    return [next(iter(nnc.load(library, threads=threads).run(inputs).values())) for threads in (1, 3)]


def product(a, b):
    return (a.astype(np.float64) @ b.astype(np.float64)).astype(np.float32)


def check(got, expected, tolerance=5e-6):
    for result in got:
        assert result.shape == expected.shape
        error = np.abs(result - expected).max() / np.abs(expected).max()
        assert error < tolerance


@pytest.mark.parametrize(
    ("rows", "depth", "columns"),
    [
        # One item along the rows, even and odd; sums in one go and in three blocks.
        (128, 768, 3072),
        (197, 768, 3072),
        (187, 3072, 768),
        # Tiles of a quadrant that are even, and that leave one low one.
        (192, 640, 2048),
        (224, 512, 2048),
        # Several items, of which the last one has fewer rows: by few, and by nearly half.
        (515, 1024, 1024),
        (290, 2048, 1024),
        (24970, 256, 256),
        # Half a depth that only blocks of 304 steps divide.
        (256, 1824, 1024),
        # Few rows, also an odd number of them.
        (64, 768, 1536),
        (51, 256, 2048),
        (64, 3072, 768),
        # Columns that fill the last group of panels in part: but for a part of a panel, a panel and a half, three.
        (64, 512, 2037),
        (130, 256, 2088),
        (128, 512, 2001),
    ],
)
def test_product(tmp_path, level, rows, depth, columns):
    a, b = normal(rows, depth), normal(depth, columns, seed=1)
    check(run(tmp_path, [("MatMul", ["a", "b"], "y")], {"a": a}, {"b": b}, level), product(a, b))


@pytest.mark.parametrize(("rows", "depth", "columns"), [(128, 768, 3072), (197, 3072, 768), (515, 1024, 1024)])
def test_halves(tmp_path, level, rows, depth, columns):
    """Weights that are stored as halves are widened beside the combinations."""
    a, b = normal(rows, depth).astype(np.float16), normal(depth, columns, seed=1).astype(np.float16)
    got = run(tmp_path, [("MatMul", ["a", "b"], "y")], {"a": a}, {"b": b}, level)
    check(got, product(a, b), tolerance=6e-4)


def test_factors_that_only_the_run_knows(tmp_path, level):
    a, b = normal(4, 100, 512), normal(512, 1024, seed=1)
    check(run(tmp_path, [("MatMul", ["a", "b"], "y")], {"a": a, "b": b}, {}, level), product(a, b))


@pytest.mark.parametrize("activation", ["Tanh", "Relu"])
@pytest.mark.parametrize("rows", [197, 515])
def test_epilogue(tmp_path, level, rows, activation):
    """Bias, residual and an activation see every element once, also where the halves of an item share a row and the
    result takes the residual's place. A short epilogue takes sums from registers."""
    a, b = normal(1, rows, 768), normal(768, 768 * 4, seed=1) / 28
    bias, residual = normal(768 * 4, seed=2), normal(1, rows, 768 * 4, seed=3)
    nodes = [
        ("Neg", ["r"], "n"),
        ("MatMul", ["a", "b"], "p"),
        ("Add", ["p", "bias"], "q"),
        (activation, ["q"], "t"),
        ("Add", ["t", "n"], "y"),
    ]
    got = run(tmp_path, nodes, {"a": a, "r": residual}, {"b": b, "bias": bias}, level)
    activate = np.tanh if activation == "Tanh" else lambda x: np.maximum(x, 0)
    check(got, activate(product(a, b) + bias) - residual)


def test_runs_agree(tmp_path, level):
    """The order of sums does not depend on the number of threads."""
    a, b = normal(400, 1024), normal(1024, 1024, seed=1)
    one, three = run(tmp_path, [("MatMul", ["a", "b"], "y")], {"a": a}, {"b": b}, level)
    assert np.array_equal(one, three)


def test_no_strassen(tmp_path, level):
    """Summed directly, a row of large elements does not cost the others their precision."""
    a, b = normal(128, 768), normal(768, 3072, seed=1)
    a[0] *= 1e4
    nodes = [("MatMul", ["a", "b"], "y")]
    expected = product(a, b)
    for got in run(tmp_path, nodes, {"a": a}, {"b": b}, level, "--no-strassen", takes=False):
        assert np.abs(got - expected)[1:].max() < 1e-5 * np.abs(expected[1:]).max()
    check(run(tmp_path, nodes, {"a": a}, {"b": b}, level), expected)


def pixels(x, w):
    """A convolution of one pixel."""
    return np.einsum("nc...,mc->nm...", x.astype(np.float64), w[(...,) + (0,) * (w.ndim - 2)]).astype(np.float32)


@pytest.mark.parametrize(
    ("images", "channels", "filters", "spatial"),
    [
        (1, 1024, 256, (14, 14)),
        # Several items along the pixels; an odd number of them; few.
        (1, 256, 128, (40, 50)),
        (1, 128, 512, (27, 27)),
        (1, 320, 1280, (12, 11)),
        # Sums that are cut.
        (1, 2048, 2304, (12, 11)),
        # Several images, of one item of pixels and of two.
        (3, 256, 128, (20, 20)),
        (2, 512, 128, (19, 25)),
        # Signals.
        (2, 256, 128, (500,)),
    ],
)
def test_convolution(tmp_path, level, images, channels, filters, spatial):
    x = normal(images, channels, *spatial)
    w = normal(filters, channels, *[1] * len(spatial), seed=1)
    bias = normal(filters, seed=2)
    got = run(tmp_path, [("Conv", ["a", "w", "b"], "y")], {"a": x}, {"w": w, "b": bias}, level)
    check(got, pixels(x, w) + bias.reshape(-1, *[1] * len(spatial)))


def test_convolution_takes_the_place_of_a_residual(tmp_path, level):
    x, residual, w = normal(2, 256, 14, 14), normal(2, 512, 14, 14, seed=1), normal(512, 256, 1, 1, seed=2) / 16
    v, scale = normal(512, 512, 1, 1, seed=3) / 23, normal(512, 1, 1, seed=4)
    nodes = [
        ("Conv", ["r", "v"], "s"),
        ("Conv", ["a", "w"], "p"),
        ("Mul", ["p", "scale"], "q"),
        ("Add", ["q", "s"], "t"),
        ("Tanh", ["t"], "u"),
        ("Conv", ["u", "v"], "y"),
    ]
    got = run(tmp_path, nodes, {"a": x, "r": residual}, {"w": w, "v": v, "scale": scale}, level)
    check(got, pixels(np.tanh(pixels(x, w) * scale + pixels(residual, v)), v))


def strided(x, steps):
    return x[(slice(None), slice(None), *(slice(None, None, step) for step in steps))]


@pytest.mark.parametrize(
    ("images", "channels", "filters", "spatial", "steps"),
    [
        # Of every second pixel, also where the last one is no output; of several items and several images.
        (1, 256, 512, (28, 28), (2, 2)),
        (2, 512, 256, (31, 40), (2, 2)),
        # Outputs that lie evenly although rows are left out: one row of them, and a signal.
        (1, 256, 512, (1, 700), (1, 3)),
        (1, 256, 256, (1000,), (2,)),
        # The strides of the two dims differ.
        (1, 256, 512, (20, 45), (1, 3)),
    ],
)
def test_strided_convolution(tmp_path, level, images, channels, filters, spatial, steps):
    x, w = normal(images, channels, *spatial), normal(filters, channels, *[1] * len(spatial), seed=1)
    nodes = [("Conv", ["a", "w"], "y", {"strides": steps})]
    check(run(tmp_path, nodes, {"a": x}, {"w": w}, level), pixels(strided(x, steps), w))


@pytest.mark.parametrize("steps", [(1, 1), (2, 2)])
def test_what_follows_sees_rows(tmp_path, level, steps):
    """A factor for each row of an image keeps its pixels from counting as one row."""
    x, w, factor = normal(1, 256, 37, 40), normal(256, 256, 1, 1, seed=1), normal(-(-37 // steps[0]), 1, seed=2)
    nodes = [("Conv", ["a", "w"], "c", {"strides": steps}), ("Mul", ["c", "f"], "y")]
    got = run(tmp_path, nodes, {"a": x, "f": factor}, {"w": w}, level)
    check(got, pixels(strided(x, steps), w) * factor)


def test_images_that_only_the_run_counts(tmp_path, level):
    x, w = normal(5, 256, 16, 16), normal(256, 256, 1, 1, seed=1)
    nodes = [("Conv", ["a", "w"], "y")]
    got = run(tmp_path, nodes, {"a": x}, {"w": w}, level, dynamic=("a", 0))
    check(got, pixels(x, w))


def test_convolution_without_strassen(tmp_path, level):
    x, w = normal(1, 256, 28, 28), normal(256, 256, 1, 1, seed=1)
    nodes = [("Conv", ["a", "w"], "y")]
    check(run(tmp_path, nodes, {"a": x}, {"w": w}, level, "--no-strassen", takes=False), pixels(x, w))
