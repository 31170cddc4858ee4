"""Sequences whose length is known at compile time, which are lists of values."""

import beside_ort
import numpy as np
import pytest

pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper

RNG = np.random.default_rng(3)


def constant(name, value):
    return numpy_helper.from_array(np.array(value), name)


def check(tmp_path, nodes, constants, shape, outputs=("y",)):
    """x: [3,8] or so, unless a name stands for an extent."""
    x = RNG.standard_normal([5 if isinstance(extent, str) else extent for extent in shape]).astype(np.float32)
    kinds = [TensorProto.INT64 if name == "n" else TensorProto.FLOAT for name in outputs]
    beside_ort.check(tmp_path, "native", nodes, [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                     [helper.make_tensor_value_info(name, kind, None) for name, kind in zip(outputs, kinds)], {"x": x},
                     constants, rtol=1e-6, atol=1e-6)


def test_a_list_is_built_and_read(tmp_path):
    """Inserted in front, in the middle, before the last one and behind it; one taken out again."""
    nodes = [
        helper.make_node("Neg", ["x"], ["a"]), helper.make_node("Exp", ["x"], ["b"]),
        helper.make_node("Abs", ["x"], ["c"]), helper.make_node("SequenceEmpty", [], ["s0"]),
        helper.make_node("SequenceInsert", ["s0", "a"], ["s1"]),
        helper.make_node("SequenceInsert", ["s1", "b", "zero"], ["s2"]),
        helper.make_node("SequenceInsert", ["s2", "c", "last"], ["s3"]),
        helper.make_node("SequenceInsert", ["s3", "x", "three"], ["s4"]),
        helper.make_node("SequenceErase", ["s4", "one"], ["s5"]), helper.make_node("SequenceErase", ["s5"], ["s6"]),
        helper.make_node("ConcatFromSequence", ["s4"], ["all"], axis=0),
        helper.make_node("ConcatFromSequence", ["s6"], ["some"], axis=-1, new_axis=1),
        helper.make_node("SequenceAt", ["s4", "last"], ["at"]), helper.make_node("SequenceLength", ["s5"], ["n"]),
    ]  # fmt: skip
    constants = [constant("zero", 0), constant("one", 1), constant("three", 3), constant("last", -1)]
    check(tmp_path, nodes, constants, ["rows", 4], ["all", "some", "at", "n"])


@pytest.mark.parametrize("axis, keepdims, split", [
    (0, 1, None), (1, 0, None), (1, 1, 3), (-1, 1, [1, 4, 3]), (0, 1, [3])])
def test_split(tmp_path, axis, keepdims, split):
    nodes = [
        helper.make_node("SplitToSequence", ["x"] + ["split"] * (split is not None), ["s"], axis=axis, keepdims=keepdims),
        helper.make_node("SequenceAt", ["s", "last"], ["y"]), helper.make_node("SequenceLength", ["s"], ["n"]),
    ]  # fmt: skip
    constants = [constant("last", -1)] + ([constant("split", split)] if split is not None else [])
    check(tmp_path, nodes, constants, [3, 8], ["y", "n"])


def test_a_loop_fills_a_list(tmp_path):
    """As PyTorch's tensor_split does; the loop also gives what each round computes, and carries a tensor."""
    body = helper.make_graph(
        [helper.make_node("Cast", ["i"], ["f"], to=TensorProto.FLOAT), helper.make_node("Add", ["t", "f"], ["next"]),
         helper.make_node("Mul", ["next", "x"], ["row"]), helper.make_node("SequenceInsert", ["s", "row"], ["more"]),
         helper.make_node("Identity", ["yes"], ["again"])], "body",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []), helper.make_tensor_value_info("c", TensorProto.BOOL, []),
         helper.make_tensor_value_info("t", TensorProto.FLOAT, []),
         helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info("again", TensorProto.BOOL, []), helper.make_tensor_value_info("next", TensorProto.FLOAT, []),
         helper.make_tensor_sequence_value_info("more", TensorProto.FLOAT, None),
         helper.make_tensor_value_info("row", TensorProto.FLOAT, [3, 8])])  # fmt: skip
    nodes = [
        helper.make_node("SequenceConstruct", ["x"], ["first"]),
        helper.make_node("Loop", ["rounds", "yes", "start", "first"], ["t_end", "list", "rows"], body=body),
        helper.make_node("ConcatFromSequence", ["list"], ["y"], axis=1),
    ]
    constants = [constant("rounds", 3), constant("yes", True), constant("start", np.float32(0.5))]
    check(tmp_path, nodes, constants, [3, 8], ["y", "rows", "t_end"])
