"""Linear attention and causal convolutions of batches and lengths that only the run knows, against the recurrence in
numpy; a sequence in two pieces gives what it gives in one, its state handed on."""

import beside_ort
import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper

CLOSE = dict(rtol=1e-4, atol=1e-5)


def compiled(tmp_path, node, shapes):
    """The node with inputs of these shapes, in which names stand for extents; its outputs are of any shape."""
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in node.output]
    path = tmp_path / "model.onnx"
    beside_ort.save(path, [node], inputs, outputs, opset=27)
    return nnc.load(nnc.compile(path, path.with_suffix(".so")))


def recurrence(x, heads, key_heads, scale=None):
    """Outputs and last state of gated_delta; without decay or beta in `x`, of the rules that have none."""
    x = {name: array.astype(np.float64) for name, array in x.items()}
    batch, time = x["q"].shape[:2]
    q = x["q"].reshape(batch, time, key_heads, heads // key_heads, -1)
    k, v = (x[name].reshape(batch, time, key_heads, -1) for name in "kv")
    state, results = x["p"].copy(), []
    for t in range(time):
        if "g" in x:
            state *= np.exp(x["g"][:, t]).reshape(batch, key_heads, -1, 1)
        value = v[:, t]
        if "b" in x:
            known = np.einsum("bhkv,bhk->bhv", state, k[:, t])
            value = x["b"][:, t].reshape(batch, -1, 1) * (value - known)
        state += np.einsum("bhk,bhv->bhkv", k[:, t], value)
        results.append(np.einsum("bhgk,bhkv->bhgv", q[:, t], state).reshape(batch, -1))
    return np.stack(results, 1) * (scale or 1 / np.sqrt(k.shape[-1])), state


@pytest.mark.parametrize("rule, heads, key_heads, decay, beta, scale", [
    ("linear", 2, 2, 0, 0, None), ("gated", 4, 2, 16, 0, 0.5), ("delta", 3, 1, 0, 1, None),
    ("gated_delta", 4, 4, 4, 4, None), ("gated_delta", 6, 2, 2, 1, 2.0)])
def test_linear_attention(tmp_path, rule, heads, key_heads, decay, beta, scale):
    size, value_size = 8, 5
    shapes = {"q": ["N", "T", heads * size], "k": ["N", "T", key_heads * size], "v": ["N", "T", key_heads * value_size],
              "p": ["N", key_heads, size, value_size]} | ({"g": ["N", "T", decay]} if decay else {}) | (
                  {"b": ["N", "T", beta]} if beta else {})
    attributes = dict(update_rule=rule, q_num_heads=heads, kv_num_heads=key_heads)
    if scale:
        attributes["scale"] = scale
    node = helper.make_node("LinearAttention", [name if name in shapes else "" for name in "qkvpgb"], ["y", "s"],
                            **attributes)
    module, random = compiled(tmp_path, node, shapes), np.random.default_rng(7)
    for batch, time in [(1, 1), (3, 7), (2, 40)]:
        extents = {"N": batch, "T": time}
        x = {name: random.standard_normal([extents.get(e, e) for e in shape]).astype(np.float32) * np.float32(0.5)
             for name, shape in shapes.items()}
        if decay:
            x["g"] = -np.abs(x["g"])
        expected, state = recurrence(x, heads, key_heads, scale)
        whole = module.run(x)
        np.testing.assert_allclose(whole["y"], expected, **CLOSE)
        np.testing.assert_allclose(whole["s"], state, **CLOSE)
        if time == 1:
            continue
        begin, end = ({name: x[name] if name == "p" else np.ascontiguousarray(x[name][:, part]) for name in x}
                      for part in (slice(0, 4), slice(4, None)))
        first = module.run(begin)
        second = module.run(end | {"p": first["s"]})
        np.testing.assert_allclose(np.concatenate([first["y"], second["y"]], 1), expected, **CLOSE)
        np.testing.assert_allclose(second["s"], state, **CLOSE)


@pytest.mark.parametrize("taps", [4, 1])
def test_causal_convolution(tmp_path, taps):
    channels = 20
    shapes = {"x": ["N", channels, "L"], "w": [channels, 1, taps], "b": [channels], "p": ["N", channels, taps - 1]}
    node = helper.make_node("CausalConvWithState", list("xwbp"), ["y", "s"], activation="silu")
    module, random = compiled(tmp_path, node, shapes), np.random.default_rng(8)
    for batch, length in [(1, 1), (2, 3), (3, 50)]:
        extents = {"N": batch, "L": length}
        x = {name: random.standard_normal([extents.get(e, e) for e in shape]).astype(np.float32)
             for name, shape in shapes.items()}
        seen = np.concatenate([x["p"], x["x"]], 2)
        sums = sum(seen[:, :, t : t + length] * x["w"][:, 0, t, None] for t in range(taps)) + x["b"][:, None]
        results = module.run(x)
        np.testing.assert_allclose(results["y"], sums / (1 + np.exp(-sums)), **CLOSE)
        np.testing.assert_array_equal(results["s"], seen[:, :, length:])
