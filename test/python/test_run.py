"""nnc.load and what it returns, on hand-written models."""

import shutil
import threading

import ml_dtypes
import numpy as np
import pytest

import nnc


@pytest.fixture
def affine(fake):
    return nnc.load(fake("affine"))


def arrays(n=2):
    x = np.arange(3 * n, dtype=np.float32).reshape(n, 3)
    return {"x": x, "k": np.arange(n)}


def test_describes_itself(affine):
    assert affine.name == "affine"
    assert [(v.name, v.dtype, v.shape) for v in affine.inputs] == [
        ("x", "float32", ("n", 3)),
        ("k", "int64", ("n",)),
    ]
    assert [(v.name, v.dtype, v.shape) for v in affine.outputs] == [
        ("y", "float32", ("n", 3)),
        ("kept", "int64", (None,)),
    ]
    assert repr(affine.inputs[0]) == "Value('x', float32[n,3])"
    assert affine.inputs[0].numpy_dtype == np.float32


@pytest.mark.parametrize("n", [0, 1, 4, 100])
def test_runs_at_any_size(affine, n):
    inputs = arrays(n)
    for _ in range(2):
        outputs = affine.run(inputs)
        np.testing.assert_array_equal(outputs["y"], 2 * inputs["x"] + 1)
        np.testing.assert_array_equal(outputs["kept"], inputs["k"][inputs["k"] > 0])


def test_outputs_belong_to_the_caller(affine):
    first = affine.run(arrays())
    before = first["y"].copy()
    affine.run({"x": np.zeros((2, 3), np.float32), "k": np.zeros(2, np.int64)})
    np.testing.assert_array_equal(first["y"], before)


@pytest.mark.parametrize("n", [1, 4, 100, 30000])
def test_outputs_start_with_a_cache_line(affine, n):
    """Kernels would store vectors across the borders of lines otherwise, at half the speed."""
    inputs = arrays(n)
    bound = affine.bind(inputs)
    bound.run()
    for outputs in (affine.run(inputs), affine.run(inputs), bound.outputs):
        assert all(y.ctypes.data % 64 == 0 for y in outputs.values() if y.size)


def test_copies_what_is_not_contiguous(affine):
    inputs = arrays()
    inputs["x"] = np.asfortranarray(inputs["x"])
    np.testing.assert_array_equal(affine.run(inputs)["y"], 2 * inputs["x"] + 1)


def test_takes_lists(affine):
    outputs = affine.run({"x": [[1, 2, 3]], "k": [7]})
    assert outputs["y"].tolist() == [[3, 5, 7]] and outputs["kept"].tolist() == [7]


