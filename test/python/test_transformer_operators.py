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


# GroupQueryAttention

HEADS, SHARING, SIZE = 8, 2, 16
NAMES = ["q", "k", "v", "past_k", "past_v", "lengths", "total", "cos", "sin", "places", "bias", "sinks"]
ALL = ["y", "present_k", "present_v"]


class GroupQuery:
    """A model whose batch, rows and past only the run knows unless they are given."""

    def __init__(self, past="p", batch="b", rows="s", packed=False, rotary=False, inputs=(), **attributes):
        self.past, self.packed, self.rotary = past, packed, rotary
        used = {"q", "lengths", "total", *inputs}
        used |= set() if packed else {"k", "v"}
        used |= {"past_k", "past_v"} if past is not None else set()
        used |= {"cos", "sin"} if rotary else set()
        names = [name if name in used else None for name in NAMES]
        width = (HEADS + 2 * SHARING if packed else HEADS) * SIZE
        dims = {"q": [batch, rows, width], "lengths": [batch], "total": [], "places": [batch, rows]}
        dims |= {name: [batch, rows, SHARING * SIZE] for name in "kv"}
        dims |= {name: [batch, SHARING, past, SIZE] for name in ("past_k", "past_v")}
        dims["bias"] = [batch, 1, rows, "t"]
        if rotary:
            attributes["do_rotary"] = 1
        self.model = Model("GroupQueryAttention", names, ALL, dims, num_heads=HEADS, kv_num_heads=SHARING, **attributes)

    def inputs(self, rows, lengths, past, total=None):
        batch, total = len(lengths), total or max(lengths)
        x = {
            "q": normal(batch, rows, (HEADS + 2 * SHARING if self.packed else HEADS) * SIZE),
            "k": normal(batch, rows, SHARING * SIZE),
            "v": normal(batch, rows, SHARING * SIZE),
            "past_k": normal(batch, SHARING, past, SIZE),
            "past_v": normal(batch, SHARING, past, SIZE),
            "lengths": np.array(lengths, np.int32) - 1,
            "total": np.array(total, np.int32),
            "cos": normal(64, SIZE // 2),
            "sin": normal(64, SIZE // 2),
            "places": np.array([np.arange(rows) + max(0, n - rows) for n in lengths]),
            "bias": normal(batch, 1, rows, total),
            "sinks": normal(HEADS),
        }
        return {name: x[name] for name in self.model.names if name}

    def check(self, tmp_path, level, runs, **further):
        runs = [self.inputs(*run) for run in runs]
        return self.model.check(tmp_path, level, runs, defined=self.defined, **further)

    @staticmethod
    def defined(x, outputs):
        """Rows behind a sequence's end, and what the cache has there, are left open."""
        y, k, v = outputs
        rows, ends = x["q"].shape[1], x["lengths"] + 1
        return [part for b, end in enumerate(ends) for part in (y[b, : min(rows, end)], k[b, :, :end], v[b, :, :end])]


# How many new tokens there are, how many all are of each sequence, how many the cache has.
STEPS = [(1, [10, 10], 9), (5, [5, 5], 0), (5, [5, 2], 0), (1, [10, 4], 9), (3, [12], 9), (1, [1], 0), (1, [41, 3], 40)]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "rotary, interleaved, places", [(False, 0, False), (True, 0, False), (True, 1, False), (True, 0, True)]
)
def test_growing_cache(tmp_path, level, packed, rotary, interleaved, places):
    """Prompts and steps of sequences that are as long as each other or not."""
    inputs = ["places"] if places else []
    model = GroupQuery(packed=packed, rotary=rotary, rotary_interleaved=interleaved, inputs=inputs)
    listing = model.check(tmp_path, level, STEPS)
    assert f"kv_heads = {SHARING}" in listing


def test_growing_cache_of_one_sequence(tmp_path, level):
    """What is appended is written where the cache has it: one concatenation each, and nothing else of its size."""
    listing = GroupQuery(batch=1, rotary=True).check(tmp_path, level, [(1, [10], 9), (4, [4], 0), (3, [12], 9)])
    assert listing.count("{axis = 2 : i64} : (tensor<1x2x?x16xf32>") == 2
    assert not [line for line in listing.splitlines() if "nn.select" in line and "tensor<1x2x?x16xf32>" in line]


@pytest.mark.parametrize("batch, rows", [("b", "s"), (2, 1)])
def test_buffer(tmp_path, level, batch, rows):
    """A cache of fixed length has room for the tokens to come."""
    runs = [(1, [10, 4], 12), (1, [12, 12], 12)] + ([(5, [5, 2], 12), (3, [10], 12)] if rows == "s" else [])
    listing = GroupQuery(past=12, batch=batch, rows=rows, rotary=True).check(tmp_path, level, runs)
    assert listing.count("nn.scatter_elements") == 2


@pytest.mark.parametrize("batch, rows", [("b", "s"), (2, 6)])
def test_prompt(tmp_path, level, batch, rows):
    model = GroupQuery(past=None, batch=batch, rows=rows, rotary=True)
    listing = model.check(tmp_path, level, [(6, [6, 6], 0), (6, [6, 3], 0)])
    assert ("diagonal = 0" in listing) == (rows == 6)


@pytest.mark.parametrize("inputs, attributes", [
    ([], dict(local_window_size=3)),
    ([], dict(softcap=1.5, scale=0.4)),
    ([], dict(smooth_softmax=1)),
    ([], dict(causal=0)),
    (["sinks"], dict(softcap=2.0)),
    (["bias"], dict(local_window_size=4)),
])  # fmt: skip
def test_scores(tmp_path, level, inputs, attributes):
    GroupQuery(inputs=inputs, **attributes).check(tmp_path, level, STEPS)


def test_caches_that_do_not_grow_so(tmp_path):
    """A buffer whose length only the run knows, and chunks for sequences of several lengths, end the run."""
    model = GroupQuery()
    x = model.inputs(1, [10], 9)
    beside_ort.save(tmp_path / "model.onnx", [model.model.node], *model.model.declared(x))
    library = nnc.load(nnc.compile(tmp_path / "model.onnx", tmp_path / "model.so"))
    for rows, lengths, past in [(1, [8], 9), (3, [3], 9), (3, [12, 10], 9), (1, [11], 9)]:
        with pytest.raises(nnc.RunError, match="index .* is out of range for a dim of 1"):
            library.run(model.inputs(rows, lengths, past))


@pytest.mark.parametrize("change, message", [
    (dict(k_quant_type="PER_TENSOR"), "a quantized cache"),
    (dict(sliding_window_cache=1, local_window_size=4), "sliding_window_cache"),
    (dict(qk_output=1), "the scores as an output"),
    (dict(past=12, inputs=["bias"]), "attention_bias with a cache that does not grow"),
])  # fmt: skip
def test_group_query_refuses(tmp_path, change, message):
    model = GroupQuery(**change)
    model.model.refuses(tmp_path, model.inputs(1, [9], 12), message)


# MultiHeadAttention

HEAD_NAMES = ["q", "k", "v", "bias", "mask", "added", "past_k", "past_v"]


def heads_model(x, outputs=("y",), dims=None, **attributes):
    names = [name if name in x else None for name in HEAD_NAMES]
    return Model("MultiHeadAttention", names, list(outputs), dims, num_heads=4, **attributes)


def rows_of(batch, rows, keys, past=None, width=64):
    x = {"q": normal(batch, rows, 64), "k": normal(batch, keys, 64), "v": normal(batch, keys, width)}
    if past is not None:
        x |= {"past_k": normal(batch, 4, past, 16), "past_v": normal(batch, 4, past, width // 4)}
    return x




def flags(*shape):
    """Ones and zeros, where every row sees the first key: scores around -10000 have few digits."""
    mask = RNG.integers(0, 2, shape).astype(np.int32)
    mask[..., 0] = 1
    return mask


MASKS = {
    "none": lambda b, s, t: None,
    "ends": lambda b, s, t: RNG.integers(1, t + 1, (b,)).astype(np.int32),
    "keys": lambda b, s, t: flags(b, t),
    "all": lambda b, s, t: flags(b, s, t),
}
MASK_DIMS = {"ends": ["b"], "keys": ["b", "t"], "all": ["b", "s", "t"]}


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("past, causal, filter", [(False, 0, -10000.0), (True, 1, -1.0), (True, 0, -3e38)])
def test_heads(tmp_path, level, mask, past, causal, filter):
    """Self-attention over a batch, rows and past of any extent, with a mask of any shape, a bias and scores added."""
    runs = []
    for batch, rows, before in [(2, 5, 7), (1, 1, 3), (3, 4, 0)]:
        x = rows_of(batch, rows, rows, before if past else None)
        total = rows + (before if past else 0)
        given = MASKS[mask](batch, rows, total)
        if given is not None:
            x["mask"] = given
        x |= {"bias": normal(192), "added": normal(batch, 1, rows, total)}
        runs.append(x)
    dims = {name: ["b", "s", 64] for name in "qkv"}
    dims |= {name: ["b", 4, "p", 16] for name in ("past_k", "past_v")}
    dims |= {"mask": MASK_DIMS.get(mask), "added": ["b", 1, "s", "t"]}
    model = heads_model(runs[0], ALL, dims, unidirectional=causal, mask_filter_value=filter, scale=0.3)
    model.check(tmp_path, level, runs)


@pytest.mark.parametrize("kind", ["wide values", "rows", "heads", "heads and bias", "packed lengths", "for all heads"])
def test_cross_attention(tmp_path, level, kind):
    x = rows_of(2, 3, 7, width=32 if kind == "wide values" else 64)
    if kind.startswith("heads"):
        x |= {"k": normal(2, 4, 7, 16), "v": normal(2, 4, 7, 16)}
    if kind in ("heads and bias", "rows"):
        x["bias"] = normal(192)
    if kind == "packed lengths":
        x["mask"] = ints(4, 6, 0, 3, 6, 0, 4, 10)
    if kind == "for all heads":
        x["added"] = normal(1, 4, 3, 7)
    model = heads_model(x, ALL if kind == "heads" else ["y"], mask_filter_value=-1.0)
    model.check(tmp_path, level, [x])


@pytest.mark.parametrize("parts", [2, 3])
def test_packed_heads(tmp_path, level, parts):
    """ONNX Runtime has no such kernel for CPUs: beside the same model with rows apart."""
    x = rows_of(2, 5, 5 if parts == 3 else 8)
    names = list("qkv")[3 - parts :]
    packed = {"q": x["q"]} if parts == 2 else {}
    packed[names[0]] = np.stack([x[n].reshape(2, -1, 4, 16) for n in names], axis=3)
    apart = heads_model(x)
    apart.check(tmp_path, level, [x])
    (expected,) = nnc.load(tmp_path / "model.so").run(x).values()
    model = heads_model(packed)
    beside_ort.save(tmp_path / "packed.onnx", [model.node], *model.declared(packed))
    assert model.listing(tmp_path / "packed.onnx").count("nn.attention") == 1
    library = nnc.compile(tmp_path / "packed.onnx", tmp_path / "packed.so", cpu=level)
    (got,) = nnc.load(library).run(packed).values()
    np.testing.assert_allclose(got, expected, **CLOSE)


@pytest.mark.parametrize("change, attributes, message", [
    (dict(k=normal(2, 7, 64), v=normal(2, 7, 64)), dict(unidirectional=1), "unidirectional with keys that are not"),
    (dict(v=normal(2, 4, 5, 16)), {}, "key and value that do not both have rank 3 or 4"),
    (dict(mask=ints(1, 1, 1)), {}, "a mask whose length is not known to be that of the batch"),
    (dict(mask=np.ones((2, 1, 5, 5), np.int32)), {}, "a mask of rank 4"),
    (dict(past_k=normal(2, 4, 5, 16)), {}, "past_key and past_value come together"),
])  # fmt: skip
def test_heads_refuse(tmp_path, change, attributes, message):
    x = rows_of(2, 5, 5) | change
    heads_model(x, **attributes).refuses(tmp_path, x, message)


# Attention

PROJECTED = ["x", "w", "b", "mask", "past", "added"]


def projected_model(x, outputs=("y",), dims=None, **attributes):
    names = [name if name in x else None for name in PROJECTED]
    return Model("Attention", names, list(outputs), dims, num_heads=4, **attributes)


@pytest.mark.parametrize("mask", [*MASKS, "starts", "packed lengths", "dummy"])
def test_projected(tmp_path, level, mask):
    x = {"x": normal(2, 6, 40), "w": normal(40, 192) / 6, "b": normal(192)}
    special = {"starts": ints(6, 3, 1, 4), "packed lengths": ints(4, 6, 0, 3, 6, 0, 4, 10), "dummy": ints([0], [1])}
    given = special[mask] if mask in special else MASKS[mask](2, 6, 6)
    if given is not None:
        x["mask"] = given
    projected_model(x, mask_filter_value=-1.5).check(tmp_path, level, [x])


@pytest.mark.parametrize("mask", ["none", "ends", "keys"])
def test_projected_steps(tmp_path, level, mask):
    """GPT-2's: causal, with keys and values of earlier tokens in one tensor."""
    runs = []
    for batch, rows, past in [(2, 1, 7), (1, 4, 0), (3, 5, 2)]:
        x = {"x": normal(batch, rows, 40), "w": normal(40, 192) / 6, "b": normal(192)}
        x["past"] = normal(2, batch, 4, past, 16)
        given = MASKS[mask](batch, rows, past + rows)
        if given is not None:
            x["mask"] = given
        runs.append(x)
    dims = {"x": ["b", "s", 40], "past": [2, "b", 4, "p", 16], "mask": MASK_DIMS.get(mask)}
    projected_model(runs[0], ["y", "present"], dims, unidirectional=1).check(tmp_path, level, runs)


def test_projected_widths(tmp_path, level):
    x = {"x": normal(2, 6, 40), "w": normal(40, 160) / 6, "added": normal(1, 4, 6, 6)}
    projected_model(x, qkv_hidden_sizes=[64, 64, 32], scale=0.2).check(tmp_path, level, [x])


@pytest.mark.parametrize("attributes, message", [
    (dict(do_rotary=1), "do_rotary"),
    (dict(past_present_share_buffer=1), "past_present_share_buffer"),
    (dict(qkv_hidden_sizes=[64, 32, 96]), "no queries, keys and values for 4 heads"),
])  # fmt: skip
def test_projected_refuses(tmp_path, attributes, message):
    x = {"x": normal(2, 6, 40), "w": normal(40, 192)}
    projected_model(x, **attributes).refuses(tmp_path, x, message)


# EmbedLayerNormalization


@pytest.mark.parametrize(
    "segments, mask, places", [(True, True, 0), (True, False, 1), (False, True, 3), (False, False, 0)]
)
def test_embedding(tmp_path, level, segments, mask, places):
    names = ["words", "segments" if segments else None, "table", "positions", "kinds" if segments else None]
    names += ["gamma", "beta", "mask" if mask else None, "places" if places else None]
    runs = []
    for batch, rows in [(3, 5), (1, 12)] if places != 3 else [(3, 5), (3, 1)]:
        x = {
            "words": RNG.integers(0, 30, (batch, rows)).astype(np.int32),
            "segments": RNG.integers(0, 2, (batch, rows)).astype(np.int32),
            "table": normal(30, 24),
            "positions": normal(12, 24),
            "kinds": normal(2, 24),
            "gamma": normal(24),
            "beta": normal(24),
            "mask": RNG.integers(0, 3, (batch, rows)).astype(np.int32),
            "places": RNG.integers(0, 12, (places or 1, rows)).astype(np.int32),
        }
        runs.append({name: x[name] for name in names if name})
    dims = {name: ["b", "s"] for name in ("words", "segments", "mask")} | {"places": [places or 1, "s"]}
    model = Model("EmbedLayerNormalization", names, ["y", "counts", "sum"], dims, epsilon=1e-6)
    model.check(tmp_path, level, runs, kernels=0)


@pytest.mark.parametrize("kind", ["group", "buffer", "sinks", "heads", "projected", "embedding", "rotary"])
def test_halves(tmp_path, level, kind):
    defined, attentions = None, 1
    if kind in ("group", "buffer", "sinks"):
        group = GroupQuery(past=12 if kind == "buffer" else "p", rotary=True, inputs=["sinks"] if kind == "sinks" else [])
        model, x, defined = group.model, group.inputs(1, [10, 4], 12 if kind == "buffer" else 9), group.defined
    elif kind == "heads":
        x = rows_of(2, 5, 5, 3) | {"mask": flags(2, 8), "bias": normal(192)}
        model = heads_model(x, ALL, unidirectional=1)
    elif kind == "projected":
        x = {"x": normal(2, 6, 40), "w": normal(40, 192) / 6, "b": normal(192), "mask": ints(4, 6)}
        model = projected_model(x)
    elif kind == "rotary":
        x = {"x": normal(2, 4, 64), "p": np.array([3]), "cos": normal(20, 8), "sin": normal(20, 8)}
        model, attentions = Model("RotaryEmbedding", list(x), ["y"]), 0
    else:
        x = {"words": flags(2, 5), "kinds": None, "table": normal(9, 24), "positions": normal(9, 24), "none": None}
        x |= {"gamma": normal(24), "beta": normal(24)}
        model = Model("EmbedLayerNormalization", [n if x[n] is not None else None for n in x], ["y", "counts"])
        x, attentions = {name: array for name, array in x.items() if array is not None}, 0
    x = {name: array.astype(np.float16) if array.dtype == np.float32 else array for name, array in x.items()}
    model.check(tmp_path, level, [x], kernels=attentions, defined=defined, rtol=4e-3, atol=4e-3)
