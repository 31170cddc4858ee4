"""Slices and pieces of splits that elementwise kernels read where they lie, against ONNX Runtime: along any dim, of one
tensor or several, broadcast against others, at known extents and at unknown ones."""

import beside_ort
import numpy as np
import pytest

import nnc

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper

END = 1 << 40


class Model:
    """Nodes over inputs of known or of unknown extents; `run` compares with ONNX Runtime."""

    def __init__(self, known, **inputs):
        generator = np.random.default_rng(3)
        self.feeds = {name: generator.standard_normal(shape).astype(np.float32) for name, shape in inputs.items()}
        self.dims = {name: [n if known else f"{name}{i}" for i, n in enumerate(shape)] for name, shape in inputs.items()}
        self.nodes, self.constants = [], []

    def add(self, op, *inputs, outputs=1, **attributes):
        names = [f"t{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, **attributes))
        return names[0] if outputs == 1 else names

    def list(self, numbers):
        self.constants.append(numpy_helper.from_array(np.array(numbers, np.int64), f"c{len(self.constants)}"))
        return self.constants[-1].name

    def slice(self, x, start, end, axis, step=1):
        return self.add("Slice", x, *(self.list([n]) for n in (start, end, axis, step)))

    def run(self, tmp_path, level, result, kernels):
        """`kernels`: how many groups there are; every slice that is not read where it lies is one more."""
        self.nodes.append(helper.make_node("Identity", [result], ["y"]))
        infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in self.dims.items()]
        output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
        beside_ort.check(tmp_path, level, self.nodes, infos, [output], self.feeds, self.constants, rtol=1e-5, atol=1e-6)
        nnc.compile(tmp_path / "model.onnx", tmp_path / "model.mlir", emit="graph", cpu=level)
        assert (tmp_path / "model.mlir").read_text().count("nn.group") == kernels


@pytest.mark.parametrize("shape, axis", [
    ((6, 70), 1), ((6, 70), 0), ((3, 8, 40), 1), ((2, 4, 3, 5, 20), 1), ((4, 5, 1, 34), 3), ((2, 6, 1, 17), 1), ((66,), 0),
], ids=str)
def test_gate(tmp_path, level, shape, axis):
    """Both halves of a tensor, as in a gated linear unit."""
    m = Model(True, x=shape)
    a, b = m.add("Split", "x", outputs=2, axis=axis, num_outputs=2)
    m.run(tmp_path, level, m.add("Mul", a, m.add("Sigmoid", b)), kernels=1)


@pytest.mark.parametrize("sizes, axis", [([7, 30, 11], 2), ([1, 2, 3], 1)], ids=str)
def test_pieces_of_several_sizes(tmp_path, level, sizes, axis):
    shape = [4, 6, 48]
    m = Model(True, x=shape)
    pieces = m.add("Split", "x", m.list(sizes), outputs=3, axis=axis)
    tops = [m.add("Exp", piece) for piece in pieces]
    # A concatenation is a kernel; pieces of 7 and of 11 elements are copied, with a kernel for the split.
    m.run(tmp_path, level, m.add("Concat", *tops, axis=axis), kernels=5 if axis == 2 else 4)


@pytest.mark.parametrize("known", [True, False])
def test_gate_at_unknown_batch(tmp_path, level, known):
    m = Model(True, x=(5, 9, 64))
    if not known:
        m.dims["x"] = ["n", "s", 64]
    a, b = m.add("Split", "x", outputs=2, axis=2, num_outputs=2)
    m.run(tmp_path, level, m.add("Mul", m.add("Tanh", a), m.add("Sigmoid", b)), kernels=1)


def test_overlapping_boxes(tmp_path, level):
    m = Model(True, x=(3, 20, 50))
    left, right = m.slice("x", 0, -1, 1), m.slice("x", 1, END, 1)
    sides = m.slice(m.slice("x", 0, -1, 1), 2, 40, 2)
    m.run(tmp_path, level, m.add("Add", m.slice(m.add("Sub", right, left), 2, 40, 2), sides), kernels=2)


