"""What comes first: top-k and suppression by keys of value and index, where values are equal, NaN or zeros of both signs."""

import beside_ort
import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper

RNG = np.random.default_rng(5)


def places_in_order(x, largest):
    """The indices of a lane's elements, first ones first: NaN counts as larger than all, and equal ones go by index."""
    if x.dtype.kind == "f":
        rank = np.where(np.isnan(x), np.inf, x.astype(np.float64))
        # Infinity is less than NaN.
        rank = np.unique(np.stack([np.isnan(x), rank], -1), axis=0, return_inverse=True)[1].reshape(-1)
    else:
        rank = x.astype(object)
    return np.array(sorted(range(len(x)), key=lambda i: ((-1 if largest else 1) * rank[i], i)))


@pytest.mark.parametrize("largest", [0, 1])
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64, np.int8, np.uint8, np.int32, np.uint32, np.int64])
@pytest.mark.parametrize("k", [1, 5, 23])
@pytest.mark.parametrize("axis, shape", [(1, (3, 23, 21)), (2, (3, 5, 151))])
def test_top_k(tmp_path, level, axis, shape, dtype, k, largest):
    if np.issubdtype(dtype, np.floating):
        special = np.array([np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-7, -1e-7], dtype)
        x = np.where(RNG.random(shape) < 0.6, RNG.choice(special, shape), RNG.standard_normal(shape))
    else:
        info = np.iinfo(dtype)
        x = RNG.choice(np.array([info.min, info.max, 0, 1, info.max - 1], dtype), shape)
    x = x.astype(dtype)
    kind = helper.np_dtype_to_tensor_dtype(x.dtype)
    graph = helper.make_graph(
        [helper.make_node("TopK", ["x", "k"], ["v", "i"], axis=axis, largest=largest)], "g",
        [helper.make_tensor_value_info("x", kind, x.shape)],
        [helper.make_tensor_value_info("v", kind, None), helper.make_tensor_value_info("i", TensorProto.INT64, None)],
        [numpy_helper.from_array(np.array([k]), "k")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 24)])
    model.ir_version = 11
    onnx.save(model, tmp_path / "model.onnx")
    library = nnc.compile(tmp_path / "model.onnx", tmp_path / "model.so", cpu=level)
    places = np.take(np.apply_along_axis(places_in_order, axis, x, largest), range(k), axis)
    for threads in (1, 3):
        got = nnc.load(library, threads=threads).run({"x": x})
        np.testing.assert_array_equal(got["i"], places)
        np.testing.assert_array_equal(got["v"], np.take_along_axis(x, places, axis))


@pytest.mark.parametrize("centered", [0, 1])
@pytest.mark.parametrize("boxes, limit", [(1, 5), (64, 3), (300, 1000)])
def test_suppression(tmp_path, level, boxes, limit, centered):
    """Few different scores, so that most are equal; boxes without an area, and two opposite corners in any order."""
    pytest.importorskip("onnxruntime")
    feeds = {
        "boxes": RNG.uniform(0, 10, (2, boxes, 4)).round(1).astype(np.float32),
        "scores": RNG.integers(-3, 4, (2, 3, boxes)).astype(np.float32) / 4,
    }
    feeds["boxes"][:, ::7, 2:] = 0 if centered else feeds["boxes"][:, ::7, :2]
    limits = [numpy_helper.from_array(np.array(value, kind), name) for name, value, kind in (
        ("most", [limit], np.int64), ("overlap", [0.4], np.float32), ("least", [-0.5], np.float32))]
    node = helper.make_node("NonMaxSuppression", [*feeds, "most", "overlap", "least"], ["y"], center_point_box=centered)
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, array.shape) for name, array in feeds.items()]
    beside_ort.check(tmp_path, level, [node], inputs, [helper.make_tensor_value_info("y", TensorProto.INT64, None)], feeds,
                     limits, rtol=0, atol=0)


@pytest.mark.parametrize("extent", [3000, "n"])
def test_suppression_of_many(tmp_path, level, extent):
    """More chosen boxes of a class than are kept apart from the result, and boxes that only one of the last overlaps."""
    pytest.importorskip("onnxruntime")
    corners = RNG.uniform(0, 1000, (1, 2500, 2))
    boxes = np.concatenate([corners, corners + RNG.uniform(1, 20, corners.shape)], -1)
    boxes = np.concatenate([boxes, boxes[:, RNG.permutation(2500)[:500]] + 0.01], 1).astype(np.float32)
    scores = RNG.random((1, 2, 3000), dtype=np.float32)
    scores[:, :, 2500:] *= 0.01
    feeds = {"boxes": boxes, "scores": scores}
    limits = [numpy_helper.from_array(np.array(value, kind), name) for name, value, kind in (
        ("most", [3000], np.int64), ("overlap", [0.4], np.float32), ("least", [0.0], np.float32))]
    node = helper.make_node("NonMaxSuppression", [*feeds, "most", "overlap", "least"], ["y"])
    inputs = [helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, extent, 4]),
              helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 2, extent])]
    beside_ort.check(tmp_path, level, [node], inputs, [helper.make_tensor_value_info("y", TensorProto.INT64, None)], feeds,
                     limits, rtol=0, atol=0)


def test_suppression_without_boxes(tmp_path, level):
    pytest.importorskip("onnxruntime")
    feeds = {"boxes": np.zeros((1, 0, 4), np.float32), "scores": np.zeros((1, 2, 0), np.float32)}
    most = numpy_helper.from_array(np.array([5]), "most")
    inputs = [helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, "n", 4]),
              helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 2, "n"])]
    beside_ort.check(tmp_path, level, [helper.make_node("NonMaxSuppression", [*feeds, "most"], ["y"])], inputs,
                     [helper.make_tensor_value_info("y", TensorProto.INT64, None)], feeds, [most], rtol=0, atol=0)
