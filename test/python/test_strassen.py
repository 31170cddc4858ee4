"""Large products, which take Strassen's algorithm, against sums in f64."""

import os
import pathlib
import subprocess

import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
from onnx import helper, numpy_helper


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def run(tmp_path, nodes, inputs, constants, level, *options, takes=True):
    """What the model gives on one thread and on three, which share the panels in another way."""
    graph = helper.make_graph(
        [helper.make_node(op, names, [result]) for op, names, result in nodes],
        "product",
        [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
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
        (24970, 256, 256),
        # Half a depth that only blocks of 304 steps divide.
        (256, 1824, 1024),
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


@pytest.mark.parametrize("rows", [197, 515])
def test_epilogue(tmp_path, level, rows):
    """Bias, residual and an activation see every element once, also where the halves of an item share a row and the
    result takes the residual's place."""
    a, b = normal(1, rows, 768), normal(768, 768 * 4, seed=1) / 28
    bias, residual = normal(768 * 4, seed=2), normal(1, rows, 768 * 4, seed=3)
    nodes = [
        ("Neg", ["r"], "n"),
        ("MatMul", ["a", "b"], "p"),
        ("Add", ["p", "bias"], "q"),
        ("Tanh", ["q"], "t"),
        ("Add", ["t", "n"], "y"),
    ]
    got = run(tmp_path, nodes, {"a": a, "r": residual}, {"b": b, "bias": bias}, level)
    check(got, np.tanh(product(a, b) + bias) - residual)


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
