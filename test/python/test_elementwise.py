"""Elementwise kernels: broadcasts of all kinds, lengths that end with part of a vector, types of all widths."""

import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
from onnx import helper

RNG = np.random.default_rng(3)


def run(tmp_path, level, nodes, feeds, dims, expected, tolerance=0):
    types = {name: helper.np_dtype_to_tensor_dtype(array.dtype) for name, array in feeds.items()}
    graph = helper.make_graph(
        nodes,
        "elementwise",
        [helper.make_tensor_value_info(name, types[name], dims.get(name, feeds[name].shape)) for name in feeds],
        [helper.make_tensor_value_info("y", helper.np_dtype_to_tensor_dtype(expected.dtype), None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, tmp_path / "model.onnx")
    library = nnc.compile(tmp_path / "model.onnx", tmp_path / "model.so", cpu=level)
    for threads in (1, 3):
        (got,) = nnc.load(library, threads=threads).run(feeds).values()
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


SHAPES = [
    ((7,), (7,)),
    ((3, 5, 11), (5, 1)),
    ((2, 4, 9, 9, 16), (4, 1, 1, 16)),
    ((2, 4, 9, 9, 8), (2, 4, 1, 1, 8)),
    ((40, 300), (300,)),
    ((40, 3, 70), (40, 1, 70)),
    ((6, 1, 5, 1, 19), (1, 7, 1, 13, 1)),
    ((4, 1, 6), (1, 1, 6)),
    ((3, 1, 1, 50), (3, 2, 1, 50)),
    ((0, 4), (4,)),
    ((2, 100, 130), (100, 130)),
]


@pytest.mark.parametrize("left, right", SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.int8, np.float16, np.int64])
def test_broadcast(tmp_path, level, left, right, dtype):
    a, b = (RNG.integers(-9, 9, shape).astype(dtype) for shape in (left, right))
    node = helper.make_node("Mul", ["a", "b"], ["y"])
    run(tmp_path, level, [node], {"a": a, "b": b}, {}, a * b)


@pytest.mark.parametrize("left, right", SHAPES)
def test_dynamic_broadcast(tmp_path, level, left, right):
    a, b = (RNG.standard_normal(shape).astype(np.float32) for shape in (left, right))
    dims = {"a": [f"a{i}" for i in range(a.ndim)], "b": [f"b{i}" for i in range(b.ndim)]}
    node = helper.make_node("Mul", ["b", "a"], ["y"])
    run(tmp_path, level, [node], {"a": a, "b": b}, dims, a * b)


@pytest.mark.parametrize("extent", [1, 5, 16, 33, 64, 67, 1000, 40003])
def test_lengths(tmp_path, level, extent):
    a = RNG.standard_normal((1, extent)).astype(np.float32)
    nodes = [helper.make_node("Tanh", ["a"], ["t"]), helper.make_node("Mul", ["t", "a"], ["y"])]
    run(tmp_path, level, nodes, {"a": a}, {}, np.tanh(a) * a, 1e-6)


@pytest.mark.parametrize("extent", [3, 50])
def test_mixed_types(tmp_path, level, extent):
    a = RNG.standard_normal((9, extent)).astype(np.float32)
    flags = RNG.integers(0, 2, (9, extent)).astype(bool)
    nodes = [helper.make_node("Neg", ["a"], ["n"]), helper.make_node("Where", ["f", "n", "a"], ["y"])]
    run(tmp_path, level, nodes, {"f": flags, "a": a}, {}, np.where(flags, -a, a))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64])
def test_quotients_of_integers(tmp_path, level, dtype):
    """Vectors of them are divided as floats, which must not round to the next whole number."""
    info = np.iinfo(dtype)
    edges = np.array([info.min, info.min + 1, info.max, info.max - 1, info.max // 2, info.max // 3, 1, 2, 3, 7, 10],
                     dtype)
    numbers = np.arange(info.min, info.max + 1) if info.bits == 8 else np.concatenate([
        edges, RNG.integers(info.min, info.max, 200, dtype, endpoint=True), RNG.integers(1, 100, 45).astype(dtype)])
    a, b = (m.astype(dtype).reshape(-1) for m in np.meshgrid(numbers, numbers[numbers != 0]))
    a, b = a.astype(object), b.astype(object)

    def truncated(a, b):
        return abs(a) // abs(b) * np.where((a < 0) != (b < 0), -1, 1)

    # Also quotients that are whole, or nearly so.
    whole = truncated(a, b) * b
    a, b = np.concatenate([a, whole, whole - 1]), np.concatenate([b, b, b])
    defined = (a >= info.min) & ~((a == info.min) & (b == -1))
    a, b = a[defined], b[defined]
    feeds = {"a": a.astype(dtype), "b": b.astype(dtype)}
    for operator, expected in (("Div", truncated(a, b)), ("Mod", a % b)):
        node = helper.make_node(operator, ["a", "b"], ["y"])
        run(tmp_path, level, [node], feeds, {}, expected.astype(dtype))


@pytest.mark.parametrize("extent", [3, 50])
def test_division_by_zero(tmp_path, level, extent):
    a = RNG.integers(-9, 9, (4, extent)).astype(np.int32)
    node = helper.make_node("Div", ["a", "b"], ["y"])
    run(tmp_path, level, [node], {"a": a, "b": np.full((4, extent), 3, np.int32)}, {}, np.trunc(a / 3).astype(np.int32))
