"""The loops that do the work, as assembly of every level, whatever this machine runs: multiply-adds on vectors of the
level's width, and no sum that goes through the stack."""

import os
import pathlib
import re
import subprocess

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
import onnx.parser

ROOT = pathlib.Path(__file__).parents[2]
RNG = np.random.default_rng(5)
REGISTERS = {"x86-64-v3": "ymm", "x86-64-v4": "zmm"}

MATMUL = """g (float[96,768] x) => (float[96,512] y) <float[768,512] w> { y = MatMul(x, w) }"""
LONG = """g (float[96,3072] x) => (float[96,512] y) <float[3072,512] w> { y = MatMul(x, w) }"""
STRASSEN = """g (float[128,768] x) => (float[128,3072] y) <float[768,3072] w> { y = MatMul(x, w) }"""
SHORT = """g (float[2048,8] x) => (float[2048,512] y) <float[8,512] w> { y = MatMul(x, w) }"""
ROW = """g (float[1,768] x) => (float[1,512] y) <float[768,512] w> { y = MatMul(x, w) }"""
POINTWISE = """g (float[1,128,28,28] x) => (float[1,128,28,28] y) <float[128,128,1,1] w> {
    c = Conv(x, w)  y = Relu(c) }"""
STRIDED = """g (float[1,128,28,28] x) => (float[1,128,14,14] y) <float[128,128,3,3] w> {
    y = Conv <pads = [1, 1, 1, 1], strides = [2, 2]> (x, w) }"""
WINOGRAD = """g (float[1,64,28,28] x) => (float[1,64,28,28] y) <float[64,64,3,3] w> {
    y = Conv <pads = [1, 1, 1, 1]> (x, w) }"""
DEPTHWISE = """g (float[1,64,28,28] x) => (float[1,64,28,28] y) <float[64,1,3,3] w> {
    y = Conv <group = 64, pads = [1, 1, 1, 1]> (x, w) }"""
DILATED = """g (float[1,512,28,28] x) => (float[1,128,28,28] y) <float[128,512,3,3] w> {
    y = Conv <dilations = [18, 18], pads = [18, 18, 18, 18]> (x, w) }"""
PATCHES = """g (float[1,3,224,224] x) => (float[1,96,56,56] y) <float[96,3,4,4] w> {
    y = Conv <strides = [4, 4]> (x, w) }"""

LSTM = """g (float[20,32,64] x) => (float[20,1,32,128] y) <float[1,512,64] w, float[1,512,128] r> {
    y = LSTM <hidden_size = 128> (x, w, r) }"""
GRU = """g (float[20,32,64] x) => (float[20,1,32,128] y) <float[1,384,64] w, float[1,384,128] r> {
    y = GRU <hidden_size = 128, linear_before_reset = 1> (x, w, r) }"""


