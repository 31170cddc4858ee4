"""Reductions, softmax and running sums along rows and across columns whose extents are vectors, halves of them and a rest,
known to the compiler or not."""

import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper

RNG = np.random.default_rng(13)
EXTENTS = [1, 3, 4, 7, 8, 14, 28, 31, 56, 150]


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def hardmax(x, axis):
    return (np.arange(x.shape[axis]).reshape([-1 if d == axis else 1 for d in range(x.ndim)])
            == np.expand_dims(x.argmax(axis), axis)).astype(x.dtype)


OPERATORS = {
    "ReduceMax": lambda x, axis: x.max(axis, keepdims=True),
    "ReduceSum": lambda x, axis: x.sum(axis, keepdims=True),
    "ReduceLogSumExp": lambda x, axis: np.log(np.exp(x).sum(axis, keepdims=True)),
    "ArgMax": lambda x, axis: np.expand_dims(x.argmax(axis), axis),
    "Softmax": softmax,
    "Hardmax": hardmax,
    "CumSum": lambda x, axis: x.cumsum(axis),
}


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("axis", [1, 2])
def test_rests(tmp_path, level, axis, is_known):
    """One model with every operator on an input of every extent."""
    nodes, inputs, outputs, feeds, expected = [], [], [], {}, {}
    constants = [numpy_helper.from_array(np.array([axis]), "axes"), numpy_helper.from_array(np.array(axis), "axis")]
    for extent in EXTENTS:
        x = f"x{extent}"
        # Whole numbers, of which the greatest is there more than once.
        feeds[x] = RNG.integers(-6, 6, (2, 37, extent)).astype(np.float32)
        inputs.append(helper.make_tensor_value_info(x, TensorProto.FLOAT, feeds[x].shape if is_known else (2, 37, x)))
        for operator, compute in OPERATORS.items():
            y = f"{operator}{extent}"
            if operator.startswith("Reduce"):
                nodes.append(helper.make_node(operator, [x, "axes"], [y]))
            elif operator == "CumSum":
                nodes.append(helper.make_node(operator, [x, "axis"], [y]))
            else:
                nodes.append(helper.make_node(operator, [x], [y], axis=axis))
            expected[y] = compute(feeds[x], axis)
            outputs.append(helper.make_tensor_value_info(
                y, helper.np_dtype_to_tensor_dtype(expected[y].dtype), None))
    graph = helper.make_graph(nodes, "g", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 8
    onnx.save(model, tmp_path / "model.onnx")
    library = nnc.compile(tmp_path / "model.onnx", tmp_path / "model.so", cpu=level)
    for threads in (1, 3):
        got = nnc.load(library, threads=threads).run(feeds)
        for name, wanted in expected.items():
            np.testing.assert_allclose(got[name], wanted, rtol=1e-5, atol=1e-6, err_msg=name)


WHOLE = {
    "ReduceSum": np.sum,
    "ReduceMean": np.mean,
    "ReduceMax": np.max,
    "ReduceMin": np.min,
    "ReduceProd": np.prod,
    "ReduceL1": lambda x, axis: np.abs(x).sum(axis),
    "ReduceL2": lambda x, axis: np.sqrt((x * x).sum(axis)),
    "ReduceSumSquare": lambda x, axis: (x * x).sum(axis),
    "ReduceLogSum": lambda x, axis: np.log(x.sum(axis)),
    "ReduceLogSumExp": lambda x, axis: np.log(np.exp(x).sum(axis)),
}


@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 2)])
def test_whole_tensors(tmp_path, level, axes):
    """Very many elements that become one or two: parts first, which threads share, and the same bits on any number."""
    x = RNG.uniform(0.99998, 1.00002, (2, 300, 500)).astype(np.float32)
    nodes = [helper.make_node(name, ["x", "axes"], [name], keepdims=0) for name in WHOLE]
    info = [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)]
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in WHOLE]
    constants = [numpy_helper.from_array(np.asarray(axes, np.int64), "axes")]
    graph = helper.make_graph(nodes, "whole", info, results, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.save(model, tmp_path / "model.onnx")
    library = nnc.compile(tmp_path / "model.onnx", tmp_path / "model.so", cpu=level)
    runs = [nnc.load(library, threads=threads).run({"x": x}) for threads in (1, 3)]
    for name, function in WHOLE.items():
        np.testing.assert_array_equal(runs[0][name], runs[1][name])
        # A product of many numbers close to one loses as many roundings, whatever their order.
        rtol = 3e-3 if name == "ReduceProd" else 2e-5
        np.testing.assert_allclose(runs[0][name], function(x.astype(np.float64), axis=axes), rtol=rtol, err_msg=name)
