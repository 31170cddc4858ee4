"""Recurrent layers with constant weights, whose kernels the conformance suite (its weights are inputs) never meets,
against ONNX Runtime."""

import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper

RNG = np.random.default_rng(11)
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}

# The smallest layers whose R the first-level cache does not keep, so that one sequence's kernel forms the products with
# the input as well; no multiple of a block of units.
FUSED = {"RNN": 117, "GRU": 67, "LSTM": 57}

def check(tmp_path, op, hidden, *, inputs=5, steps=6, batch=1, direction="forward", level=None, dynamic=False,
          bias=True, states=True, lengths=None, peephole=False, runs=None, gain=2, **attributes):
    directions = 2 if direction == "bidirectional" else 1
    gates = GATES[op]

    def normal(*shape):
        # Small enough that a layer does not amplify rounding errors from step to step.
        return (RNG.standard_normal(shape) * min(0.6, gain / shape[-1] ** 0.5)).astype(np.float32)

    constants = {"w": normal(directions, gates * hidden, inputs), "r": normal(directions, gates * hidden, hidden)}
    names = ["x", "w", "r", "", "", "", "", ""]
    if bias:
        constants["b"] = normal(directions, 2 * gates * hidden)
        names[3] = "b"
    if lengths is not None:
        names[4] = "lengths"
    if states:
        names[5] = "h0"
        if op == "LSTM":
            names[6] = "c0"
    if peephole:
        constants["p"] = normal(directions, 3 * hidden)
        names[7] = "p"
    outputs = ["y", "y_h"] + (["y_c"] if op == "LSTM" else [])
    node = helper.make_node(op, names[: 8 if op == "LSTM" else 6], outputs, hidden_size=hidden, direction=direction,
                            **attributes)
    t, n = "T" if dynamic else steps, "N" if dynamic is True else batch
    values = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [t, n, inputs])]
    if lengths is not None:
        values.append(helper.make_tensor_value_info("lengths", TensorProto.INT32, [n]))
    for name in ("h0", "c0"):
        if name in names:
            values.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [directions, n, hidden]))
    graph = helper.make_graph([node], "recurrent", values,
                              [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs],
                              [numpy_helper.from_array(array, name) for name, array in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)])
    model.ir_version = 8
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    library = nnc.compile(path, tmp_path / "model.so", cpu=level)
    for steps, batch in runs or [(steps, batch)]:
        feeds = {"x": normal(steps, batch, inputs)}
        if lengths is not None:
            feeds["lengths"] = np.array(lengths, np.int32)
        for name in ("h0", "c0"):
            if name in names:
                feeds[name] = normal(directions, batch, hidden)
        expected = dict(zip(outputs, session.run(None, feeds)))
        one, three = (nnc.load(library, threads=threads).run(feeds) for threads in (1, 3))
        for name in outputs:
            np.testing.assert_allclose(one[name], expected[name], rtol=1e-4, atol=2e-5, err_msg=name)
            np.testing.assert_array_equal(one[name], three[name], err_msg=name)

CELLS = [("RNN", {}), ("LSTM", {}), ("GRU", {}), ("GRU", {"linear_before_reset": 1})]

@pytest.mark.parametrize("level", ["x86-64-v3", "native"])
@pytest.mark.parametrize("hidden", [3, 16, 40])
@pytest.mark.parametrize("op, attributes", CELLS)
def test_cells(tmp_path, op, attributes, hidden, level):
    check(tmp_path, op, hidden, level=level, **attributes)

@pytest.mark.parametrize("direction", ["reverse", "bidirectional"])
@pytest.mark.parametrize("op, attributes", CELLS)
def test_directions(tmp_path, op, attributes, direction):
    check(tmp_path, op, 21, direction=direction, batch=2, **attributes)

# Layers wide enough for the threads to share a step.
@pytest.mark.parametrize("op, attributes", CELLS)
def test_wide(tmp_path, op, attributes):
    check(tmp_path, op, 200, **attributes)
    check(tmp_path, op, 333, steps=3, direction="bidirectional", batch=3, **attributes)

