"""Blocks summed into images against ONNX Runtime: strides, dilations and pads of all kinds, one to three spatial dims, and
images, blocks and batches that only the run knows."""

import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper

CASES = [
    # image, block, attributes
    ((12, 17), (3, 3), dict(pads=[1] * 4)),
    ((28, 28), (3, 3), dict(pads=[1] * 4, strides=[2, 2])),
    ((10, 13), (2, 2), dict(strides=[2, 3])),
    ((11, 9), (3, 2), dict(pads=[2, 0, 1, 3], strides=[3, 2], dilations=[2, 4])),
    # Of four phases the dilated taps reach two.
    ((13, 6), (3, 1), dict(strides=[4, 1], dilations=[2, 1])),
    ((1, 40), (1, 16), dict(strides=[1, 4], pads=[0, 6, 0, 6])),
    ((1, 2000), (1, 400), dict(strides=[1, 160])),
    ((1, 4000), (2, 1500), dict(strides=[2000, 250], pads=[0, 0, 1, 0])),
    ((5, 6, 7), (2, 3, 1), dict(pads=[1, 0, 0, 1, 2, 0], strides=[1, 2, 3])),
]


def attributes_of(case):
    image, block, attributes = case
    n = len(image)
    return dict(pads=[0] * 2 * n, strides=[1] * n, dilations=[1] * n) | attributes


def blocks_of(case):
    image, block, _ = case
    a = attributes_of(case)
    return [(image[i] + a["pads"][i] + a["pads"][len(image) + i] - (block[i] - 1) * a["dilations"][i] - 1) //
            a["strides"][i] + 1 for i in range(len(image))]


def reference(x, case):
    """Each block added where it came from."""
    image, block, _ = case
    a = attributes_of(case)
    n, counts = len(image), blocks_of(case)
    x = x.astype(np.float64 if x.dtype.kind == "f" else x.dtype)
    x = x.reshape(x.shape[0], -1, *block, *counts)
    y = np.zeros((*x.shape[:2], *(image[i] + a["pads"][i] + a["pads"][n + i] for i in range(n))), x.dtype)
    for tap in np.ndindex(*block):
        at = tuple(slice(tap[i] * a["dilations"][i], tap[i] * a["dilations"][i] + (counts[i] - 1) * a["strides"][i] + 1,
                         a["strides"][i]) for i in range(n))
        y[(..., *at)] += x[(slice(None), slice(None), *tap)]
    return y[(..., *(slice(a["pads"][i], a["pads"][i] + image[i]) for i in range(n)))]


def model_of(case, known, dtype=TensorProto.FLOAT, columns=None):
    """`known`: whether the batch, the image's and the block's shape are, one letter each."""
    image, block, _ = case
    attributes = attributes_of(case)
    shape = columns or [2, 3 * int(np.prod(block)), int(np.prod(blocks_of(case)))]
    dims = shape if "n" in known else ["n", shape[1], "l"]
    inputs, initializers = [helper.make_tensor_value_info("x", dtype, dims)], []
    for letter, name, value in (("i", "image", image), ("b", "block", block)):
        if letter in known:
            initializers.append(numpy_helper.from_array(np.array(value, np.int64), name))
        else:
            inputs.append(helper.make_tensor_value_info(name, TensorProto.INT64, [len(value)]))
    node = helper.make_node("Col2Im", ["x", "image", "block"], ["y"], **attributes)
    outputs = [helper.make_tensor_value_info("y", dtype, None)]
    graph = helper.make_graph([node], "g", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 8
    return model, shape


@pytest.mark.parametrize("known", ["nib", "ib", "b", "ni", ""])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_col2im(tmp_path, level, case, known):
    model, shape = model_of(case, known)
    onnx.save(model, tmp_path / "model.onnx")
    feeds = {"x": np.random.default_rng(1).standard_normal(shape).astype(np.float32)}
    for letter, name, value in (("i", "image", case[0]), ("b", "block", case[1])):
        if letter not in known:
            feeds[name] = np.array(value, np.int64)
    expected = reference(feeds["x"], case)
    if len(case[0]) == 2:
        theirs = ort.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"]).run(None, feeds)[0]
        np.testing.assert_allclose(theirs, expected, rtol=0, atol=1e-5)
    library = nnc.compile(tmp_path / "model.onnx", tmp_path / "model.so", cpu=level)
    for threads in (1, 3):
        np.testing.assert_allclose(nnc.load(library, threads=threads).run(feeds)["y"], expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("known", ["nib", ""])
@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int32, np.uint8], ids=lambda t: t.__name__)
def test_element_types(tmp_path, dtype, known):
    case = CASES[1]
    model, shape = model_of(case, known, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
    onnx.save(model, tmp_path / "model.onnx")
    x = np.random.default_rng(2).integers(0, 20, shape).astype(dtype)
    feeds = {"x": x} if known else {"x": x, "image": np.array(case[0], np.int64), "block": np.array(case[1], np.int64)}
    got = nnc.load(nnc.compile(tmp_path / "model.onnx", tmp_path / "model.so")).run(feeds)["y"]
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, reference(x, case).astype(dtype))


@pytest.mark.parametrize("case, columns, message", [
    (CASES[0], [2, 26, 204], "dim 1 has extent 26, which is no multiple of the block's 9 elements"),
    (CASES[0], [2, 27, 203], "dim 2 has extent 203, but the image has 204 blocks"),
    (((12, 17), (3, 3), dict(strides=[1])), None, "strides and dilations need 2 entries, pads 4"),
    (((12, 17), (3, 0), {}), [2, 27, 204], "block shape, strides and dilations must be positive, pads not negative"),
    (((12, 17), (3, 1 << 62), {}), None, "and all below 2^31"),
    (((12, 17), (3, 3), dict(pads=[0, 1 << 62, 0, 1 << 62])), None, "and all below 2^31"),
    (((12, 1 << 62), (3, 3), {}), None, "extent 4611686018427387904 of the image must be positive and below 2^31"),
    (((12, 17), (1 << 30,) * 2, {}), None, "no multiple of the block's 1152921504606846976 elements"),
    (((12, 17), (3, 3, 3), {}), [2, 27, 204], "image_shape and block_shape must have an entry for every spatial dim"),
])
def test_what_does_not_fit(tmp_path, case, columns, message):
    columns = columns or [2, 27, 204]
    model, _ = model_of(case, "nib", columns=columns)
    onnx.save(model, tmp_path / "model.onnx")
    with pytest.raises(nnc.CompileError) as error:
        nnc.compile(tmp_path / "model.onnx", tmp_path / "model.so")
    assert message in str(error.value)


def test_what_does_not_fit_at_run_time(tmp_path):
    model, shape = model_of(CASES[0], "")
    onnx.save(model, tmp_path / "model.onnx")
    model = nnc.load(nnc.compile(tmp_path / "model.onnx", tmp_path / "model.so"))
    feeds = {"x": np.ones(shape, np.float32), "image": np.array([12, 18], np.int64), "block": np.array([3, 3], np.int64)}
    with pytest.raises(nnc.RunError):
        model.run(feeds)


@pytest.mark.parametrize("known", ["nib", "ib"])
def test_frames_of_a_signal_are_few_kernels(tmp_path, known):
    """Not one for each of 400 taps, whose sum takes half a minute to compile."""
    model, _ = model_of(CASES[6], known)
    onnx.save(model, tmp_path / "model.onnx")
    nnc.compile(tmp_path / "model.onnx", tmp_path / "model.mlir", emit="graph")
    assert (tmp_path / "model.mlir").read_text().count("nn.group") < 10
