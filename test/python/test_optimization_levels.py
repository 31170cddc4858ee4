"""Every optimization level computes the same: they differ in passes, in kernels and in what LLVM does to them."""

import beside_ort
import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import helper, numpy_helper

RNG = np.random.default_rng(3)


def value(name, shape):
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)


def weights(name, *shape):
    scale = np.float32(np.prod(shape[1:]) ** -0.5)
    return numpy_helper.from_array(RNG.standard_normal(shape, dtype=np.float32) * scale, name)


@pytest.mark.parametrize("O", range(4))
def test_level(tmp_path, level, O):
    nodes = [
        helper.make_node("Conv", ["x", "stem"], ["a"], strides=[2, 2], pads=[1] * 4),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "deep"], ["c"], group=24, pads=[1] * 4),
        helper.make_node("MaxPool", ["c"], ["d"], kernel_shape=[3, 3], strides=[2, 2]),
        helper.make_node("Reshape", ["d", "rows"], ["e"]),
        helper.make_node("Transpose", ["e"], ["f"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["f", "w"], ["g"]),
        helper.make_node("Softmax", ["g"], ["h"], axis=-1),
        helper.make_node("TopK", ["h", "k"], ["y", "indices"]),
        helper.make_node("CumSum", ["g", "axis"], ["sums"]),
    ]
    initializers = [
        weights("stem", 24, 3, 3, 3),
        weights("deep", 24, 1, 3, 3),
        weights("w", 24, 37),
        numpy_helper.from_array(np.array([1, 24, -1], np.int64), "rows"),
        numpy_helper.from_array(np.array([5], np.int64), "k"),
        numpy_helper.from_array(np.array(1, np.int64), "axis"),
    ]
    x = {"x": RNG.standard_normal((1, 3, 37, 41), dtype=np.float32)}
    beside_ort.check(tmp_path, level, nodes, [value("x", [1, 3, 37, 41])], [value("y", None), value("sums", None)], x,
                     initializers, options={"O": O}, rtol=1e-4, atol=1e-4)
