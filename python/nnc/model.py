"""Load and run compiled models."""

import _ctypes
import ctypes
import functools
import os
import threading
import weakref

import numpy as np

from . import abi, tensors
from .dtypes import ElementType
from .library import open_model


class RunError(Exception):
    """A model could not be loaded, or refused its inputs, or failed on them."""


class Value:
    """An input or output of a model.

    `dtype` is the element type's name, `numpy_dtype` what its arrays have. `shape` has a number for each static dim,
    the name of each symbolic one, and None for a dim that has neither.
    """

    def __init__(self, info):
        self.name = info.name.decode()
        self.type = ElementType(info.dtype.code, info.dtype.bits)
        symbols = [info.symbols[i] if info.symbols else None for i in range(info.ndim)]
        self.shape = tuple(
            info.dims[i] if info.dims[i] >= 0 else symbols[i].decode() if symbols[i] else None
            for i in range(info.ndim)
        )

    @property
    def dtype(self):
        return self.type.name

    @property
    def numpy_dtype(self):
        return self.type.numpy

    def __repr__(self):
        return f"Value({self.name!r}, {_describe(self.dtype, self.shape)})"


def _describe(dtype, shape):
    return f"{dtype}[{','.join('?' if dim is None else str(dim) for dim in shape)}]"


def load(path, threads=1):
    """Loads the model that nnc compiled to the shared library `path`, to be run on so many threads."""
    return Model(path, threads)


def _close(destroy, context, library):
    destroy(context)
    _ctypes.dlclose(library._handle)


class Model:
    """A compiled model. Several threads may run it at once.

    `cpu_level` names the code that this machine runs, e.g. "x86-64-v4".
    """

    def __init__(self, path, threads=1):
        try:
            library, self._descriptor = open_model(path)
        except (OSError, ValueError) as error:
            raise RunError(f"{os.fspath(path)}: {error}") from None
        descriptor = self._descriptor
        api = descriptor.api.contents
        self._run, self._error = api.run, api.error
        self.name = descriptor.name.decode()
        self.inputs = [Value(descriptor.inputs[i]) for i in range(descriptor.num_inputs)]
        self.outputs = [Value(descriptor.outputs[i]) for i in range(descriptor.num_outputs)]
        context = ctypes.c_void_p()
        status = api.create(ctypes.addressof(descriptor), abi.Options(threads=threads), context)
        if status:
            raise RunError(f"{os.fspath(path)}: {abi.STATUS.get(status, status)}")
        self._context = context
        self.cpu_level = api.cpu_level(ctypes.addressof(descriptor)).decode()
        self._finalizer = weakref.finalize(self, _close, api.destroy, context, library)
        # Outputs that the context provides are overwritten by the next run: one at a time until they are copied.
        self._lock = threading.Lock()
        # Output index -> whether its shape was what its symbols say. See _Call.prepare_outputs.
        self._trust = {}

    def run(self, inputs):
        """Runs the model on {name: array} and returns {name: array}.

        Inputs are numpy arrays or objects with __dlpack__, used in place; arrays that are not contiguous are copied,
        and so are ml_dtypes' int4 and int2 arrays. Lists and numbers become arrays of the input's type. The outputs
        are new numpy arrays. Raises RunError.
        """
        call = _Call(self)
        call.set_inputs(inputs, may_copy=True)
        call.prepare_outputs()
        call.run()
        return {value.name: call.arrays[value.name] for value in self.outputs}

    def bind(self, inputs):
        """Returns a Bound that runs the model on these very buffers again and again.

        Each input must be an array that can be used in place: contiguous and of the input's type.
        """
        call = _Call(self)
        call.set_inputs(inputs, may_copy=False)
        call.prepare_outputs()
        return Bound(call)

    def __repr__(self):
        return f"<nnc.Model {self.name!r}: {self.inputs} -> {self.outputs}>"


class Bound:
    """A model bound to buffers. `run()` reads the inputs' memory as it is then, and writes to `outputs`.

    `outputs` is {name: array}. The arrays stay the same from run to run; only one whose shape depends on the data is
    made anew when its shape changes, and is missing before the first run.
    """

    def __init__(self, call):
        self._call = call
        self.run = call.run
        self.outputs = call.arrays


