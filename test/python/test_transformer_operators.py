"""The operators that ONNX Runtime's tools write for transformers, beside ONNX Runtime. Each attention is one kernel."""

import os
import pathlib
import subprocess

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import helper

import beside_ort
import nnc

RNG = np.random.default_rng(5)
CLOSE = {"rtol": 2e-4, "atol": 2e-5}


@pytest.fixture
def level():
    """One level: what is of interest here comes before kernels."""
    return "native"


def normal(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def ints(*values):
    return np.array(values, np.int32)


class Model:
    """One node of com.microsoft. Inputs are named in order, None is one left out; `dims` names their extents."""

    def __init__(self, op, names, outputs, dims=None, **attributes):
        while names[-1] is None:
            names = names[:-1]
        self.names, self.outputs, self.dims = names, outputs, dims or {}
        self.node = helper.make_node(op, [n or "" for n in names], outputs, domain="com.microsoft", **attributes)

    def declared(self, x):
        kind = {name: helper.np_dtype_to_tensor_dtype(array.dtype) for name, array in x.items()}
        inputs = [helper.make_tensor_value_info(n, kind[n], self.dims.get(n, x[n].shape)) for n in self.names if n]
        real = next(kind[n] for n in self.names if n and x[n].dtype.kind == "f")
        kinds = [onnx.TensorProto.INT32 if n == "counts" else real for n in self.outputs]
        return inputs, [helper.make_tensor_value_info(n, k, None) for n, k in zip(self.outputs, kinds)]

    def check(self, tmp_path, level, runs, kernels=1, **further):
        inputs, outputs = self.declared(runs[0])
        beside_ort.check(tmp_path, level, [self.node], inputs, outputs, runs, **(CLOSE | further))
        if kernels:
            listing = self.listing(tmp_path / "model.onnx")
            assert listing.count("nn.attention") == kernels and "nn.softmax" not in listing
            return listing

    @staticmethod
    def listing(path):
        command = [pathlib.Path(os.environ["NNC_BIN"]) / "nnc", "--emit=graph", path, "-o", "-"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def refuses(self, tmp_path, x, message):
        inputs, outputs = self.declared(x)
        beside_ort.save(tmp_path / "model.onnx", [self.node], inputs, outputs)
        with pytest.raises(nnc.CompileError, match=message):
            nnc.compile(tmp_path / "model.onnx", tmp_path / "model.so")


# RotaryEmbedding


@pytest.mark.parametrize(
    "rank, heads, partial, ids", [(3, 0, 0, False), (3, 4, 8, True), (4, 0, 0, True), (4, 4, 8, False)]
)
@pytest.mark.parametrize("interleaved", [0, 1])
def test_rotary(tmp_path, level, rank, heads, partial, ids, interleaved):
    size = 16
    angles = (partial or size) // 2
    attributes = {"interleaved": interleaved, "is_packed_batching": int(ids)}
    if partial:
        attributes |= {"num_heads": heads, "rotary_embedding_dim": partial}
    x = ["b", "s", 4 * size] if rank == 3 else ["b", 4, "s", size]
    model = Model("RotaryEmbedding", ["x", "p", "cos", "sin"], ["y"],
                  {"x": x, "p": ["b", "s"] if ids else [1]}, **attributes)  # fmt: skip
    runs = []
    for batch, rows in [(2, 5), (1, 1), (3, 9)]:
        runs.append({
            "x": normal(batch, rows, 4 * size) if rank == 3 else normal(batch, 4, rows, size),
            "p": RNG.integers(0, 20, (batch, rows)) if ids else np.array([7]),
            "cos": normal(20, angles),
            "sin": normal(20, angles),
        })
    model.check(tmp_path, level, runs, kernels=0)