# Rows side by side, even blocks of them, and a last block that is lower.
@pytest.mark.parametrize("batch", [4, 7, 13])
@pytest.mark.parametrize("level", ["x86-64-v3", "native"])
@pytest.mark.parametrize("op, attributes", CELLS)
def test_batches(tmp_path, op, attributes, batch, level):
    check(tmp_path, op, 18, batch=batch, level=level, **attributes)

@pytest.mark.parametrize("op, attributes", CELLS)
def test_dynamic(tmp_path, op, attributes):
    check(tmp_path, op, 20, dynamic=True, runs=[(1, 1), (5, 3), (2, 17)], **attributes)

@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("op, attributes", CELLS)
def test_lengths(tmp_path, op, attributes, direction):
    check(tmp_path, op, 9, batch=4, lengths=[3, 6, 1, 5], direction=direction, **attributes)

def test_lstm_options(tmp_path):
    check(tmp_path, "LSTM", 19, batch=2, peephole=True)
    check(tmp_path, "LSTM", 19, batch=2, peephole=True, direction="bidirectional", clip=0.7)
    check(tmp_path, "LSTM", 19, bias=False, states=False)
    check(tmp_path, "LSTM", 8, activations=["HardSigmoid", "Softsign", "Relu"])
    check(tmp_path, "LSTM", 8, direction="bidirectional",
          activations=["Sigmoid", "Tanh", "Tanh", "Relu", "Tanh", "Softsign"])

def test_gru_options(tmp_path):
    check(tmp_path, "GRU", 19, bias=False, states=False)
    check(tmp_path, "GRU", 19, bias=False, states=False, linear_before_reset=1)
    check(tmp_path, "GRU", 8, batch=3, activations=["HardSigmoid", "Softsign"], clip=0.5)

def check_fused(tmp_path, op, **options):
    """Of one sequence, whatever the number of steps: a part of a chunk, whole ones, and some after those."""
    runs = options.pop("runs", None) or [(steps, 1) for steps in (1, 7, 8, 9, 16, 29, 100)]
    check(tmp_path, op, FUSED[op], dynamic="time", runs=runs, gain=0.7, **options)

@pytest.mark.parametrize("level", ["x86-64-v3", "native"])
@pytest.mark.parametrize("inputs", [1, 3, 17, 60, 200])
@pytest.mark.parametrize("op, attributes", CELLS)
def test_fused_inputs(tmp_path, op, attributes, inputs, level):
    check_fused(tmp_path, op, inputs=inputs, level=level, **attributes)

@pytest.mark.parametrize("level", ["x86-64-v3", "native"])
@pytest.mark.parametrize("direction", ["reverse", "bidirectional"])
@pytest.mark.parametrize("op, attributes", CELLS)
def test_fused_directions(tmp_path, op, attributes, direction, level):
    check_fused(tmp_path, op, inputs=33, direction=direction, level=level, **attributes)

def test_fused_options(tmp_path):
    runs = [(5, 1), (21, 1)]
    check_fused(tmp_path, "LSTM", runs=runs, inputs=21, peephole=True, direction="bidirectional", clip=0.7)
    check_fused(tmp_path, "LSTM", runs=runs, inputs=21, bias=False, states=False)
    check_fused(tmp_path, "LSTM", runs=runs, inputs=21, activations=["HardSigmoid", "Softsign", "Relu"])
    check_fused(tmp_path, "GRU", runs=runs, inputs=21, bias=False, states=False)
    check_fused(tmp_path, "GRU", runs=runs, inputs=21, bias=False, states=False, linear_before_reset=1)

# Wide enough for the threads to share a step, with whole blocks and rounds.
@pytest.mark.parametrize("op, attributes", CELLS)
def test_fused_wide(tmp_path, op, attributes):
    check(tmp_path, op, 256, inputs=128, steps=20, direction="bidirectional", **attributes)