def test_tensor_and_its_first_row(tmp_path, level):
    """What the first row is added to is not overwritten while others read that row."""
    m = Model(True, x=(40, 33), z=(40, 33))
    x = m.add("Mul", "x", "z")
    m.run(tmp_path, level, m.add("Add", x, m.slice(x, 0, 1, 0)), kernels=2)


@pytest.mark.parametrize("start, end, axis, step, kernels", [
    (1, 9, 0, 2, 1), (0, END, 1, 3, 1), (-2, END, 1, 1, 1), (3, 3, 1, 1, 1), (9, 2, 0, 1, 1),
    (END, -END, 1, -1, 1),
    # Neighbours that are apart, and the other way around, are gathered by a kernel of their own.
    (0, END, 2, 2, 2), (END, -END, 2, -1, 2),
])
def test_steps(tmp_path, level, start, end, axis, step, kernels):
    m = Model(True, x=(10, 12, 32))
    m.run(tmp_path, level, m.add("Neg", m.slice("x", start, end, axis, step)), kernels=kernels)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_broadcast(tmp_path, level, axis):
    """A box of extent 1 stretches along what it is added to; one of lower rank does along the dims in front."""
    m = Model(True, x=(4, 6, 32), z=(4, 6, 32), w=(3, 32))
    total = m.add("Add", "z", m.slice("x", 2, 3, axis))
    m.run(tmp_path, level, m.add("Mul", total, m.slice("w", 1, 2, 0)), kernels=1)


def test_slice_that_others_need(tmp_path, level):
    """A product reads it too, and does so from memory."""
    m = Model(True, x=(8, 64), w=(32, 16))
    half = m.slice("x", 32, END, 1)
    product = m.add("MatMul", half, "w")
    m.run(tmp_path, level, m.add("Add", m.add("ReduceSum", m.add("Exp", half), keepdims=0), product), kernels=4)


def test_unknown_extents(tmp_path, level):
    """Where the run decides what a slice is, it is a kernel, which the run gives its extents."""
    m = Model(False, x=(7, 40))
    m.run(tmp_path, level, m.add("Exp", m.slice("x", 1, END, 0)), kernels=2)


@pytest.mark.parametrize("shape, axis, step", [((3, 8, 40), 1, -1), ((3, 8, 40), 0, -1), ((2, 9, 4, 24), 1, -2), ((5, 70), 0, -3), ((3, 0, 40), 1, -1)], ids=str)
def test_reversed(tmp_path, level, shape, axis, step):
    """Along a dim that is not the last a step may be negative: from the last element or one before it to the first."""
    m = Model(True, x=shape)
    a = m.slice("x", -1, -END, axis, step)
    b = m.slice("x", shape[axis] - 1, -shape[axis] - 1, axis, step)
    m.run(tmp_path, level, m.add("Mul", a, m.add("Sigmoid", b)), kernels=1)


def test_box_of_a_reversed_box(tmp_path, level):
    m = Model(True, x=(3, 9, 40))
    inner = m.slice(m.slice("x", -1, -END, 1, -1), 2, 8, 1, 2)
    m.run(tmp_path, level, m.add("Mul", inner, m.add("Sigmoid", inner)), kernels=1)


