"""Element types: between numpy's, ml_dtypes' and DLPack's."""

import numpy as np

try:
    import ml_dtypes
except ImportError:
    ml_dtypes = None

# (DLPack code, bits) -> name. The codes are DLDataTypeCode in nnc.h.
_NAMES = {
    (0, 2): "int2", (0, 4): "int4", (0, 8): "int8", (0, 16): "int16", (0, 32): "int32", (0, 64): "int64",
    (1, 2): "uint2", (1, 4): "uint4", (1, 8): "uint8", (1, 16): "uint16", (1, 32): "uint32", (1, 64): "uint64",
    (2, 16): "float16", (2, 32): "float32", (2, 64): "float64", (4, 16): "bfloat16",
    (5, 64): "complex64", (5, 128): "complex128", (6, 8): "bool",
    (10, 8): "float8_e4m3fn", (11, 8): "float8_e4m3fnuz", (12, 8): "float8_e5m2", (13, 8): "float8_e5m2fnuz",
    (14, 8): "float8_e8m0fnu", (17, 4): "float4_e2m1fn",
}  # fmt: skip


class ElementType:
    """An element type: its name, DLPack's code and bits, and the numpy dtype of its arrays."""

    def __init__(self, code, bits):
        self.code = code
        self.bits = bits
        self.name = _NAMES.get((code, bits))
        if self.name is None:
            raise TypeError(f"unknown element type (code {code}, {bits} bits)")
        width = max(1, bits // 8)
        in_numpy = self.name == "bool" or hasattr(np, self.name)
        if in_numpy:
            self.numpy = np.dtype(self.name)
        elif ml_dtypes is not None and hasattr(ml_dtypes, self.name):
            self.numpy = np.dtype(getattr(ml_dtypes, self.name))
        else:
            self.numpy = np.dtype("i1" if code == 0 else f"u{width}")
        # The bits of a type that numpy lacks may come under a name that it has; .npy files hold them as bytes.
        self._bits = set() if in_numpy else {np.dtype(f"u{width}"), np.dtype(f"V{width}")}
        self._signed_narrow = code == 0 and bits < 8
        if self._signed_narrow:
            self._bits = {np.dtype("i1")}

    def is_stored_as(self, dtype):
        """True when the bytes of an array of this numpy dtype are what compiled code takes.

        Narrow signed integers are sign-extended bytes there, while ml_dtypes leaves the upper bits clear: these
        arrays need a conversion.
        """
        return dtype in self._bits or (dtype == self.numpy and not self._signed_narrow)

    def convert(self, array):
        """Converts an array of this type to one of the bytes that compiled code takes; None for other types."""
        if self._signed_narrow and array.dtype == self.numpy:
            return array.astype(np.int8)
        return None
