"""Elements picked one by one, by rows of indices: of constant and run-time sizes, negative ones, and those out of range."""

import beside_ort
import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
from onnx import helper

RNG = np.random.default_rng(3)

# op, axis, shape of x, shape of the indices
CASES = [
    ("GatherElements", 0, (9,), (23,)),
    ("GatherElements", 0, (9, 40), (30, 37)),
    ("GatherElements", 1, (9, 40), (8, 70)),
    ("GatherElements", 1, (3, 12, 40), (3, 21, 38)),
    ("GatherElements", 2, (3, 7, 50), (2, 7, 90)),
    ("Gather", 0, (50,), (6, 40)),
    ("Gather", 1, (9, 40), (75,)),
    ("Gather", 2, (2, 5, 40), (3, 4, 17)),
    ("Gather", 1, (6, 40), ()),
    # Dims of extent 1 behind the axis, and an axis of extent 1.
    ("Gather", 1, (6, 40, 1, 1), (9, 17)),
    ("Gather", 0, (60, 1), (5,)),
    ("Gather", 1, (6, 1, 9), (2, 3)),
]


def description(array, known):
    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    return kind, array.shape if known else [None] * array.ndim


@pytest.mark.parametrize("known", [True, False], ids=["static", "dynamic"])
@pytest.mark.parametrize("dtype", [np.float32, np.int8, np.float16])
@pytest.mark.parametrize("op, axis, shape, picked", CASES, ids=str)
def test_picked_elements(tmp_path, level, op, axis, shape, picked, dtype, known):
    pytest.importorskip("onnxruntime")
    feeds = {
        "x": (RNG.standard_normal(shape) * 50).astype(dtype),
        "i": RNG.integers(-shape[axis], shape[axis], picked).astype(np.int32 if dtype == np.int8 else np.int64),
    }
    inputs = [helper.make_tensor_value_info(name, *description(array, known)) for name, array in feeds.items()]
    outputs = [helper.make_tensor_value_info("y", helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), None)]
    beside_ort.check(tmp_path, level, [helper.make_node(op, ["x", "i"], ["y"], axis=axis)], inputs, outputs, feeds,
                     rtol=0, atol=0)


def load_picker(tmp_path, op):
    inputs = [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["a", "b"]),
              helper.make_tensor_value_info("i", onnx.TensorProto.INT64, ["c", "d"])]
    outputs = [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)]
    graph = helper.make_graph([helper.make_node(op, ["x", "i"], ["y"], axis=1)], "g", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)])
    model.ir_version = 9
    onnx.save(model, tmp_path / "model.onnx")
    return nnc.load(nnc.compile(tmp_path / "model.onnx", tmp_path / "model.so"))


@pytest.mark.parametrize("index", [40, -41, 1 << 62, np.iinfo(np.int64).max, np.iinfo(np.int64).min])
@pytest.mark.parametrize("place", [0, 17, 54])
@pytest.mark.parametrize("op, name", [("Gather", "gather"), ("GatherElements", "gather_elements")])
def test_index_out_of_range(tmp_path, op, name, place, index):
    model = load_picker(tmp_path, op)
    indices = RNG.integers(-40, 40, (4, 55))
    indices[2, place] = index
    with pytest.raises(nnc.RunError, match=f"{name}: index {index} is out of range for a dim of 40"):
        model.run({"x": np.zeros((4, 40), np.float32), "i": indices})


def test_more_rows_than_there_are(tmp_path):
    model = load_picker(tmp_path, "GatherElements")
    with pytest.raises(nnc.RunError, match="gather_elements: the indices reach beyond another dim than the axis"):
        model.run({"x": np.zeros((4, 40), np.float32), "i": np.zeros((5, 40), np.int64)})
