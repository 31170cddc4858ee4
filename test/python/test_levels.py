"""Levels that differ in plans, not in instructions: they share what is the same, and each is right."""

import os
import pathlib
import platform
import re
import subprocess

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
import onnx.parser

import nnc

RNG = np.random.default_rng(11)
# A product that differs, a product of one row that does not, and what is no product.
MODEL = """<ir_version: 8, opset_import: ["" : 17]>
g (float[256,512] x, float[1,512] r) => (float[256,512] y, float[1,512] z) <float[512,512] w, float[512,512] v> {
    p = MatMul(x, w)  s = Softmax(p)  y = Tanh(s)  z = MatMul(r, v) }"""

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="levels of x86-64")


def is_intel_with_avx512():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    return "GenuineIntel" in text and "avx512bw" in text and "avx512vl" in text


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    model = onnx.parser.parse_model(MODEL)
    arrays = {}
    for value in model.graph.value_info:
        shape = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        arrays[value.name] = RNG.standard_normal(shape, dtype=np.float32) / 16
        model.graph.initializer.append(onnx.numpy_helper.from_array(arrays[value.name], value.name))
    path = tmp_path_factory.mktemp("levels") / "m.onnx"
    onnx.save(model, path)
    return path, arrays


def compiled(path, *flags):
    library = path.with_suffix(".so")
    subprocess.run([pathlib.Path(os.environ["NNC_BIN"]) / "nnc", path, *flags, "-o", library], check=True)
    return library


def kernels(library, suffix):
    symbols = subprocess.run(["nm", library], check=True, capture_output=True, text=True).stdout
    return set(re.findall(rf"m__(k\d+)_{suffix}\n", symbols))


def test_kernels_that_are_the_same_are_borrowed(model):
    library = compiled(model[0])
    assert len(kernels(library, "v4")) == 4
    assert len(kernels(library, "v4_intel")) == 1


def test_level_alone_has_all_its_kernels(model):
    assert len(kernels(compiled(model[0], "--cpu=x86-64-v4-intel"), "v4_intel")) == 4


def test_models_without_such_products_have_no_such_level(tmp_path):
    path = tmp_path / "m.onnx"
    onnx.save(
        onnx.parser.parse_model(
            '<ir_version: 8, opset_import: ["" : 17]> g (float[8] x) => (float[8] y) { y = Tanh(x) }'
        ),
        path,
    )
    assert not kernels(compiled(path), "v4_intel")


@pytest.mark.parametrize("threads", [1, 2])
def test_result_on_this_machine(model, threads):
    path, arrays = model
    x, r = RNG.standard_normal((256, 512), dtype=np.float32), RNG.standard_normal((1, 512), dtype=np.float32)
    loaded = nnc.load(compiled(path), threads=threads)
    assert (loaded.cpu_level == "x86-64-v4-intel") == is_intel_with_avx512()
    results = loaded.run({"x": x, "r": r})
    p = x.astype(np.float64) @ arrays["w"]
    e = np.exp(p - p.max(axis=1, keepdims=True))
    np.testing.assert_allclose(results["y"], np.tanh(e / e.sum(axis=1, keepdims=True)), atol=2e-5)
    np.testing.assert_allclose(results["z"], r.astype(np.float64) @ arrays["v"], atol=1e-4)
