"""A decoder as ONNX Runtime GenAI's model builder writes it, which generates text token by token: the cache that one
step returns is the next one's input. Beside ONNX Runtime."""

import os
import pathlib
import subprocess

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper

import nnc
from test_packed_integers import Weights, packed

RNG = np.random.default_rng(23)
LAYERS, HEADS, SHARING, SIZE, WIDTH, WORDS = 2, 4, 2, 16, 64, 50


class Decoder:
    def __init__(self, packed_weights):
        self.nodes, self.constants, self.packed = [], {}, packed_weights
        self.constants |= {"one": np.array([1], np.int64), "index": np.array(1, np.int64)}
        angles = np.outer(np.arange(128), 100.0 ** -np.linspace(0, 1, SIZE // 2))
        self.constants |= {"cos": np.cos(angles).astype(np.float32), "sin": np.sin(angles).astype(np.float32)}
        self.add("ReduceSum", ["attention_mask", "one"], ["sums"], keepdims=0)
        self.add("Sub", ["sums", "one"], ["lasts"])
        self.add("Cast", ["lasts"], ["lengths"], to=TensorProto.INT32)
        self.add("Shape", ["attention_mask"], ["shape"])
        self.add("Gather", ["shape", "index"], ["columns"], axis=0)
        self.add("Cast", ["columns"], ["total"], to=TensorProto.INT32)
        self.look_up(Weights(WORDS, WIDTH, 4, 32, zeros=False))
        self.constants["gamma"] = self.normal(WIDTH)
        self.add("SimplifiedLayerNormalization", ["x", "gamma"], ["n"], axis=-1, epsilon=1e-5, stash_type=1)
        x, n = "x", "n"
        for i in range(LAYERS):
            x, n = self.layer(i, x, n)
        self.product(n, WIDTH, WORDS, "logits")

    @staticmethod
    def normal(*shape):
        return RNG.standard_normal(shape).astype(np.float32)

    def add(self, op, inputs, outputs, domain="", **attributes):
        self.nodes.append(helper.make_node(op, inputs, outputs, domain=domain, **attributes))

    def look_up(self, table):
        if self.packed:
            self.constants |= {"table": packed(table.integers, 4), "table.scales": table.scales}
            self.add("GatherBlockQuantized", ["table", "input_ids", "table.scales"], ["x"], "com.microsoft", bits=4,
                     block_size=32, gather_axis=0, quantize_axis=1)  # fmt: skip
        else:
            self.constants["table"] = table.reals().astype(np.float32)
            self.add("Gather", ["table", "input_ids"], ["x"])

    def product(self, x, inputs, outputs, y):
        weights = Weights(outputs, inputs, 4, 32, zeros=False)
        if self.packed:
            node, stored = weights.node(x, y)
            names = {name: f"{y}.{name}" for name in stored}
            node.input[:] = [names.get(name, name) for name in node.input]
            self.nodes.append(node)
            self.constants |= {names[name]: array for name, array in stored.items()}
        else:
            self.constants[f"{y}.w"] = np.ascontiguousarray(weights.reals().T.astype(np.float32))
            self.add("MatMul", [x, f"{y}.w"], [y])

    def skip(self, x, more, name):
        """What the next part reads: x and more added, and that normalized."""
        self.constants[f"{name}.gamma"] = self.normal(WIDTH)
        outputs = [f"{name}.n", "", "", f"{name}.x"]
        self.add("SkipSimplifiedLayerNormalization", [x, more, f"{name}.gamma"], outputs, "com.microsoft", epsilon=1e-5)
        return f"{name}.x", f"{name}.n"

    def layer(self, i, x, n):
        for name, heads in (("q", HEADS), ("k", SHARING), ("v", SHARING)):
            self.product(n, WIDTH, heads * SIZE, f"{i}.{name}")
        caches = [f"past_key_values.{i}.key", f"past_key_values.{i}.value"]
        inputs = [f"{i}.q", f"{i}.k", f"{i}.v", *caches, "lengths", "total", "cos", "sin"]
        outputs = [f"{i}.a", f"present.{i}.key", f"present.{i}.value"]
        self.add("GroupQueryAttention", inputs, outputs, "com.microsoft", num_heads=HEADS, kv_num_heads=SHARING,
                 scale=SIZE**-0.5, do_rotary=1, local_window_size=-1, rotary_interleaved=0, softcap=0.0)  # fmt: skip
        self.product(f"{i}.a", HEADS * SIZE, WIDTH, f"{i}.o")
        x, n = self.skip(x, f"{i}.o", f"{i}.attended")
        for name in ("gate", "up"):
            self.product(n, WIDTH, 96, f"{i}.{name}")
        self.add("Sigmoid", [f"{i}.gate"], [f"{i}.s"])
        self.add("Mul", [f"{i}.gate", f"{i}.s"], [f"{i}.silu"])
        self.add("Mul", [f"{i}.silu", f"{i}.up"], [f"{i}.m"])
        self.product(f"{i}.m", 96, WIDTH, f"{i}.down")
        return self.skip(x, f"{i}.down", f"{i}.end")

    def save(self, path):
        columns = {"input_ids": "sequence_length", "attention_mask": "total_sequence_length"}
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch_size", extent])
                  for name, extent in columns.items()]  # fmt: skip
        outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch_size", "sequence_length", WORDS])]
        for i in range(LAYERS):
            for part in ("key", "value"):
                for values, name, rows in ((inputs, "past_key_values", "past_sequence_length"),
                                           (outputs, "present", "total_sequence_length")):  # fmt: skip
                    dims = ["batch_size", SHARING, rows, SIZE]
                    values.append(helper.make_tensor_value_info(f"{name}.{i}.{part}", TensorProto.FLOAT, dims))
        constants = [numpy_helper.from_array(array, name) for name, array in self.constants.items()]
        graph = helper.make_graph(self.nodes, "decoder", inputs, outputs, constants)
        opsets = [helper.make_opsetid("", 19), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=opsets)
        model.ir_version = 9
        onnx.save(model, path)


@pytest.mark.parametrize("packed_weights, dims, prompts", [
    (True, {}, [[7, 4], [7], [1, 1]]),
    (False, {"batch_size": 1}, [[7]]),
    (True, {"past_sequence_length": 12}, [[7, 4], [8]]),
])  # fmt: skip
def test_generation(tmp_path, packed_weights, dims, prompts):
    """Two prompts of several lengths, then a token each in every step; and one prompt alone. A cache of known length is
    a buffer from the start."""
    path = tmp_path / "model.onnx"
    Decoder(packed_weights).save(path)
    command = [pathlib.Path(os.environ["NNC_BIN"]) / "nnc", "--emit=graph", path, "-o", "-"]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert listing.count("nn.attention") == LAYERS and "nn.softmax" not in listing
    library = nnc.load(nnc.compile(path, tmp_path / "model.so", dim=dims), threads=2)
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    room = dims.get("past_sequence_length", 0)
    for lengths in prompts:
        batch, rows = len(lengths), max(lengths)
        lengths = np.array(lengths)
        ids = RNG.integers(0, WORDS, (batch, rows))
        caches = {f"past_key_values.{i}.{part}": np.zeros((batch, SHARING, room, SIZE), np.float32)
                  for i in range(LAYERS) for part in ("key", "value")}  # fmt: skip
        ours = caches
        for step in range(4):
            ends = lengths + step
            mask = (np.arange(rows + step) < ends[:, None]).astype(np.int64)
            inputs = {"input_ids": ids, "attention_mask": mask}
            expected = dict(zip(names, session.run(None, inputs | caches)))
            got = library.run(inputs | ours)
            last = lengths - 1 if step == 0 else np.zeros_like(lengths)
            logits = expected["logits"][np.arange(batch), last]
            np.testing.assert_allclose(got["logits"][np.arange(batch), last], logits, rtol=1e-3, atol=2e-3)
            assert got["present.1.key"].shape == expected["present.1.key"].shape
            caches, ours = (
                {name.replace("present", "past_key_values"): all[name] for name in names if name.startswith("present")}
                for all in (expected, got)
            )
            ids = logits.argmax(-1)[:, None]
