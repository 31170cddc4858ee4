"""The functions of floats in compiled models, against higher precision. docs/numerics.md states these bounds."""

import ctypes
import math
import sys
from pathlib import Path

import numpy as np
import pytest

import nnc

sys.path.insert(0, str(Path(__file__).parents[1]))
from support import paths  # noqa: E402
from support.compiled import compile_model, run_compiled  # noqa: E402

onnx = pytest.importorskip("onnx")
pytestmark = [
    pytest.mark.skipif(not paths.NNC.exists(), reason="nnc is not built"),
    pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="needs a long double of more bits than a double"),
]

erf = np.vectorize(math.erf, otypes=[np.float64])
FUNCTIONS = {
    # operator: (reference, ulps in f32, ulps in f64)
    "Exp": (np.exp, 1, 1),
    "Log": (np.log, 1, 1),
    "Sin": (np.sin, 2, 3),
    "Cos": (np.cos, 2, 3),
    "Tan": (np.tan, 4, 4),
    "Asin": (np.arcsin, 2, 2),
    "Acos": (np.arccos, 2, 2),
    "Atan": (np.arctan, 2, 2),
    "Sinh": (np.sinh, 3, 3),
    "Cosh": (np.cosh, 3, 3),
    "Tanh": (np.tanh, 3, 3),
    "Asinh": (np.arcsinh, 3, 3),
    "Acosh": (np.arccosh, 3, 3),
    "Atanh": (np.arctanh, 3, 3),
    "Erf": (lambda x: erf(x.astype(np.float64)), 3, 4),
}
TYPES = {np.float32: onnx.TensorProto.FLOAT, np.float64: onnx.TensorProto.DOUBLE}


def arguments(dtype):
    """Ordinary numbers, and all kinds of special ones; an odd count, so that vectors and single elements are met."""
    info = np.finfo(dtype)
    special = [0.0, 1.0, 0.5, 2.0, 1e-8, 1e5, 1e10, 1e30, 88.7, 103.5, 709.7, 744.9, np.pi / 2, np.pi, 355.0]
    special += [np.inf, info.tiny, info.tiny / 3, info.smallest_subnormal, info.max, 1 + info.eps, 1 - info.eps]
    rng = np.random.default_rng(7)
    ordinary = np.concatenate([rng.uniform(-s, s, 500) for s in (1, 10, 100)] + [rng.uniform(0.4, 1.6, 500)])
    exponent = math.log(float(info.max)) * 0.99
    spread = np.exp(rng.uniform(-exponent, exponent, 500)) * rng.choice([-1, 1], 500)
    values = [special, [-x for x in special], [np.nan], ordinary, spread]
    return np.concatenate(values).astype(dtype)


def run(folder, nodes, feeds, outputs, dtype, opset=22, level="native"):
    """Runs nodes over 1-D inputs of one length and type."""
    kind = TYPES[dtype]
    values = [[onnx.helper.make_tensor_value_info(n, kind, ["n"]) for n in names] for names in (feeds, outputs)]
    graph = onnx.helper.make_graph(nodes, "numerics", *values)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)])
    onnx.save(model, folder / "model.onnx")
    finished = compile_model(folder / "model.onnx", folder / "model.so", [f"--cpu={level}"], seconds=120)
    assert finished.status == 0, finished.stderr
    return dict(zip(outputs, run_compiled(folder / "model.so", feeds)))


def check(x, got, exact, ulps):
    """`got` within so many units in the last place of `exact`, with its infinities, NaN and signs of zeros."""
    dtype = got.dtype.type
    rounded = exact.astype(dtype)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(rounded), err_msg=f"of {x[np.isnan(got) != np.isnan(rounded)]}")
    finite = np.isfinite(rounded) & np.isfinite(got)
    # Next to the largest number a rounding may already be infinite.
    border = ~finite & ~np.isnan(got) & (np.abs(exact) < float(np.finfo(dtype).max) * (1 + 1e-6))
    infinite = ~finite & ~np.isnan(got) & ~border
    np.testing.assert_array_equal(got[infinite], rounded[infinite])
    error = np.abs(got[finite].astype(exact.dtype) - exact[finite]) / np.spacing(np.abs(rounded[finite]))
    worst = np.argmax(error)
    assert error[worst] <= ulps, f"{error[worst]:.2f} ulp at {x[finite][worst]!r}: {got[finite][worst]!r}"
    zero = (x == 0) & (exact == 0)
    np.testing.assert_array_equal(np.signbit(got[zero]), np.signbit(exact[zero]))


