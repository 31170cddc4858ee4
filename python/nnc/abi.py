"""The structures of nnc.h, for ctypes. Names and order of the fields are nnc.h's; see there for what they mean."""

import ctypes
from ctypes import POINTER, c_char_p, c_int32, c_int64, c_size_t, c_uint8, c_uint16, c_uint32, c_uint64, c_void_p

ABI_VERSION = 1
CPU = 1  # kDLCPU

STATUS = {
    1: "invalid argument",
    2: "out of memory",
    3: "the model failed on these inputs",
    4: "the file holds no code for this CPU",
}


class DataType(ctypes.Structure):
    _fields_ = [("code", c_uint8), ("bits", c_uint8), ("lanes", c_uint16)]


class Tensor(ctypes.Structure):
    """DLPack's DLTensor."""

    _fields_ = [
        ("data", c_void_p),
        ("device_type", c_int32),
        ("device_id", c_int32),
        ("ndim", c_int32),
        ("dtype", DataType),
        ("shape", POINTER(c_int64)),
        ("strides", POINTER(c_int64)),
        ("byte_offset", c_uint64),
    ]


class ValueInfo(ctypes.Structure):
    _fields_ = [
        ("name", c_char_p),
        ("dtype", DataType),
        ("ndim", c_int32),
        ("dims", POINTER(c_int64)),
        ("symbols", POINTER(c_char_p)),
    ]


class Options(ctypes.Structure):
    _fields_ = [
        ("threads", c_int32),
        ("parallel_for", c_void_p),
        ("parallel_for_user", c_void_p),
        ("scratch", c_void_p),
        ("scratch_size", c_size_t),
    ]


Create = ctypes.CFUNCTYPE(c_int32, c_void_p, POINTER(Options), POINTER(c_void_p))
Destroy = ctypes.CFUNCTYPE(None, c_void_p)
# Of addresses of arrays of Tensor: to make a pointer of an array takes ctypes as long as the rest of a call.
Run = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p, c_void_p)
Error = ctypes.CFUNCTYPE(c_char_p, c_void_p)
CpuLevel = ctypes.CFUNCTYPE(c_char_p, c_void_p)


class Api(ctypes.Structure):
    _fields_ = [("create", Create), ("destroy", Destroy), ("run", Run), ("error", Error), ("cpu_level", CpuLevel)]


class Model(ctypes.Structure):
    _fields_ = [
        ("abi_version", c_uint32),
        ("minor_version", c_uint32),
        ("name", c_char_p),
        ("num_inputs", c_int32),
        ("num_outputs", c_int32),
        ("inputs", POINTER(ValueInfo)),
        ("outputs", POINTER(ValueInfo)),
        ("scratch_bytes", c_uint64),
        ("weight_bytes", c_uint64),
        ("cpu_levels", POINTER(c_char_p)),
        ("producer", c_char_p),
        ("api", POINTER(Api)),
        ("internal", c_void_p),
        ("workspace_bytes", c_uint64),
    ]
