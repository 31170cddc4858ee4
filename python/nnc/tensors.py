"""Fill DLTensor structures from numpy arrays and from anything with __dlpack__, without copies."""

import ctypes
import math

import numpy as np

from . import abi

_get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_get_pointer.restype = ctypes.c_void_p
_get_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


# A vector that crosses the border of a cache line takes two accesses. What numpy gets from malloc starts 16 bytes behind one.
_CACHE_LINE = 64


def new_array(shape, dtype):
    """A C-contiguous array of undefined elements, which starts with a cache line."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.empty(size + _CACHE_LINE, np.uint8)
    start = -memory.__array_interface__["data"][0] % _CACHE_LINE
    return memory[start : start + size].view(dtype).reshape(shape)


def set_array(tensor, array, code, bits):
    """Points `tensor` at a C-contiguous numpy array whose elements have DLPack's type (code, bits)."""
    tensor.data = array.__array_interface__["data"][0]
    tensor.device_type = abi.CPU
    tensor.device_id = 0
    tensor.ndim = array.ndim
    tensor.dtype = abi.DataType(code, bits, 1)
    tensor.shape = (ctypes.c_int64 * array.ndim)(*array.shape)
    tensor.strides = None
    tensor.byte_offset = 0


def set_dlpack(tensor, producer):
    """Points `tensor` at what an object with __dlpack__ exports and returns what keeps it alive.

    This takes types that numpy's own from_dlpack refuses, such as bfloat16.
    """
    capsule = producer.__dlpack__()
    # DLManagedTensor starts with the DLTensor. The capsule keeps its name, so it still frees the tensor when it dies.
    source = abi.Tensor.from_address(_get_pointer(capsule, b"dltensor"))
    ctypes.memmove(ctypes.byref(tensor), ctypes.byref(source), ctypes.sizeof(abi.Tensor))
    return capsule


def get_shape(tensor):
    """The tensor's shape as a tuple; that of a scalar may well be a null pointer."""
    return tuple(tensor.shape[: tensor.ndim]) if tensor.ndim else ()


def is_dense(tensor):
    """True when the elements lie in row-major order without gaps."""
    if not tensor.strides:
        return True
    expected = 1
    for axis in reversed(range(tensor.ndim)):
        if tensor.shape[axis] != 1 and tensor.strides[axis] != expected:
            return 0 in get_shape(tensor)
        expected *= tensor.shape[axis]
    return True


def copy_to_array(tensor, dtype, into=None):
    """Copies what `tensor` points at to a numpy array: to `into` where that has the shape, else to a new one."""
    shape = get_shape(tensor)
    array = into if into is not None and into.shape == shape else new_array(shape, dtype)
    if array.nbytes:
        ctypes.memmove(array.ctypes.data, tensor.data + tensor.byte_offset, array.nbytes)
    return array