class TestRotary:
    """Rotary position embeddings as exporters write them: one kernel, whatever is known of batch and positions."""

    B, H, S, D = 2, 3, 5, 40

    @staticmethod
    def name_dims(m, known, names):
        """The extents in front of the last are decided by the run, but where they are 1; heads are of a known size."""
        for name, dims in m.dims.items() if not known else ():
            shape = m.feeds[name].shape
            letters = names[len(names) - len(shape) + 1 :]
            dims[:] = [n if n == 1 else letter for n, letter in zip(shape, letters)] + [shape[-1]]

    def turned(self, m, x, cosines, sines, half):
        first, second = m.slice(x, 0, half, -1), m.slice(x, half, END, -1)
        rotated = m.add("Concat", m.add("Neg", second), first, axis=-1)
        return m.add("Add", m.add("Mul", x, cosines), m.add("Mul", sines, rotated))

    def turned_by_halves(self, m, x, cosines, sines, half):
        first, second = m.add("Split", x, axis=-1, num_outputs=2, outputs=2)
        real = m.add("Sub", m.add("Mul", first, cosines), m.add("Mul", second, sines))
        imaginary = m.add("Add", m.add("Mul", second, cosines), m.add("Mul", first, sines))
        return m.add("Concat", real, imaginary, axis=-1)

    @pytest.mark.parametrize("angles", [(5,), (1, 5), (1, 1, 5), (2, 1, 5), (2, 3, 5)], ids=str)
    @pytest.mark.parametrize("by_halves", [False, True])
    @pytest.mark.parametrize("known", [True, False])
    def test_heads_first(self, tmp_path, level, known, by_halves, angles):
        b, h, s, d = self.B, self.H, self.S, self.D
        shape = (*angles, d // 2 if by_halves else d)
        m = Model(known, x=(b, h, s, d), cosines=shape, sines=shape)
        self.name_dims(m, known, "bhs")
        turn = self.turned_by_halves if by_halves else self.turned
        m.run(tmp_path, level, turn(m, "x", "cosines", "sines", d // 2), kernels=1)

    @pytest.mark.parametrize("angles", [(5,), (1, 1, 5), (2, 1, 5), (2, 3, 5)], ids=str)
    @pytest.mark.parametrize("known", [True, False])
    def test_transpose_goes_behind(self, tmp_path, level, known, angles):
        """Only where the angles are the same for all heads; the result is as before either way."""
        b, h, s, d = self.B, self.H, self.S, self.D
        m = Model(known, x=(b, s, h, d), cosines=(*angles, d), sines=(*angles, d))
        self.name_dims(m, known, "bhs")
        if not known:
            m.dims["x"] = ["b", "s", "h", d]
        x = m.add("Transpose", "x", perm=[0, 2, 1, 3])
        m.run(tmp_path, level, self.turned(m, x, "cosines", "sines", d // 2), kernels=2)

    @pytest.mark.parametrize("part", [16, 40])
    def test_part_of_a_head(self, tmp_path, level, part):
        """What does not turn is copied beside it."""
        m = Model(True, x=(2, 3, 5, 40), cosines=(5, part), sines=(5, part))
        turned = self.turned(m, m.slice("x", 0, part, -1), "cosines", "sines", part // 2)
        rest = m.add("Concat", turned, m.slice("x", part, END, -1), axis=-1)
        m.run(tmp_path, level, rest, kernels=1 if part == 40 else 4)

    @pytest.mark.parametrize("by_halves", [False, True])
    def test_angles_of_several_shapes(self, tmp_path, level, by_halves):
        """Sines of a batch beside cosines of one sequence: left as it is written."""
        width = 20 if by_halves else 40
        m = Model(True, x=(1, 3, 5, 40), cosines=(1, 1, 5, width), sines=(2, 1, 5, width))
        turn = self.turned_by_halves if by_halves else self.turned
        m.run(tmp_path, level, turn(m, "x", "cosines", "sines", 20), kernels=5)

    def test_other_halves(self, tmp_path, level):
        """Neither the other sign nor halves of different tensors are a rotation."""
        m = Model(True, x=(3, 5, 40), z=(3, 5, 40), cosines=(5, 40), sines=(5, 40))
        swapped = m.add("Concat", m.slice("x", 20, END, -1), m.add("Neg", m.slice("x", 0, 20, -1)), axis=-1)
        mixed = m.add("Concat", m.add("Neg", m.slice("x", 20, END, -1)), m.slice("z", 0, 20, -1), axis=-1)
        a, b = (m.add("Add", m.add("Mul", "x", "cosines"), m.add("Mul", c, "sines")) for c in (swapped, mixed))
        m.run(tmp_path, level, m.add("Add", a, b), kernels=7)
