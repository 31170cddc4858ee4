"""Einsum, whose equations of products and sums become matrix products, against numpy in f64."""

import subprocess

import numpy as np
import pytest

import nnc

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper

EXTENTS = dict(a=3, b=2, c=5, d=16, e=7, h=4, i=9, j=11, k=6)
CASES = [
    # equation, the letters whose extents only the run knows
    ("ij,jk->ik", ""),
    ("ij,jk->ki", "i"),
    ("bid,bjd->bij", "bij"),
    ("bihd,bjhd->bhij", "bij"),
    ("bhij,bjhd->bihd", "b"),
    ("bijd,de->bije", "bij"),
    ("abcd,cdeh->abeh", "a"),
    ("abcd,ebcd->ae", ""),
    ("bi,bi->b", "b"),
    ("bij,bj->bi", "i"),
    ("i,j->ij", "ij"),
    ("abc,abd->cd", "a"),
    ("ba,iac,bc->bi", "b"),
    ("ab,bc,cd->ad", ""),
    ("abc->ca", "b"),
    ("ab,cd->", ""),
    ("abh,hc->b", "b"),
]


@pytest.mark.parametrize(("equation", "unknown"), CASES)
def test_equation(tmp_path, tools, equation, unknown):
    terms = equation.split("->")[0].split(",")
    rng = np.random.default_rng(2)
    inputs = {f"x{i}": rng.standard_normal([EXTENTS[l] for l in t]).astype(np.float32) for i, t in enumerate(terms)}
    graph = helper.make_graph(
        [helper.make_node("Einsum", list(inputs), ["y"], equation=equation)],
        "einsum",
        [
            helper.make_tensor_value_info(
                f"x{i}", TensorProto.FLOAT, [f"n_{l}" if l in unknown else EXTENTS[l] for l in t]
            )
            for i, t in enumerate(terms)
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    path, library = tmp_path / "einsum.onnx", tmp_path / "einsum.so"
    onnx.save(model, path)
    command = [tools / "nnc", path, "--emit=graph", "-o", "-"]
    assert "nn.einsum" not in subprocess.run(command, check=True, capture_output=True, text=True).stdout
    subprocess.run([tools / "nnc", path, "-o", library], check=True)
    (got,) = nnc.load(library, threads=2).run(inputs).values()
    expected = np.einsum(equation, *(x.astype(np.float64) for x in inputs.values()))
    assert got.shape == expected.shape
    assert np.abs(got - expected).max() <= 1e-5 * np.abs(expected).max()