def assembly(tmp_path, text, level, constants=(), opset=17, emit="asm"):
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : {opset}]>\n' + text)
    model.graph.initializer.extend(constants)
    for value in model.graph.value_info:
        shape = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        array = RNG.standard_normal(shape, dtype=np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, value.name))
    path = tmp_path / "m.onnx"
    onnx.save(model, path)
    nnc = pathlib.Path(os.environ.get("NNC_BIN", ROOT / "build" / "dev" / "bin")) / "nnc"
    command = [nnc, path, f"--emit={emit}", f"--cpu={level}", "-o", "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def innermost_loops(text):
    """The instructions between a label and the last jump back to it, of loops that have no loop within."""
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    starts, loops = {}, []
    for i, line in enumerate(lines):
        if match := re.fullmatch(r"(\.L\w+):", line):
            starts[match[1]] = i
        elif (match := re.match(r"j\w+\s+(\.L\w+)$", line)) and match[1] in starts:
            loops.append((starts[match[1]], i))
    inner = [(a, b) for a, b in loops if not any(a <= c and d <= b and (a, b) != (c, d) for c, d in loops)]
    return [[line for line in lines[a:b] if line and not line.endswith(":")] for a, b in inner]


@pytest.mark.parametrize("level", REGISTERS)
@pytest.mark.parametrize(
    ("text", "sums"),
    [
        (MATMUL, {"x86-64-v3": 12, "x86-64-v4": 24}),
        (LONG, {"x86-64-v3": 12, "x86-64-v4": 24}),
        (STRASSEN, {"x86-64-v3": 12, "x86-64-v4": 22}),
        (ROW, {"x86-64-v3": 8, "x86-64-v4": 4}),
        (POINTWISE, {"x86-64-v3": 12, "x86-64-v4": 22}),
        (STRIDED, {"x86-64-v3": 10, "x86-64-v4": 14}),
        (WINOGRAD, {"x86-64-v3": 12, "x86-64-v4": 22}),
        (DEPTHWISE, {"x86-64-v3": 4, "x86-64-v4": 8}),
        (LSTM, {"x86-64-v3": 8, "x86-64-v4": 20}),
        (GRU, {"x86-64-v3": 12, "x86-64-v4": 21}),
    ],
    ids=["matmul", "long", "strassen", "row", "pointwise", "strided", "winograd", "depthwise", "lstm", "gru"],
)
def test_no_sum_is_spilled(tmp_path, text, sums, level):
    register = REGISTERS[level]
    products = re.compile(rf"vfn?madd\d+ps\s.*%{register}")
    # Winograd's transforms, which add and subtract, have more values than AVX2 has registers.
    loops = [
        loop
        for loop in innermost_loops(assembly(tmp_path, text, level))
        if sum(bool(products.match(line)) for line in loop) >= 4 and not re.search("vsubps|vfnm", " ".join(loop))
    ]
    assert loops
    assert max(sum(bool(products.match(line)) for line in loop) for loop in loops) >= sums[level]
    for loop in loops:
        spills = [line for line in loop if re.search(rf"%{register}\d+,.*\(%rsp", line)]
        assert not spills, "\n".join(loop)


@pytest.mark.parametrize("level", REGISTERS)
@pytest.mark.parametrize("rows", [1, 2, 3, 5])
def test_numbers_of_four_bits(tmp_path, rows, level):
    """A word of eight is looked up in a register, or shifted apart, with all sums in registers."""
    text = f"""g (float[{rows},512] x) => (float[{rows},768] y) <float[16,768] s> {{
        w = DequantizeLinear <axis = 0, block_size = 32> (q, s)
        y = MatMul (x, w) }}"""
    numbers = RNG.integers(0, 256, 512 * 768 // 2, dtype=np.uint8)
    q = onnx.helper.make_tensor("q", onnx.TensorProto.INT4, [512, 768], numbers.tobytes(), raw=True)
    loops = innermost_loops(assembly(tmp_path, text, level, [q], opset=21))
    tile = max(loops, key=lambda loop: sum("vfmadd" in line for line in loop))
    # Five rows are tiles of three and two with AVX2.
    few, wide = min(rows, 3), level == "x86-64-v4"
    sums = (4 * rows if rows < 4 else 2 * rows) if wide else 4 if rows == 1 else 2 * few
    assert sum("vfmadd" in line for line in tile) == 8 * sums
    lookup = re.compile("vperm(ps|d)" if level == "x86-64-v4" else "vpsrad")
    assert sum(bool(lookup.match(line)) for line in tile) == 8 * sums // (rows if wide else few)
    assert not [line for line in tile if re.search(r"%[yz]mm\d+,.*\(%rsp", line)], "\n".join(tile)


@pytest.mark.parametrize("level", REGISTERS)
def test_few_additions_where_rows_are_unknown(tmp_path, level):
    """Where an item's number is divided by what only the run knows, addresses advance by additions all the same."""
    text = """g (float[n,197,192] x) => (float[n,197,576] y) <float[192,576] w> { y = MatMul(x, w) }"""
    loops = innermost_loops(assembly(tmp_path, text, level))
    tile = max(loops, key=lambda loop: sum("vfmadd" in line for line in loop))
    assert sum("vfmadd" in line for line in tile) in (24, 96)
    assert len([line for line in tile if not re.match("v|prefetch", line)]) <= 6, "\n".join(tile)


def test_short_sums_are_not_spilled_for_two_multipliers(tmp_path):
    """Eight steps are no two turns of four, of which LLVM makes one with all scalars in memory."""
    loops = innermost_loops(assembly(tmp_path, SHORT, "x86-64-v4-intel"))
    tiles = [loop for loop in loops if sum("vfmadd" in line for line in loop) >= 22]
    assert tiles
    for loop in tiles:
        assert not [line for line in loop if re.search(r"%zmm\d+,.*\(%rsp", line)], "\n".join(loop)


@pytest.mark.parametrize("text", [MATMUL, LONG, STRASSEN], ids=["matmul", "long", "strassen"])
def test_panels_are_fetched_ahead_for_two_multipliers(tmp_path, text):
    """Both panels of a step, beside 24 products; sums stay in registers all the same."""
    loops = innermost_loops(assembly(tmp_path, text, "x86-64-v4-intel"))
    tiles = [loop for loop in loops if sum("vfmadd" in line for line in loop) >= 22]
    assert tiles
    for loop in tiles:
        assert sum(line.startswith("prefetcht0") for line in loop) >= 2, "\n".join(loop)
        assert not [line for line in loop if re.search(r"%zmm\d+,.*\(%rsp", line)], "\n".join(loop)


def test_pixels_of_a_tile_share_pointers(tmp_path):
    """Where sums of indices might wrap, each pixel has a pointer of its own, which lives on the stack."""
    for loop in innermost_loops(assembly(tmp_path, DILATED, "x86-64-v4")):
        pointers = [line for line in loop if re.match(r"addq\s+\$\d+, -?\d*\(%rsp\)", line)]
        assert len(pointers) <= 4, "\n".join(loop)


def test_loop_over_three_channels_is_unrolled(tmp_path):
    """Otherwise three values become a masked vector, which is gathered and scattered."""
    assert not re.search(r"v(p?gather|scatter|maskmov)", assembly(tmp_path, PATCHES, "x86-64-v4"))


def test_unrolling_does_not_look_at_long_loops(tmp_path):
    """It would count the costs of all that is in them, once for each loop around an instruction."""
    assert "llvm.loop.unroll.disable" in assembly(tmp_path, STRASSEN, "x86-64-v3", emit="llvm-ir")
    assert "llvm.loop.unroll.disable" not in assembly(tmp_path, ROW, "x86-64-v3", emit="llvm-ir")
