"""Products and convolutions with constant weights, whose kernels the conformance suite (its weights are inputs) never
meets, against ONNX Runtime."""

import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper

TYPES = {np.float32: TensorProto.FLOAT, np.float16: TensorProto.FLOAT16}
RNG = np.random.default_rng(7)


def normal(shape, dtype=np.float32):
    return RNG.standard_normal(shape).astype(dtype)


def epilogue(kind, extent, dtype):
    """Nodes from `c` to `y`, and their constants."""
    nodes, constants = {
        "": ([("Identity", "c")], {}),
        "relu": ([("Relu", "c")], {}),
        # Long enough not to be repeated for every register.
        "silu": ([("Sigmoid", "c"), ("Mul", "c", "t0")], {}),
        "row": ([("Add", "c", "r"), ("Relu", "t0")], {"r": normal((extent,), dtype)}),
        "twice": ([("Neg", "c"), ("Tanh", "t0"), ("Add", "c", "t1")], {}),
    }[kind]
    names = [f"t{i}" for i in range(len(nodes) - 1)] + ["y"]
    return [helper.make_node(op, list(inputs), [name]) for (op, *inputs), name in zip(nodes, names)], constants


def check(tmp_path, node, x, dims, constants, kind, extent, level):
    nodes, more = epilogue(kind, extent, x.dtype.type)
    compare(tmp_path, [node, *nodes], {"x": x}, {"x": dims}, {**constants, **more}, level)


