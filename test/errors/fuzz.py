"""Fuzzed files: truncations and bit flips of a small model with weights, attributes and a subgraph."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ANY_VERDICT = "reject_or_accept_no_crash"


def small_model(rng):
    """Conv, Relu, Reshape by a computed shape, Gemm and an If: most kinds of things a file can lie about."""

    def weights(name, *dims):
        return numpy_helper.from_array(rng.standard_normal(dims).astype(np.float32), name)

    def branch(name, operator):
        return helper.make_graph(
            [helper.make_node(operator, ["scores"], [name], name=f"{name}_node")],
            name,
            [],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 5])],
        )

    nodes = [
        helper.make_node(
            "Conv",
            ["image", "kernel", "bias"],
            ["c"],
            name="conv",
            kernel_shape=[3, 3],
            pads=[1, 1, 1, 1],
            strides=[2, 2],
        ),
        helper.make_node("Relu", ["c"], ["r"], name="relu"),
        helper.make_node("Shape", ["r"], ["s"], name="shape", end=1),
        helper.make_node("Concat", ["s", "minus_one"], ["t"], name="concat", axis=0),
        helper.make_node("Reshape", ["r", "t"], ["f"], name="reshape"),
        helper.make_node("Gemm", ["f", "matrix"], ["scores"], name="gemm", alpha=0.5, transB=1),
        helper.make_node(
            "If",
            ["flag"],
            ["out"],
            name="if",
            then_branch=branch("yes", "Softmax"),
            else_branch=branch("no", "Sigmoid"),
        ),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [
            helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 2, 8, 8]),
            helper.make_tensor_value_info("flag", TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["N", 5])],
        [
            weights("kernel", 3, 2, 3, 3),
            weights("bias", 3),
            weights("matrix", 5, 48),
            numpy_helper.from_array(np.array([-1], np.int64), "minus_one"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def write_cases(folder, count, seed):
    """Writes `count` fuzzed files; (name, path, expectation) of each. The unharmed file comes first."""
    if count == 0:
        return []
    rng = np.random.default_rng(seed)
    data = small_model(rng).SerializeToString(deterministic=True)
    variants = {"fuzz/unharmed": (data, "accept")}
    for index in range(count):
        harmed = bytearray(data)
        if index % 4 == 0:
            del harmed[int(rng.integers(1, len(data))) :]
            name = f"fuzz/truncated_{index}"
        else:
            # Flips in the weights say little: most go into what lies around them.
            positions = rng.integers(0, len(data), size=1 + index % 3)
            for position in positions:
                harmed[int(position)] ^= 1 << int(rng.integers(0, 8))
            name = f"fuzz/flipped_{index}"
        variants[name] = bytes(harmed), ANY_VERDICT
    cases = []
    for name, (content, expect) in variants.items():
        path = folder / f"{name.replace('/', '_')}.onnx"
        path.write_bytes(content)
        cases.append((name, path, expect))
    return cases
