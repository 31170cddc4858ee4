"""Convolutions with moving taps against ONNX Runtime: groups of channels and of offsets, masks, windows of all kinds, and
extents that only the run knows."""

import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper

CASES = [
    # channels, filters, groups, offset groups, kernel, image, attributes
    (8, 6, 1, 1, (3, 3), (12, 17), dict(pads=[1] * 4)),
    (8, 6, 2, 4, (3, 3), (9, 11), dict(pads=[1, 0, 2, 1], strides=[2, 1])),
    (16, 32, 1, 2, (3, 2), (15, 14), dict(dilations=[2, 3], pads=[2, 3, 2, 0])),
    (4, 4, 4, 1, (1, 5), (7, 30), dict(pads=[0, 2, 0, 2])),
]


def model_of(case, mask, bias, known=True):
    channels, filters, groups, offset_groups, kernel, image, attributes = case
    taps = kernel[0] * kernel[1]
    pads, strides = attributes.get("pads", [0] * 4), attributes.get("strides", [1, 1])
    dilations = attributes.get("dilations", [1, 1])
    rows, columns = (
        (image[i] + pads[i] + pads[2 + i] - (kernel[i] - 1) * dilations[i] - 1) // strides[i] + 1 for i in range(2))
    rng = np.random.default_rng(taps)
    feeds = {
        "x": rng.standard_normal((2, channels, *image)),
        "w": rng.standard_normal((filters, channels // groups, *kernel)),
        # Far enough to leave the image, too.
        "offset": 3 * rng.standard_normal((2, offset_groups * taps * 2, rows, columns)),
        "bias": rng.standard_normal(filters) if bias else None,
        "mask": rng.random((2, offset_groups * taps, rows, columns)) if mask else None,
    }
    feeds = {name: array.astype(np.float32) for name, array in feeds.items() if array is not None}
    names = [name if name in feeds else "" for name in ("x", "w", "offset", "bias", "mask")]
    node = helper.make_node("DeformConv", names, ["y"], group=groups, offset_group=offset_groups, **attributes)
    dims = {"x": ["n", channels, "h", "w"], "offset": ["n", offset_groups * taps * 2, "r", "c"],
            "mask": ["n", offset_groups * taps, "r", "c"]}
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, array.shape if known else dims.get(name, array.shape))
        for name, array in feeds.items()
    ]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    model = helper.make_model(helper.make_graph([node], "g", inputs, outputs), opset_imports=[helper.make_opsetid("", 19)])
    model.ir_version = 9
    return model, feeds


@pytest.mark.parametrize("known", [True, False], ids=["static", "dynamic"])
@pytest.mark.parametrize("mask, bias", [(True, True), (False, False)])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_deformable(tmp_path, level, case, mask, bias, known):
    model, feeds = model_of(case, mask, bias, known)
    onnx.save(model, tmp_path / "model.onnx")
    expected = ort.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"]).run(None, feeds)[0]
    library = nnc.compile(tmp_path / "model.onnx", tmp_path / "model.so", cpu=level)
    for threads in (1, 3):
        got = nnc.load(library, threads=threads).run(feeds)["y"]
        np.testing.assert_allclose(got, expected, rtol=0, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name, dim, extent, message", [
    ("offset", 1, 17, "the offsets must have the shape [N, 18, rows, columns] of the result's rows and columns"),
    ("offset", 2, 11, "the offsets must have the shape [N, 18, rows, columns] of the result's rows and columns"),
    ("mask", 1, 8, "the mask must have the shape [N, 9, rows, columns] of the result's rows and columns"),
    ("x", 1, 9, "group and offset_group must divide the 9 channels"),
])
def test_what_does_not_fit(tmp_path, name, dim, extent, message):
    model, _ = model_of((8, 6, 2, 1, (3, 3), (12, 17), dict(pads=[1] * 4)), True, False)
    (value,) = (value for value in model.graph.input if value.name == name)
    value.type.tensor_type.shape.dim[dim].dim_value = extent
    onnx.save(model, tmp_path / "model.onnx")
    with pytest.raises(nnc.CompileError) as error:
        nnc.compile(tmp_path / "model.onnx", tmp_path / "model.so")
    assert message in str(error.value)
