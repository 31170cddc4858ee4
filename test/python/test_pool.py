"""Pools that have no neighbours in blocks, against ONNX Runtime: rows shorter and longer than vectors, more rows than
an item has, windows that reach across borders, and what takes the way without a row in between."""

import beside_ort
import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import helper

CASES = [
    dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4),
    dict(kernel_shape=[5, 5], pads=[2] * 4),
    dict(kernel_shape=[2, 2], strides=[2, 2]),
    dict(kernel_shape=[3, 4], strides=[1, 3], pads=[1, 2, 0, 1]),
    dict(kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1], ceil_mode=1),
    dict(kernel_shape=[2, 3], dilations=[3, 2], pads=[1, 2, 1, 2]),
    dict(kernel_shape=[3, 2], strides=[2, 2], auto_pad="SAME_UPPER"),
    dict(kernel_shape=[3, 17], pads=[1, 8, 1, 8]),
    dict(kernel_shape=[18, 3], pads=[9, 1, 9, 1]),
    dict(kernel_shape=[3], strides=[2], pads=[1, 1]),
    dict(kernel_shape=[7, 7], strides=[7, 7], pads=[0, 1, 0, 0]),
    dict(kernel_shape=[2, 9], strides=[3, 5], dilations=[1, 2], pads=[0, 3, 1, 4]),
    dict(kernel_shape=[3, 4], strides=[2, 9], pads=[0, 1, 0, 2]),
    dict(kernel_shape=[3], strides=[3], pads=[2, 2]),
    dict(kernel_shape=[5], strides=[9], pads=[2, 2]),
    dict(kernel_shape=[6], strides=[4], pads=[3, 1]),
    dict(kernel_shape=[3], strides=[4], dilations=[3], pads=[0, 2]),
    dict(kernel_shape=[17], strides=[3], pads=[8, 8]),
    dict(kernel_shape=[2, 3, 3], strides=[1, 2, 1], pads=[0, 1, 1, 1, 1, 1]),
]


@pytest.mark.parametrize("op", ["MaxPool", "AveragePool", "AveragePool with padding", "LpPool"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_pool(tmp_path, level, op, case):
    attributes = dict(case)
    if op == "AveragePool with padding":
        attributes["count_include_pad"] = 1
    if op == "LpPool":
        attributes["p"] = 3
    n = len(case["kernel_shape"])
    dtypes = (np.float32, np.int8, np.float32) if op == "MaxPool" else (np.float32,) * 3
    nodes, inputs, outputs, x = [], [], [], {}
    for i, (width, dtype) in enumerate(zip((13, 34, 119), dtypes)):
        shape = (2, 3, *((20,), (9,), (11,))[i] * (n - 1), width)[: n + 1] + (width,)
        values = np.random.default_rng(i).standard_normal(shape) * 20
        x[f"x{i}"] = values.astype(dtype)
        kind = helper.np_dtype_to_tensor_dtype(x[f"x{i}"].dtype)
        # The last one has a number of images and rows that only the run knows.
        known = shape if i < 2 or n == 1 else ("n", 3, "h", *shape[3:])
        inputs.append(helper.make_tensor_value_info(f"x{i}", kind, known))
        outputs.append(helper.make_tensor_value_info(f"y{i}", kind, None))
        nodes.append(helper.make_node(op.split()[0], [f"x{i}"], [f"y{i}"], **attributes))
    beside_ort.check(tmp_path, level, nodes, inputs, outputs, x, rtol=1e-5, atol=1e-5)


def test_not_a_number(tmp_path, level):
    """NaN and infinity reach the outputs whose windows hold them, and no others."""
    x = np.random.default_rng(0).standard_normal((1, 1, 20, 20)).astype(np.float32)
    x[0, 0, 3, 4], x[0, 0, 10, 19], x[0, 0, 15, 0] = np.nan, np.inf, -np.inf
    node = helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[3, 3], pads=[1] * 4)
    types = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, x.shape) for name in "xy"]
    model = helper.make_model(helper.make_graph([node], "g", types[:1], types[1:]),
                              opset_imports=[helper.make_opsetid("", 19)])
    onnx.save(model, tmp_path / "pool.onnx")
    library = nnc.compile(tmp_path / "pool.onnx", tmp_path / "pool.so", cpu=level)
    padded = np.pad(x[0, 0], 1, constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    np.testing.assert_array_equal(nnc.load(library).run({"x": x})["y"][0, 0], windows.max((2, 3)))
