"""Regions of an image, against ONNX Runtime: samples that are kept for all channels, too many to be kept, regions beyond
the image, and threads that share a region's channels."""

import beside_ort
import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import helper

RNG = np.random.default_rng(11)
F32, I64 = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64


@pytest.mark.parametrize("ratio", [0, 1, 3])
@pytest.mark.parametrize("mode", ["half_pixel", "output_half_pixel"])
@pytest.mark.parametrize("channels, size, bins", [
    (40, (20, 30), (7, 7)),
    (3, (17, 9), (2, 5)),
    (2, (900, 40), (1, 2)),  # with a sample for every position more than are kept
])
def test_means(tmp_path, level, channels, size, bins, ratio, mode):
    feeds = {
        "x": RNG.standard_normal((2, channels, *size)).astype(np.float32),
        "rois": np.sort(RNG.uniform(-8, 2 * max(size), (9, 2, 2)), axis=1).reshape(9, 4).astype(np.float32),
        "batch": RNG.integers(0, 2, 9),
    }
    node = helper.make_node("RoiAlign", list(feeds), ["y"], output_height=bins[0], output_width=bins[1], mode="avg",
                            sampling_ratio=ratio, spatial_scale=0.5, coordinate_transformation_mode=mode)
    inputs = [helper.make_tensor_value_info(name, I64 if name == "batch" else F32, array.shape)
              for name, array in feeds.items()]
    beside_ort.check(tmp_path, level, [node], inputs, [helper.make_tensor_value_info("y", F32, None)], feeds,
                     rtol=0, atol=2e-5)
