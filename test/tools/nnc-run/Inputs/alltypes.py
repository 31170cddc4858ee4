"""usage: alltypes.py FOLDER: writes the inputs and outputs of alltypes.c in every file format, or checks what nnc-run
saved there (alltypes.py FOLDER check)."""

import pathlib
import sys

import ml_dtypes
import numpy as np
import onnx
from onnx import helper, numpy_helper

TYPES = {
    "b": np.bool_, "i2": ml_dtypes.int2, "u2": ml_dtypes.uint2, "i4": ml_dtypes.int4, "u4": ml_dtypes.uint4,
    "i8": np.int8, "u8": np.uint8, "i16": np.int16, "u16": np.uint16, "i32": np.int32, "u32": np.uint32,
    "i64": np.int64, "u64": np.uint64, "f16": np.float16, "bf16": ml_dtypes.bfloat16, "f32": np.float32,
    "f64": np.float64, "e4m3fn": ml_dtypes.float8_e4m3fn, "e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "e5m2": ml_dtypes.float8_e5m2, "e5m2fnuz": ml_dtypes.float8_e5m2fnuz, "e8m0fnu": ml_dtypes.float8_e8m0fnu,
    "e2m1fn": ml_dtypes.float4_e2m1fn, "c64": np.complex64, "c128": np.complex128,
}  # fmt: skip
UNSIGNED = {"b", "u2", "u4", "u8", "u16", "u32", "u64"}


def values(name):
    if name in UNSIGNED:
        return [0, 1, 1, 0, 1]
    if name == "e8m0fnu":
        return [1, 2, 0.5, 0.25, 4]
    if name.startswith("c"):
        return [1, -2, 1j, 2 - 1j, 0]
    return [1, 0, -1, 1, -2]


ARRAYS = {name: np.array(values(name)).astype(dtype) for name, dtype in TYPES.items()}


def typed_proto(name, array):
    """A TensorProto with the values in the typed field instead of raw_data."""
    floats = not (name in UNSIGNED or name.startswith("i"))
    numbers = array.astype(complex if name[0] == "c" else float if floats else int).tolist()
    return helper.make_tensor(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape, numbers)


def write(folder):
    outputs = {"out_" + name: array for name, array in ARRAYS.items()}
    np.savez(folder / "in.npz", **ARRAYS)
    np.savez_compressed(folder / "in_compressed.npz", **ARRAYS)
    np.savez(folder / "out.npz", **outputs)
    for kind, convert in ("raw", lambda name, array: numpy_helper.from_array(array, name)), ("typed", typed_proto):
        (folder / kind).mkdir(exist_ok=True)
        for index, (name, array) in enumerate(ARRAYS.items()):
            proto = convert(name, array)
            (folder / kind / f"input_{index}.pb").write_bytes(proto.SerializeToString())
            (folder / kind / f"output_{index}.pb").write_bytes(proto.SerializeToString())


def check(folder):
    saved = np.load(folder / "saved.npz")
    for index, (name, array) in enumerate(ARRAYS.items()):
        proto = onnx.TensorProto.FromString((folder / "saved" / f"output_{index}.pb").read_bytes())
        from_proto = numpy_helper.to_array(proto)
        assert from_proto.dtype == array.dtype and (from_proto == array).all(), (name, from_proto)
        from_npz = saved["out_" + name]
        if from_npz.dtype.kind == "V":
            from_npz = from_npz.view(array.dtype)
        assert (from_npz.astype(complex) == array.astype(complex)).all(), (name, from_npz)


folder = pathlib.Path(sys.argv[1])
folder.mkdir(exist_ok=True)
check(folder) if sys.argv[2:] == ["check"] else write(folder)