# The oldest level has no instruction that multiplies and adds with one rounding.
LEVELS = pytest.mark.parametrize("level", ["x86-64-v2", "native"])


@LEVELS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_unary(tmp_path, dtype, level):
    x = arguments(dtype)
    nodes = [onnx.helper.make_node(name, ["x"], [name]) for name in FUNCTIONS]
    results = run(tmp_path, nodes, {"x": x}, list(FUNCTIONS), dtype, level=level)
    with np.errstate(all="ignore"):
        for name, (reference, *ulps) in FUNCTIONS.items():
            check(x, results[name], reference(x.astype(np.longdouble)), ulps[dtype is np.float64])


@LEVELS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_power(tmp_path, dtype, level):
    special = np.array([0.0, -0.0, 1, -1, 0.5, -0.5, 2, -2, 3, -3, 1e30, -1e30, np.inf, -np.inf, np.nan], dtype)
    x, y = (v.ravel() for v in np.meshgrid(special, special))
    rng = np.random.default_rng(8)
    x = np.concatenate([x, np.exp(rng.uniform(-20, 20, 999)), rng.uniform(0.9, 1.1, 500)]).astype(dtype)
    y = np.concatenate([y, rng.uniform(-4, 4, 999), rng.uniform(-800, 800, 500)]).astype(dtype)
    nodes = [onnx.helper.make_node("Pow", ["x", "y"], ["z"])]
    z = run(tmp_path, nodes, {"x": x, "y": y}, ["z"], dtype, level=level)["z"]
    with np.errstate(all="ignore"):
        exact = np.power(x.astype(np.longdouble), y.astype(np.longdouble))
        check(x, z, exact, 1 if dtype is np.float32 else 4)
    n = len(special) ** 2
    np.testing.assert_array_equal(np.signbit(z[:n]) & ~np.isnan(z[:n]), np.signbit(exact[:n]) & ~np.isnan(exact[:n]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_activations_at_the_ends(tmp_path, dtype):
    x = np.array([-np.inf, -1e30, -200, 0, 200, 1e30, np.inf, np.nan], dtype)
    ends = {
        "Sigmoid": [0, 0, np.exp(np.longdouble(-200)), 0.5, 1, 1, 1, np.nan],
        "Softplus": [0, 0, np.exp(np.longdouble(-200)), np.log(np.longdouble(2)), 200, 1e30, np.inf, np.nan],
        "Elu": [-1, -1, -1, 0, 200, 1e30, np.inf, np.nan],
        "Gelu": [0, 0, 0, 0, 200, 1e30, np.inf, np.nan],
    }
    nodes = [onnx.helper.make_node(name, ["x"], [name]) for name in ends]
    results = run(tmp_path, nodes, {"x": x}, list(ends), dtype)
    for name, expected in ends.items():
        np.testing.assert_allclose(results[name], np.array(expected, np.longdouble).astype(dtype), rtol=1e-6, atol=0)


@pytest.mark.parametrize("spelling", ["op", "written out"])
@pytest.mark.parametrize("tanh", [False, True])
def test_gelu(tmp_path, tanh, spelling):
    """GELU as one op and as models write it out: one function, exactly 0 and x where it has reached them."""
    x = arguments(np.float32)
    node = onnx.helper.make_node
    root = math.sqrt(2 / math.pi)
    if spelling == "op":
        nodes = [node("Gelu", ["x"], ["y"], approximate="tanh" if tanh else "none")]
    else:
        numbers = {"half": 0.5, "one": 1.0, "root": root if tanh else math.sqrt(2), "cubic": 0.044715, "three": 3.0}
        nodes = [node("Constant", [], [name], value_float=value) for name, value in numbers.items()]
        if tanh:
            nodes += [node("Pow", ["x", "three"], ["a"]), node("Mul", ["a", "cubic"], ["b"])]
            nodes += [node("Add", ["x", "b"], ["c"]), node("Mul", ["c", "root"], ["d"]), node("Tanh", ["d"], ["e"])]
        else:
            nodes += [node("Div", ["x", "root"], ["d"]), node("Erf", ["d"], ["e"])]
        nodes += [node("Add", ["e", "one"], ["f"]), node("Mul", ["x", "f"], ["g"]), node("Mul", ["g", "half"], ["y"])]
    got = run(tmp_path, nodes, {"x": x}, ["y"], np.float32)["y"]
    wide = np.clip(x.astype(np.float64), -1e3, 1e300)
    inner = np.clip(2 * root * (wide + 0.044715 * np.clip(wide, -1e3, 1e3) ** 3), -700, 700)
    exact = wide / (1 + np.exp(-inner)) if tanh else wide * 0.5 * np.vectorize(math.erfc)(-wide / math.sqrt(2))
    np.testing.assert_allclose(got, exact.astype(np.float32), rtol=5e-7, atol=1e-6)
    assert (got[x < -20] == 0).all()
    np.testing.assert_array_equal(got[x > 20], x[x > 20])


@pytest.mark.parametrize("level", ["x86-64-v3", "native"])
def test_place_does_not_matter(tmp_path, level):
    """The last elements, which fill no vector, get what the first ones get."""
    functions = ["Exp", "Sigmoid", "Softplus", "Tanh", "Mish"]
    nodes = [onnx.helper.make_node(name, ["x"], [name]) for name in functions]
    x = np.random.default_rng(11).uniform(-30, 30, 77).astype(np.float32)
    run(tmp_path, nodes, {"x": x}, functions, np.float32, level=level)
    model = nnc.load(tmp_path / "model.so")
    straight, turned = model.run({"x": x}), model.run({"x": x[::-1].copy()})
    for name in functions:
        np.testing.assert_array_equal(straight[name], turned[name][::-1], err_msg=name)


@pytest.mark.parametrize("level", ["x86-64-v3", "native"])
def test_no_underflow(tmp_path, level):
    """Far from 0 nothing is computed that ends below the normal numbers: each such step takes some processors over a
    hundred cycles, and masked attention and saturated gates would be full of them."""
    unary = ["Exp", "Sigmoid", "Softplus", "Elu", "Selu", "Mish", "Gelu", "Tanh", "Erf", "Softmax", "LogSoftmax"]
    node = onnx.helper.make_node
    nodes = [node(name, ["x"], [name]) for name in unary]
    nodes += [node("Mul", ["x", "Sigmoid"], ["Silu"]), node("Gelu", ["x"], ["GeluTanh"], approximate="tanh")]
    outputs = unary + ["Silu", "GeluTanh"]
    far = np.array([-np.inf, -1e30, -1000, -200, -104.1, 0, 1, 104.1, 200, 1000, 1e30], np.float32)
    x = np.concatenate([far, np.random.default_rng(9).choice(far[2:-1], 300)])
    math_library, underflow = ctypes.CDLL("libm.so.6"), 0x10

    def check_quiet():
        model = nnc.load(tmp_path / "model.so", threads=1)
        math_library.feclearexcept(underflow)
        model.run({"x": x})
        assert not math_library.fetestexcept(underflow)

    run(tmp_path, nodes, {"x": x}, outputs, np.float32, level=level)
    check_quiet()
    # Where the exponential itself is a denormal only those are asked that add it to something.
    added = ["Softplus", "Sigmoid"]
    x = np.random.default_rng(9).uniform(87.4, 103.9, 333).astype(np.float32)
    run(tmp_path, [node(name, ["x"], [name]) for name in added], {"x": x}, added, np.float32, level=level)
    check_quiet()
