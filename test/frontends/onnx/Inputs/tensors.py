"""Writes models whose only content are initializers: tensors of every type and storage, and wrong ones."""

import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto as T, helper, numpy_helper

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)


def save(name, tensors):
    outputs = [helper.make_tensor_value_info("out_" + t.name, t.data_type, list(t.dims)) for t in tensors]
    nodes = [helper.make_node("Identity", [t.name], ["out_" + t.name]) for t in tensors]
    graph = helper.make_graph(nodes, "g", [], outputs, initializer=tensors)
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 25)])
    (folder / f"{name}.onnx").write_bytes(model.SerializeToString())


def raw(name, data_type, dims, data):
    return T(name=name, data_type=data_type, dims=dims, raw_data=data)


def external(name, **entries):
    tensor = T(name=name, data_type=T.FLOAT, dims=[2], data_location=T.EXTERNAL)
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    return tensor


typed = {
    "f32": (T.FLOAT, [1.5, -2]), "u8": (T.UINT8, [0, 255]), "i8": (T.INT8, [-128, 127]), "u16": (T.UINT16, [0, 65535]),
    "i16": (T.INT16, [-32768, 1]), "i32": (T.INT32, [-1, 2]), "i64": (T.INT64, [-1, 2**40]), "bool": (T.BOOL, [1, 0]),
    "f16": (T.FLOAT16, [1.5, -2]), "f64": (T.DOUBLE, [1.5, -2]), "u32": (T.UINT32, [0, 2**32 - 1]),
    "u64": (T.UINT64, [0, 2**64 - 1]), "c64": (T.COMPLEX64, [1 + 2j, 3]), "c128": (T.COMPLEX128, [1 + 2j, 3]),
    "bf16": (T.BFLOAT16, [1.5, -2]), "f8": (T.FLOAT8E4M3FN, [1.5, -2]), "i4": (T.INT4, [-8, 7]),
    "u4": (T.UINT4, [0, 15]), "i2": (T.INT2, [-2, 1]), "u2": (T.UINT2, [0, 3]), "f4": (T.FLOAT4E2M1, [1.5, -2]),
}
save("typed", [helper.make_tensor(n, t, [2], v) for n, (t, v) in typed.items()])
save("raw", [numpy_helper.from_array(numpy_helper.to_array(helper.make_tensor(n, t, [2], v)), n)
             for n, (t, v) in typed.items()])
save("large", [numpy_helper.from_array(np.arange(1024, dtype=np.float32), "conv 1/weight"),
               raw("flags", T.BOOL, [2048], bytes([0, 2] * 1024))])

save("short", [raw("w", T.FLOAT, [2, 3], bytes(8))])
save("negative", [raw("w", T.FLOAT, [-2], bytes(8))])
save("overflow", [raw("w", T.FLOAT, [2**40, 2**40], b"")])
save("undefined", [raw("w", 0, [1], bytes(4))])
save("unknown", [raw("w", 99, [1], bytes(4))])
save("field", [T(name="w", data_type=T.FLOAT, dims=[1], int32_data=[1])])
save("both", [T(name="w", data_type=T.FLOAT, dims=[1], float_data=[1], raw_data=bytes(4))])
save("few", [T(name="w", data_type=T.INT32, dims=[3], int32_data=[1, 2])])

(folder / "data.bin").write_bytes(np.array([0, 1, 2, 3], np.float32).tobytes())
(folder / "sub").mkdir(exist_ok=True)
for link, target in (("out", ".."), ("in", "data.bin")):
    if not (folder / link).is_symlink():
        (folder / link).symlink_to(target)
save("external", [external("w", location="data.bin", offset="8", length="8")])
save("link", [external("w", location="in", offset="8")])
for name, entries in {
    "absolute": {"location": "/etc/passwd"},
    "dotdot": {"location": "sub/../../data.bin"},
    "leaving": {"location": "out/passwd.bin"},
    "missing": {"location": "none.bin"},
    "folder": {"location": "sub"},
    "nolocation": {"offset": "0"},
    "offset": {"location": "data.bin", "offset": "17"},
    "offsettext": {"location": "data.bin", "offset": "-1"},
    "length": {"location": "data.bin", "offset": "8", "length": "9"},
    "huge": {"location": "data.bin", "offset": "18446744073709551615", "length": "1"},
    "size": {"location": "data.bin", "length": "4"},
}.items():
    save(name, [external("w", **entries)])
(folder.parent / "passwd.bin").write_bytes(bytes(8))