class Exporter:
    """Something that is no numpy array and speaks DLPack."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def test_takes_dlpack(affine):
    inputs = arrays()
    exported = {name: Exporter(array) for name, array in inputs.items()}
    np.testing.assert_array_equal(affine.run(exported)["y"], 2 * inputs["x"] + 1)
    exported["x"] = Exporter(np.asfortranarray(inputs["x"]))
    np.testing.assert_array_equal(affine.run(exported)["y"], 2 * inputs["x"] + 1)


def test_gives_dlpack(affine):
    outputs = affine.run(arrays())
    assert np.from_dlpack(outputs["y"]).shape == (2, 3)


def test_bound_reads_and_writes_in_place(affine):
    inputs = arrays()
    bound = affine.bind(inputs)
    assert "kept" not in bound.outputs
    bound.run()
    y = bound.outputs["y"]
    inputs["x"][:] = 5
    inputs["k"][:] = 1
    bound.run()
    assert bound.outputs["y"] is y and (y == 11).all()
    assert bound.outputs["kept"].tolist() == [1, 1]
    inputs["k"][0] = -1
    bound.run()
    assert bound.outputs["kept"].tolist() == [1]


def test_bound_does_not_copy_inputs(affine):
    inputs = arrays()
    with pytest.raises(nnc.RunError, match="'x': bind takes contiguous arrays only"):
        affine.bind({"x": np.asfortranarray(inputs["x"]), "k": inputs["k"]})
    with pytest.raises(nnc.RunError, match="'x': bind takes contiguous arrays only"):
        affine.bind({"x": Exporter(np.asfortranarray(inputs["x"])), "k": inputs["k"]})
    with pytest.raises(nnc.RunError, match="'x': list is no array to bind to"):
        affine.bind({"x": [[1, 2, 3]], "k": inputs["k"]})


@pytest.mark.parametrize(
    "change, message",
    [
        ({"x": None}, "input 'x' is missing"),
        ({"z": np.zeros(1)}, "the model has no input 'z'"),
        ({"k": np.zeros(2, np.int32)}, r"input 'k' is int64\[n\], and got int32\[2\]"),
        ({"x": np.zeros((2, 3), ">f4")}, r"input 'x' is float32\[n,3\], and got >f4\[2,3\]"),
        ({"x": np.zeros(3, np.float32)}, "input 'x': wrong rank"),
        ({"x": np.zeros((2, 4), np.float32)}, "input 'x': wrong shape"),
        ({"k": np.zeros(3, np.int64)}, "dim 'n' of input 'k' differs"),
        ({"x": np.full((2, 3), -1e3, np.float32)}, r"x\[0,0\] is out of range"),
    ],
)
def test_refuses_wrong_inputs(affine, change, message):
    inputs = {name: array for name, array in (arrays() | change).items() if array is not None}
    with pytest.raises(nnc.RunError, match=message):
        affine.run(inputs)
    affine.run(arrays())


def test_threads_share_a_model(affine):
    wrong = []

    def work(value):
        inputs = {"x": np.full((50, 3), value, np.float32), "k": np.full(50, value)}
        for _ in range(200):
            outputs = affine.run(inputs)
            if not ((outputs["y"] == 2 * value + 1).all() and (outputs["kept"] == value).all()):
                wrong.append(value)

    workers = [threading.Thread(target=work, args=(value,)) for value in range(1, 5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


DTYPES = {
    "b": np.bool_, "i2": ml_dtypes.int2, "u2": ml_dtypes.uint2, "i4": ml_dtypes.int4, "u4": ml_dtypes.uint4,
    "i8": np.int8, "u8": np.uint8, "i16": np.int16, "u16": np.uint16, "i32": np.int32, "u32": np.uint32,
    "i64": np.int64, "u64": np.uint64, "f16": np.float16, "bf16": ml_dtypes.bfloat16, "f32": np.float32,
    "f64": np.float64, "e4m3fn": ml_dtypes.float8_e4m3fn, "e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "e5m2": ml_dtypes.float8_e5m2, "e5m2fnuz": ml_dtypes.float8_e5m2fnuz, "e8m0fnu": ml_dtypes.float8_e8m0fnu,
    "e2m1fn": ml_dtypes.float4_e2m1fn, "c64": np.complex64, "c128": np.complex128,
}  # fmt: skip


def of_all_types():
    positive = {"b", "u2", "u4", "u8", "u16", "u32", "u64", "e8m0fnu"}
    return {
        name: np.array([1, 1, 1, 1, 1] if name in positive else [0, 1, -1, -2, 1]).astype(dtype)
        for name, dtype in DTYPES.items()
    }


def test_all_types(fake):
    model = nnc.load(fake("alltypes"))
    inputs = of_all_types()
    for name, got in model.run(inputs).items():
        want = inputs[name.removeprefix("out_")]
        assert got.dtype == want.dtype and (got == want).all(), name


def test_types_that_numpy_lacks_as_bits(fake):
    model = nnc.load(fake("alltypes"))
    inputs = of_all_types()
    expected = dict(inputs)
    for name, array in inputs.items():
        if array.dtype.kind not in "?biufc" or name == "e5m2":
            narrow = {"i2", "i4"}
            inputs[name] = array.astype(np.int8) if name in narrow else array.view(f"u{array.itemsize}")
    for name, got in model.run(inputs).items():
        assert (got == expected[name.removeprefix("out_")]).all(), name


def test_a_renamed_file_loads(fake, tmp_path):
    path = tmp_path / "other name.so"
    shutil.copy(fake("affine"), path)
    assert nnc.load(path).name == "affine"


def test_files_that_are_no_models(tmp_path, fake):
    text = tmp_path / "text.so"
    text.write_text("no library")
    cut = tmp_path / "cut.so"
    cut.write_bytes(fake("affine").read_bytes()[:3000])
    for path, message in (text, "not a shared library"), (cut, "damaged"), (tmp_path / "none.so", "No such file"):
        with pytest.raises(nnc.RunError, match=message):
            nnc.load(path)
