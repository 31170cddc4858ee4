"""Sampling at the locations of a grid, against ONNX Runtime: blocks of locations with whole vectors and a rest, images
that a thread shares with others, and taps outside, where what is read in their place does not count."""

import beside_ort
import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import helper

RNG = np.random.default_rng(7)


def check(tmp_path, level, image, grid, dims=None, **attributes):
    node = helper.make_node("GridSample", ["x", "g"], ["y"], **attributes)
    kinds = {"x": image, "g": grid}
    inputs = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype),
                                            dims[name] if dims else array.shape) for name, array in kinds.items()]
    outputs = [helper.make_tensor_value_info("y", helper.np_dtype_to_tensor_dtype(image.dtype), None)]
    beside_ort.check(tmp_path, level, [node], inputs, outputs, kinds, rtol=0, atol=2e-5)


def locations(*shape):
    """Mostly inside, some outside."""
    return RNG.uniform(-1.2, 1.2, shape).astype(np.float32)


@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("corners", [0, 1])
def test_modes(tmp_path, level, mode, padding, corners):
    image = RNG.standard_normal((2, 3, 9, 12)).astype(np.float32)
    check(tmp_path, level, image, locations(2, 23, 37, 2), mode=mode, padding_mode=padding, align_corners=corners)


@pytest.mark.parametrize("rows, columns", [(1, 5), (300, 4), (2, 700), (16, 16)])
def test_blocks_of_locations(tmp_path, level, rows, columns):
    image = RNG.standard_normal((3, 5, 16, 16)).astype(np.float32)
    dims = {"x": ("n", 5, "h", "w"), "g": ("n", "r", "c", 2)}
    grid = locations(3, rows, columns, 2)
    check(tmp_path, level, image, grid)
    check(tmp_path, level, image, grid, dims)


def test_what_is_outside_does_not_count(tmp_path, level):
    image = RNG.standard_normal((1, 2, 8, 8)).astype(np.float32)
    image[:, :, [0, -1]] = np.inf
    image[:, :, :, [0, -1]] = np.nan
    # Beyond the border pixels, which are read in place of what lies outside.
    grid = np.sign(locations(1, 20, 20, 2)) * np.float32(1.4)
    check(tmp_path, level, image, grid, mode="bilinear", padding_mode="zeros")