class _Call:
    """The arguments of one run: DLTensors, and what keeps their memory alive."""

    def __init__(self, model):
        self.model = model
        self.ins = (abi.Tensor * len(model.inputs))()
        self.outs = (abi.Tensor * len(model.outputs))()
        self._start = functools.partial(
            model._run, model._context.value, ctypes.addressof(self.ins), ctypes.addressof(self.outs)
        )
        self.arrays = {}
        self._alive = []
        self._sizes = {}
        # (index, output, shape as far as the symbols tell or None) of the outputs that the context provides.
        self._provided = []

    def set_inputs(self, inputs, may_copy):
        values = self.model.inputs
        unknown = set(inputs) - {value.name for value in values}
        if unknown:
            raise RunError(f"the model has no input {sorted(unknown)[0]!r}")
        for value, tensor in zip(values, self.ins):
            if value.name not in inputs:
                raise RunError(f"input {value.name!r} is missing")
            self._set_input(value, tensor, inputs[value.name], may_copy)
            for symbol, size in zip(value.shape, tensors.get_shape(tensor)):
                if isinstance(symbol, str):
                    self._sizes[symbol] = size

    def _set_input(self, value, tensor, array, may_copy):
        element = value.type
        if not isinstance(array, np.ndarray):
            if hasattr(array, "__dlpack__"):
                return self._set_dlpack(value, tensor, array, may_copy)
            if not may_copy:
                raise RunError(f"input {value.name!r}: {type(array).__name__} is no array to bind to")
            array = np.asarray(array, element.numpy)
        if not element.is_stored_as(array.dtype):
            converted = element.convert(array)
            if converted is None:
                got = _describe(array.dtype, array.shape)
                raise RunError(f"input {value.name!r} is {_describe(value.dtype, value.shape)}, and got {got}")
            if not may_copy:
                raise RunError(f"input {value.name!r}: bind takes {value.dtype} as arrays of int8")
            array = converted
        if not array.flags.c_contiguous:
            if not may_copy:
                raise RunError(f"input {value.name!r}: bind takes contiguous arrays only")
            array = np.ascontiguousarray(array)
        tensors.set_array(tensor, array, element.code, element.bits)
        self._alive.append(array)

    def _set_dlpack(self, value, tensor, producer, may_copy):
        self._alive.append(tensors.set_dlpack(tensor, producer))
        if tensors.is_dense(tensor):
            return
        if not may_copy:
            raise RunError(f"input {value.name!r}: bind takes contiguous arrays only")
        try:
            array = np.from_dlpack(producer)
        except (BufferError, RuntimeError) as error:
            raise RunError(f"input {value.name!r} is not contiguous, and numpy cannot copy it: {error}") from None
        self._set_input(value, tensor, array, may_copy)

    def prepare_outputs(self):
        """Makes an array for each output whose shape is known; the context provides the others.

        A dim that shares its symbol with an input's is known too, but models exist that name dims wrongly, so such an
        output must have shown once that its shape is the one that its symbols say.
        """
        for index, (value, tensor) in enumerate(zip(self.model.outputs, self.outs)):
            shape = tuple(self._sizes.get(dim) if isinstance(dim, str) else dim for dim in value.shape)
            if None in shape:
                self._provided.append((index, value, None))
            elif all(isinstance(dim, int) for dim in value.shape) or self.model._trust.get(index):
                self._own(index, value, tensors.new_array(shape, value.numpy_dtype))
            else:
                self._provided.append((index, value, shape))

    def _own(self, index, value, array):
        self.arrays[value.name] = array
        tensors.set_array(self.outs[index], array, value.type.code, value.type.bits)

    def run(self):
        """Runs the model on these arguments. Raises RunError."""
        if self._provided:
            self._run_and_collect()
        elif status := self._start():
            self._fail(status)

    def _run_and_collect(self):
        with self.model._lock:
            for index, _, _ in self._provided:
                self.outs[index].data = None
            if status := self._start():
                self._fail(status)
            self._provided = [entry for entry in self._provided if not self._collect(*entry)]

    def _fail(self, status):
        message = self.model._error(self.model._context)
        raise RunError(message.decode(errors="replace") if message else abi.STATUS.get(status, str(status)))

    def _collect(self, index, value, expected):
        """Copies an output that the context provided. True when the next run can write to the copy itself."""
        array = tensors.copy_to_array(self.outs[index], value.numpy_dtype, self.arrays.get(value.name))
        self.arrays[value.name] = array
        if expected is None:
            return False
        trusted = self.model._trust.get(index, True) and array.shape == expected
        self.model._trust[index] = trusted
        if trusted:
            self._own(index, value, array)
        return trusted
