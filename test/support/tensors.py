"""ONNX tensors as numpy arrays: reading recorded data sets, comparing, drawing random inputs."""

import re
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper


class Mismatch(Exception):
    """An output differs from its reference; the text says how."""


def numbered(folder, kind):
    """`<kind>_0.pb`, `<kind>_1.pb`, ... in the order of their numbers."""
    files = Path(folder).glob(f"{kind}_*.pb")
    return sorted(files, key=lambda path: int(re.search(r"_(\d+)\.pb$", path.name)[1]))


def read_value(path, type_proto):
    """One recorded value: an array, a list (sequence), a dict (map) or None (empty optional)."""
    data = Path(path).read_bytes()
    kind = type_proto.WhichOneof("value")
    if kind == "sequence_type":
        return numpy_helper.to_list(parsed(onnx.SequenceProto(), data))
    if kind == "map_type":
        return numpy_helper.to_dict(parsed(onnx.MapProto(), data))
    if kind == "optional_type":
        return numpy_helper.to_optional(parsed(onnx.OptionalProto(), data))
    return numpy_helper.to_array(parsed(onnx.TensorProto(), data))


def parsed(message, data):
    message.ParseFromString(data)
    return message


def graph_inputs(model):
    """The inputs that a caller feeds: those that are not initializers."""
    initialized = {tensor.name for tensor in model.graph.initializer}
    initialized |= {tensor.values.name for tensor in model.graph.sparse_initializer}
    return [value for value in model.graph.input if value.name not in initialized]


def read_data_set(model, folder):
    """(inputs by name, expected outputs in order) of a test_data_set folder. More recorded inputs than the
    graph feeds mean that initializers were recorded too: then the files follow all the graph's inputs."""
    inputs, outputs = numbered(folder, "input"), numbered(folder, "output")
    declared = graph_inputs(model)
    if len(inputs) > len(declared):
        declared = list(model.graph.input)
    feeds = {value.name: read_value(path, value.type) for value, path in zip(declared, inputs)}
    expected = [read_value(path, value.type) for value, path in zip(model.graph.output, outputs)]
    return feeds, expected


def compare_official(got, expected, rtol, atol):
    """The rule of the ONNX backend suite: type and shape equal, |got - expected| <= atol + rtol
    |expected|."""
    if isinstance(expected, (list, tuple)):
        if not isinstance(got, (list, tuple)) or len(got) != len(expected):
            raise Mismatch(f"expected a sequence of {len(expected)}, got {describe(got)}")
        for mine, theirs in zip(got, expected):
            compare_official(mine, theirs, rtol, atol)
        return
    if expected is None or isinstance(expected, dict):
        if got != expected:
            raise Mismatch(f"expected {expected!r}, got {got!r}")
        return
    got, expected = same_kind(got, expected)
    if is_text(expected):
        if not np.array_equal(got.astype(str), expected.astype(str)):
            raise Mismatch("strings differ")
        return
    if expected.dtype.name == "bfloat16":
        rtol = max(rtol, 2**-6)  # the suite allows two units in the last place
    close(as_wide(got), as_wide(expected), rtol, atol)


def compare_relative_to_max(got, expected, limit):
    """The rule of the recorded models: max|got - expected| <= limit * max|expected|, type and shape equal."""
    got, expected = same_kind(got, expected)
    got, expected = as_wide(got), as_wide(expected)
    if expected.size == 0:
        return 0.0
    if not np.array_equal(np.isfinite(got), np.isfinite(expected)):
        raise Mismatch("NaN or infinity at other places")
    finite = np.isfinite(expected)
    if not finite.any():
        return 0.0
    largest = np.abs(expected[finite]).max()
    error = np.abs(got[finite] - expected[finite]).max()
    if error > limit * largest:
        raise Mismatch(
            f"max error {error:.3g} is {error / largest if largest else np.inf:.3g} of max |expected| "
            f"{largest:.3g}; allowed {limit:g}"
        )
    return error / largest if largest else 0.0


def same_kind(got, expected):
    got, expected = np.asarray(got), np.asarray(expected)
    if got.shape != expected.shape:
        raise Mismatch(f"shape {list(got.shape)}, expected {list(expected.shape)}")
    if got.dtype != expected.dtype and not (is_text(got) and is_text(expected)):
        raise Mismatch(f"type {got.dtype}, expected {expected.dtype}")
    return got, expected


def is_text(array):
    return array.dtype.kind in "OUS"


def as_wide(array):
    """In a type that holds every value exactly and that numpy can subtract."""
    if array.dtype.kind == "c":
        return array.astype(np.complex128)
    if array.dtype.kind in "iu" and array.dtype.isbuiltin:
        return array.astype(np.int64 if array.dtype.kind == "i" else np.uint64).astype(np.longdouble)
    return array.astype(np.float64)


def close(got, expected, rtol, atol):
    with np.errstate(all="ignore"):
        wrong = ~np.isclose(got, expected, rtol=rtol, atol=atol, equal_nan=True)
    if wrong.any():
        where = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise Mismatch(
            f"{int(wrong.sum())} of {wrong.size} elements differ, first at {list(where)}: "
            f"got {got[where]}, expected {expected[where]}"
        )


def describe(value):
    return f"{value.dtype}{list(value.shape)}" if isinstance(value, np.ndarray) else type(value).__name__


def declared_dims(value):
    """Of a graph input: its dims as int (static), str (symbol) or None (unknown)."""
    shape = value.type.tensor_type.shape
    return [dim.dim_value if dim.HasField("dim_value") else (dim.dim_param or None) for dim in shape.dim]


def random_array(elem_type, dims, rng):
    """Random values of an ONNX element type, small enough to stay finite and to be used as indices."""
    dtype = onnx.helper.tensor_dtype_to_np_dtype(elem_type)
    if elem_type == onnx.TensorProto.STRING:
        return np.array(
            [f"s{i}" for i in rng.integers(0, 10, size=int(np.prod(dims)))], dtype=object
        ).reshape(dims)
    if dtype == np.bool_:
        return rng.integers(0, 2, size=dims).astype(bool)
    if np.dtype(dtype).kind in "iu":
        return rng.integers(0, 3, size=dims).astype(dtype)
    return rng.uniform(-1, 1, size=dims).astype(np.float32).astype(dtype)
