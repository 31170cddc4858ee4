"""Resizing of plain images against ONNX Runtime: rows whose elements are repeated, rows that are summed before they are
gathered, and neighbours of either that are not."""

import beside_ort
import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
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


def check(tmp_path, level, inputs, scales, tolerance, **attributes):
    """Resizes each input [N,C,H,W] by a node of its own."""
    x = {f"x{i}": value for i, value in enumerate(inputs)}
    nodes, types = [], {"x": [], "y": []}
    for i, value in enumerate(inputs):
        kind = helper.np_dtype_to_tensor_dtype(value.dtype)
        nodes.append(helper.make_node("Resize", [f"x{i}", "", "scales"], [f"y{i}"], **attributes))
        types["x"].append(helper.make_tensor_value_info(f"x{i}", kind, value.shape))
        types["y"].append(helper.make_tensor_value_info(f"y{i}", kind, None))
    initial = numpy_helper.from_array(np.array((1, 1, *scales), np.float32), "scales")
    beside_ort.check(tmp_path, level, nodes, types["x"], types["y"], x, [initial], rtol=0, atol=tolerance)


def image(height, width, dtype=np.float32):
    return np.random.default_rng(width).integers(0, 100, (2, 3, height, width)).astype(dtype)


@pytest.mark.parametrize("coordinates, nearest", MODES)
@pytest.mark.parametrize("times", [(1, 2), (3, 3), (1, 8), (2, 1.5)])
def test_nearest(tmp_path, level, coordinates, nearest, times):
    """Rows shorter than a vector, of whole vectors, and with a rest."""
    inputs = [image(6, 1), image(6, 7, np.int8), image(6, 16, np.uint8), image(6, 45)]
    check(tmp_path, level, inputs, times, 0, mode="nearest", nearest_mode=nearest,
          coordinate_transformation_mode=coordinates)


@pytest.mark.parametrize("mode, attributes", [
    ("linear", dict(coordinate_transformation_mode="half_pixel")),
    ("linear", dict(coordinate_transformation_mode="asymmetric")),
    ("linear", dict(antialias=1, exclude_outside=1)),
    ("cubic", dict(coordinate_transformation_mode="pytorch_half_pixel")),
    ("cubic", dict(exclude_outside=1)),
    ("cubic", dict(antialias=1)),
], ids=str)
@pytest.mark.parametrize("scales", [(2, 2), (1, 3), (1.5, 4), (0.5, 1), (2, 0.2)])
def test_interpolated(tmp_path, level, mode, attributes, scales):
    """Of long rows beside few results each result reads what it needs of them."""
    widths = (1, 7, 16, 45) if scales[1] >= 1 else (40, 160)
    check(tmp_path, level, [image(6, width) for width in widths], scales, 1e-3, mode=mode, **attributes)
