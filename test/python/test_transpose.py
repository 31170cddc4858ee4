"""Transposes: squares, sides that count through several dims, interleaved ones, and what is left over of each."""

import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
from onnx import helper

RNG = np.random.default_rng(5)

# shape, permutation
CASES = [
    ((40, 300), (1, 0)),
    ((300, 23), (1, 0)),
    ((7, 9), (1, 0)),
    ((3, 5), (1, 0)),
    ((1, 9), (1, 0)),
    # Pixels and planes.
    ((2, 3, 17, 19), (0, 2, 3, 1)),
    ((2, 17, 19, 3), (0, 3, 1, 2)),
    ((2, 5, 300), (0, 2, 1)),
    ((300, 2), (1, 0)),
    ((2, 100, 7, 7), (0, 2, 3, 1)),
    ((2, 7, 7, 100), (0, 3, 1, 2)),
    # Columns of two dims, rows of two, both.
    ((4, 33, 5, 77), (3, 2, 1, 0)),
    ((77, 5, 33, 4), (3, 2, 1, 0)),
    ((3, 2, 50), (2, 1, 0)),
    ((50, 3, 2), (2, 1, 0)),
    ((3, 5, 4, 6, 7), (4, 2, 3, 0, 1)),
    # Few rows whose neighbours in x are some of the columns only, or none.
    ((9, 4, 3), (2, 0, 1)),
    ((40, 3, 4), (2, 1, 0)),
    ((40, 2, 3, 4), (2, 3, 1, 0)),
    # Dims of extent 1 anywhere.
    ((1, 12, 1, 30), (3, 2, 1, 0)),
    ((1, 3, 1, 30, 1), (0, 3, 4, 2, 1)),
]


@pytest.mark.parametrize("dtype, known", [(np.float32, True), (np.float32, False), (np.uint8, True), (np.int64, True)])
@pytest.mark.parametrize("shape, perm", CASES, ids=str)
def test_transpose(tmp_path, level, shape, perm, dtype, known):
    x = (RNG.standard_normal(shape) * 50).astype(dtype)
    kind = helper.np_dtype_to_tensor_dtype(x.dtype)
    graph = helper.make_graph([helper.make_node("Transpose", ["x"], ["y"], perm=perm)], "g",
                              [helper.make_tensor_value_info("x", kind, shape if known else [None] * len(shape))],
                              [helper.make_tensor_value_info("y", kind, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)])
    model.ir_version = 9
    onnx.save(model, tmp_path / "model.onnx")
    loaded = nnc.load(nnc.compile(tmp_path / "model.onnx", tmp_path / "model.so", cpu=level), threads=2)
    np.testing.assert_array_equal(loaded.run({"x": x})["y"], x.transpose(perm))


def test_picture(tmp_path):
    """A camera's bytes, channels last, to normalized planes: two kernels, the first of which moves bytes."""
    nodes = [
        helper.make_node("Cast", ["x"], ["c"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Transpose", ["c"], ["t"], perm=[0, 3, 1, 2]),
        helper.make_node("Sub", ["t", "mean"], ["s"]),
        helper.make_node("Mul", ["s", "scale"], ["y"]),
    ]
    mean, scale = (RNG.standard_normal((3, 1, 1)).astype(np.float32) for _ in range(2))
    constants = [onnx.numpy_helper.from_array(mean, "mean"), onnx.numpy_helper.from_array(scale, "scale")]
    inputs = [helper.make_tensor_value_info("x", onnx.TensorProto.UINT8, ["n", 30, 41, 3])]
    outputs = [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)]
    model = helper.make_model(
        helper.make_graph(nodes, "g", inputs, outputs, constants), opset_imports=[helper.make_opsetid("", 17)]
    )
    model.ir_version = 8
    onnx.save(model, tmp_path / "model.onnx")
    nnc.compile(tmp_path / "model.onnx", tmp_path / "model.mlir", emit="graph")
    assert (tmp_path / "model.mlir").read_text().count("nn.group") == 2
    x = RNG.integers(0, 256, (2, 30, 41, 3)).astype(np.uint8)
    got = nnc.load(nnc.compile(tmp_path / "model.onnx", tmp_path / "model.so")).run({"x": x})["y"]
    expected = (x.transpose(0, 3, 1, 2).astype(np.float32) - mean) * scale
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)