def compare(tmp_path, nodes, inputs, dims, constants, level, domains=(("", 17),)):
    """Runs the nodes here and in ONNX Runtime; `y` is the result."""
    dtype = next(iter(inputs.values())).dtype.type
    graph = helper.make_graph(
        nodes,
        "contraction",
        [helper.make_tensor_value_info(name, TYPES[x.dtype.type], dims[name]) for name, x in inputs.items()],
        [helper.make_tensor_value_info("y", TYPES[dtype], None)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid(*domain) for domain in domains])
    model.ir_version = 8
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, inputs)
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    tolerance = 2e-4 if dtype == np.float32 else 5e-3
    library = nnc.compile(path, tmp_path / "model.so", cpu=level)
    for threads in (1, 3):
        (got,) = nnc.load(library, threads=threads).run(inputs).values()
        assert got.shape == expected.shape
        scale = np.abs(expected.astype(np.float64)).max(initial=1e-9)
        np.testing.assert_allclose(got / scale, expected / scale, rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    "rows, depth, columns, dims, kind",
    [
        ((48,), 64, 32, None, ""),
        ((7,), 5, 19, None, "row"),
        ((1,), 70, 400, None, "row"),
        ((2,), 64, 1000, None, "relu"),
        ((13,), 70, 50, ["n", 70], "row"),
        ((1,), 70, 160, ["n", 70], "silu"),
        ((0,), 70, 160, ["n", 70], "silu"),
        ((2, 11), 40, 33, ["b", "s", 40], "silu"),
        ((2, 3, 9), 16, 24, ["b", 3, 9, 16], "silu"),
        ((130,), 300, 200, None, "twice"),
        ((5,), 9, 3, None, ""),
        ((70,), 300, 1, None, "row"),
        ((2, 9), 65, 2, ["b", "s", 65], "silu"),
        # Long sums are cut.
        ((50,), 1700, 70, None, "row"),
        ((20,), 3000, 33, ["n", 3000], "silu"),
        ((3, 30), 1600, 48, ["b", 30, 1600], ""),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_product(tmp_path, level, rows, depth, columns, dims, kind, dtype):
    x = normal((*rows, depth), dtype)
    node = helper.make_node("MatMul", ["x", "w"], ["c"])
    check(tmp_path, node, x, dims or x.shape, {"w": normal((depth, columns), dtype)}, kind, columns, level)


@pytest.mark.parametrize(
    "a, b, dims_a, dims_b",
    [
        ((8, 40), (40, 33), None, None),
        ((37, 70), (70, 64), ["m", 70], None),
        ((37, 70), (70, 64), ["m", "k"], ["k", 64]),
        ((2, 3, 9, 16), (2, 3, 16, 24), None, None),
        ((2, 3, 9, 16), (3, 16, 24), None, None),
        ((9, 16), (2, 3, 16, 17), None, None),
        ((2, 1, 9, 16), (1, 3, 16, 17), None, None),
        ((2, 3, 9, 16), (2, 3, 16, 24), ["b", 3, "s", 16], ["b", 3, 16, 24]),
        ((2, 3, 9, 16), (1, 3, 16, 24), ["b", 3, 9, 16], ["c", 3, 16, 24]),
        ((5, 1, 70), (70, 48), None, None),
        ((30, 1300), (1300, 40), None, None),
        ((2, 30, 1300), (2, 1300, 40), None, None),
        ((6, 9), (9, 2), None, None),
        # Columns that fill no vector.
        ((70, 300), (300, 1), None, None),
        ((3, 9, 65), (3, 65, 5), ["b", "s", 65], None),
        ((1, 300), (300, 4), None, None),
        ((1, 30), (30, 70), None, None),
        # As they lie: unknown columns, few rows.
        ((9, 70), (70, 300), ["m", 70], [70, "n"]),
        ((3, 16), (16, 70), ["m", "k"], ["k", "n"]),
        ((2, 3, 9, 16), (2, 1, 16, 40), ["b", 3, "m", 16], ["b", 1, 16, "n"]),
        ((2, 100), (100, 333), None, None),
        ((1, 300), (300, 1111), None, None),
        ((3, 2, 70), (3, 70, 65), None, None),
    ],
)
@pytest.mark.parametrize("transposed", ["", "a", "b", "ab"])
def test_product_of_inputs(tmp_path, level, a, b, dims_a, dims_b, transposed):
    """Right factors that are not constant, and either factor transposed."""
    inputs, dims, nodes = {}, {}, []
    for name, shape, extents in (("a", a, dims_a), ("b", b, dims_b)):
        extents = list(extents or shape)
        if name in transposed:
            perm = [*range(len(shape) - 2), len(shape) - 1, len(shape) - 2]
            nodes.append(helper.make_node("Transpose", [name], [name + "t"], perm=perm))
            shape, extents = [shape[i] for i in perm], [extents[i] for i in perm]
        inputs[name], dims[name] = normal(shape), extents
    operands = [name + "t" if name in transposed else name for name in "ab"]
    nodes.append(helper.make_node("MatMul", operands, ["c"]))
    more, constants = epilogue("row", b[-1], np.float32)
    compare(tmp_path, [*nodes, *more], inputs, dims, constants, level)


@pytest.mark.parametrize(
    "a, b",
    [((70,), (70, 300)), ((70,), (70,)), ((37, 70), (70,)), ((2, 9, 300), (300,)), ((70,), (2, 70, 9)), ((0,), (0, 5))],
)
def test_product_with_vector(tmp_path, level, a, b):
    node = helper.make_node("MatMul", ["a", "b"], ["y"])
    compare(tmp_path, [node], {"a": normal(a), "b": normal(b)}, {"a": a, "b": b}, {}, level)


@pytest.mark.parametrize(
    "x, w, attributes, dims, kind",
    [
        ((2, 8, 14, 14), (16, 8, 3, 3), {"pads": [1] * 4}, None, "relu"),
        ((1, 3, 33, 31), (10, 3, 3, 3), {"pads": [1, 0, 1, 2], "strides": [2, 2]}, None, "silu"),
        ((1, 5, 29, 27), (7, 5, 3, 3), {"pads": [2, 1, 0, 3], "strides": [3, 3], "dilations": [2, 2]}, None, ""),
        ((2, 24, 9, 7), (40, 24, 1, 1), {}, None, "twice"),
        ((1, 24, 15, 15), (13, 24, 1, 1), {"strides": [2, 2]}, None, ""),
        ((1, 12, 10, 10), (12, 4, 3, 3), {"pads": [1] * 4, "group": 3}, None, "relu"),
        ((1, 9, 20, 20), (9, 1, 3, 3), {"pads": [1] * 4, "group": 9}, None, "relu"),
        ((1, 9, 21, 21), (9, 1, 5, 5), {"pads": [2] * 4, "group": 9, "strides": [2, 2]}, None, "silu"),
        ((2, 6, 50), (11, 6, 5), {"pads": [2, 2]}, None, "relu"),
        ((1, 4, 7, 8, 9), (9, 4, 3, 3, 3), {"pads": [1] * 6}, None, "silu"),
        ((1, 512, 7, 7), (300, 512, 3, 3), {"pads": [1] * 4}, None, "relu"),
        ((1, 2000, 5, 5), (20, 2000, 1, 1), {}, None, "twice"),
        ((1, 8, 12, 20), (8, 8, 3, 3), {"pads": [1] * 4}, None, "row"),
        ((2, 8, 13, 17), (10, 8, 3, 3), {"pads": [1] * 4}, ["n", 8, "h", "w"], "silu"),
        ((3, 8, 13, 17), (10, 8, 3, 3), {"pads": [1] * 4}, ["n", 8, 13, "w"], "relu"),
        ((1, 8, 14, 17), (10, 8, 3, 3), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, ["n", 8, "h", "w"], ""),
        ((1, 8, 14, 17), (10, 8, 4, 3), {"auto_pad": "SAME_LOWER", "strides": [2, 3]}, ["n", 8, "h", "w"], ""),
        ((1, 16, 14, 14), (1, 16, 3, 3), {"pads": [1] * 4}, None, ""),
        ((1, 3, 2, 2), (2, 3, 2, 2), {}, None, ""),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_convolution(tmp_path, level, x, w, attributes, dims, kind, dtype):
    node = helper.make_node("Conv", ["x", "w", "b"], ["c"], **attributes)
    constants = {"w": normal(w, dtype), "b": normal(w[:1], dtype)}
    check(tmp_path, node, normal(x, dtype), dims or x, constants, kind, x[-1], level)
