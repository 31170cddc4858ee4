"""Rows whose elements are repeated, and neighbours that are not, against ONNX Runtime."""

import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
from onnx import helper, numpy_helper

MODES = [
    ("asymmetric", "floor"),
    ("half_pixel", "round_prefer_floor"),
    ("half_pixel", "round_prefer_ceil"),
    ("pytorch_half_pixel", "round_prefer_floor"),
    ("half_pixel_symmetric", "round_prefer_ceil"),
    # What these repeat is not each element as often as the others.
    ("asymmetric", "ceil"),
    ("asymmetric", "round_prefer_floor"),
    ("half_pixel", "floor"),
]


@pytest.mark.parametrize("coordinates, nearest", MODES)
@pytest.mark.parametrize("times", [(1, 2), (3, 3), (1, 8), (2, 1.5)])
def test_nearest(tmp_path, level, coordinates, nearest, times):
    """Rows shorter than a vector, of whole vectors, and with a rest."""
    nodes, inputs, outputs, x = [], [], [], {}
    for width, dtype in ((1, np.float32), (7, np.int8), (16, np.uint8), (45, np.float32)):
        name = f"x{width}"
        x[name] = np.random.default_rng(width).integers(0, 100, (2, 3, 6, width)).astype(dtype)
        kind = helper.np_dtype_to_tensor_dtype(x[name].dtype)
        nodes.append(helper.make_node("Resize", [name, "", "scales"], [f"y{width}"], mode="nearest",
                                      nearest_mode=nearest, coordinate_transformation_mode=coordinates))
        inputs.append(helper.make_tensor_value_info(name, kind, x[name].shape))
        outputs.append(helper.make_tensor_value_info(f"y{width}", kind, None))
    scales = numpy_helper.from_array(np.array((1, 1, *times), np.float32), "scales")
    graph = helper.make_graph(nodes, "g", inputs, outputs, [scales])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)])
    model.ir_version = 9
    path = tmp_path / "resize.onnx"
    onnx.save(model, path)
    expected = ort.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, x)
    library = nnc.compile(path, path.with_suffix(".so"), cpu=level)
    for threads in (1, 3):
        for got, wanted in zip(nnc.load(library, threads=threads).run(x).values(), expected, strict=True):
            np.testing.assert_array_equal(got, wanted)
